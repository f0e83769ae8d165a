"""The policy language of AWS and how its policies decide; no store and no I/O."""

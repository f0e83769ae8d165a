"""IAM and STS: who there is, what they may do, and the temporary credentials of roles."""

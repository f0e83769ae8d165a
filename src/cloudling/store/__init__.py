"""What the cloud knows: records, bytes, and the transactions that keep them whole."""

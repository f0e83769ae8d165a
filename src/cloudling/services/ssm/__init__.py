"""AWS Systems Manager: so far the public parameters that name machine images."""

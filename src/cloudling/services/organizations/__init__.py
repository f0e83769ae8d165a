"""Organizations: accounts in one tree, and the policies that bind them from above."""

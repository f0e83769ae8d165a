"""Elastic Compute Cloud: the network as records, and who may do what."""

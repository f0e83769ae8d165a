"""Elastic Compute Cloud: so far only who may do what."""

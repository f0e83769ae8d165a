"""Cloudling: a whole AWS on one machine that really runs."""

__version__ = "0.1.0"

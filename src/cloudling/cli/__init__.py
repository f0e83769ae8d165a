"""The `cloudling` command."""

from cloudling.cli.command import main

__all__ = ["main"]

"""Public DNS names, which say the address they stand for."""

from __future__ import annotations

import re

SUFFIXES = ("compute.amazonaws.com", "compute-1.amazonaws.com")
_ONE = "(0|[1-9][0-9]{0,2})"
_NAME = re.compile(
    rf"ec2-127-([1-9][0-9])-{_ONE}-{_ONE}"
    r"\.(?:compute-1|[a-z]{2}(?:-[a-z]+)+-[0-9]+\.compute)\.amazonaws\.com(?:\.cn)?\.?"
)


def address_of(name: str) -> str:
    """The public address that a name stands for; "" where it is no such name."""
    found = _NAME.fullmatch(name.lower())
    if found is None or any(int(part) > 255 for part in found.groups()):
        return ""
    return "127." + ".".join(found.groups())

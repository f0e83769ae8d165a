"""Composite keys as bytes that sort as their components do, component by component, in UTF-8 order.

Every component but the last ends with 00 01; a zero byte inside one is written 00 FF. So the bytes
of leading components begin the keys that have them, and no other key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUL = b"\x00"
_END = b"\x00\x01"
_ZERO = b"\x00\xff"


def encode(components: Sequence[str]) -> bytes:
    """The whole key; the last component stands as it is."""
    if len(components) == 2:
        first = components[0].encode()
        if _NUL not in first:
            return first + _END + components[1].encode()
    return lead(components[:-1]) + components[-1].encode()


def lead(components: Sequence[str]) -> bytes:
    """The bytes with which all keys begin whose leading components are these."""
    encoded = b""
    for component in components:
        data = component.encode()
        # Written out, not by `inner`: every reading and writing comes through here.
        encoded += (data.replace(_NUL, _ZERO) if _NUL in data else data) + _END
    return encoded


def inner(component: str) -> bytes:
    """A component that is not the last, without its end."""
    data = component.encode()
    return data.replace(_NUL, _ZERO) if _NUL in data else data


def behind(component: str, *, last: bool) -> bytes:
    """The first bytes that may stand after every key with exactly this component."""
    if last:
        return component.encode() + _NUL
    return inner(component) + _ZERO


def successor(prefix: bytes) -> bytes | None:
    """The first bytes after all that begin with `prefix`; None when there are none."""
    trimmed = prefix.rstrip(b"\xff")
    if not trimmed:
        return None
    return trimmed[:-1] + bytes((trimmed[-1] + 1,))

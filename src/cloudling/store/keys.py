"""Composite keys as bytes that sort as their components do, component by component, in UTF-8 order.

Every component but the last ends with 00 01; a zero byte inside one is written 00 FF. So the bytes
of leading components begin the keys that have them, and no other key.
"""

from __future__ import annotations

_NUL = b"\x00"
_END = b"\x00\x01"
_ZERO = b"\x00\xff"


def encode(components: tuple[str, ...]) -> bytes:
    """The whole key; the last component stands as it is."""
    if len(components) == 1:
        return components[0].encode()
    *leading, last = components
    return lead(leading) + last.encode()


def lead(components: list[str] | tuple[str, ...]) -> bytes:
    """The bytes with which all keys begin whose leading components are these."""
    return b"".join([inner(component) + _END for component in components])


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

"""Netlink's form on the wire: messages, and attributes that nest.

https://docs.kernel.org/userspace-api/netlink/intro.html
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUEST = 0x1
ACK = 0x4
DUMP = 0x300
REPLACE = 0x100
EXCLUDE = 0x200
CREATE = 0x400
APPEND = 0x800

HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_NESTED = 0x8000
_TYPE = 0x3FFF
_LARGEST_ATTRIBUTE = 0xFFFF


class Message(NamedTuple):
    """What is asked of the kernel, or what it said: a kind, its flags, and the rest as bytes."""

    kind: int
    flags: int
    body: bytes

    def encode(self, sequence: int) -> bytes:
        head = HEADER.pack(HEADER.size + len(self.body), self.kind, self.flags, sequence, 0)
        return head + self.body + b"\0" * (-len(self.body) % 4)


class Truncated(ValueError):
    """Bytes that end before what they announce."""


def attribute(kind: int, value: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(value)
    if length > _LARGEST_ATTRIBUTE:
        raise ValueError(f"An attribute of {length} bytes: {_LARGEST_ATTRIBUTE} are the most.")
    return _ATTRIBUTE.pack(length, kind) + value + b"\0" * (-length % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    return attribute(kind | _NESTED, b"".join(attributes))


def text(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def u32(kind: int, value: int) -> bytes:
    """In the machine's order, as rtnetlink has it."""
    return attribute(kind, struct.pack("=I", value))


def be32(kind: int, value: int) -> bytes:
    """In the network's order, as nf_tables has it; negative numbers as two's complement."""
    return attribute(kind, struct.pack(">I", value & 0xFFFFFFFF))


def each_attribute(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Every attribute in turn: lists have many of one kind."""
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size or at + length > len(data):
            raise Truncated(f"An attribute of {length} bytes where {len(data) - at} are left.")
        yield kind & _TYPE, data[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3


def attributes(data: bytes) -> dict[int, bytes]:
    return dict(each_attribute(data))


def as_text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")


def as_u32(value: bytes) -> int:
    (number,) = struct.unpack("=I", value[:4])
    return int(number)


def as_be32(value: bytes) -> int:
    (number,) = struct.unpack(">I", value[:4])
    return int(number)


def each_message(data: bytes) -> Iterator[tuple[int, Message]]:
    """The messages of one datagram, each with the sequence number that it answers."""
    at = 0
    while at + HEADER.size <= len(data):
        length, kind, flags, sequence, _ = HEADER.unpack_from(data, at)
        if length < HEADER.size or at + length > len(data):
            raise Truncated(f"A message of {length} bytes where {len(data) - at} are left.")
        yield sequence, Message(kind, flags, data[at + HEADER.size : at + length])
        at += (length + 3) & ~3

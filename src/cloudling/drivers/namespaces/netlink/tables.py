"""nf_tables: a table's chains, sets, maps and rules, changed in batches that happen whole or not.

https://docs.kernel.org/networking/netlink_spec/nftables.html
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from cloudling.drivers.namespaces.netlink import wire
from cloudling.drivers.namespaces.netlink.expressions import VALUE, VERDICT
from cloudling.drivers.namespaces.netlink.wire import APPEND, CREATE, EXCLUDE, Message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudling.drivers.namespaces.netlink.sockets import NetlinkSocket

ADDRESS = (7, 4)
DEVICE = (41, 16)
MARK = (19, 4)
TO_VERDICT = (0xFFFFFF00, 0)

_BEGIN, _END = 16, 17
_SUBSYSTEM = 10
_NEWTABLE, _DELTABLE = 0, 2
_NEWCHAIN, _GETCHAIN, _DELCHAIN = 3, 4, 5
_NEWRULE, _GETRULE, _DELRULE = 6, 7, 8
_NEWSET, _GETSET, _DELSET = 9, 10, 11
_NEWELEMENT, _GETELEMENT, _DELELEMENT = 12, 13, 14
_INET = 1
_MAP = 0x8
_HEAD = struct.Struct(">BBH")


class Hook(IntEnum):
    """Where in a packet's way a chain is asked."""

    PREROUTING = 0
    INPUT = 1
    FORWARD = 2
    OUTPUT = 3
    POSTROUTING = 4


@dataclass(frozen=True, slots=True)
class Base:
    """What makes a chain the first of its kind: its hook, its place among others, its policy."""

    hook: Hook
    priority: int
    policy: int
    kind: str = "filter"


@dataclass(frozen=True, slots=True)
class Element:
    """A key of a set, or of a map with its data (verdicts stay encoded)."""

    key: bytes
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class FoundRule:
    """A rule as the kernel has it; `packets` of its counter, or None without one."""

    chain: str
    expressions: tuple[str, ...]
    packets: int | None


class Table:
    """Changes of one table, gathered until `commit` makes them all, or none."""

    def __init__(self, channel: NetlinkSocket, name: str) -> None:
        self._channel = channel
        self._name = name
        self._set_number = 0
        self._changes: list[Message] = []

    def commit(self) -> None:
        changes, self._changes = self._changes, []
        edge = struct.pack(">BBH", socket.AF_UNSPEC, 0, _SUBSYSTEM)
        self._channel.transact(Message(_BEGIN, 0, edge), changes, Message(_END, 0, edge))

    def close(self) -> None:
        self._channel.close()

    def discard(self) -> None:
        """Forget what was gathered."""
        self._changes = []

    def _message(self, kind: int, flags: int, *parts: bytes) -> Message:
        body = _HEAD.pack(_INET, 0, 0) + wire.text(1, self._name) + b"".join(parts)
        return Message(_SUBSYSTEM << 8 | kind, flags, body)

    def _change(self, kind: int, flags: int, *parts: bytes) -> None:
        self._changes.append(self._message(kind, flags, *parts))

    def create(self) -> None:
        self._change(_NEWTABLE, CREATE | EXCLUDE)

    def delete(self) -> None:
        self._change(_DELTABLE, 0)

    def add_chain(self, name: str, base: Base | None = None) -> None:
        """Make a chain; one that is there already stays as it is."""
        parts = [wire.text(3, name)]
        if base is not None:
            hook = wire.nested(4, wire.be32(1, base.hook), wire.be32(2, base.priority))
            parts += [hook, wire.be32(5, base.policy), wire.text(7, base.kind)]
        self._change(_NEWCHAIN, CREATE, *parts)

    def delete_chain(self, name: str) -> None:
        self._change(_DELCHAIN, 0, wire.text(3, name))

    def flush_chain(self, name: str) -> None:
        self._change(_DELRULE, 0, wire.text(2, name))

    def add_rule(self, chain: str, *expressions: bytes) -> None:
        self._change(_NEWRULE, CREATE | APPEND, wire.text(2, chain), wire.nested(4, *expressions))

    def add_set(self, name: str, key: tuple[int, int]) -> None:
        """A set of keys; `key` is nft's number of the type, and its length."""
        self._add_set(name, 0, key, b"")

    def add_map(self, name: str, key: tuple[int, int], data: tuple[int, int]) -> None:
        kind, length = data
        parts = wire.be32(6, kind) + (wire.be32(7, length) if length else b"")
        self._add_set(name, _MAP, key, parts)

    def _add_set(self, name: str, flags: int, key: tuple[int, int], data: bytes) -> None:
        self._set_number += 1
        kind, length = key
        parts = [wire.text(2, name), wire.be32(3, flags), wire.be32(4, kind), wire.be32(5, length)]
        self._change(_NEWSET, CREATE, *parts, data, wire.be32(10, self._set_number))

    def delete_set(self, name: str) -> None:
        self._change(_DELSET, 0, wire.text(2, name))

    def add_elements(self, name: str, elements: Iterable[Element]) -> None:
        self._elements(_NEWELEMENT, CREATE, name, elements)

    def delete_elements(self, name: str, keys: Iterable[bytes]) -> None:
        self._elements(_DELELEMENT, 0, name, [Element(key) for key in keys])

    def _elements(self, kind: int, flags: int, name: str, elements: Iterable[Element]) -> None:
        encoded = [_encode_element(element) for element in elements]
        if encoded:
            self._change(kind, flags, wire.text(2, name), wire.nested(3, *encoded))

    def chains(self) -> list[str]:
        found = self._channel.dump(_family_dump(_GETCHAIN))
        return [wire.as_text(each[3]) for each in self._own(found)]

    def sets(self) -> list[str]:
        found = self._channel.dump(self._message(_GETSET, 0))
        return [wire.as_text(each[2]) for each in self._own(found)]

    def elements(self, name: str) -> list[Element]:
        found = self._channel.dump(self._message(_GETELEMENT, 0, wire.text(2, name)))
        return [
            _decode_element(data)
            for each in self._own(found)
            for kind, data in wire.each_attribute(each.get(3, b""))
            if kind == 1
        ]

    def rules(self, chain: str = "") -> list[FoundRule]:
        """The rules of one chain, or of all, in order."""
        found = self._channel.dump(self._message(_GETRULE, 0))
        rules = [_decode_rule(each) for each in self._own(found)]
        return [rule for rule in rules if chain in {"", rule.chain}]

    def _own(self, found: list[Message]) -> list[dict[int, bytes]]:
        all_found = [wire.attributes(message.body[_HEAD.size :]) for message in found]
        return [each for each in all_found if wire.as_text(each.get(1, b"")) == self._name]


def _family_dump(kind: int) -> Message:
    return Message(_SUBSYSTEM << 8 | kind, 0, _HEAD.pack(_INET, 0, 0))


def _encode_element(element: Element) -> bytes:
    parts = [wire.nested(1, wire.attribute(VALUE, element.key))]
    if element.data is not None:
        parts.append(wire.nested(2, element.data))
    return wire.nested(1, *parts)


def _decode_element(data: bytes) -> Element:
    found = wire.attributes(data)
    key = wire.attributes(found[1])[VALUE]
    if 2 not in found:
        return Element(key)
    value = wire.attributes(found[2])
    return Element(key, value[VALUE] if VALUE in value else value[VERDICT])


def _decode_rule(found: dict[int, bytes]) -> FoundRule:
    names = []
    packets = None
    for _, encoded in wire.each_attribute(found.get(4, b"")):
        parts = wire.attributes(encoded)
        names.append(wire.as_text(parts[1]))
        if names[-1] == "counter":
            (packets,) = struct.unpack(">Q", wire.attributes(parts[2])[2])
    return FoundRule(wire.as_text(found[2]), tuple(names), packets)

"""The program that decides, in the kernel, what a new connection to a public address meets.

It is called for each connection that is made on the machine (`sk_lookup`), lets all pass that do
not go to our addresses, and so neither blocks the ports of others nor is blocked by them.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
from enum import IntEnum
from typing import NamedTuple

from cloudling.drivers.carrier.relays import bpf
from cloudling.drivers.carrier.relays.bpf import instruction

_MOST_ENTRIES = 1 << 18
_CONTEXT_FAMILY, _CONTEXT_PROTOCOL, _CONTEXT_ADDRESS, _CONTEXT_PORT = 8, 12, 40, 60
_TCP = 6
_LOOKUP_ELEMENT, _RELEASE, _ASSIGN = 1, 86, 124
_DROP, _PASS = 0, 1
_KEY_SIZE = 12


class Fate(IntEnum):
    """What becomes of a new connection; the first two are places in the map of sockets."""

    RELAYED = 0
    VANISHED = 1
    REFUSED = 2


class Prefix(NamedTuple):
    """Ports of an address that have their first so many bits in common."""

    address: str
    port: int
    bits: int

    def encoded(self) -> bytes:
        bits = struct.pack("=I", 32 + self.bits)
        return bits + socket.inet_aton(self.address) + struct.pack(">HH", self.port, 0)


def prefixes(address: str, low: int, high: int) -> list[Prefix]:
    """The ports of a range, as the fewest prefixes; there are never more than thirty."""
    found = []
    while low <= high:
        size = low & -low or 1 << 16
        while size > high - low + 1:
            size >>= 1
        found.append(Prefix(address, low, 17 - size.bit_length()))
        low += size
    return found


class Steering:
    """The link for one block: ports nobody has spoken of vanish."""

    def __init__(self, block: str, relayed: socket.socket, vanished: socket.socket) -> None:
        """Both sockets listen; the second takes nothing. Raises OSError where it may not be."""
        self._fates = bpf.Map(bpf.LPM_TRIE, _KEY_SIZE, 4, _MOST_ENTRIES)
        sockets = program = space = None
        try:
            sockets = bpf.Map(bpf.SOCKMAP, 4, 8, 2)
            for fate, listener in ((Fate.RELAYED, relayed), (Fate.VANISHED, vanished)):
                sockets.put(struct.pack("=I", fate), struct.pack("=Q", listener.fileno()))
            program = bpf.load(_program(block, self._fates.descriptor, sockets.descriptor))
            space = _own_space()
            self._link = bpf.link(program, space)
        except OSError:
            self._fates.close()
            raise
        finally:
            _close(None if sockets is None else sockets.descriptor, program, space)

    def put(self, ports: Prefix, fate: Fate) -> None:
        self._fates.put(ports.encoded(), struct.pack("=I", fate))

    def remove(self, ports: Prefix) -> None:
        self._fates.remove(ports.encoded())

    def close(self) -> None:
        _close(self._link, self._fates.descriptor)


def _own_space() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _close(*descriptors: int | None) -> None:
    for descriptor in descriptors:
        if descriptor is not None:
            os.close(descriptor)


class _Jump(NamedTuple):
    """To the label when the register has (or has not) the value; never backwards."""

    code: int
    register: int
    value: int
    label: str


_Line = bytes | str | _Jump


def _load_word(to: int, of: int, offset: int = 0) -> bytes:
    return instruction(0x61, to, of, offset)


def _store_word(offset: int, of: int) -> bytes:
    return instruction(0x63, 10, of, offset)


def _move(to: int, of: int) -> bytes:
    return instruction(0xBF, to, of)


def _set(to: int, value: int) -> bytes:
    return instruction(0xB7, to, value=value)


def _call(helper: int) -> bytes:
    return instruction(0x85, value=helper)


def _on_stack(to: int, offset: int) -> bytes:
    return _move(to, 10) + instruction(0x07, to, value=offset)


def _map(to: int, descriptor: int) -> bytes:
    return instruction(0x18, to, 1, value=descriptor) + instruction(0)


def _unless(register: int, value: int, label: str) -> _Jump:
    return _Jump(0x55, register, value, label)


def _if(register: int, value: int, label: str) -> _Jump:
    return _Jump(0x15, register, value, label)


def _program(block: str, fates: int, sockets: int) -> bytes:
    """Registers: 6 is the context, 7 the fate, 8 the socket."""
    network = ipaddress.ip_network(block)
    mask, first = network.netmask.packed, network.network_address.packed
    lines: list[_Line] = [
        _move(6, 1),
        _load_word(2, 6, _CONTEXT_FAMILY),
        _unless(2, socket.AF_INET, "pass"),
        _load_word(2, 6, _CONTEXT_PROTOCOL),
        _unless(2, _TCP, "pass"),
        _load_word(2, 6, _CONTEXT_ADDRESS),
        _store_word(-8, 2),
        instruction(0x57, 2, value=struct.unpack("=i", mask)[0]),
        _unless(2, struct.unpack("=i", first)[0], "pass"),
        instruction(0x62, 10, offset=-12, value=48),
        _load_word(3, 6, _CONTEXT_PORT),
        instruction(0xDC, 3, value=16),
        instruction(0x6B, 10, 3, -4),
        instruction(0x6A, 10, offset=-2),
        _map(1, fates),
        _on_stack(2, -12),
        _call(_LOOKUP_ELEMENT),
        _set(7, Fate.VANISHED),
        _if(0, 0, "known"),
        _load_word(7, 0),
        "known",
        _if(7, Fate.REFUSED, "drop"),
        _store_word(-16, 7),
        _map(1, sockets),
        _on_stack(2, -16),
        _call(_LOOKUP_ELEMENT),
        _if(0, 0, "drop"),
        _move(8, 0),
        _move(1, 6),
        _move(2, 8),
        _set(3, 0),
        _call(_ASSIGN),
        _move(1, 8),
        _call(_RELEASE),
        "pass",
        _set(0, _PASS),
        instruction(0x95),
        "drop",
        _set(0, _DROP),
        instruction(0x95),
    ]
    return _assemble(lines)


def _assemble(lines: list[_Line]) -> bytes:
    labels: dict[str, int] = {}
    place = 0
    for line in lines:
        if isinstance(line, str):
            labels[line] = place
        else:
            place += 1 if isinstance(line, _Jump) else len(line) // 8
    code = b""
    for line in lines:
        if isinstance(line, _Jump):
            offset = labels[line.label] - len(code) // 8 - 1
            code += instruction(line.code, line.register, offset=offset, value=line.value)
        elif isinstance(line, bytes):
            code += line
    return code

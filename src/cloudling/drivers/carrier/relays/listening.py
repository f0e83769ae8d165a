"""Which ports a machine's programs listen on, asked of the kernel within the machine's space."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

_REQUEST_DUMP = 0x301
_BY_FAMILY = 20
_ERROR, _DONE = 2, 3
_LISTEN = 1 << 10
_TCP = 6
_ONLY_V6 = 11
_BUFFER = 1 << 16
# struct inet_diag_msg: family, state, timer, retransmissions, then ports and addresses.
_MESSAGE = struct.Struct(">4BHH16s16s")
_MESSAGE_SIZE = 72
_UNREACHABLE = 0
_MAPPED = b"\0" * 10 + b"\xff\xff"


class Places(Protocol):
    """Where sockets live that the relays need; the carrier's channel to netd opens them."""

    async def connect(
        self, place: str, address: str, port: int, *, source: str = "", patience: float = 30.0
    ) -> socket.socket:
        """As the port `Networks` says."""
        ...

    async def diagnose(self, place: str) -> socket.socket:
        """A socket of the family NETLINK_SOCK_DIAG that belongs to that place."""
        ...


class Listening(Protocol):
    """Tells the ports on which a machine can be reached from without."""

    async def ports(self, machine: str, address: str) -> frozenset[int]:
        """Those listened on at this address of the machine's, or at all of them."""
        ...

    def forget(self, machine: str) -> None:
        """Keep nothing of it open."""

    def close(self) -> None:
        """Keep nothing open."""


class Diagnoses:
    """Asks through one socket for each machine; no machine, no ports."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._sockets: dict[str, socket.socket] = {}

    async def ports(self, machine: str, address: str) -> frozenset[int]:
        own = socket.inet_aton(address)
        try:
            found = self._sockets.get(machine)
            if found is None:
                found = self._sockets[machine] = await self._places.diagnose(machine)
            families = (socket.AF_INET, socket.AF_INET6)
            ports = {port for each in families for port in _listening(found, each, own)}
        except OSError:
            ports = set()
        if not ports:
            # Perhaps the machine has begun anew, and this is the space of its life before.
            self.forget(machine)
        return frozenset(ports - {_UNREACHABLE})

    def forget(self, machine: str) -> None:
        found = self._sockets.pop(machine, None)
        if found is not None:
            found.close()

    def close(self) -> None:
        for machine in list(self._sockets):
            self.forget(machine)


def _listening(asked: socket.socket, family: int, own: bytes) -> Iterator[int]:
    """The kernel answers within the call that reads, so that this never waits."""
    body = struct.pack("=BBBBI48x", family, _TCP, 0, 0, _LISTEN)
    asked.send(struct.pack("=IHHII", 16 + len(body), _BY_FAMILY, _REQUEST_DUMP, 1, 0) + body)
    while True:
        data = memoryview(asked.recv(_BUFFER))
        while len(data) >= 16:
            length, kind = struct.unpack_from("=IH", data)
            if kind == _DONE:
                return
            if kind == _ERROR:
                raise OSError(-struct.unpack_from("=i", data, 16)[0], "inet_diag refuses")
            yield _port(data[16:length], own)
            data = data[(length + 3) & ~3 :]


def _port(message: memoryview, own: bytes) -> int:
    """The port of a listener, where the address reaches it."""
    family, _, _, _, port, _, source, _ = _MESSAGE.unpack_from(message)
    if family == socket.AF_INET6:
        if source == bytes(16):
            return _UNREACHABLE if _is_only_v6(message[_MESSAGE_SIZE:]) else int(port)
        if not source.startswith(_MAPPED):
            return _UNREACHABLE
        source = source[12:]
    return int(port) if source[:4] in (own, bytes(4)) else _UNREACHABLE


def _is_only_v6(attributes: memoryview) -> bool:
    while len(attributes) >= 5:
        length, kind = struct.unpack_from("=HH", attributes)
        if kind == _ONLY_V6:
            return attributes[4] != 0
        attributes = attributes[(max(length, 4) + 3) & ~3 :]
    return False

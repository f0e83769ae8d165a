"""Connections to the internet: dialled from the host for machines, where the user lets them.

Never to this host, its neighbours or anything else that the internet does not have: whatever the
machine's users run there is not for instances (rule 5 of docs/security.md).
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import struct
from typing import TYPE_CHECKING

from cloudling.drivers.carrier.pipes import Arrival

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cloudling.drivers.carrier.guests import Guests
    from cloudling.drivers.carrier.pipes import Half

    Dial = Callable[[str, int, Callable[[], Half]], Awaitable[object]]

_ORIGINAL_DESTINATION = 80
_ADDRESS = struct.Struct(">xxH4s8x")


class Egress:
    """Dials what was meant before netd led it here; `dial` is another's in tests."""

    def __init__(self, dial: Dial | None = None) -> None:
        self._dial = dial or _dial

    def serve(self, guests: Guests) -> Arrival:
        return Arrival(guests, self._reach)

    async def _reach(self, near: asyncio.Transport, make: Callable[[], Half]) -> None:
        address, port = meant(near.get_extra_info("socket"))
        if not may_dial(address):
            raise OSError(errno.EACCES, f"{address} is not for instances.")
        await self._dial(address, port, make)


def meant(made: socket.socket) -> tuple[str, int]:
    """The address and port that the other side dialled."""
    data = made.getsockopt(socket.SOL_IP, _ORIGINAL_DESTINATION, _ADDRESS.size)
    port, address = _ADDRESS.unpack(data)
    return socket.inet_ntoa(address), port


def may_dial(address: str) -> bool:
    """Whether it is the internet's, and not this host's own."""
    found = ipaddress.IPv4Address(address)
    if not found.is_global or found.is_multicast:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return True
    return False


async def _dial(address: str, port: int, make: Callable[[], Half]) -> None:
    await asyncio.get_running_loop().create_connection(make, address, port)

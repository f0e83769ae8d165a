"""Calls of AWS's API from within networks: brought to control, with the caller's address in front.

They come to the cloud's own port on a machine's loopback, or to AWS's names, whose address lies
beyond the gateways; there a certificate is made for each name that is asked for.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cloudling.drivers.carrier.pipes import Arrival
from cloudling.drivers.namespaces.channels import write_aside
from cloudling.drivers.trust.authorities import DOMAIN, Issuer

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.drivers.carrier.guests import Guests
    from cloudling.drivers.carrier.pipes import Half

# What stands in front of each connection: this mark, a length, and who calls (JSON).
MARK = b"CLG1"
_LENGTH = struct.Struct(">H")
_MOST_NAMES = 1000
_LONGEST_NAME = 253


class Caller(msgspec.Struct, frozen=True):
    """Who calls: the address as AWS would see it, the port it called, and whether over TLS."""

    address: str
    port: int
    secure: bool = False


def preface(caller: Caller) -> bytes:
    said = msgspec.json.encode(caller)
    return MARK + _LENGTH.pack(len(said)) + said


class Door:
    """Control's Unix socket for calls from within."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    async def reach(self, caller: Caller, make: Callable[[], Half]) -> None:
        """Connect there and say who calls; raises OSError while control is away."""
        loop = asyncio.get_running_loop()
        # The name of a socket ends at 108 bytes, that of the folder it lies in need not.
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            name = f"/proc/self/fd/{folder}/{self._path.name}"
            transport, _ = await loop.create_unix_connection(make, name)
        finally:
            os.close(folder)
        transport.write(preface(caller))

    def within(self, guests: Guests, seen: Callable[[], str], port: int) -> Arrival:
        """A call on a machine's loopback; `seen` is the address that its calls come from."""

        async def reach(_: asyncio.Transport, make: Callable[[], Half]) -> None:
            await self.reach(Caller(seen(), port), make)

        return Arrival(guests, reach)

    def beyond(self, guests: Guests, port: int) -> Arrival:
        """A call by one of AWS's names, which came through a gateway."""

        async def reach(near: asyncio.Transport, make: Callable[[], Half]) -> None:
            secure = near.get_extra_info("sslcontext") is not None
            address = str(near.get_extra_info("peername")[0])
            await self.reach(Caller(address, port, secure), make)

        return Arrival(guests, reach)


class Certificates:
    """A context of TLS that shows for each of AWS's names a certificate of its own."""

    def __init__(self, authority: str) -> None:
        certificate, mark, key = authority.partition("-----BEGIN PRIVATE KEY-----")
        self._issuer = Issuer(certificate, mark + key)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.entrance = _context()
        self.entrance.sni_callback = self._choose

    def _choose(
        self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext
    ) -> int | None:
        """The context for a name; who names none, or another's, is refused."""
        name = (name or "").lower()
        if len(name) > _LONGEST_NAME or not (name == DOMAIN or name.endswith(f".{DOMAIN}")):
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        try:
            connection.context = self._contexts.get(name) or self._make(name)
        except ValueError:
            # Not every text is a name.
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        return None

    def _make(self, name: str) -> ssl.SSLContext:
        context = _context()
        certificate, key = self._issuer.issue(name)
        # Contexts take files alone: this one lies in memory.
        descriptor = write_aside((certificate + key).encode())
        try:
            context.load_cert_chain(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)
        while len(self._contexts) >= _MOST_NAMES:
            del self._contexts[next(iter(self._contexts))]
        self._contexts[name] = context
        return context


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    return context

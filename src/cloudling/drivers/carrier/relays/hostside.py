"""The cloud's face on the host: public addresses, the way in for ssh, and the DNS server."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cloudling.drivers.carrier.relays.entrances import Entrance
from cloudling.drivers.carrier.relays.listening import Diagnoses
from cloudling.drivers.carrier.relays.relays import Relays
from cloudling.drivers.carrier.relays.resolver import HOST, Resolver

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from cloudling.kernel.attendance import Publication, Published

_LOG = logging.getLogger(__name__)
# Of each block its own, so that what `cloudling dns install` writes down holds for long.
_FIRST_NAMES_PORT = 15_300


class Terms(Protocol):
    """The block of public addresses, and the folder for the entrance ("" for none)."""

    @property
    def block(self) -> str: ...

    @property
    def entrances(self) -> str: ...


class Sockets(Protocol):
    """netd's, asked for one by one."""

    async def open(self, place: str, **said: Any) -> socket.socket: ...


class NetdPlaces:
    """Connections from, and questions to, the places of netd."""

    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets

    async def connect(
        self, place: str, address: str, port: int, *, source: str = "", patience: float = 30.0
    ) -> socket.socket:
        said: dict[str, Any] = {"address": source, "is_transparent": True} if source else {}
        made = await self._sockets.open(place, **said)
        try:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(patience):
                await loop.sock_connect(made, (address, port))
        except BaseException:
            made.close()
            raise
        return made

    async def diagnose(self, place: str) -> socket.socket:
        return await self._sockets.open(place, kind="diag")


class HostSide:
    """Begins with the first terms that have a block; another block makes all of it anew."""

    def __init__(self, sockets: Sockets) -> None:
        self._places = NetdPlaces(sockets)
        self._published: dict[str, tuple[Published, ...]] = {}
        self._terms: tuple[str, str] = ("", "")
        self._relays: Relays | None = None
        self._entrance: Entrance | None = None
        self._resolver: Resolver | None = None

    async def configure(self, terms: Terms) -> None:
        wanted = terms.block, terms.entrances
        if wanted == self._terms:
            return
        self.close()
        self._terms = wanted
        if terms.block:
            await self._begin(terms.block, terms.entrances)

    async def _begin(self, block: str, folder: str) -> None:
        self._relays = relays = Relays(block, self._places, Diagnoses(self._places))
        relays.start()
        number = ipaddress.ip_network(block).network_address.packed[1]
        self._resolver = resolver = Resolver()
        try:
            await resolver.start(_FIRST_NAMES_PORT + number)
        except OSError as fault:
            _LOG.warning("names=none fault=%s", fault)
        if folder:
            path = Path(folder, f"127.{number}.sock")
            try:
                self._entrance = Entrance(path, relays, lambda: f"{block} {HOST}:{resolver.port}")
            except OSError as fault:
                _LOG.warning("entrance=%s fault=%s", path, fault)
        for network, published in self._published.items():
            await relays.publish(network, published)

    async def publish(self, network: str, published: Sequence[Published]) -> None:
        """All public addresses of a network that the host shall reach."""
        if published:
            self._published[network] = tuple(published)
        else:
            self._published.pop(network, None)
        if self._relays is not None:
            await self._relays.publish(network, published)

    def publications(self) -> tuple[Publication, ...]:
        return () if self._relays is None else self._relays.publications()

    def change(self, name: str) -> None:
        """A space began or ended, so that its connections are of the past."""
        if self._relays is not None:
            self._relays.renew(name)

    def lose(self) -> None:
        """netd is gone, and with it every machine."""
        if self._relays is not None:
            self._relays.lose()

    def close(self) -> None:
        for part in (self._entrance, self._resolver, self._relays):
            if part is not None:
                part.close()
        self._entrance = self._resolver = self._relays = None

"""Where the carrier stands: its listeners in networks and spaces, and whom it serves there.

A place may be wanted before netd has it, end, and come again: what is wanted is opened whenever the
place is there. A socket keeps its namespace alive, so whatever ends closes at once.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from cloudling.drivers.carrier.guests import Guests
from cloudling.kernel.networks import DriverGone

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Iterable

    from cloudling.drivers.carrier.sockets import Sockets

log = logging.getLogger(__name__)
_BACKLOG = 512
_HANDSHAKE = 10.0


@dataclass(frozen=True, slots=True)
class Stall:
    """An address to serve at: `serve` makes the protocol of a connection, or of the datagrams.

    A protocol enters its transport among the guests it is given, so that it ends with the place.
    """

    address: str
    port: int
    serve: Callable[[Guests], asyncio.BaseProtocol]
    kind: Literal["stream", "datagram"] = "stream"
    security: ssl.SSLContext | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        return self.kind, self.address, self.port


@dataclass(slots=True)
class _Place:
    wanted: dict[tuple[str, str, int], Stall] = field(default_factory=dict)
    opened: dict[tuple[str, str, int], asyncio.AbstractServer | asyncio.BaseTransport] = field(
        default_factory=dict
    )
    guests: Guests = field(default_factory=Guests)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    served: asyncio.Event = field(default_factory=asyncio.Event)
    # Counts how often it ended: what was asked for before that belongs to a place that is gone.
    ends: int = 0


class Places:
    """All places by name."""

    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets
        self._places: dict[str, _Place] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def hold(self, name: str, stalls: Iterable[Stall]) -> None:
        """Serve there at these addresses and no others, now or when the place comes to be."""
        place = self._places.setdefault(name, _Place())
        place.wanted = {stall.key: stall for stall in stalls}
        for key in set(place.opened) - set(place.wanted):
            place.opened.pop(key).close()
        await self._open(name, place)

    def leave(self, name: str) -> None:
        """Serve there no more."""
        place = self._places.pop(name, None)
        if place is not None:
            _close(place)
            # Nobody waits for what will not come.
            place.served.set()

    def guests(self, name: str) -> Guests:
        """Connections that end with the place."""
        return self._places.setdefault(name, _Place()).guests

    async def served(self, name: str) -> None:
        """Wait until all that is wanted there is open."""
        await self._places.setdefault(name, _Place()).served.wait()

    def change(self, name: str, is_there: bool) -> None:
        """A place came to be, or ended; there may be another of its name at once."""
        place = self._places.get(name)
        if place is None:
            return
        _close(place)
        if is_there:
            self._begin(self._open(name, place))

    def lose(self) -> None:
        """All places ended."""
        for place in self._places.values():
            _close(place)

    async def open_all(self) -> None:
        for name, place in list(self._places.items()):
            await self._open(name, place)

    def _begin(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, name: str, place: _Place) -> None:
        async with place.turn:
            for key, stall in list(place.wanted.items()):
                if key in place.opened:
                    continue
                ends = place.ends
                try:
                    made = await self._sockets.open(name, **_said(stall))
                except (FileNotFoundError, DriverGone):
                    return
                except OSError as fault:
                    log.warning("place=%s at=%s:%s fault=%s", name, *key[1:], fault)
                    continue
                if place.ends != ends:
                    made.close()
                    return
                await self._take(place, stall, made)
            if set(place.wanted) <= set(place.opened):
                place.served.set()

    async def _take(self, place: _Place, stall: Stall, made: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        ends = place.ends
        opened: asyncio.AbstractServer | asyncio.BaseTransport
        if stall.kind == "datagram":
            # By its kind it makes a protocol of datagrams.
            serve = cast("Callable[[Guests], asyncio.DatagramProtocol]", stall.serve)
            opened, _ = await loop.create_datagram_endpoint(lambda: serve(place.guests), sock=made)
        else:
            opened = await loop.create_server(
                lambda: stall.serve(place.guests),
                sock=made,
                backlog=_BACKLOG,
                ssl=stall.security,
                ssl_handshake_timeout=_HANDSHAKE if stall.security else None,
            )
        if place.ends != ends or place.wanted.get(stall.key) is not stall:
            opened.close()
            return
        place.opened[stall.key] = opened


def _said(stall: Stall) -> dict[str, Any]:
    said = {"kind": stall.kind, "address": stall.address, "port": stall.port}
    return said if stall.kind == "datagram" else {**said, "backlog": _BACKLOG}


def _close(place: _Place) -> None:
    place.ends += 1
    place.served.clear()
    for each in place.opened.values():
        each.close()
    place.opened.clear()
    place.guests.close()

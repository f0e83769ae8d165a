"""All public addresses of a cloud: what the host finds at them, and what it is carried to."""

from __future__ import annotations

import asyncio
import logging
import resource
from contextlib import suppress
from typing import TYPE_CHECKING

from cloudling.drivers.carrier.relays.bridges import Bridge, reset
from cloudling.drivers.carrier.relays.exposures import Exposure, Front, merge
from cloudling.drivers.carrier.relays.listeners import ListenerFront
from cloudling.drivers.carrier.relays.names import address_of
from cloudling.drivers.carrier.relays.steered import SteeredFront
from cloudling.kernel.networks import INTERNET

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from cloudling.drivers.carrier.relays.listening import Listening, Places
    from cloudling.kernel.attendance import Publication, Published

_LOG = logging.getLogger(__name__)
_PERIOD = 0.25
_PATIENCE = 30.0
_MOST = 16_384
_SPARE = 512


def best_front(block: str, accept: Callable[[socket.socket, str, int], None]) -> Front:
    """Exact where this process may steer the machine's connections, else with listeners."""
    try:
        return SteeredFront(block, accept)
    except OSError as fault:
        _LOG.info("public addresses have listeners cause=%s", fault.strerror)
        return ListenerFront(accept)


class Relays:
    """To be made within the loop; `start` lets it look at what listens, `close` ends it all."""

    def __init__(
        self,
        block: str,
        places: Places,
        listening: Listening,
        front: Callable[[str, Callable[[socket.socket, str, int], None]], Front] = best_front,
    ) -> None:
        self.block = block
        self._places = places
        self._listening = listening
        self._loop = asyncio.get_running_loop()
        self._published: dict[str, dict[str, Published]] = {}
        self._exposures: dict[str, Exposure] = {}
        self._ports: dict[tuple[str, str], frozenset[int]] = {}
        self._named: dict[str, frozenset[int]] = {}
        self._bridges: dict[str, set[Bridge]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking = asyncio.Lock()
        self._woken = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._most = _room()
        self._is_full = False
        self._front = front(block, self.accept)

    def start(self) -> None:
        self._watch = self._loop.create_task(self._keep_looking())

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._front.close()
        for task in self._tasks:
            task.cancel()
        self.lose()

    def renew(self, machine: str) -> None:
        """Its space ended, or begins anew: nothing of the one before is kept."""
        for network in self._published.values():
            for each in network.values():
                if each.machine == machine:
                    self._end(each.address)
        self._listening.forget(machine)
        self._woken.set()

    def lose(self) -> None:
        """All machines are gone: keep no connection to them, and nothing else of theirs."""
        self._listening.close()
        for address in list(self._bridges):
            self._end(address)

    async def publish(self, network: str, published: Sequence[Published]) -> None:
        """All public addresses of a network; what it had before and has no more is closed."""
        before = self._published.pop(network, {})
        after = {each.address: each for each in published}
        if after:
            self._published[network] = after
        for address, was in before.items():
            now = after.get(address)
            if now is None or now.machine != was.machine:
                self._listening.forget(was.machine)
                self._ports.pop((was.machine, was.private), None)
                self._named.pop(address, None)
                self._end(address)
        for each in published:
            # A port that a group has once named stays blocked when it does so no more.
            self._named[each.address] = self._named.get(each.address, frozenset()).union(each.named)
        self._show()
        self._woken.set()
        await self.look()

    async def remove_network(self, name: str) -> None:
        await self.publish(name, ())

    def publications(self) -> tuple[Publication, ...]:
        return self._front.publications()

    def find(self, host: str) -> Published | None:
        """What bears this address, this public name, or is this machine."""
        address = address_of(host) or host
        for network in self._published.values():
            for each in network.values():
                if address in (each.address, each.machine):
                    return each
        return None

    async def look(self) -> None:
        """Ask what listens; what has changed is shown at once."""
        async with self._looking:
            asked = {
                (each.machine, each.private)
                for network in self._published.values()
                for each in network.values()
            }
            self._ports = {
                (machine, private): await self._listening.ports(machine, private)
                for machine, private in asked
            }
            self._show()

    async def _keep_looking(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PERIOD if self._published else None):
                    await self._woken.wait()
            self._woken.clear()
            await self.look()
            if not self._is_full:
                # Doors shut themselves when no descriptor is left.
                self._front.resume()

    def _show(self) -> None:
        exposures = {
            each.address: Exposure(
                merge(each.open),
                self._ports.get((each.machine, each.private), frozenset()),
                self._named[each.address],
            )
            for network in self._published.values()
            for each in network.values()
        }
        if exposures != self._exposures:
            self._exposures = exposures
            self._front.show(exposures)

    def accept(self, near: socket.socket, address: str, port: int) -> None:
        """Carry what the host has connected to; the socket is ours from now on."""
        task = self._loop.create_task(self._carry(near, address, port))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._heed_room()

    async def _carry(self, near: socket.socket, address: str, port: int) -> None:
        try:
            far = await self.connect(address, port)
        except OSError:
            # What was known a moment ago holds no more: look again.
            self._woken.set()
            reset(near)
        except BaseException:
            reset(near)
            raise
        else:
            self.bridge(near, far, address)

    async def connect(self, address: str, port: int) -> socket.socket:
        """A connection to a public address, on which its groups decide; raises OSError."""
        return await self._places.connect(INTERNET, address, port, patience=_PATIENCE)

    def bridge(self, near: socket.socket, far: socket.socket, address: str) -> None:
        """Let each have what the other gives, until the address is another machine's."""
        bridges = self._bridges.setdefault(address, set())

        def forget(ended: Bridge) -> None:
            bridges.discard(ended)
            self._heed_room()

        try:
            bridges.add(Bridge(self._loop, near, far, forget))
        except OSError:
            # One of them ended before it began.
            reset(near)
            reset(far)

    def _end(self, address: str) -> None:
        for bridge in list(self._bridges.pop(address, ())):
            bridge.end()

    def _heed_room(self) -> None:
        """Connections for which there is no room wait in the kernel until there is."""
        carried = len(self._tasks) + sum(len(each) for each in self._bridges.values())
        if carried >= self._most:
            self._is_full = True
            self._front.pause()
        elif self._is_full:
            self._is_full = False
            self._front.resume()


def _room() -> int:
    """How many connections there may be at once, of two descriptors each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST * 2 + _SPARE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return _MOST if soft == resource.RLIM_INFINITY else max(16, min(_MOST, (soft - _SPARE) // 2))

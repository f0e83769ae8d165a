"""All that is carried, as control said it, and the parts that carry it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from cloudling.drivers.carrier import stalls
from cloudling.drivers.carrier.names.zones import Zone
from cloudling.drivers.carrier.places import Places
from cloudling.drivers.carrier.relays.hostside import HostSide
from cloudling.drivers.carrier.sockets import Sockets
from cloudling.drivers.namespaces.departures import ENDPOINT_ADDRESS
from cloudling.kernel.networks import INTERNET

if TYPE_CHECKING:
    import socket

    from cloudling.drivers.carrier.messages import Terms
    from cloudling.drivers.carrier.names.codec import Found
    from cloudling.kernel.attendance import (
        InstanceMetadata,
        ServedNetwork,
    )

_PATIENCE = 60.0


class Carriage:
    """Networks, machines and public addresses by name; each `ensure` makes it so at once."""

    def __init__(self) -> None:
        self.terms: Terms | None = None
        self.networks: dict[str, ServedNetwork] = {}
        self.instances: dict[str, InstanceMetadata] = {}
        self._holders: dict[tuple[str, str], str] = {}
        self._zones: dict[str, Zone] = {}
        self.sockets = Sockets(self._change_place, self._lose)
        self.places = Places(self.sockets)
        self.relays = HostSide(self.sockets)

    async def configure(self, terms: Terms) -> None:
        """Serve on these terms; where others held, everything is begun anew."""
        if self.terms not in {None, terms}:
            for place in (INTERNET, *self.networks, *self.instances):
                self.places.leave(place)
        self.terms = terms
        await self.relays.configure(terms)
        await self.places.hold(INTERNET, stalls.beyond_gateways(terms))
        for network in self.networks.values():
            await self._serve_network(network)
        for name in self.instances:
            await self._serve_space(name)

    async def use_netd(self, end: socket.socket, epoch: str) -> None:
        if self.sockets.attach(end, epoch):
            await self.places.open_all()

    async def ensure_network(self, network: ServedNetwork) -> None:
        self.networks[network.name] = network
        self._zones[network.name] = Zone(network, ENDPOINT_ADDRESS)
        await self._serve_network(network)

    async def remove_network(self, name: str) -> None:
        self.networks.pop(name, None)
        self._zones.pop(name, None)
        self.places.leave(name)
        await self.relays.publish(name, ())

    async def ensure_instance(self, metadata: InstanceMetadata) -> None:
        self._forget(metadata.name)
        self.instances[metadata.name] = metadata
        for address in metadata.addresses:
            self._holders[metadata.network, address] = metadata.name
        await self._serve_space(metadata.name)

    async def remove_instance(self, name: str) -> None:
        self._forget(name)
        self.places.leave(name)

    def holder(self, network: str, address: str) -> InstanceMetadata | None:
        """The machine that has an address in a network."""
        return self.instances.get(self._holders.get((network, address), ""))

    async def await_space(self, name: str) -> None:
        """Come back when a machine finds the cloud on its own loopback, or hardly ever will."""
        if name in self.instances:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await self.places.served(name)

    def close(self) -> None:
        self.relays.close()
        self.sockets.close()
        self.places.lose()

    def _forget(self, name: str) -> None:
        self.instances.pop(name, None)
        self._holders = {at: who for at, who in self._holders.items() if who != name}

    def seen(self, name: str) -> str:
        """The address that a machine's calls come from: its public one where it has one."""
        metadata = self.instances[name]
        network = self.networks.get(metadata.network)
        public = {} if network is None else {own: at for at, own in network.public.items()}
        own = metadata.addresses[0]
        return public.get(own, own)

    async def _serve_network(self, network: ServedNetwork) -> None:
        if self.terms is None:
            return
        find = partial(self._find, network.name)
        served = stalls.of_network(network.name, network.resolvers, self.terms, (find, self.holder))
        await self.places.hold(network.name, served)

    def _find(self, network: str, name: str) -> Found | None:
        return self._zones[network].find(name)

    async def _serve_space(self, name: str) -> None:
        if self.terms is not None:
            wanted = stalls.of_machine(self.terms, partial(self.seen, name))
            await self.places.hold(name, wanted)

    def _change_place(self, name: str, is_there: bool) -> None:
        self.places.change(name, is_there=is_there)
        self.relays.change(name)

    def _lose(self) -> None:
        self.places.lose()
        self.relays.lose()

"""All that is carried, as control said it, and the parts that carry it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cloudling.drivers.carrier.metadata.doors import METADATA_ADDRESS, METADATA_PORT, Attendant
from cloudling.drivers.carrier.places import Places, Stall
from cloudling.drivers.carrier.sockets import Sockets

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from cloudling.drivers.carrier.messages import Terms
    from cloudling.kernel.attendance import (
        InstanceMetadata,
        Publication,
        Published,
        ServedNetwork,
    )


class Relays(Protocol):
    """Public addresses on the host: what `drivers/carrier/relays` makes true.

    Connections to machines are sockets of netd's that live in `internet`.
    """

    async def configure(self, terms: Terms) -> None: ...

    async def publish(self, network: str, published: Sequence[Published]) -> None: ...

    def publications(self) -> tuple[Publication, ...]: ...

    def lose(self) -> None:
        """netd is gone: end every connection that lives in a namespace of its."""

    def close(self) -> None: ...


class NoRelays:
    """Keeps nothing and publishes nothing."""

    async def configure(self, terms: Terms) -> None:
        return

    async def publish(self, network: str, published: Sequence[Published]) -> None:
        return

    def publications(self) -> tuple[Publication, ...]:
        return ()

    def lose(self) -> None:
        return

    def close(self) -> None:
        return


class Carriage:
    """Networks, machines and public addresses by name; each `ensure` makes it so at once."""

    def __init__(self) -> None:
        self.terms: Terms | None = None
        self.networks: dict[str, ServedNetwork] = {}
        self.instances: dict[str, InstanceMetadata] = {}
        self._holders: dict[tuple[str, str], str] = {}
        self.sockets = Sockets(self._change_place, self._lose)
        self.places = Places(self.sockets)
        self.relays: Relays = NoRelays()

    async def configure(self, terms: Terms) -> None:
        self.terms = terms
        await self.relays.configure(terms)
        for network in self.networks.values():
            await self._serve_network(network)
        for name in self.instances:
            await self._serve_space(name)

    async def use_netd(self, end: socket.socket, epoch: str) -> None:
        if self.sockets.attach(end, epoch):
            await self.places.open_all()

    async def ensure_network(self, network: ServedNetwork) -> None:
        self.networks[network.name] = network
        await self._serve_network(network)

    async def remove_network(self, name: str) -> None:
        self.networks.pop(name, None)
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
        await self.places.served(name)

    def close(self) -> None:
        self.relays.close()
        self.sockets.close()
        self.places.lose()

    def _forget(self, name: str) -> None:
        self.instances.pop(name, None)
        self._holders = {at: who for at, who in self._holders.items() if who != name}

    async def _serve_network(self, network: ServedNetwork) -> None:
        terms = self.terms
        if terms is None:
            return
        attendant = Attendant(network.name, self.holder, terms.key)
        await self.places.hold(
            network.name, [Stall(METADATA_ADDRESS, METADATA_PORT, attendant.serve)]
        )

    async def _serve_space(self, name: str) -> None:
        """Nothing is served there yet."""

    def _change_place(self, name: str, is_there: bool) -> None:
        self.places.change(name, is_there=is_there)

    def _lose(self) -> None:
        self.places.lose()
        self.relays.lose()

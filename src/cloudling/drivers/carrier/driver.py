"""The port `Carrier`, made true by the carrier's process."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Protocol

from cloudling.drivers.carrier.client import RunningCarrier
from cloudling.drivers.carrier.messages import (
    AwaitSpace,
    Configure,
    EnsureInstance,
    EnsureNetwork,
    ListPublications,
    Publish,
    RemoveInstance,
    RemoveNetwork,
    Terms,
    Verb,
)
from cloudling.drivers.processes import ORPHAN_GRACE
from cloudling.kernel.attendance import Publication
from cloudling.kernel.networks import DriverGone

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from pathlib import Path

    from cloudling.drivers.namespaces.client import Netd
    from cloudling.kernel.attendance import InstanceMetadata, Published, ServedNetwork
    from cloudling.kernel.networks import Availability

log = logging.getLogger(__name__)
_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_KEY_BEGINS = "-----BEGIN PRIVATE KEY-----"


class Planes(Protocol):
    """Whoever has netd: `NamespaceNetworks`."""

    async def available(self) -> Availability: ...

    async def netd(self) -> Netd: ...


class CarrierDriver:
    """Keeps all that was said, starts the carrier at the first need, and another after its end.

    It must be stopped before whoever has netd, which it would start again.
    """

    def __init__(
        self,
        folder: Path,
        planes: Planes,
        terms: Terms,
        *,
        grace: float = ORPHAN_GRACE,
    ) -> None:
        self._folder = folder
        self._planes = planes
        self._terms = terms
        self._grace = grace
        self._networks: dict[str, ServedNetwork] = {}
        self._instances: dict[str, InstanceMetadata] = {}
        self._published: dict[str, tuple[Published, ...]] = {}
        self._turn = asyncio.Lock()
        self._carrier: RunningCarrier | None = None
        self._epoch = ""
        self._keeper: asyncio.Task[None] | None = None
        self._is_ending = False

    @property
    def block(self) -> str:
        return self._terms.block

    @property
    def authority(self) -> str:
        return self._terms.authority.partition(_KEY_BEGINS)[0]

    @property
    def environment(self) -> dict[str, str]:
        if not self._terms.endpoint:
            return {}
        return {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._terms.port}"}

    async def available(self) -> Availability:
        return await self._planes.available()

    async def ensure_network(self, network: ServedNetwork) -> None:
        self._networks[network.name] = network
        await self._say(EnsureNetwork(network))

    async def remove_network(self, name: str) -> None:
        self._networks.pop(name, None)
        self._published.pop(name, None)
        await self._say(RemoveNetwork(name))

    async def ensure_instance(self, metadata: InstanceMetadata) -> None:
        self._instances[metadata.name] = metadata
        await self._say(EnsureInstance(metadata))

    async def remove_instance(self, name: str) -> None:
        self._instances.pop(name, None)
        await self._say(RemoveInstance(name))

    async def publish(self, network: str, published: Sequence[Published]) -> None:
        self._published[network] = tuple(published)
        await self._say(Publish(network, tuple(published)))

    async def publications(self) -> tuple[Publication, ...]:
        found: tuple[Publication, ...] = await self._say(
            ListPublications(), tuple[Publication, ...]
        )
        return found

    async def await_space(self, name: str) -> None:
        """Wait until the cloud is served within a machine's space, which is there.

        Whoever makes spaces calls it before programs start there, so that none comes too early.
        Of a machine that nobody has told of, nothing is waited for.
        """
        await self._say(AwaitSpace(name))

    async def carrier(self) -> RunningCarrier:
        """The running one, which knows all that was said and has a channel to netd."""
        async with self._turn:
            if self._is_ending:
                raise DriverGone("The cloud is ending.")
            if self._carrier is None or self._carrier.line.gone.is_set():
                if self._carrier is not None:
                    await self._carrier.ended()
                self._carrier = await RunningCarrier.start(self._folder, grace=self._grace)
                self._epoch = ""
                await self._say_everything(self._carrier)
            await self._connect(self._carrier)
            if self._keeper is None or self._keeper.done():
                self._keeper = asyncio.create_task(self._keep())
            return self._carrier

    async def _say_everything(self, carrier: RunningCarrier) -> None:
        line = carrier.line
        await line.ask(Configure(self._terms))
        for network in self._networks.values():
            await line.ask(EnsureNetwork(network))
        for metadata in self._instances.values():
            await line.ask(EnsureInstance(metadata))
        for name, published in self._published.items():
            await line.ask(Publish(name, published))

    async def _connect(self, carrier: RunningCarrier) -> None:
        """Give it a channel to the netd that runs now."""
        netd = await self._planes.netd()
        if netd.identity.epoch != self._epoch:
            await carrier.use_netd(await netd.carrier(), netd.identity.epoch)
            self._epoch = netd.identity.epoch

    async def _keep(self) -> None:
        """Start another when the carrier ends, and connect it anew when netd does."""
        pause = _PAUSE
        while self._carrier is not None and not self._is_ending:
            try:
                netd = await self._planes.netd()
                await _first(self._carrier.line.gone.wait(), netd.connection.gone.wait())
                await self.carrier()
                pause = _PAUSE
            except OSError as fault:
                log.warning("carrier=gone fault=%s", fault)
                await asyncio.sleep(pause)  # noqa: TID251 - no reconciler keeps a driver
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _say(self, verb: Verb, kind: Any = Any) -> Any:
        """Say it to the carrier that runs; to another one where it ends meanwhile."""
        while True:
            carrier = await self.carrier()
            try:
                return await carrier.line.ask(verb, kind)
            except DriverGone:
                if not carrier.line.gone.is_set():
                    raise

    async def stop(self) -> None:
        """End the carrier and all connections."""
        await self._rest()
        if self._carrier is not None:
            await self._carrier.stop()
            self._carrier = None

    async def leave(self) -> None:
        """Go, while the carrier stays for its grace."""
        await self._rest()
        if self._carrier is not None:
            self._carrier.line.close()
            self._carrier = None

    async def _rest(self) -> None:
        """From here on none is started; one that is being started is known first."""
        self._is_ending = True
        async with self._turn:
            keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])


async def _first(*waits: Coroutine[Any, Any, Any]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when="FIRST_COMPLETED")
    finally:
        for task in tasks:
            task.cancel()

"""The composition root's other half: the drivers of one cloud, and when they begin and end.

None of them runs before the first machine needs it; only then is there another process.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import sys
import tempfile
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudling.kernel.networks import Availability, DriverGone
from cloudling.settings import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cloudling.drivers.carrier.driver import CarrierDriver
    from cloudling.drivers.carrier.relays.blocks import Block
    from cloudling.drivers.namespaces.driver import NamespaceNetworks
    from cloudling.drivers.roots.driver import FolderRoots
    from cloudling.drivers.trust.files import Trust
    from cloudling.kernel.attendance import IdentitySignatures, Publication
    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.machines import MachineHoldings
    from cloudling.settings import Settings

_SWITCHED_OFF = Availability(
    "This cloud was started with --driver none.", "Start it with --driver auto to run instances."
)
_NOT_LINUX = Availability(
    "Instances need Linux's namespaces.", "Run Cloudling in a Linux virtual machine."
)
_NO_INTERNET = (
    "Instances reach this cloud and each other, but not the internet: --internet allow lets them."
)
_FOLDER, _ROOTS, _DOOR = "machines", "roots", "door.sock"
_PATIENCE = 5.0  # seconds that machines have to end in order


class DataPlane:
    """Gives a cloud its machines and networks, and takes them away."""

    def __init__(self, settings: Settings, runtime: Path | None = None) -> None:
        """`runtime` is where programs of the user's look for a way to the machines."""
        self._settings = settings
        self._runtime = runtime
        # Nothing lies there before the first machine.
        self.folder = settings.data / _FOLDER
        if settings.memory:
            self.folder = Path(tempfile.gettempdir()) / f"cloudling-{secrets.token_hex(16)}"
        self._networks: NamespaceNetworks | None = None
        self._carrier: CarrierDriver | None = None
        self._block: Block | None = None

    @cached_property
    def trust(self) -> Trust:
        """Certificates and keys of this cloud's own; each is made when it is first asked for."""
        from cloudling.drivers.namespaces import SCRATCH  # noqa: PLC0415 - as in `_build`
        from cloudling.drivers.trust.files import Trust  # noqa: PLC0415

        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._settings.memory:
            (self.folder / SCRATCH).touch()
        return Trust(self.folder / "trust")

    async def require(self) -> None:
        """The driver that is asked for by name must be able to work."""
        if self._settings.driver != "namespace":
            return
        from cloudling.drivers.namespaces.driver import (  # noqa: PLC0415 - as in `_build`
            MACHINES_NEED,
            probe,
        )

        found = await asyncio.to_thread(probe, (), MACHINES_NEED)
        if not found:
            raise UserError(
                f"This machine cannot run instances, which --driver namespace asks for: "
                f"{found.reason} {found.remedy}".strip()
            )

    def attach(
        self, cloud: Cloud, port: int, open_within: Callable[[Path], object]
    ) -> tuple[str, ...]:
        """Set the ports of a cloud that answers there, or why there are none; lines to be shown.

        `open_within` has calls from instances served at a Unix socket; said when there may be any.
        """
        settings = self._settings
        cloud.host_address = settings.host_address
        if settings.driver == "none":
            cloud.no_machines = _SWITCHED_OFF
            return ()
        if sys.platform != "linux":
            cloud.no_machines = _NOT_LINUX
            return ()
        from cloudling.drivers.carrier.relays import blocks  # noqa: PLC0415 - only Linux has it

        try:
            self._block = blocks.hold(None if settings.memory else settings.data)
        except OSError as fault:
            cloud.no_machines = Availability(fault.strerror or str(fault))
            return ()
        cloud.make_drivers = partial(self._build, cloud, port, self._block, open_within)
        notes = _moves(self._block)
        return notes if self._settings.internet == "allow" else (*notes, _NO_INTERNET)

    def _build(
        self, cloud: Cloud, port: int, block: Block, open_within: Callable[[Path], object]
    ) -> None:
        # What clouds without machines need not wait for, nor keep.
        from cloudling.drivers.carrier.driver import CarrierDriver  # noqa: PLC0415
        from cloudling.drivers.carrier.messages import Terms  # noqa: PLC0415
        from cloudling.drivers.namespaces.driver import NamespaceNetworks  # noqa: PLC0415
        from cloudling.drivers.namespaces.fleet import NamespaceMachines  # noqa: PLC0415
        from cloudling.drivers.roots.driver import FolderRoots  # noqa: PLC0415

        settings, grace = self._settings, float(self._settings.orphan_grace)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        certificate, key = self.trust.authority()
        self._networks = networks = NamespaceNetworks(
            self.folder, data=self.folder, cache=cache_of(settings), grace=grace
        )
        door = self.folder / _DOOR
        open_within(door)
        terms = Terms(
            port=port,
            door=str(door),
            key=cloud.store.secret("metadata"),
            block=block.network,
            entrances="" if self._runtime is None else str(self._runtime),
            authority=f"{certificate}{key}",
            endpoint=settings.instance_endpoint == "variable",
            internet=settings.internet == "allow",
        )
        self._carrier = carrier = CarrierDriver(self.folder, networks, terms, grace=grace)
        cloud.networks = networks
        cloud.machines = NamespaceMachines(networks, carrier.await_space)
        cloud.roots = FolderRoots(cache_of(settings) / _ROOTS, self.folder / _ROOTS)
        cloud.carrier = self._carrier
        cloud.identity_signer = _LateSigner(self.trust)

    async def stop(self, cloud: Cloud) -> None:
        """End all machines in order, and then whatever runs for them."""
        if self._networks is not None and self._networks.is_awake:
            with suppress(DriverGone):
                await _end_machines(cloud)
        if self._carrier is not None:
            await self._carrier.stop()
        if self._networks is not None:
            await self._networks.stop()
        if self._block is not None:
            self._block.let_go()
        (self.folder / _DOOR).unlink(missing_ok=True)
        if self._settings.memory:
            await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)

    async def reset(self, cloud: Cloud) -> None:
        """Discard all machines and all that was made of them; networks go with their records."""
        if (self.folder / "disks").exists() and cloud.machines is not None:
            held = await cloud.machines.holdings()
            await asyncio.gather(*(cloud.machines.discard(each.name) for each in held.machines))
        if (self.folder / _ROOTS).exists() and cloud.roots is not None:
            for root in await cloud.roots.roots():
                await cloud.roots.remove(root.name)

    async def status(self, cloud: Cloud) -> dict[str, Any]:
        """What runs, and what of it is not as it should be; wakes nothing that sleeps."""
        if self._block is None:
            return {"driver": "none", "reason": cloud.no_machines.reason}
        said: dict[str, Any] = {"driver": "namespace", "running": 0, "limits": [], "moved": []}
        if self._networks is None or not self._networks.is_awake:
            return said
        # What ends while it is asked has nothing more to tell.
        with suppress(DriverGone):
            if cloud.machines is not None:
                said |= machines_of(await cloud.machines.holdings())
            if cloud.carrier is not None:
                said["moved"] = moved(await cloud.carrier.publications())
        return said


def cache_of(settings: Settings) -> Path:
    """Not root's, where another calls as root: who built a root says whose its files are."""
    return settings.cache / f"user-{os.geteuid()}"


def open_roots(settings: Settings, source: str = "") -> FolderRoots:
    """What stands behind images: built roots of all the user's clouds, captured ones of this.

    `source` names what alone they shall be built from.
    """
    from cloudling.drivers.roots.driver import FolderRoots  # noqa: PLC0415 - as above

    options = {"source": source} if source else {}
    folder = settings.data / _FOLDER
    return FolderRoots(cache_of(settings) / _ROOTS, folder / _ROOTS, **options)


class _LateSigner:
    """The port `IdentitySigner`; its key is made, or read, when the first machine is told."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust

    def sign(self, document: bytes) -> IdentitySignatures:
        found: IdentitySignatures = self._trust.signer().sign(document)
        return found


async def _end_machines(cloud: Cloud) -> None:
    if cloud.machines is None:
        return
    held = await cloud.machines.holdings()
    running = [each.name for each in held.machines if each.state != "stopped"]
    work = (cloud.machines.stop(name, _PATIENCE) for name in running)
    await asyncio.gather(*work, return_exceptions=True)


def _moves(block: Block) -> tuple[str, ...]:
    """What the user is told where another cloud has taken the public addresses."""
    if not block.previous:
        return ()
    return (
        f"Another cloud of this machine holds {block.previous}: public addresses now begin with "
        f"{block.network.rpartition('.0.0/')[0]}.",
    )


def machines_of(held: MachineHoldings) -> dict[str, Any]:
    """How many run, and which limits hold for all of them."""
    limits = [set(each.limits) for each in held.machines if each.state == "running"]
    common = set.intersection(*limits) if limits else set()
    return {"running": len(limits), "limits": sorted(common)}


def moved(publications: Iterable[Publication]) -> list[dict[str, Any]]:
    """The ports that are found elsewhere than at their own address and number."""
    return [
        {
            "address": f"{each.address}:{each.port}",
            "at": f"{each.at[0]}:{each.at[1]}",
            "note": each.note,
        }
        for each in publications
        if each.note or each.at != (each.address, each.port)
    ]

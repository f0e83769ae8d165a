"""The composition root's other half: the drivers of one cloud, and when they begin and end.

Nothing of them runs before the first machine needs it; only then is there another process.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudling.kernel.networks import Availability, DriverGone
from cloudling.settings import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudling.drivers.namespaces.driver import NamespaceNetworks
    from cloudling.kernel.attendance import Publication
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


class DataPlane:
    """Gives a cloud its machines and networks, and takes them away."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # Nothing lies there before the first machine.
        self._folder = settings.data / "machines"
        if settings.memory:
            self._folder = Path(tempfile.gettempdir()) / f"cloudling-{secrets.token_hex(16)}"
        self._networks: NamespaceNetworks | None = None

    async def attach(self, cloud: Cloud) -> tuple[str, ...]:
        """Set the cloud's ports, or why there are none; lines for whoever starts it."""
        cloud.host_address = self._settings.host_address
        if self._settings.driver == "none":
            cloud.no_machines = _SWITCHED_OFF
        elif sys.platform != "linux":
            cloud.no_machines = _NOT_LINUX
        else:
            self._build(cloud)
        if self._settings.driver == "namespace":
            await self._require(cloud)
        if cloud.machines is None or self._settings.internet == "allow":
            return ()
        return (_NO_INTERNET,)

    def _build(self, cloud: Cloud) -> None:
        # Other systems have none of what these stand on, and clouds without machines no need of it.
        from cloudling.drivers.namespaces.driver import NamespaceNetworks  # noqa: PLC0415

        grace = float(self._settings.orphan_grace)
        self._networks = NamespaceNetworks(self._folder, grace=grace)
        cloud.networks = self._networks

    async def _require(self, cloud: Cloud) -> None:
        """Asked for by name, it must be able to work."""
        found = cloud.no_machines if self._networks is None else await self._networks.available()
        if not found:
            raise UserError(
                f"This machine cannot run instances, which --driver namespace asks for: "
                f"{found.reason} {found.remedy}".strip()
            )

    async def stop(self) -> None:
        """End all machines, and whatever runs for them."""
        if self._networks is not None:
            await self._networks.stop()
        if self._settings.memory:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def status(self, cloud: Cloud) -> dict[str, Any]:
        """What runs, and what of it is not as it should be; wakes nothing that sleeps."""
        if self._networks is None:
            return {"driver": "none", "reason": cloud.no_machines.reason}
        said: dict[str, Any] = {"driver": "namespace", "running": 0, "limits": [], "moved": []}
        if not self._networks.is_awake:
            return said
        # What ends while it is asked has nothing more to tell.
        with suppress(DriverGone):
            if cloud.machines is not None:
                said |= machines_of(await cloud.machines.holdings())
            if cloud.carrier is not None:
                said["moved"] = moved(await cloud.carrier.publications())
        return said


def machines_of(held: MachineHoldings) -> dict[str, Any]:
    running = [each for each in held.machines if each.state == "running"]
    common = (
        set(running[0].limits).intersection(*(each.limits for each in running)) if running else ()
    )
    return {"running": len(running), "limits": sorted(common)}


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

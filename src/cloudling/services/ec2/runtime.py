"""What this process knows of the machines it has started or found: never written down.

After a start it knows of none, and asks the driver.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary, ref

from cloudling.kernel.handles import handle
from cloudling.kernel.networks import DriverGone
from cloudling.services.ec2.call import Ec2Call

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from cloudling.kernel.attendance import InstanceMetadata
    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.networks import Interface
    from cloudling.kernel.ports import Machines
    from cloudling.services.ec2.credentials import Lent

    Ended = Callable[[Ec2Call, str], Coroutine[Any, Any, None]]


class Told:
    """What was said last of one machine, so that only what differs is said again."""

    def __init__(self) -> None:
        self.metadata: InstanceMetadata | None = None
        self.interfaces: tuple[Interface, ...] = ()
        self.lent: Lent | None = None


class Runtime:
    """One cloud's machines, by the ids of their instances.

    `lock` lets one task at a time work on a machine, a network or a root.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = ref(cloud)
        self.running: dict[str, Told] = {}
        self._lives = 0  # of the driver's process, as far as they were noticed
        # What the carrier and the networks were told of a VPC's addresses.
        self.networks: dict[tuple[str, str, str], Any] = {}
        # What a VPC's records had come to when its network was ensured.
        self.planes: dict[str, tuple[int, ...]] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._watched: WeakSet[Machines] = WeakSet()

    def lock(self, name: str) -> asyncio.Lock:
        found = self._locks.get(name)
        if found is None:
            found = self._locks[name] = asyncio.Lock()
        return found

    def watch(self, machines: Machines, ended: Ended) -> None:
        """Have `ended` work on each instance whose machine ends unasked."""
        if machines not in self._watched:
            self._watched.add(machines)
            machines.watch(partial(self._notice, ended))

    def note(self, life: int, name: str, told: Told) -> None:
        """It runs, if the driver's process is the one of then; else it is gone with that."""
        if life != self._lives:
            raise DriverGone("The driver's process has ended.")
        self.running[name] = told

    @property
    def life(self) -> int:
        """Another one after each end of the driver's process."""
        return self._lives

    def forget(self) -> None:
        """The driver's process is another one: nothing is known of what runs there."""
        self._lives += 1
        self.running.clear()
        self.networks.clear()
        self.planes.clear()

    def _notice(self, ended: Ended, name: str) -> None:
        cloud = self._cloud()
        if cloud is None:
            return
        scheduler = cloud.reconcilers.scheduler
        if name:
            scheduler.stir("ec2:ended", (name,), partial(self._end, ended, name))
            return
        self.forget()
        for source in scheduler.sources:
            source.resync()
        scheduler.notice()

    async def _end(self, ended: Ended, name: str) -> None:
        """Work in the scope that the instance is in."""
        cloud = self._cloud()
        if cloud is None:
            return
        table = cloud.store.table(Ec2Call.instances.spec)
        for scope in table.scopes():
            if await table.within(scope).get(name) is not None:
                account, _, region = scope.partition("/")
                await ended(handle(cloud, "ec2", account, region), name)


_runtimes: WeakKeyDictionary[Cloud, Runtime] = WeakKeyDictionary()


def of(call: Ec2Call) -> Runtime:
    """The runtime of the call's cloud."""
    found = _runtimes.get(call.cloud)
    if found is None:
        found = _runtimes[call.cloud] = Runtime(call.cloud)
    return found

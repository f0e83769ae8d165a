"""Whether there is anything that can run another instance, and how much of the quota is used."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from cloudling.services.ec2 import instance_sizes
from cloudling.services.ec2.errors import InsufficientInstanceCapacity

if TYPE_CHECKING:
    from cloudling.kernel.ports import Machines
    from cloudling.services.ec2.call import Ec2Call

_COUNTED = ("pending", "running", "stopping")
# Drivers that have said that they can work: their probe takes longer than a launch.
_able: WeakSet[Machines] = WeakSet()


async def lack(call: Ec2Call) -> InsufficientInstanceCapacity | None:
    """Why no instance can run here and what the user can do; None where one can."""
    machines = call.cloud.machines
    if machines is None:
        found = call.cloud.no_machines
    elif machines in _able:
        return None
    else:
        found = await machines.available()
        if found:
            _able.add(machines)
            return None
    words = " ".join(each for each in (found.reason, found.remedy) if each)
    return InsufficientInstanceCapacity(
        "We currently do not have sufficient capacity to launch the instance type you requested. "
        f"{words}"
    )


async def processors(call: Ec2Call) -> int:
    """Those that instances hold in the region, which all are of one quota."""
    found = [each for state in _COUNTED for each in await call.instances.find(state=state)]
    return instance_sizes.processors(found)

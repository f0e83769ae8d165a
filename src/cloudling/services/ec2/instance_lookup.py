"""Instances by the ids that requests name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.services.ec2 import references
from cloudling.services.ec2.errors import InvalidParameterCombination

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Instance, NetworkInterface


async def require(call: Ec2Call, instance_id: str) -> Instance:
    """The instance of that id; raises InvalidInstanceID."""
    (found,) = await require_all(call, [instance_id])
    return found


async def require_all(call: Ec2Call, ids: Sequence[str]) -> list[Instance]:
    """The instances of these ids; each must be there."""
    if not ids:
        raise InvalidParameterCombination("No instances specified")
    found = {each: await call.instances.get(each) for each in dict.fromkeys(ids)}
    known = {each for each, instance in found.items() if instance is not None}
    references.require("instance", ids, known)
    return [instance for instance in found.values() if instance is not None]


async def cards(call: Ec2Call, instance_id: str) -> list[NetworkInterface]:
    """The interfaces of an instance, by their devices."""
    found = await call.network_interfaces.find(instance=instance_id)
    return sorted(found, key=lambda card: card.device)


async def touch(call: Ec2Call, instance: Instance) -> None:
    """Something that belongs to the instance has changed: its reconciler is to look."""
    await call.instances.change(instance.id, expect=instance.revision)

"""Instances that are to stop or to end, and those that have ended.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.kernel.networks import DriverGone
from cloudling.kernel.reconcilers import Wake, reconciler
from cloudling.services.ec2 import (
    instance_lookup,
    public_addresses,
    runtime,
    state_changes,
    taggings,
)
from cloudling.services.ec2.call import Ec2Call

if TYPE_CHECKING:
    from cloudling.services.ec2.instance_records import Instance, NetworkInterface, Volume

# So long a machine's programs have to end in order.
_SHUTDOWN_SECONDS = 5.0
# So long a terminated instance is still described.
_KEPT_SECONDS = 3600.0


@reconciler(Ec2Call.instances, state="stopping")
async def stop(call: Ec2Call, instance: Instance) -> None:
    async with runtime.of(call).lock(instance.id):
        await _end_machine(call, instance, discard=False)
        async with call.unit():
            now = await call.instances.get(instance.id)
            if now is None or now.state != "stopping":
                return
            for card in await instance_lookup.cards(call, instance.id):
                await _take_address(call, card)
            await state_changes.move(call, now, "stopped", state_changes.SAME)


@reconciler(Ec2Call.instances, state="shutting-down")
async def terminate(call: Ec2Call, instance: Instance) -> None:
    async with runtime.of(call).lock(instance.id):
        volume = await call.volumes.get(instance.volume)
        kept = volume is not None and not volume.deleted_with_instance
        await _end_machine(call, instance, discard=not kept)
        async with call.unit():
            now = await call.instances.get(instance.id)
            if now is None or now.state != "shutting-down":
                return
            for card in await instance_lookup.cards(call, instance.id):
                await _take_card(call, card)
            if volume is not None:
                await _take_volume(call, volume)
            for each in await call.profile_associations.find(instance=instance.id):
                await call.profile_associations.delete(each.id)
            moment = call.clock.now()
            await state_changes.move(call, now, "terminated", state_changes.SAME, ended=moment)


async def _end_machine(call: Ec2Call, instance: Instance, *, discard: bool) -> None:
    """End the machine where there is a driver, in order unless that is not wanted."""
    known, name = runtime.of(call), instance.id
    known.running.pop(name, None)
    machines, carrier = call.cloud.machines, call.cloud.carrier
    if machines is not None:
        try:
            if not discard or not instance.forced:
                await machines.stop(name, 0.0 if instance.forced else _SHUTDOWN_SECONDS)
            if discard:
                await machines.discard(name)
        except DriverGone:
            known.forget()
            raise
    if carrier is not None:
        await carrier.remove_instance(name)


async def _take_address(call: Ec2Call, card: NetworkInterface) -> None:
    if card.public:
        await public_addresses.release(call, card.public)
        await call.network_interfaces.change(card.id, expect=card.revision, public="")


async def _take_card(call: Ec2Call, card: NetworkInterface) -> None:
    """Gone with the instance, or free again."""
    await public_addresses.release(call, card.public)
    if card.deleted_with_instance:
        await call.network_interfaces.delete(card.id)
        await call.tags.replace(taggings.place(call, "network-interface", card.id), {})
    else:
        await call.network_interfaces.change(
            card.id, expect=card.revision, public="", instance="", attachment=""
        )


async def _take_volume(call: Ec2Call, volume: Volume) -> None:
    if volume.deleted_with_instance:
        await call.volumes.delete(volume.id)
        await call.tags.replace(taggings.place(call, "volume", volume.id), {})
    else:
        await call.volumes.change(volume.id, expect=volume.revision, instance="", state="available")


@reconciler(Ec2Call.instances, state="terminated")
async def forget(call: Ec2Call, instance: Instance) -> Wake | None:
    """An hour later nobody knows of it any more."""
    due = instance.ended + _KEPT_SECONDS
    if call.clock.now() < due:
        return Wake(due)
    async with call.unit():
        await call.instances.delete(instance.id)
        await call.tags.replace(taggings.place(call, "instance", instance.id), {})
        if not await call.instances.find(reservation=instance.reservation, limit=1):
            await call.reservations.delete(instance.reservation)
    return None

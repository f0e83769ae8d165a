"""Starting, stopping, rebooting and terminating: wishes that the reconcilers make true.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import (
    capacity,
    instance_catalogue,
    instance_lookup,
    instance_sizes,
    public_addresses,
    references,
    settling,
    state_changes,
)
from cloudling.services.ec2.errors import (
    IncorrectInstanceState,
    OperationNotPermitted,
    UnsupportedOperation,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Instance

Request = dict[str, Any]
_ENDING = frozenset({"shutting-down", "terminated"})


@operation("StartInstances", transaction=False, waits=True)
async def start_instances(call: Ec2Call, request: Request) -> Request:
    ids = references.members(request, "InstanceIds")
    lack = await capacity.lack(call)
    await settling.instances(call, ids)
    async with call.unit(final=True):
        found = await instance_lookup.require_all(call, ids)
        for instance in found:
            if instance.state not in ("stopped", "running", "pending"):
                raise _wrong_state(f"The instance '{instance.id}'", "started")
        stopped = [each for each in found if each.state == "stopped"]
        await _check_quota(call, stopped)
        if lack is not None and stopped:
            raise lack
        after = [await _start(call, each) if each in stopped else each for each in found]
        return {"StartingInstances": _changes(found, after)}


async def _check_quota(call: Ec2Call, stopped: Sequence[Instance]) -> None:
    running = await capacity.processors(call)
    for instance in stopped:
        size = instance_sizes.find(instance_catalogue.load(), instance.type)
        instance_sizes.granted(size, running, 1, 1)
        running += size.processors


async def _start(call: Ec2Call, instance: Instance) -> Instance:
    for card in await instance_lookup.cards(call, instance.id):
        if card.is_public and not card.public:
            public = await public_addresses.allot(call, card.id)
            await call.network_interfaces.change(card.id, expect=card.revision, public=public)
    return await state_changes.move(
        call, instance, "pending", launched=call.clock.now(), starts=instance.starts + 1
    )


@operation("StopInstances", transaction=False)
async def stop_instances(call: Ec2Call, request: Request) -> Request:
    ids = references.members(request, "InstanceIds")
    await settling.instances(call, ids)
    async with call.unit(final=True):
        return await _stop(call, request, ids)


async def _stop(call: Ec2Call, request: Request, ids: list[str]) -> Request:
    found = await instance_lookup.require_all(call, ids)
    if request.get("Hibernate"):
        raise UnsupportedOperation(
            f"The instance '{found[0].id}' is not configured for hibernation."
        )
    for instance in found:
        _check_stop(instance)
    after = [
        await state_changes.move(
            call, each, "stopping", state_changes.BY_USER, forced=_is_forced(request)
        )
        if each.state == "running"
        else each
        for each in found
    ]
    return {"StoppingInstances": _changes(found, after)}


def _check_stop(instance: Instance) -> None:
    if instance.state in _ENDING:
        raise _wrong_state(f"This instance '{instance.id}'", "stopped")
    if instance.state == "pending":
        raise IncorrectInstanceState(
            f"Instance '{instance.id}' cannot be stopped as it has never reached the 'running' "
            "state."
        )
    if instance.unstoppable:
        raise _protected(instance, "stopped", "disableApiStop")


@operation("RebootInstances", transaction=False)
async def reboot_instances(call: Ec2Call, request: Request) -> Request:
    """The state stays running; the reconciler sees by the count of starts that it is to boot."""
    ids = references.members(request, "InstanceIds")
    await settling.instances(call, ids)
    async with call.unit(final=True):
        found = await instance_lookup.require_all(call, ids)
        for instance in found:
            if instance.state != "running":
                raise _wrong_state(f"The instance '{instance.id}'", "rebooted")
        for instance in found:
            await call.instances.change(
                instance.id, expect=instance.revision, starts=instance.starts + 1
            )
    return {}


@operation("TerminateInstances")
async def terminate_instances(call: Ec2Call, request: Request) -> Request:
    ids = references.members(request, "InstanceIds")
    found = await instance_lookup.require_all(call, ids)
    for instance in found:
        if instance.protected and instance.state not in _ENDING:
            raise _protected(instance, "terminated", "disableApiTermination")
    after = [
        each
        if each.state in _ENDING
        else await state_changes.move(
            call, each, "shutting-down", state_changes.BY_USER, forced=_is_forced(request)
        )
        for each in found
    ]
    return {"TerminatingInstances": _changes(found, after)}


def _is_forced(request: Request) -> bool:
    return bool(request.get("Force") or request.get("SkipOsShutdown"))


def _wrong_state(named: str, done: str) -> IncorrectInstanceState:
    return IncorrectInstanceState(f"{named} is not in a state from which it can be {done}.")


def _protected(instance: Instance, done: str, attribute: str) -> OperationNotPermitted:
    return OperationNotPermitted(
        f"The instance '{instance.id}' may not be {done}. Modify its '{attribute}' instance "
        "attribute and try again."
    )


def _changes(before: Sequence[Instance], after: Sequence[Instance]) -> list[Request]:
    return [
        {
            "InstanceId": new.id,
            "CurrentState": state_changes.told(new.state),
            "PreviousState": state_changes.told(old.state),
        }
        for old, new in zip(before, after, strict=True)
    ]

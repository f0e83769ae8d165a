"""Instances that are to run: booted, found again after a start, kept as their records say.

What ends unasked is stopped, or terminated where its owner wants that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.kernel.machines import NoSuchRoot
from cloudling.kernel.networks import DriverGone
from cloudling.kernel.reconcilers import Wake, reconciler
from cloudling.services.ec2 import (
    credentials,
    faces,
    instance_descriptions,
    machine_values,
    planes,
    public_addresses,
    roots,
    runtime,
    state_changes,
)
from cloudling.services.ec2.call import Ec2Call
from cloudling.services.ec2.instance_lookup import cards

if TYPE_CHECKING:
    from cloudling.kernel.machines import HeldMachine
    from cloudling.kernel.ports import Machines
    from cloudling.services.ec2.instance_records import Instance, ProfileAssociation
    from cloudling.services.ec2.runtime import Told

# The collections that networks are made of.
_OF_PLANES = (
    "vpcs",
    "subnets",
    "internet_gateways",
    "security_groups",
    "security_group_rules",
)


@reconciler(Ec2Call.instances, state="pending")
async def boot(call: Ec2Call, instance: Instance) -> Wake | None:
    """Build what stands behind its image, which can take minutes, then start it."""
    try:
        await roots.prepare(call, instance)
        async with runtime.of(call).lock(instance.id):
            now = await _still(call, instance.id, "pending")
            if now is not None:
                await start(call, now)
                async with call.unit():
                    await state_changes.move(call, now, "running", booted=now.starts)
    except DriverGone:
        runtime.of(call).forget()
        raise
    except (OSError, NoSuchRoot) as fault:
        await _fail(call, instance.id, _words(fault))
    return None


async def _fail(call: Ec2Call, instance_id: str, fault: str) -> None:
    """A first launch that fails ends the instance; a later start leaves it stopped."""
    async with call.unit():
        instance = await _still(call, instance_id, "pending")
        if instance is not None:
            state = "shutting-down" if instance.starts == 1 else "stopping"
            await state_changes.move(call, instance, state, state_changes.by_server(fault))


@reconciler(Ec2Call.instances, state="running")
async def keep(call: Ec2Call, instance: Instance) -> Wake | None:
    """See that it runs, as its record says; wake when its credentials are to be new."""
    known = runtime.of(call)
    async with known.lock(instance.id):
        now = await _still(call, instance.id, "running")
        if now is None:
            return None
        try:
            await _keep_running(call, now)
            return await _keep_told(call, now)
        except DriverGone:
            known.forget()
            raise
        except (OSError, NoSuchRoot) as fault:
            await lose(call, now, state_changes.by_server(_words(fault)))
            return None


async def _keep_running(call: Ec2Call, instance: Instance) -> None:
    """Start it where it does not run: after a start of the cloud, and when it is to reboot."""
    machines, known = require_machines(call), runtime.of(call)
    if instance.booted != instance.starts:
        await machines.stop(instance.id)
        known.running.pop(instance.id, None)
    elif instance.id not in known.running and await _adopt(call, instance, machines):
        return
    if instance.id not in known.running:
        await roots.prepare(call, instance)
        await start(call, instance)
    if instance.booted != instance.starts:
        async with call.unit():
            await call.instances.change(
                instance.id, expect=instance.revision, booted=instance.starts
            )


async def _adopt(call: Ec2Call, instance: Instance, machines: Machines) -> bool:
    """Whether it runs since an earlier start of the cloud; then it is ours again."""
    known = runtime.of(call)
    life = known.life
    held = await find_held(machines, instance.id)
    if held is None or held.state == "stopped":
        return False
    known.watch(machines, ended)
    await _ensure_plane(call, instance.vpc)
    await _keep_addresses(call, instance)
    await faces.show(call, instance.vpc)
    told = runtime.Told()
    told.interfaces = await machine_values.interfaces(call, await cards(call, instance.id))
    known.note(life, instance.id, told)
    return True


async def _keep_addresses(call: Ec2Call, instance: Instance) -> None:
    """Public addresses that cannot be carried any more become others."""
    for card in await cards(call, instance.id):
        if card.public and not public_addresses.is_ours(call, card.public):
            async with call.unit():
                await public_addresses.release(call, card.public)
                public = await public_addresses.allot(call, card.id)
                await call.network_interfaces.change(card.id, expect=card.revision, public=public)


async def _ensure_plane(call: Ec2Call, vpc_id: str) -> None:
    """The VPC's network carries, as its records are now; said once for many instances."""
    known = runtime.of(call)
    async with known.lock(f"plane {vpc_id}"):
        made = tuple(getattr(call, name).changes for name in _OF_PLANES)
        if known.planes.get(vpc_id) != made:
            await planes.ensure_plane(call, vpc_id)
            known.planes[vpc_id] = made


async def start(call: Ec2Call, instance: Instance) -> None:
    """Start the machine, which knows who it is from its first moment on."""
    machines, known = require_machines(call), runtime.of(call)
    life = known.life
    known.watch(machines, ended)
    await _keep_addresses(call, instance)
    await _ensure_plane(call, instance.vpc)
    await faces.show(call, instance.vpc)
    told = runtime.Told()
    await _tell(call, instance, told)
    machine = await machine_values.machine(call, instance)
    await call.committed()
    await machines.start(machine)
    told.interfaces = machine.interfaces
    known.note(life, instance.id, told)


async def restart(call: Ec2Call, instance: Instance) -> None:
    """Start it again after a pause; where that fails it is stopped."""
    try:
        await start(call, instance)
    except DriverGone:
        raise
    except (OSError, NoSuchRoot) as fault:
        now = await _still(call, instance.id, "running")
        if now is not None:
            await lose(call, now, state_changes.by_server(_words(fault)))


async def _keep_told(call: Ec2Call, instance: Instance) -> Wake | None:
    told = runtime.of(call).running.get(instance.id)
    if told is None:
        # The driver's process ended meanwhile.
        return Wake(call.clock.now())
    networks = call.cloud.networks
    wanted = await machine_values.interfaces(call, await cards(call, instance.id))
    if networks is not None and wanted != told.interfaces:
        for interface in wanted:
            if interface not in told.interfaces:
                await networks.ensure_interface(interface)
        told.interfaces = wanted
    await _tell(call, instance, told)
    return Wake(told.lent.until) if told.lent else None


async def _tell(call: Ec2Call, instance: Instance, told: Told) -> None:
    """Give the carrier the instance's metadata, with credentials that are fresh."""
    carrier = call.cloud.carrier
    if carrier is None:
        return
    association = await association_of(call, instance)
    told.lent = (
        await credentials.lend(call, instance, association, told.lent) if association else None
    )
    wanted = await machine_values.told(call, instance, association, told.lent)
    if wanted != told.metadata:
        await carrier.ensure_instance(wanted)
        told.metadata = wanted


async def association_of(call: Ec2Call, instance: Instance) -> ProfileAssociation | None:
    """The instance profile that an instance has now."""
    found = await call.profile_associations.find(instance=instance.id)
    return next((each for each in found if each.state in instance_descriptions.ACTIVE), None)


async def ended(call: Ec2Call, instance_id: str) -> None:
    """Its machine has ended, and nobody here has asked for it."""
    known = runtime.of(call)
    async with known.lock(instance_id):
        known.running.pop(instance_id, None)
        instance = await _still(call, instance_id, "running")
        if instance is None or instance.booted != instance.starts:
            return
        held = await find_held(require_machines(call), instance_id)
        if held is not None and held.state != "stopped":
            return
        fault = held.reason if held else ""
        cause = state_changes.by_server(fault) if fault else state_changes.FROM_INSIDE
        await lose(call, instance, cause)


async def lose(call: Ec2Call, instance: Instance, cause: state_changes.Cause) -> None:
    """It does not run any more."""
    own = cause is state_changes.FROM_INSIDE and instance.shutdown == "terminate"
    async with call.unit():
        await state_changes.move(call, instance, "shutting-down" if own else "stopping", cause)


async def find_held(machines: Machines, name: str) -> HeldMachine | None:
    """A machine as the driver holds it."""
    held = await machines.holdings()
    return next((each for each in held.machines if each.name == name), None)


def require_machines(call: Ec2Call) -> Machines:
    """The driver; an OSError where this cloud was started without one."""
    machines = call.cloud.machines
    if machines is None:
        raise OSError(call.cloud.no_machines.reason)
    return machines


async def _still(call: Ec2Call, instance_id: str, state: str) -> Instance | None:
    """The instance as it is now, if it is in that state."""
    found = await call.instances.get(instance_id)
    return found if found is not None and found.state == state else None


def _words(fault: BaseException) -> str:
    text = getattr(fault, "strerror", None) or str(fault)
    return str(text) if not isinstance(fault, NoSuchRoot) else f"There is no root {fault}."

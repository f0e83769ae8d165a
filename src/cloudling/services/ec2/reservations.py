"""RunInstances: a reservation of instances, written whole; reconcilers make them run.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel import operation
from cloudling.kernel.idempotency import digest_of
from cloudling.services.ec2 import (
    capacity,
    defaults,
    images,
    instance_catalogue,
    instance_descriptions,
    instance_sizes,
    key_pairs,
    launch_networks,
    launch_options,
    profiles,
    public_addresses,
    root_devices,
    state_changes,
    taggings,
)
from cloudling.services.ec2.errors import (
    IdempotentParameterMismatch,
    InvalidKeyPairNotFound,
    InvalidParameterValue,
)
from cloudling.services.ec2.instance_records import (
    Instance,
    NetworkInterface,
    ProfileAssociation,
    Reservation,
    Volume,
)
from cloudling.services.ec2.parameters import required

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_catalogue import Catalogue
    from cloudling.services.ec2.instance_sizes import Size
    from cloudling.services.ec2.launch_networks import Card
    from cloudling.services.ec2.profiles import Profile
    from cloudling.services.ec2.records import KeyPair
    from cloudling.services.ec2.root_devices import Disk

Request = dict[str, Any]
_TAGGED = ("instance", "network-interface", "volume")
_LONGEST_TOKEN = 64


class _Plan(NamedTuple):
    """All that the instances of a launch have in common."""

    image: Request
    root: str
    family: str
    size: Size
    card: Card
    disk: Disk
    key: KeyPair | None
    profile: Profile | None
    fields: Request
    tags: dict[str, dict[str, str]]


@operation(
    "RunInstances",
    transaction=False,
    waits=True,
    partial=(
        "launch templates, spot instances, volumes and interfaces besides the first, placement "
        "groups, enclaves and IPv6 answer 501"
    ),
)
async def run_instances(call: Ec2Call, request: Request) -> Request:
    catalogue = await asyncio.to_thread(instance_catalogue.load)
    profile = await profiles.find(call, request.get("IamInstanceProfile"))
    lack = await capacity.lack(call)
    async with call.unit(final=True):
        await defaults.prepare(call)
        earlier = await _earlier(call, request)
        if earlier is not None:
            return await instance_descriptions.reservation(call, earlier)
        least, most = launch_options.counts(request)
        plan = await _plan(call, request, catalogue, profile, most)
        most = launch_networks.enough(plan.card, least)
        running = await capacity.processors(call)
        count = instance_sizes.granted(plan.size, running, least, most)
        if lack is not None:
            raise lack
        reservation = await _reserve(call, request, plan, count)
        return await instance_descriptions.reservation(call, reservation, new=True)


async def _earlier(call: Ec2Call, request: Request) -> Reservation | None:
    """The reservation that the same token has made before."""
    token = request.get("ClientToken")
    if not token:
        return None
    if len(token) > _LONGEST_TOKEN:
        raise InvalidParameterValue(
            f"Value ({token}) for parameter clientToken is invalid. It can be up to "
            f"{_LONGEST_TOKEN} characters."
        )
    found = await call.reservations.find(token=token, limit=1)
    if not found:
        return None
    if found[0].digest != digest_of(request):
        raise IdempotentParameterMismatch
    return found[0]


async def _plan(
    call: Ec2Call, request: Request, catalogue: Catalogue, profile: Profile | None, most: int
) -> _Plan:
    image_id = required(request, "ImageId")
    launch_options.check(request)
    tags = taggings.by_kind(request, *_TAGGED)
    image, root, family = await images.launchable(call, image_id)
    size = instance_sizes.find(catalogue, request.get("InstanceType") or instance_sizes.DEFAULT)
    instance_sizes.check_architecture(size, image["Architecture"])
    return _Plan(
        image=image,
        root=root,
        family=family,
        size=size,
        card=await launch_networks.read(call, request, catalogue, size, most),
        disk=root_devices.read(image, request.get("BlockDeviceMappings") or ()),
        key=await _key(call, request.get("KeyName")),
        profile=profile,
        fields=await launch_options.fields(call, request, image, size),
        tags=tags,
    )


async def _key(call: Ec2Call, name: str | None) -> KeyPair | None:
    if not name:
        return None
    found = await key_pairs.find(call, name)
    if found is None:
        raise InvalidKeyPairNotFound(f"The key pair '{name}' does not exist")
    return found


async def _reserve(call: Ec2Call, request: Request, plan: _Plan, count: int) -> Reservation:
    """Write the instances, and all that is made with them."""
    reservation = Reservation(
        id=call.new_id("r-"),
        instances=[call.new_id("i-") for _ in range(count)],
        token=request.get("ClientToken") or "",
        digest=digest_of(request) if request.get("ClientToken") else "",
    )
    await call.reservations.put(reservation)
    for index, instance_id in enumerate(reservation.instances):
        volume = await _volume(call, plan, instance_id)
        instance = _instance(call, plan, reservation, index, volume)
        await call.instances.put(instance)
        await state_changes.tell(call, instance)
        card = await _card(call, plan, instance_id, plan.card.addresses[index])
        await _associate(call, plan.profile, instance_id)
        made = {"instance": instance_id, "volume": volume.id, "network-interface": card.id}
        for kind, name in made.items():
            await taggings.add(call, taggings.place(call, kind, name), plan.tags[kind])
    return reservation


def _instance(
    call: Ec2Call, plan: _Plan, reservation: Reservation, index: int, volume: Volume
) -> Instance:
    now, subnet, key = call.clock.now(), plan.card.subnet, plan.key
    return Instance(
        id=reservation.instances[index],
        reservation=reservation.id,
        index=index,
        image=plan.image["ImageId"],
        root=plan.root,
        family=plan.family,
        type=plan.size.name,
        architecture=plan.image["Architecture"],
        cores=plan.size.cores,
        threads=plan.size.threads,
        vpc=subnet.vpc,
        subnet=subnet.id,
        zone=subnet.zone,
        zone_id=subnet.zone_id,
        state="pending",
        launched=now,
        created=now,
        volume=volume.id,
        root_device=plan.disk.device,
        account=call.account,
        token=reservation.token,
        key_name=key.name if key else "",
        key_line=key.line if key else "",
        ena=plan.image.get("EnaSupport", True),
        boot_mode=plan.image.get("BootMode", ""),
        hypervisor=plan.size.hypervisor,
        **plan.fields,
    )


async def _volume(call: Ec2Call, plan: _Plan, instance_id: str) -> Volume:
    now, disk, subnet = call.clock.now(), plan.disk, plan.card.subnet
    volume = Volume(
        id=call.new_id("vol-"),
        machine=instance_id,
        zone=subnet.zone,
        zone_id=subnet.zone_id,
        created=now,
        instance=instance_id,
        attached=now,
        **disk._asdict(),
    )
    await call.volumes.put(volume)
    return volume


async def _card(call: Ec2Call, plan: _Plan, instance_id: str, address: str) -> NetworkInterface:
    card, subnet = plan.card, plan.card.subnet
    own = call.new_id("eni-")
    made = NetworkInterface(
        id=own,
        vpc=subnet.vpc,
        subnet=subnet.id,
        zone=subnet.zone,
        zone_id=subnet.zone_id,
        mac=_mac(call),
        address=address,
        groups=card.groups,
        description=card.description,
        is_public=card.is_public,
        public=await public_addresses.allot(call, own) if card.is_public else "",
        instance=instance_id,
        attachment=call.new_id("eni-attach-"),
        attached=call.clock.now(),
        deleted_with_instance=card.deleted_with_instance,
    )
    await call.network_interfaces.put(made)
    return made


def _mac(call: Ec2Call) -> str:
    """Administered locally, as EC2's are."""
    noise = call.random.getrandbits(40).to_bytes(5)
    return ":".join(f"{each:02x}" for each in b"\x0a" + noise)


async def _associate(call: Ec2Call, profile: Profile | None, instance_id: str) -> None:
    if profile is None:
        return
    await call.profile_associations.put(
        ProfileAssociation(
            id=call.new_id("iip-assoc-"),
            instance=instance_id,
            arn=profile.arn,
            profile=profile.id,
            role=profile.role,
            at=call.clock.now(),
        )
    )

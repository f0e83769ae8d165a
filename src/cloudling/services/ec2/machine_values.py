"""Instances as the ports want them: machines, their interfaces, and what they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cloudling.kernel.attendance import InstanceMetadata
from cloudling.kernel.machines import Machine
from cloudling.kernel.networks import Interface
from cloudling.services.ec2 import (
    instance_catalogue,
    instance_descriptions,
    instance_lookup,
    instance_sizes,
    metadata,
    private_addresses,
    taggings,
)
from cloudling.services.ec2.metadata import InstanceFacts, InterfaceFacts, ProfileFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.credentials import Lent
    from cloudling.services.ec2.instance_records import (
        Instance,
        NetworkInterface,
        ProfileAssociation,
    )

# Who logs in to what stands behind an image, where it is not ec2-user.
_USERS = {"ubuntu-22.04": "ubuntu", "ubuntu-24.04": "ubuntu", "debian-12": "admin"}
_USER = "ec2-user"


async def machine(call: Ec2Call, instance: Instance) -> Machine:
    """What is to run."""
    cards = await instance_lookup.cards(call, instance.id)
    volume = await call.volumes.get(instance.volume)
    vpc = await call.vpcs.get(instance.vpc)
    if volume is None or vpc is None or not cards:
        raise LookupError(instance.id)
    carrier = call.cloud.carrier
    size = instance_sizes.find(instance_catalogue.load(), instance.type)
    return Machine(
        name=instance.id,
        hostname=private_addresses.private_name(cards[0].address, call.region),
        root=instance.root,
        limits=instance_sizes.limits(size, volume),
        interfaces=await interfaces(call, cards),
        user=_USERS.get(instance.family, _USER),
        keys=(instance.key_line,) if instance.key_line else (),
        script=instance.user_data or b"",
        environment=carrier.environment if carrier else {},
        resolver=private_addresses.resolver(vpc.cidr),
        domain=private_addresses.domain(call.region),
        authorities=carrier.authority if carrier else "",
    )


async def interfaces(call: Ec2Call, cards: Sequence[NetworkInterface]) -> tuple[Interface, ...]:
    return tuple([await _interface(call, card) for card in cards])


async def _interface(call: Ec2Call, card: NetworkInterface) -> Interface:
    subnet = await call.subnets.get(card.subnet)
    return Interface(
        name=card.id,
        router=card.vpc,
        subnet=subnet.cidr if subnet else "",
        addresses=(card.address,),
        groups=tuple(card.groups),
        mac=card.mac,
        source_check=card.source_check,
        space=card.instance,
        device=card.device,
    )


async def told(
    call: Ec2Call,
    instance: Instance,
    association: ProfileAssociation | None,
    lent: Lent | None,
) -> InstanceMetadata:
    """What the instance finds in its metadata."""
    cards = await instance_lookup.cards(call, instance.id)
    facts = await _facts(call, instance, cards)
    if association is not None:
        profile = ProfileFacts(
            arn=association.arn,
            id=association.profile,
            updated_at=association.at,
            credentials=lent.given if lent else None,
        )
        facts = msgspec.structs.replace(facts, profile=profile)
    options = instance.metadata
    return InstanceMetadata(
        name=instance.id,
        network=instance.vpc,
        addresses=tuple(card.address for card in cards),
        tree=metadata.tree(facts, call.cloud.identity_signer),
        user_data=instance.user_data,
        is_enabled=options.endpoint == "enabled",
        is_token_required=options.tokens == "required",
        hop_limit=options.hops,
    )


async def _facts(
    call: Ec2Call, instance: Instance, cards: Sequence[NetworkInterface]
) -> InstanceFacts:
    tags = await call.tags.of(taggings.place(call, "instance", instance.id))
    return InstanceFacts(
        id=instance.id,
        account=call.account,
        region=call.region,
        zone=instance.zone,
        zone_id=instance.zone_id,
        image=instance.image,
        type=instance.type,
        architecture=instance.architecture,
        reservation=instance.reservation,
        launched_at=instance.launched,
        interfaces=tuple([await _card_facts(call, card) for card in cards]),
        launch_index=instance.index,
        root_device=instance.root_device,
        hypervisor=instance.hypervisor,
        key_name=instance.key_name,
        public_key=f"{instance.key_line} {instance.key_name}" if instance.key_line else "",
        tags=tags if instance.metadata.tags == "enabled" else {},
        is_monitored=instance.monitoring,
        partition=call.partition,
    )


async def _card_facts(call: Ec2Call, card: NetworkInterface) -> InterfaceFacts:
    subnet = await call.subnets.get(card.subnet)
    vpc = await call.vpcs.get(card.vpc)
    groups = await instance_descriptions.groups(call, card.groups)
    public = {card.public: card.address} if card.public else {}
    return InterfaceFacts(
        id=card.id,
        mac=card.mac,
        owner=call.account,
        addresses=(card.address,),
        subnet=card.subnet,
        subnet_block=subnet.cidr if subnet else "",
        vpc=card.vpc,
        vpc_blocks=(vpc.cidr,) if vpc else ("",),
        groups={each["GroupId"]: each["GroupName"] for each in groups},
        local_hostname=private_addresses.private_name(card.address, call.region),
        device=card.device,
        public=public,
        public_hostname=(
            private_addresses.public_name(card.public, call.region) if card.public else ""
        ),
    )

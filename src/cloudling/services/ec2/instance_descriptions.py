"""Instances as answers tell them, with all that belongs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.services.ec2 import (
    instance_lookup,
    metadata_options,
    private_addresses,
    state_changes,
    taggings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Instance, NetworkInterface, Reservation

Request = dict[str, Any]
ACTIVE = ("associated", "associating")


async def reservation(call: Ec2Call, kept: Reservation, *, new: bool = False) -> Request:
    """A launch as RunInstances answers it."""
    found = [await call.instances.get(each) for each in kept.instances]
    told = [await describe(call, each) for each in found if each is not None]
    if new:
        # Public addresses are told by DescribeInstances alone.
        told = [_unassociated(each) for each in told]
    return {**heading(call, kept.id), "Instances": told}


def heading(call: Ec2Call, reservation_id: str) -> Request:
    return {"ReservationId": reservation_id, "OwnerId": call.account, "Groups": []}


def _unassociated(told: Request) -> Request:
    cards = [
        {name: value for name, value in card.items() if name != "Association"}
        for card in told["NetworkInterfaces"]
    ]
    rest = {name: value for name, value in told.items() if name != "PublicIpAddress"}
    return {**rest, "PublicDnsName": "", "NetworkInterfaces": cards}


async def describe(call: Ec2Call, instance: Instance) -> Request:
    cards = await instance_lookup.cards(call, instance.id)
    tags = await taggings.of(call, "instance", instance.id)
    return {
        **_own(instance),
        **_state(instance),
        **await _network(call, instance, cards),
        **await _disk(call, instance),
        **await _profile(call, instance),
        **({"Tags": tags} if tags else {}),
    }


def _own(instance: Instance) -> Request:
    """What an instance is from its launch on."""
    told: Request = {
        "InstanceId": instance.id,
        "ImageId": instance.image,
        "InstanceType": instance.type,
        "AmiLaunchIndex": instance.index,
        "LaunchTime": instance.launched,
        "Architecture": instance.architecture,
        "Hypervisor": instance.hypervisor,
        "VirtualizationType": "hvm",
        "RootDeviceName": instance.root_device,
        "RootDeviceType": "ebs",
        "EbsOptimized": instance.ebs_optimized,
        "EnaSupport": instance.ena,
        "ClientToken": instance.token,
        "ProductCodes": [],
        "CpuOptions": {"CoreCount": instance.cores, "ThreadsPerCore": instance.threads},
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "CurrentInstanceBootMode": "uefi" if instance.boot_mode == "uefi" else "legacy-bios",
        "EnclaveOptions": {"Enabled": False},
        "HibernationOptions": {"Configured": False},
        "MaintenanceOptions": {"AutoRecovery": instance.recovery, "RebootMigration": "default"},
        "MetadataOptions": metadata_options.describe(
            instance.metadata, pending=instance.state == "pending"
        ),
        "NetworkPerformanceOptions": {"BandwidthWeighting": "default"},
        "Operator": {"Managed": False},
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "UsageOperationUpdateTime": instance.created,
        "Placement": {
            "AvailabilityZone": instance.zone,
            "AvailabilityZoneId": instance.zone_id,
            "GroupName": "",
            "Tenancy": instance.tenancy,
        },
    }
    if instance.key_name:
        told["KeyName"] = instance.key_name
    if instance.boot_mode:
        told["BootMode"] = instance.boot_mode
    return told


def _state(instance: Instance) -> Request:
    told: Request = {
        "State": state_changes.told(instance.state),
        "StateTransitionReason": instance.transition,
        "Monitoring": {"State": "enabled" if instance.monitoring else "disabled"},
    }
    code, words = instance.reason
    if instance.state == "pending":
        code, words = "pending", "pending"
    if code:
        told["StateReason"] = {"Code": code, "Message": words}
    return told


async def _network(call: Ec2Call, instance: Instance, cards: Sequence[NetworkInterface]) -> Request:
    if instance.state == "terminated" or not cards:
        return {
            "NetworkInterfaces": [],
            "SecurityGroups": [],
            "PrivateDnsName": "",
            "PublicDnsName": "",
        }
    first = cards[0]
    public = {"PublicIpAddress": first.public} if first.public else {}
    return {
        "VpcId": instance.vpc,
        "SubnetId": instance.subnet,
        "PrivateIpAddress": first.address,
        "PrivateDnsName": private_addresses.private_name(first.address, call.region),
        "PublicDnsName": _public_name(call, first),
        **public,
        "PrivateDnsNameOptions": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "SourceDestCheck": first.source_check,
        "SecurityGroups": await groups(call, first.groups),
        "NetworkInterfaces": [await _card(call, each) for each in cards],
    }


def _public_name(call: Ec2Call, card: NetworkInterface) -> str:
    return private_addresses.public_name(card.public, call.region) if card.public else ""


async def groups(call: Ec2Call, ids: Sequence[str]) -> list[Request]:
    """Groups as they are mentioned: by id and name."""
    found = [await call.security_groups.get(each) for each in ids]
    return [{"GroupId": each.id, "GroupName": each.name} for each in found if each is not None]


def association(call: Ec2Call, card: NetworkInterface) -> Request:
    """How an interface's public address is told; nothing where it has none."""
    if not card.public:
        return {}
    told = {
        "IpOwnerId": "amazon",
        "PublicDnsName": _public_name(call, card),
        "PublicIp": card.public,
    }
    return {"Association": told}


def addresses(call: Ec2Call, card: NetworkInterface) -> list[Request]:
    """All its private addresses, the primary one first."""
    name = private_addresses.private_name(card.address, call.region)
    told = {"Primary": True, "PrivateDnsName": name, "PrivateIpAddress": card.address}
    return [{**told, **association(call, card)}]


async def _card(call: Ec2Call, card: NetworkInterface) -> Request:
    return {
        "NetworkInterfaceId": card.id,
        "OwnerId": call.account,
        "Status": "in-use",
        "InterfaceType": "interface",
        "Description": card.description,
        "MacAddress": card.mac,
        "VpcId": card.vpc,
        "SubnetId": card.subnet,
        "SourceDestCheck": card.source_check,
        "PrivateIpAddress": card.address,
        "PrivateDnsName": private_addresses.private_name(card.address, call.region),
        "PrivateIpAddresses": addresses(call, card),
        "Ipv6Addresses": [],
        "Groups": await groups(call, card.groups),
        "Operator": {"Managed": False},
        "Attachment": {
            "AttachmentId": card.attachment,
            "AttachTime": card.attached,
            "DeleteOnTermination": card.deleted_with_instance,
            "DeviceIndex": card.device,
            "NetworkCardIndex": 0,
            "Status": "attached",
        },
        **association(call, card),
    }


async def _disk(call: Ec2Call, instance: Instance) -> Request:
    volume = await call.volumes.get(instance.volume)
    if volume is None or volume.instance != instance.id:
        return {"BlockDeviceMappings": []}
    ebs = {
        "VolumeId": volume.id,
        "AttachTime": volume.attached,
        "DeleteOnTermination": volume.deleted_with_instance,
        "Status": "attached",
    }
    return {"BlockDeviceMappings": [{"DeviceName": volume.device, "Ebs": ebs}]}


async def _profile(call: Ec2Call, instance: Instance) -> Request:
    found = await call.profile_associations.find(instance=instance.id)
    now = [each for each in found if each.state in ACTIVE]
    return {"IamInstanceProfile": {"Arn": now[0].arn, "Id": now[0].profile}} if now else {}

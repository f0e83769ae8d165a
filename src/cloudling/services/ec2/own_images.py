"""Images of accounts' own: how they are described, and who may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.services.ec2 import moments

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Image

Request = dict[str, Any]
EVERYBODY = "all"
# What was given up is known for a while, but told no more.
GONE = "deregistered"


async def visible(call: Ec2Call) -> list[Image]:
    """The region's images that the caller's account may launch, oldest first."""
    found = [each for each in await call.images.page(limit=None) if is_visible(call, each)]
    return sorted(found, key=lambda each: (each.created, each.id))


def is_visible(call: Ec2Call, image: Image) -> bool:
    """Whether the caller's account may see an image in this region."""
    if image.region != call.region or image.state == GONE:
        return False
    if image.account == call.account:
        return True
    return image.state == "available" and any(_names(call, *each) for each in image.permissions)


def _names(call: Ec2Call, member: str, value: str) -> bool:
    """Whether a permission is for the caller's account."""
    if member in ("UserId", "Group"):
        return value in (call.account, EVERYBODY)
    controls = call.cloud.organizations.controls(call.account)
    last = value.rpartition("/")[2]
    if member == "OrganizationArn":
        return bool(controls.organization) and controls.organization == last
    return f"/{last}/" in controls.path


def is_public(image: Image) -> bool:
    return ("Group", EVERYBODY) in image.permissions


def describe(image: Image) -> Request:
    """As DescribeImages tells it, without tags."""
    told: Request = {
        "Architecture": image.architecture,
        "BlockDeviceMappings": [{"DeviceName": image.root_device, "Ebs": _volume(image)}],
        "CreationDate": moments.text(image.created),
        "EnaSupport": image.ena,
        "Hypervisor": "xen",
        "ImageId": image.id,
        "ImageLocation": f"{image.account}/{image.name}",
        "ImageType": "machine",
        "Name": image.name,
        "OwnerId": image.account,
        "PlatformDetails": "Linux/UNIX",
        "Public": is_public(image),
        "RootDeviceName": image.root_device,
        "RootDeviceType": "ebs",
        "SriovNetSupport": "simple",
        "State": image.state,
        "UsageOperation": "RunInstances",
        "VirtualizationType": "hvm",
    }
    optional = {
        "BootMode": image.boot_mode,
        "Description": image.description,
        "ImdsSupport": image.metadata,
        "SourceImageId": image.source[0],
        "SourceImageRegion": image.source[1],
        "SourceInstanceId": image.instance,
    }
    told |= {name: value for name, value in optional.items() if value}
    if image.reason[0]:
        told["StateReason"] = {"Code": image.reason[0], "Message": image.reason[1]}
    return told


def _volume(image: Image) -> Request:
    told: Request = {
        "DeleteOnTermination": image.deleted_with_instance,
        "Encrypted": False,
        "SnapshotId": image.snapshot,
        "VolumeSize": image.size,
        "VolumeType": image.kind,
    }
    if image.iops and image.kind != "gp2":
        told["Iops"] = image.iops
    if image.throughput:
        told["Throughput"] = image.throughput
    return told

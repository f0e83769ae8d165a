"""Machine images, public ones and accounts' own: found by name, owner and filters.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/finding-an-ami.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel import operation
from cloudling.services.ec2 import (
    image_catalogue,
    listings,
    own_images,
    references,
    settling,
    taggings,
)
from cloudling.services.ec2.errors import (
    AuthFailure,
    InvalidAmiIdNotFound,
    InvalidAmiIdUnavailable,
    InvalidParameterCombination,
    InvalidUserIdMalformed,
)
from cloudling.services.ec2.filters import Filters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Image

Request = dict[str, Any]
_KIND = "image"
_ALIASES = frozenset({"amazon", "aws-backup-vault", "aws-marketplace"})
_FILTERS = Filters(
    {
        "architecture": "Architecture",
        "block-device-mapping.delete-on-termination": "BlockDeviceMappings.Ebs.DeleteOnTermination",
        "block-device-mapping.device-name": "BlockDeviceMappings.DeviceName",
        "block-device-mapping.encrypted": "BlockDeviceMappings.Ebs.Encrypted",
        "block-device-mapping.snapshot-id": "BlockDeviceMappings.Ebs.SnapshotId",
        "block-device-mapping.volume-size": "BlockDeviceMappings.Ebs.VolumeSize",
        "block-device-mapping.volume-type": "BlockDeviceMappings.Ebs.VolumeType",
        "boot-mode": "BootMode",
        "creation-date": "CreationDate",
        "description": "Description",
        "ena-support": "EnaSupport",
        "free-tier-eligible": "FreeTierEligible",
        "hypervisor": "Hypervisor",
        "image-allowed": "ImageAllowed",
        "image-id": "ImageId",
        "image-type": "ImageType",
        "image-watermark.source-image-creation-time": "ImageWatermarks.SourceImageCreationTime",
        "image-watermark.source-image-id": "ImageWatermarks.SourceImageId",
        "image-watermark.source-image-region": "ImageWatermarks.SourceImageRegion",
        "image-watermark.watermark-creation-time": "ImageWatermarks.WatermarkCreationTime",
        "image-watermark.watermark-key": "ImageWatermarks.WatermarkKey",
        "instance-type-specification.supported-instance-type": (
            "InstanceTypeSpecification.SupportedInstanceTypes.InstanceType"
        ),
        "instance-type-specification.unsupported-instance-type": (
            "InstanceTypeSpecification.UnsupportedInstanceTypes.InstanceType"
        ),
        "is-public": "Public",
        "kernel-id": "KernelId",
        "manifest-location": "ImageLocation",
        "name": "Name",
        "owner-alias": "ImageOwnerAlias",
        "owner-id": "OwnerId",
        "platform": "Platform",
        "product-code": "ProductCodes.ProductCodeId",
        "product-code.type": "ProductCodes.ProductCodeType",
        "public-ssm-parameter-name": "PublicSsmParameterName",
        "ramdisk-id": "RamdiskId",
        "root-device-name": "RootDeviceName",
        "root-device-type": "RootDeviceType",
        "source-image-id": "SourceImageId",
        "source-image-region": "SourceImageRegion",
        "source-instance-id": "SourceInstanceId",
        "sriov-net-support": "SriovNetSupport",
        "state": "State",
        "state-reason-code": "StateReason.Code",
        "state-reason-message": "StateReason.Message",
        "virtualization-type": "VirtualizationType",
    }
)


@operation("DescribeImages", transaction=False)
async def describe_images(call: Ec2Call, request: Request) -> Request:
    await settling.disks(call)
    listings.check_size(request, 1)
    owners = references.members(request, "Owners")
    users = references.members(request, "ExecutableUsers")
    _check_users(owners, {"self"} | _ALIASES)
    _check_users(users, {"self", "all"})
    known = await _known(call)
    named = references.members(request, "ImageIds")
    if named and "MaxResults" in request:
        raise InvalidParameterCombination(
            "The parameter imagesSet cannot be used with the parameter maxResults"
        )
    gone = [each for each in named if await _is_gone(call, each)]
    _require([each for each in named if each not in gone], known)
    items = [
        {**each, **await _tags(call, each["ImageId"])}
        for each in known.values()
        if (not named or each["ImageId"] in named)
        and _is_owned(call, each, owners)
        and await _is_launched_by(call, each, users)
    ]
    found = _FILTERS.select(request.get("Filters"), items)
    shown, more = listings.page(call, request, found)
    return {"Images": shown, **more}


class Launchable(NamedTuple):
    """An image as it is described, the machines' name for what stands behind it, and its family."""

    described: Request
    root: str
    family: str


async def launchable(call: Ec2Call, image_id: str) -> Launchable:
    """An image that the caller may launch."""
    references.check(_KIND, image_id)
    public = image_catalogue.images(call.region).get(image_id)
    if public is not None:
        family = image_catalogue.family(public["Name"])
        return Launchable(public, family, family)
    image = await call.images.get(image_id)
    if image is None or not own_images.is_visible(call, image):
        raise absent(image_id)
    if image.state != "available":
        raise InvalidAmiIdUnavailable(f"The image ID '{image_id}' is not available")
    return Launchable(own_images.describe(image), image.root, image.family)


async def require_own(call: Ec2Call, image_id: str) -> Image:
    """An image of the caller's account; others are none of its business."""
    references.check(_KIND, image_id)
    found = await call.images.get(image_id)
    if found is not None and found.account == call.account and own_images.is_visible(call, found):
        return found
    if image_id in await _known(call):
        raise AuthFailure(f"Not authorized for image:{image_id}")
    raise absent(image_id)


async def _known(call: Ec2Call) -> dict[str, Request]:
    """Every image that the caller may see, by its id."""
    own = {each.id: own_images.describe(each) for each in await own_images.visible(call)}
    return {**own, **image_catalogue.images(call.region)}


async def _is_gone(call: Ec2Call, image_id: str) -> bool:
    """Whether the caller has given an image up lately: then there is nothing to tell, or wrong."""
    found = await call.images.get(image_id)
    return found is not None and found.account == call.account and found.state == own_images.GONE


def absent(*missing: str) -> InvalidAmiIdNotFound:
    noun, verb = ("id", "does") if len(missing) == 1 else ("ids", "do")
    return InvalidAmiIdNotFound(f"The image {noun} '[{', '.join(missing)}]' {verb} not exist")


def _require(named: Sequence[str], known: dict[str, Request]) -> None:
    for image in named:
        references.check(_KIND, image)
    if missing := [image for image in named if image not in known]:
        raise absent(*missing)


def _check_users(given: Sequence[str], words: frozenset[str] | set[str]) -> None:
    for each in given:
        if each not in words and not (len(each) == 12 and each.isascii() and each.isdecimal()):
            raise InvalidUserIdMalformed(f'Invalid user id: "{each}"')


def _is_owned(call: Ec2Call, image: Request, owners: Sequence[str]) -> bool:
    asked = [call.account if owner == "self" else owner for owner in owners]
    return not asked or image["OwnerId"] in asked or image.get("ImageOwnerAlias") in asked


async def _is_launched_by(call: Ec2Call, image: Request, users: Sequence[str]) -> bool:
    """Public images are everybody's to launch, and shared with nobody by name."""
    if not users or ("all" in users and image["Public"]):
        return True
    own = await call.images.get(image["ImageId"])
    asked = {call.account if user == "self" else user for user in users}
    return own is not None and any(("UserId", user) in own.permissions for user in asked)


async def _tags(call: Ec2Call, image: str) -> Request:
    """The caller's own tags on it."""
    tags = await taggings.of(call, _KIND, image)
    return {"Tags": tags} if tags else {}

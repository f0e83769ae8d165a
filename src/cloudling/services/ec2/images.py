"""Machine images, so far the public ones: found by name, owner and filters.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/finding-an-ami.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import image_catalogue, listings, references, taggings
from cloudling.services.ec2.errors import (
    AuthFailure,
    InvalidAmiIdNotFound,
    InvalidParameterCombination,
    InvalidRequest,
    InvalidUserIdMalformed,
)
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.parameters import required

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.ec2.call import Ec2Call

Request = dict[str, Any]
_KIND = "image"
_ALIASES = frozenset({"amazon", "aws-backup-vault", "aws-marketplace"})
_ATTRIBUTES = frozenset(
    {
        "blockDeviceMapping", "bootMode", "deregistrationProtection", "description", "imdsSupport",
        "kernel", "lastLaunchedTime", "launchPermission", "productCodes", "ramdisk",
        "sriovNetSupport", "tpmSupport", "uefiData",
    }
)  # fmt: skip
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


@operation("DescribeImages", partial="only the public images of the catalogue")
async def describe_images(call: Ec2Call, request: Request) -> Request:
    listings.check_size(request, 1)
    owners = references.members(request, "Owners")
    users = references.members(request, "ExecutableUsers")
    _check_users(owners, {"self"} | _ALIASES)
    _check_users(users, {"self", "all"})
    known = image_catalogue.images(call.region)
    named = references.members(request, "ImageIds")
    if named and "MaxResults" in request:
        raise InvalidParameterCombination(
            "The parameter imagesSet cannot be used with the parameter maxResults"
        )
    _require(named, known)
    items = [
        {**each, **await _tags(call, each["ImageId"])}
        for each in known.values()
        if (not named or each["ImageId"] in named) and _is_asked_for(each, owners, users)
    ]
    found = _FILTERS.select(request.get("Filters"), items)
    shown, more = listings.page(call, request, found)
    return {"Images": shown, **more}


@operation("DescribeImageAttribute", partial="nobody here owns an image yet, so all are refused")
async def describe_image_attribute(call: Ec2Call, request: Request) -> Request:
    """Only an image's owner may ask, and the catalogue's images are not the caller's."""
    image, attribute = required(request, "ImageId"), required(request, "Attribute")
    _require([image], image_catalogue.images(call.region))
    if attribute not in _ATTRIBUTES:
        raise InvalidRequest
    raise AuthFailure(f"Not authorized for image:{image}")


def _require(named: Sequence[str], known: Request) -> None:
    for image in named:
        references.check(_KIND, image)
    if missing := [image for image in named if image not in known]:
        noun, verb = ("id", "does") if len(missing) == 1 else ("ids", "do")
        raise InvalidAmiIdNotFound(f"The image {noun} '[{', '.join(missing)}]' {verb} not exist")


def _check_users(given: Sequence[str], words: frozenset[str] | set[str]) -> None:
    for each in given:
        if each not in words and not (len(each) == 12 and each.isascii() and each.isdecimal()):
            raise InvalidUserIdMalformed(f'Invalid user id: "{each}"')


def _is_asked_for(image: Request, owners: Sequence[str], users: Sequence[str]) -> bool:
    """Public images are everybody's to launch, and so shared with nobody by name."""
    owned = not owners or image["OwnerId"] in owners or image.get("ImageOwnerAlias") in owners
    return owned and (not users or "all" in users)


async def _tags(call: Ec2Call, image: str) -> Request:
    """The caller's own tags on it."""
    tags = await taggings.of(call, _KIND, image)
    return {"Tags": tags} if tags else {}

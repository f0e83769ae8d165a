"""One attribute of an image at a time: who may launch it, its description, its devices.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharing-amis.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import images, own_images
from cloudling.services.ec2.errors import (
    InvalidAmiAttributeItemValue,
    InvalidParameterCombination,
    InvalidRequest,
    lacking,
)
from cloudling.services.ec2.parameters import required

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Image

Request = dict[str, Any]
_ATTRIBUTES = frozenset(
    {
        "blockDeviceMapping", "bootMode", "deregistrationProtection", "description", "imdsSupport",
        "kernel", "lastLaunchedTime", "launchPermission", "productCodes", "ramdisk",
        "sriovNetSupport", "tpmSupport", "uefiData",
    }
)  # fmt: skip
_PERMISSION = "launchPermission"
# Lists of a request, and the member of LaunchPermission that each of their values is.
_LISTS = {
    "UserIds": "UserId",
    "UserGroups": "Group",
    "OrganizationArns": "OrganizationArn",
    "OrganizationalUnitArns": "OrganizationalUnitArn",
}


@operation("DescribeImageAttribute")
async def describe_image_attribute(call: Ec2Call, request: Request) -> Request:
    """Only an image's owner may ask."""
    image_id, attribute = required(request, "ImageId"), required(request, "Attribute")
    if attribute not in _ATTRIBUTES:
        raise InvalidRequest
    image = await images.require_own(call, image_id)
    return {"ImageId": image.id, **_told(image, attribute)}


def _told(image: Image, attribute: str) -> Request:
    """The attribute's member; an empty structure where the image has no such thing."""
    values = {
        "description": image.description,
        "sriovNetSupport": "simple",
        "bootMode": image.boot_mode,
        "imdsSupport": image.metadata,
        "deregistrationProtection": "disabled",
    }
    lists = {
        "LaunchPermissions": [{member: value} for member, value in image.permissions],
        "BlockDeviceMappings": own_images.describe(image)["BlockDeviceMappings"],
        "ProductCodes": [],
    }
    member = f"{attribute[0].upper()}{attribute[1:]}"
    if f"{member}s" in lists or member in lists:
        name = member if member in lists else f"{member}s"
        return {name: lists[name]}
    value = values.get(attribute)
    return {member: {"Value": value} if value else {}}


@operation("ModifyImageAttribute", partial="only launch permissions, descriptions and IMDS support")
async def modify_image_attribute(call: Ec2Call, request: Request) -> Request:
    image = await images.require_own(call, required(request, "ImageId"))
    fields: dict[str, Any] = {}
    description = request.get("Description")
    attribute = request.get("Attribute")
    if description is not None or attribute == "description":
        fields["description"] = (description or {}).get("Value", request.get("Value", ""))
    elif request.get("ImdsSupport") is not None or attribute == "imdsSupport":
        fields["metadata"] = (request.get("ImdsSupport") or {}).get("Value", request.get("Value"))
    elif request.get("LaunchPermission") or attribute == _PERMISSION or "OperationType" in request:
        fields = _permissions(image, request)
    else:
        raise InvalidRequest if attribute else lacking("attribute")
    await call.images.change(image.id, expect=image.revision, **fields)
    return {}


def _permissions(image: Image, request: Request) -> dict[str, Any]:
    given = request.get("LaunchPermission") or _flat(request)
    added, removed = (
        [pair for each in given.get(way) or () for pair in each.items()]
        for way in ("Add", "Remove")
    )
    for member, value in added:
        _check(member, value)
    kept = dict.fromkeys([*image.permissions, *added])
    return {"permissions": tuple(pair for pair in kept if pair not in removed)}


def _flat(request: Request) -> Request:
    """The form without structures: an operation, and whom it is for."""
    kind = request.get("OperationType")
    if kind not in ("add", "remove"):
        raise InvalidParameterCombination("Either LaunchPermission or OperationType is required.")
    found = [
        {member: value} for name, member in _LISTS.items() for value in request.get(name) or ()
    ]
    return {kind.capitalize(): found}


def _check(member: str, value: str) -> None:
    if member == "UserId":
        fits = len(value) == 12 and value.isascii() and value.isdecimal()
    elif member == "Group":
        fits = value == own_images.EVERYBODY
    else:
        fits = bool(value)
    if not fits:
        raise InvalidAmiAttributeItemValue(
            f'Invalid attribute item value "{value}" for {member[0].lower()}{member[1:]} item type.'
        )


@operation("ResetImageAttribute")
async def reset_image_attribute(call: Ec2Call, request: Request) -> Request:
    image = await images.require_own(call, required(request, "ImageId"))
    if required(request, "Attribute") != _PERMISSION:
        raise InvalidRequest

    await call.images.change(image.id, expect=image.revision, permissions=())
    return {}

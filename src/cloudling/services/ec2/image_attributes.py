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
    from collections.abc import Sequence

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
    groups = [{"Group": each} for each in image.groups]
    values = {
        "description": image.description,
        "sriovNetSupport": "simple",
        "bootMode": image.boot_mode,
        "imdsSupport": image.metadata,
        "deregistrationProtection": "disabled",
    }
    lists = {
        "LaunchPermissions": [*groups, *({"UserId": each} for each in image.users)],
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
    users, groups = list(image.users), list(image.groups)
    for each in given.get("Add") or ():
        _add(users, each.get("UserId"))
        _add(groups, each.get("Group"))
    gone = [value for each in given.get("Remove") or () for value in each.values()]
    _check(users, groups)
    return {
        "users": tuple(each for each in users if each not in gone),
        "groups": tuple(each for each in groups if each not in gone),
    }


def _flat(request: Request) -> Request:
    """The form without structures: an operation, and users and groups that it is for."""
    kind = request.get("OperationType")
    if kind not in ("add", "remove"):
        raise InvalidParameterCombination("Either LaunchPermission or OperationType is required.")
    found = [{"UserId": each} for each in request.get("UserIds") or ()]
    found += [{"Group": each} for each in request.get("UserGroups") or ()]
    return {kind.capitalize(): found}


def _add(known: list[str], value: str | None) -> None:
    if value and value not in known:
        known.append(value)


def _check(users: Sequence[str], groups: Sequence[str]) -> None:
    for user in users:
        if len(user) != 12 or not (user.isascii() and user.isdecimal()):
            raise InvalidAmiAttributeItemValue(
                f'Invalid attribute item value "{user}" for userId item type.'
            )
    for group in groups:
        if group != own_images.EVERYBODY:
            raise InvalidAmiAttributeItemValue(
                f'Invalid attribute item value "{group}" for group item type.'
            )


@operation("ResetImageAttribute")
async def reset_image_attribute(call: Ec2Call, request: Request) -> Request:
    image = await images.require_own(call, required(request, "ImageId"))
    if required(request, "Attribute") != _PERMISSION:
        raise InvalidRequest

    await call.images.change(image.id, expect=image.revision, users=(), groups=())
    return {}

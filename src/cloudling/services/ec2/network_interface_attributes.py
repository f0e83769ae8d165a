"""One attribute of a network interface at a time.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyNetworkInterfaceAttribute.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import (
    instance_descriptions,
    instance_lookup,
    launch_networks,
    network_interfaces,
    references,
    security_groups,
)
from cloudling.services.ec2.errors import (
    InvalidAttachmentIdNotFound,
    InvalidParameterCombination,
    InvalidParameterValue,
    lacking,
)
from cloudling.services.ec2.parameters import refuse, required

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import NetworkInterface

Request = dict[str, Any]
_ATTRIBUTES = (
    "attachment",
    "description",
    "groupSet",
    "sourceDestCheck",
    "associatePublicIpAddress",
)
_MISSING = (
    "AssociatePublicIpAddress",
    "AssociatedSubnetIds",
    "ConnectionTrackingSpecification",
    "EnaSrdSpecification",
    "EnablePrimaryIpv6",
)
_MODIFIED = ("Attachment", "Description", "Groups", "SourceDestCheck")


@operation("DescribeNetworkInterfaceAttribute")
async def describe_network_interface_attribute(call: Ec2Call, request: Request) -> Request:
    card = await network_interfaces.require(call, required(request, "NetworkInterfaceId"))
    attribute = required(request, "Attribute")
    told: Request = {}
    match attribute:
        case "attachment":
            told = network_interfaces.attachment(call, card)
        case "description":
            told = {"Description": {"Value": card.description}}
        case "groupSet":
            told = {"Groups": await instance_descriptions.groups(call, card.groups)}
        case "sourceDestCheck":
            told = {"SourceDestCheck": {"Value": card.source_check}}
        case "associatePublicIpAddress":
            told = {"AssociatePublicIpAddress": card.is_public}
        case _:
            raise InvalidParameterValue(
                f"Value ({attribute}) for parameter attribute is invalid. Unknown attribute."
            )
    return {"NetworkInterfaceId": card.id, **told}


@operation(
    "ModifyNetworkInterfaceAttribute",
    partial="only attachment, description, groups and source/destination check",
)
async def modify_network_interface_attribute(call: Ec2Call, request: Request) -> Request:
    card = await network_interfaces.require(call, required(request, "NetworkInterfaceId"))
    refuse(request, "ModifyNetworkInterfaceAttribute", *_MISSING)
    given = [member for member in _MODIFIED if request.get(member)]
    if not given:
        raise lacking("attachment, description, groups or sourceDestCheck")
    if len(given) > 1:
        raise InvalidParameterCombination("Fields for multiple attribute types specified")
    await change(call, card, **await _fields(call, card, request))
    return {}


async def _fields(call: Ec2Call, card: NetworkInterface, request: Request) -> dict[str, Any]:
    if change_ := request.get("Attachment"):
        if change_.get("AttachmentId") != card.attachment or not card.attachment:
            raise InvalidAttachmentIdNotFound(
                f"The networkInterfaceAttachment ID '{change_.get('AttachmentId')}' does not exist"
            )
        kept = card.deleted_with_instance
        return {"deleted_with_instance": change_.get("DeleteOnTermination", kept)}
    if "Description" in request:
        return {"description": request["Description"].get("Value", "")}
    if request.get("Groups"):
        return {"groups": await worn(call, card, request["Groups"])}
    return {"source_check": request["SourceDestCheck"].get("Value", True)}


async def worn(call: Ec2Call, card: NetworkInterface, ids: list[str]) -> list[str]:
    """Groups that an interface may have, checked."""
    subnet = await call.subnets.get(card.subnet)
    found = [await security_groups.require_id(call, each) for each in ids]
    if subnet is None:
        raise references.absent("subnet", card.subnet)
    return launch_networks.check_groups(found, subnet)


async def change(call: Ec2Call, card: NetworkInterface, **fields: Any) -> None:
    """Change the interface, and have its machine's follow."""
    await call.network_interfaces.change(card.id, expect=card.revision, **fields)
    instance = await call.instances.get(card.instance) if card.instance else None
    if instance is not None:
        await instance_lookup.touch(call, instance)

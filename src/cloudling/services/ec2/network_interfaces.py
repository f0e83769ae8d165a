"""Network interfaces, as they are described.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import (
    identifiers,
    instance_descriptions,
    listings,
    private_addresses,
    references,
    taggings,
)
from cloudling.services.ec2.errors import InvalidParameterValue
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.listings import Listing
from cloudling.services.ec2.parameters import required

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import NetworkInterface

Request = dict[str, Any]
LISTING = Listing(
    kind="network-interface",
    member="NetworkInterfaces",
    ids="NetworkInterfaceIds",
    id="NetworkInterfaceId",
    filters=Filters(
        {
            "addresses.association.owner-id": "PrivateIpAddresses.Association.IpOwnerId",
            "addresses.association.public-ip": "PrivateIpAddresses.Association.PublicIp",
            "addresses.primary": "PrivateIpAddresses.Primary",
            "addresses.private-ip-address": "PrivateIpAddresses.PrivateIpAddress",
            "association.allocation-id": "Association.AllocationId",
            "association.association-id": "Association.AssociationId",
            "association.ip-owner-id": "Association.IpOwnerId",
            "association.public-dns-name": "Association.PublicDnsName",
            "association.public-ip": "Association.PublicIp",
            "attachment.attach-time": "Attachment.AttachTime",
            "attachment.attachment-id": "Attachment.AttachmentId",
            "attachment.delete-on-termination": "Attachment.DeleteOnTermination",
            "attachment.device-index": "Attachment.DeviceIndex",
            "attachment.instance-id": "Attachment.InstanceId",
            "attachment.instance-owner-id": "Attachment.InstanceOwnerId",
            "attachment.status": "Attachment.Status",
            "availability-zone": "AvailabilityZone",
            "availability-zone-id": "AvailabilityZoneId",
            "description": "Description",
            "group-id": "Groups.GroupId",
            # Not in AWS's list any more, but sent by many clients.
            "group-name": "Groups.GroupName",
            "interface-type": "InterfaceType",
            "ipv6-addresses.ipv6-address": "Ipv6Addresses.Ipv6Address",
            "mac-address": "MacAddress",
            "network-interface-id": "NetworkInterfaceId",
            "operator.managed": "Operator.Managed",
            "operator.principal": "Operator.Principal",
            "owner-id": "OwnerId",
            "private-dns-name": "PrivateDnsName",
            "private-ip-address": "PrivateIpAddresses.PrivateIpAddress",
            "requester-id": "RequesterId",
            "requester-managed": "RequesterManaged",
            "source-dest-check": "SourceDestCheck",
            "status": "Status",
            "subnet-id": "SubnetId",
            "vpc-id": "VpcId",
        }
    ),
    alone=True,
)


@operation("DescribeNetworkInterfaces")
async def describe_network_interfaces(call: Ec2Call, request: Request) -> Request:
    found = await listings.records(call.network_interfaces, request, LISTING)
    items = [await describe(call, each) for each in found]
    answer = listings.answer(
        call, request, LISTING, [{**each, "Tags": each["TagSet"]} for each in items]
    )
    for each in answer["NetworkInterfaces"]:
        del each["Tags"]
    return answer


async def require(call: Ec2Call, interface_id: str) -> NetworkInterface:
    """The interface of that id; raises InvalidNetworkInterfaceID."""
    references.check("network-interface", interface_id)
    found = await call.network_interfaces.get(interface_id)
    if found is None:
        raise references.absent("network-interface", interface_id)
    return found


async def describe(call: Ec2Call, card: NetworkInterface) -> Request:
    return {
        "NetworkInterfaceId": card.id,
        "NetworkInterfaceArn": identifiers.arn(call, "network-interface", card.id),
        "OwnerId": call.account,
        "RequesterManaged": False,
        "Status": "in-use" if card.instance else "available",
        "InterfaceType": "interface",
        "Description": card.description,
        "MacAddress": card.mac,
        "AvailabilityZone": card.zone,
        "AvailabilityZoneId": card.zone_id,
        "SubnetId": card.subnet,
        "VpcId": card.vpc,
        "SourceDestCheck": card.source_check,
        "PrivateIpAddress": card.address,
        "PrivateDnsName": private_addresses.private_name(card.address, call.region),
        "PrivateIpAddresses": instance_descriptions.addresses(call, card),
        "Ipv6Addresses": [],
        "Groups": await instance_descriptions.groups(call, card.groups),
        "Operator": {"Managed": False},
        "TagSet": await taggings.of(call, "network-interface", card.id),
        **attachment(call, card),
        **instance_descriptions.association(call, card),
    }


def attachment(call: Ec2Call, card: NetworkInterface) -> Request:
    """How it is attached; nothing where it is not."""
    if not card.instance:
        return {}
    told = {
        "AttachmentId": card.attachment,
        "AttachTime": card.attached,
        "DeleteOnTermination": card.deleted_with_instance,
        "DeviceIndex": card.device,
        "NetworkCardIndex": 0,
        "InstanceId": card.instance,
        "InstanceOwnerId": call.account,
        "Status": "attached",
    }
    return {"Attachment": told}


@operation("DeleteNetworkInterface")
async def delete_network_interface(call: Ec2Call, request: Request) -> Request:
    card = await require(call, required(request, "NetworkInterfaceId"))
    if card.instance:
        raise InvalidParameterValue(f"Network interface '{card.id}' is currently in use.")
    await call.network_interfaces.delete(card.id)
    await call.tags.replace(taggings.place(call, "network-interface", card.id), {})
    return {}

"""Network interfaces: there are none before there are instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import listings
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.listings import Listing

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call

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
    return listings.answer(call, request, LISTING, [])

"""Subnets: a VPC's addresses, zone by zone."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import defaults, identifiers, listings, private_addresses, taggings
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.listings import Listing

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.records import Subnet

Request = dict[str, Any]
_NAMES = "PrivateDnsNameOptionsOnLaunch"
_BLOCKS = "Ipv6CidrBlockAssociationSet"
LISTING = Listing(
    kind="subnet",
    member="Subnets",
    ids="SubnetIds",
    id="SubnetId",
    filters=Filters(
        {
            "availability-zone": "AvailabilityZone",
            "availabilityZone": "AvailabilityZone",
            "availability-zone-id": "AvailabilityZoneId",
            "availabilityZoneId": "AvailabilityZoneId",
            "available-ip-address-count": "AvailableIpAddressCount",
            "cidr": "CidrBlock",
            "cidr-block": "CidrBlock",
            "cidrBlock": "CidrBlock",
            "customer-owned-ipv4-pool": "CustomerOwnedIpv4Pool",
            "default-for-az": "DefaultForAz",
            "defaultForAz": "DefaultForAz",
            "enable-dns64": "EnableDns64",
            "enable-lni-at-device-index": "EnableLniAtDeviceIndex",
            "ipv6-cidr-block-association.association-id": f"{_BLOCKS}.AssociationId",
            "ipv6-cidr-block-association.ipv6-cidr-block": f"{_BLOCKS}.Ipv6CidrBlock",
            "ipv6-cidr-block-association.state": f"{_BLOCKS}.Ipv6CidrBlockState.State",
            "ipv6-native": "Ipv6Native",
            "map-customer-owned-ip-on-launch": "MapCustomerOwnedIpOnLaunch",
            "map-public-ip-on-launch": "MapPublicIpOnLaunch",
            "outpost-arn": "OutpostArn",
            "owner-id": "OwnerId",
            "private-dns-name-options-on-launch.hostname-type": f"{_NAMES}.HostnameType",
            "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": (
                f"{_NAMES}.EnableResourceNameDnsARecord"
            ),
            "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": (
                f"{_NAMES}.EnableResourceNameDnsAAAARecord"
            ),
            "state": "State",
            "subnet-arn": "SubnetArn",
            "subnet-id": "SubnetId",
            "vpc-id": "VpcId",
        }
    ),
)


@operation("DescribeSubnets")
async def describe_subnets(call: Ec2Call, request: Request) -> Request:
    await defaults.prepare(call)
    found = await listings.records(call.subnets, request, LISTING)
    items = [await describe(call, each) for each in found]
    return listings.answer(call, request, LISTING, items)


async def describe(call: Ec2Call, subnet: Subnet) -> Request:
    return {
        "SubnetId": subnet.id,
        "SubnetArn": identifiers.arn(call, "subnet", subnet.id),
        "OwnerId": call.account,
        "VpcId": subnet.vpc,
        "State": "available",
        "CidrBlock": subnet.cidr,
        "AvailableIpAddressCount": await _available(call, subnet),
        "AvailabilityZone": subnet.zone,
        "AvailabilityZoneId": subnet.zone_id,
        "DefaultForAz": subnet.default_for_zone,
        "MapPublicIpOnLaunch": subnet.public,
        "MapCustomerOwnedIpOnLaunch": False,
        "AssignIpv6AddressOnCreation": False,
        _BLOCKS: [],
        "EnableDns64": False,
        "Ipv6Native": False,
        _NAMES: {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
        "Tags": await taggings.of(call, "subnet", subnet.id),
    }


async def _available(call: Ec2Call, subnet: Subnet) -> int:
    total = ipaddress.ip_network(subnet.cidr).num_addresses - private_addresses.RESERVED
    return total - len(await private_addresses.used(call, subnet.id))

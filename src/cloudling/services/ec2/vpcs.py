"""Virtual private clouds and their attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import defaults, listings, references, taggings
from cloudling.services.ec2.errors import InvalidParameterValue
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.listings import Listing
from cloudling.services.ec2.parameters import required

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.records import Vpc

Request = dict[str, Any]
LISTING = Listing(
    kind="vpc",
    member="Vpcs",
    ids="VpcIds",
    id="VpcId",
    filters=Filters(
        {
            "cidr": "CidrBlock",
            "cidr-block-association.association-id": "CidrBlockAssociationSet.AssociationId",
            "cidr-block-association.cidr-block": "CidrBlockAssociationSet.CidrBlock",
            "cidr-block-association.state": "CidrBlockAssociationSet.CidrBlockState.State",
            "dhcp-options-id": "DhcpOptionsId",
            "ipv6-cidr-block-association.association-id": (
                "Ipv6CidrBlockAssociationSet.AssociationId"
            ),
            "ipv6-cidr-block-association.ipv6-cidr-block": (
                "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock"
            ),
            "ipv6-cidr-block-association.ipv6-pool": "Ipv6CidrBlockAssociationSet.Ipv6Pool",
            "ipv6-cidr-block-association.state": (
                "Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State"
            ),
            "is-default": "IsDefault",
            # The name that the filter had before AWS's own list of them.
            "isDefault": "IsDefault",
            "owner-id": "OwnerId",
            "state": "State",
            "vpc-id": "VpcId",
        }
    ),
)
# An attribute's member in the answer, and the field of the record.
_ATTRIBUTES = {
    "enableDnsSupport": ("EnableDnsSupport", "dns_support"),
    "enableDnsHostnames": ("EnableDnsHostnames", "dns_hostnames"),
    "enableNetworkAddressUsageMetrics": ("EnableNetworkAddressUsageMetrics", "usage_metrics"),
}


@operation("DescribeVpcs")
async def describe_vpcs(call: Ec2Call, request: Request) -> Request:
    await defaults.prepare(call)
    found = await listings.records(call.vpcs, request, LISTING)
    items = [await describe(call, each) for each in found]
    return listings.answer(call, request, LISTING, items)


@operation("DescribeVpcAttribute")
async def describe_vpc_attribute(call: Ec2Call, request: Request) -> Request:
    found = await require(call, required(request, "VpcId", "vpcId"))
    attribute = required(request, "Attribute", "attribute")
    if attribute not in _ATTRIBUTES:
        raise InvalidParameterValue(
            f"Value ({attribute}) for parameter attribute is invalid. Unknown VPC attribute."
        )
    member, field = _ATTRIBUTES[attribute]
    return {"VpcId": found.id, member: {"Value": getattr(found, field)}}


async def require(call: Ec2Call, vpc_id: str) -> Vpc:
    await defaults.prepare(call)
    references.check("vpc", vpc_id)
    found = await call.vpcs.get(vpc_id)
    if found is None:
        raise references.absent("vpc", vpc_id)
    return found


async def describe(call: Ec2Call, vpc: Vpc) -> Request:
    association = {
        "AssociationId": vpc.association,
        "CidrBlock": vpc.cidr,
        "CidrBlockState": {"State": "associated"},
    }
    return {
        "VpcId": vpc.id,
        "OwnerId": call.account,
        "State": "available",
        "CidrBlock": vpc.cidr,
        "CidrBlockAssociationSet": [association],
        "DhcpOptionsId": vpc.dhcp_options,
        "InstanceTenancy": vpc.tenancy,
        "IsDefault": vpc.is_default,
        "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
        "Tags": await taggings.of(call, "vpc", vpc.id),
    }

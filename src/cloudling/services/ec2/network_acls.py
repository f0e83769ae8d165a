"""Network ACLs: what may pass a subnet's border."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import defaults, listings, taggings
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.listings import Listing

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.records import NetworkAcl

Request = dict[str, Any]
LISTING = Listing(
    kind="network-acl",
    member="NetworkAcls",
    ids="NetworkAclIds",
    id="NetworkAclId",
    filters=Filters(
        {
            "association.association-id": "Associations.NetworkAclAssociationId",
            "association.network-acl-id": "Associations.NetworkAclId",
            "association.subnet-id": "Associations.SubnetId",
            "default": "IsDefault",
            "entry.cidr": "Entries.CidrBlock",
            "entry.egress": "Entries.Egress",
            "entry.icmp.code": "Entries.IcmpTypeCode.Code",
            "entry.icmp.type": "Entries.IcmpTypeCode.Type",
            "entry.ipv6-cidr": "Entries.Ipv6CidrBlock",
            "entry.port-range.from": "Entries.PortRange.From",
            "entry.port-range.to": "Entries.PortRange.To",
            "entry.protocol": "Entries.Protocol",
            "entry.rule-action": "Entries.RuleAction",
            "entry.rule-number": "Entries.RuleNumber",
            "network-acl-id": "NetworkAclId",
            "owner-id": "OwnerId",
            "vpc-id": "VpcId",
        }
    ),
)


@operation("DescribeNetworkAcls")
async def describe_network_acls(call: Ec2Call, request: Request) -> Request:
    await defaults.prepare(call)
    found = await listings.records(call.network_acls, request, LISTING)
    items = [await describe(call, each) for each in found]
    return listings.answer(call, request, LISTING, items)


async def describe(call: Ec2Call, acl: NetworkAcl) -> Request:
    entries = [
        {
            "CidrBlock": entry.cidr,
            "Egress": entry.egress,
            "Protocol": entry.protocol,
            "RuleAction": "allow" if entry.allow else "deny",
            "RuleNumber": entry.number,
        }
        for entry in acl.entries
    ]
    associations = [
        {"NetworkAclAssociationId": each, "NetworkAclId": acl.id, "SubnetId": subnet}
        for subnet, each in acl.subnets.items()
    ]
    return {
        "NetworkAclId": acl.id,
        "VpcId": acl.vpc,
        "OwnerId": call.account,
        "IsDefault": acl.is_default,
        "Associations": associations,
        "Entries": entries,
        "Tags": await taggings.of(call, "network-acl", acl.id),
    }

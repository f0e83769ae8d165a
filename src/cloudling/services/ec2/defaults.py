"""The default network of an account in a region: made when the region is first asked for it.

Its ids come from the account's and the region's names, so that they are the same whoever asks
first, and also after a call that was refused and rolled back.
https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import TYPE_CHECKING

from cloudling.services.ec2 import geography
from cloudling.services.ec2.records import (
    Beginning,
    DhcpOptions,
    InternetGateway,
    NetworkAcl,
    NetworkAclEntry,
    Route,
    RouteTable,
    RouteTableUse,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call

EVERYWHERE = "0.0.0.0/0"
BLOCK = "172.31.0.0/16"
_NAME = "default-network"
# The last entry of every ACL, printed as an asterisk by the console.
LAST_ENTRY = 32767


async def prepare(call: Ec2Call) -> None:
    """Give the account its default network here, unless it was given one before."""
    if await call.beginnings.get(_NAME) is None:
        await call.beginnings.put(Beginning(name=_NAME, at=call.clock.now()))
        await _make(call)


async def vpc(call: Ec2Call) -> Vpc | None:
    """The default VPC; None when it was deleted, or is not made yet."""
    return next((each for each in await call.vpcs.page(limit=None) if each.is_default), None)


def _id(call: Ec2Call, prefix: str, of: str = "") -> str:
    """A stable id in AWS's form."""
    text = f"{call.account} {call.region} {prefix} {of}"
    return f"{prefix}-{hashlib.sha256(text.encode()).hexdigest()[:17]}"


async def _make(call: Ec2Call) -> None:
    own = _id(call, "vpc")
    options = DhcpOptions(id=_id(call, "dopt"), options=_options(call.region))
    await call.dhcp_options.put(options)
    made = Vpc(
        id=own,
        cidr=BLOCK,
        association=_id(call, "vpc-cidr-assoc"),
        dhcp_options=options.id,
        is_default=True,
        dns_hostnames=True,
    )
    await call.vpcs.put(made)
    gateway = InternetGateway(id=_id(call, "igw"), vpc=own)
    await call.internet_gateways.put(gateway)
    routes = [
        Route(cidr=BLOCK, gateway="local", origin="CreateRouteTable"),
        Route(cidr=EVERYWHERE, gateway=gateway.id),
    ]
    uses = [RouteTableUse(id=_id(call, "rtbassoc"), main=True)]
    await call.route_tables.put(RouteTable(id=_id(call, "rtb"), vpc=own, routes=routes, uses=uses))
    await _make_group(call, own)
    await _make_subnets(call, own)


def _options(region: str) -> dict[str, list[str]]:
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return {"domain-name": [domain], "domain-name-servers": ["AmazonProvidedDNS"]}


async def _make_subnets(call: Ec2Call, vpc_id: str) -> None:
    """One in each zone, and the ACL that all of them have."""
    blocks = ipaddress.ip_network(BLOCK).subnets(new_prefix=20)
    found = [
        Subnet(
            id=_id(call, "subnet", zone.name),
            vpc=vpc_id,
            cidr=str(block),
            zone=zone.name,
            zone_id=zone.id,
            default_for_zone=True,
            public=True,
        )
        for zone, block in zip(geography.region(call.region).zones, blocks, strict=False)
    ]
    for subnet in found:
        await call.subnets.put(subnet)
    entries = [
        NetworkAclEntry(number=number, cidr=EVERYWHERE, allow=number == 100, egress=egress)
        for egress in (True, False)
        for number in (100, LAST_ENTRY)
    ]
    await call.network_acls.put(
        NetworkAcl(
            id=_id(call, "acl"),
            vpc=vpc_id,
            entries=entries,
            subnets={each.id: _id(call, "aclassoc", each.id) for each in found},
            is_default=True,
        )
    )


async def _make_group(call: Ec2Call, vpc_id: str) -> None:
    """The group whose members reach each other, and everyone else."""
    group = SecurityGroup(
        id=_id(call, "sg"),
        vpc=vpc_id,
        name="default",
        folded="default",
        description="default VPC security group",
    )
    await call.security_groups.put(group)
    rule = SecurityGroupRule(
        id=_id(call, "sgr", "ingress"),
        group_id=group.id,
        number=0,
        egress=False,
        protocol="-1",
        from_port=-1,
        to_port=-1,
        peer_kind="group",
        peer=group.id,
    )
    await call.security_group_rules.put(rule)
    await call.security_group_rules.put(outward(_id(call, "sgr", "egress"), group.id))


def outward(rule_id: str, group: str) -> SecurityGroupRule:
    """The rule that every new group has: its members may reach everyone."""
    return SecurityGroupRule(
        id=rule_id,
        group_id=group,
        number=0,
        egress=True,
        protocol="-1",
        from_port=-1,
        to_port=-1,
        peer_kind="cidr",
        peer=EVERYWHERE,
    )

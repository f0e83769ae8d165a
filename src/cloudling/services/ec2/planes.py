"""The network that stands behind a VPC: made when its first machine starts, kept true from then.

Rules that speak of IPv6 are left out, because these networks carry IPv4 only; so are those for
AWS's prefix lists, which hold no addresses in this cloud (`prefix_lists.py`).
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cloudling.kernel import networks
from cloudling.kernel.followers import follower
from cloudling.kernel.networks import DriverGone, Network, Rule
from cloudling.kernel.scheduler import Wake
from cloudling.services.ec2.call import Ec2Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cloudling.kernel.networks import Holdings
    from cloudling.kernel.ports import Networks
    from cloudling.services.ec2.records import SecurityGroupRule, Vpc

METADATA = "169.254.169.254"
RESOLVER = "169.254.169.253"
_NUMBERS = {"-1": networks.ANY, "icmp": 1, "tcp": 6, "udp": 17}
# What one request to a driver may hold.
_MOST_RULES = 800
_MOST_GROUPS = 400
_PATIENCE = 1.0

# The VPCs, as (account, region, id), whose networks each driver was told to make. Whoever tells a
# driver what differs holds the lock, so that what was read later is said later.
_made: WeakKeyDictionary[Networks, dict[tuple[str, str, str], asyncio.Lock]] = WeakKeyDictionary()


async def ensure_plane(call: Ec2Call, vpc_id: str) -> None:
    """Have the VPC's network carry, and its security groups hold there; the cloud has a driver.

    From now on both follow what is changed. Raises the driver's OSError.
    """
    driver = call.cloud.networks
    assert driver is not None  # noqa: S101 - instances are refused where there is none
    place = call.account, call.region, vpc_id
    async with _made.setdefault(driver, {}).setdefault(place, asyncio.Lock()):
        vpc = await call.vpcs.get(vpc_id)
        if vpc is None:
            raise LookupError(vpc_id)
        await _bring_about(call, driver, vpc)


@follower(
    Ec2Call.vpcs,
    Ec2Call.subnets,
    Ec2Call.internet_gateways,
    Ec2Call.security_groups,
    Ec2Call.security_group_rules,
)
async def keep_planes(call: Ec2Call) -> Wake | None:
    """Bring networks that are there to what the records say now."""
    # Whoever asks for the driver has it made, which need not be where it has made nothing.
    driver = call.cloud.networks if _made else None
    made = _made.get(driver) if driver else None
    if driver is None or made is None:
        return None
    here = call.account, call.region
    for place, lock in [each for each in made.items() if each[0][:2] == here]:
        try:
            async with lock:
                await _keep(call, driver, place[2])
        except DriverGone:
            # With it all networks went; they are made anew when a machine starts.
            made.clear()
            return None
        except OSError as fault:
            if fault.errno != errno.EBUSY:
                raise
            # Its last machines are about to end, or a group's last members.
            return Wake(call.clock.now() + _PATIENCE)
        if await call.vpcs.get(place[2]) is None:
            made.pop(place, None)
    return None


async def _keep(call: Ec2Call, driver: Networks, vpc_id: str) -> None:
    vpc = await call.vpcs.get(vpc_id)
    if vpc is None:
        await driver.remove_network(vpc_id)
    else:
        await _bring_about(call, driver, vpc)


async def _bring_about(call: Ec2Call, driver: Networks, vpc: Vpc) -> None:
    """Tell the driver of what differs from what it holds, which may be from an earlier life."""
    held = await driver.holdings()
    wanted = await network_of(call, vpc)
    if wanted not in held.routers:
        await driver.ensure_network(wanted)
    groups = await groups_of(call, vpc.id)
    known = {group.name: group for group in held.groups.get(vpc.id, ())}
    changed = [group for group in groups if known.get(group.name) != group]
    for some in _batches(changed):
        await driver.set_groups(vpc.id, some)
    unused = _unused(held, vpc.id, groups)
    for first in range(0, len(unused), _MOST_GROUPS):
        await driver.set_groups(vpc.id, (), unused[first : first + _MOST_GROUPS])


async def network_of(call: Ec2Call, vpc: Vpc) -> Network:
    """The network that a VPC is to be."""
    subnets = await call.subnets.find(vpc=vpc.id)
    gateways = await call.internet_gateways.page(limit=None)
    return Network(
        name=vpc.id,
        blocks=(vpc.cidr,),
        subnets=tuple(sorted(subnet.cidr for subnet in subnets)),
        services=(*resolvers(vpc), METADATA),
        gateway=any(gateway.vpc == vpc.id for gateway in gateways),
        host=call.cloud.host_address,
    )


def resolvers(vpc: Vpc) -> tuple[str, ...]:
    """Where names are asked for: the third address of the VPC's block, and one for all VPCs.

    https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
    """
    if not vpc.dns_support:
        return ()
    return str(ipaddress.IPv4Network(vpc.cidr)[2]), RESOLVER


async def groups_of(call: Ec2Call, vpc_id: str) -> list[networks.SecurityGroup]:
    """The VPC's security groups, as networks want them."""
    rules: dict[str, list[SecurityGroupRule]] = {}
    for rule in await call.security_group_rules.page(limit=None):
        rules.setdefault(rule.group_id, []).append(rule)
    return [
        group_of(group.id, rules.get(group.id, ()))
        for group in await call.security_groups.find(vpc=vpc_id)
    ]


def group_of(group_id: str, rules: Iterable[SecurityGroupRule]) -> networks.SecurityGroup:
    ways: dict[bool, dict[Rule, None]] = {False: {}, True: {}}
    for rule in sorted(rules, key=lambda each: (each.number, each.id)):
        if rule.peer_kind in ("cidr", "group") and rule.protocol != "icmpv6":
            ways[rule.egress][_rule(rule)] = None
    return networks.SecurityGroup(group_id, tuple(ways[False]), tuple(ways[True]))


def _rule(rule: SecurityGroupRule) -> Rule:
    protocol = _NUMBERS.get(rule.protocol)
    number = int(rule.protocol) if protocol is None else protocol
    return Rule(number, rule.from_port, rule.to_port, rule.peer)


def _batches(groups: Sequence[networks.SecurityGroup]) -> Iterator[list[networks.SecurityGroup]]:
    batch: list[networks.SecurityGroup] = []
    rules = 0
    for group in groups:
        size = len(group.ingress) + len(group.egress)
        if batch and (rules + size > _MOST_RULES or len(batch) >= _MOST_GROUPS):
            yield batch
            batch, rules = [], 0
        batch.append(group)
        rules += size
    if batch:
        yield batch


def _unused(held: Holdings, vpc_id: str, groups: Sequence[networks.SecurityGroup]) -> list[str]:
    """Groups that the driver holds, but that are gone and bind nobody any more."""
    wanted = {group.name for group in groups}
    for group in groups:
        wanted |= {rule.peer for rule in (*group.ingress, *group.egress)}
    for interface in held.interfaces:
        if interface.router == vpc_id:
            wanted |= set(interface.groups)
    return [group.name for group in held.groups.get(vpc_id, ()) if group.name not in wanted]

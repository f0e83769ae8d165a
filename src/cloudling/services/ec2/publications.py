"""Which ports of an instance the host may reach, by the rules of its security groups.

The host is seen as the cloud's `host_address`, wherever a public address is asked for.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cloudling.kernel.networks import HOST_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from cloudling.services.ec2.records import SecurityGroupRule

_LAST = 65535
# A range that names more ports than these names none of them.
_MOST_NAMED = 16


def open_ports(
    groups: Collection[str], rules: Iterable[SecurityGroupRule], host: str = HOST_ADDRESS
) -> tuple[tuple[int, int], ...]:
    """The ranges of TCP ports at which members of all these groups hear the host, merged."""
    address = ipaddress.IPv4Address(host)
    ranges = sorted(_ports(rule) for rule in _entrances(groups, rules) if _lets_in(rule, address))
    merged: list[tuple[int, int]] = []
    for low, high in ranges:
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        else:
            merged.append((low, high))
    return tuple(merged)


def named_ports(groups: Collection[str], rules: Iterable[SecurityGroupRule]) -> tuple[int, ...]:
    """The TCP ports that any rule of these groups names, whoever it lets in."""
    named: set[int] = set()
    for rule in _entrances(groups, rules):
        low, high = _ports(rule)
        if high - low < _MOST_NAMED:
            named |= set(range(low, high + 1))
    return tuple(sorted(named))


def _entrances(
    groups: Collection[str], rules: Iterable[SecurityGroupRule]
) -> Iterator[SecurityGroupRule]:
    """The groups' rules that let TCP in."""
    for rule in rules:
        if rule.group_id in groups and not rule.egress and rule.protocol in ("-1", "6", "tcp"):
            yield rule


def _ports(rule: SecurityGroupRule) -> tuple[int, int]:
    return (0, _LAST) if rule.from_port < 0 else (rule.from_port, rule.to_port)


def _lets_in(rule: SecurityGroupRule, host: ipaddress.IPv4Address) -> bool:
    return rule.peer_kind == "cidr" and host in ipaddress.IPv4Network(rule.peer)

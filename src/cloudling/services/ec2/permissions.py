"""What a security group's rule allows, as requests say it and answers tell it. Pure rules.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.services.ec2.errors import InvalidParameterValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cloudling.services.ec2.records import SecurityGroupRule

Request = dict[str, Any]
ALL = -1
_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_PORTED = frozenset({"tcp", "udp"})
_TYPED = frozenset({"icmp", "icmpv6"})
_DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
# The lists of a permission: the kind of peer, the list, and the member that names the peer.
_LISTS = (
    ("cidr", "IpRanges", "CidrIp"),
    ("cidr6", "Ipv6Ranges", "CidrIpv6"),
    ("prefix-list", "PrefixListIds", "PrefixListId"),
    ("group", "UserIdGroupPairs", "GroupId"),
)
# The members of a single rule that name its peer.
MEMBERS = {"cidr": "CidrIpv4", "cidr6": "CidrIpv6", "prefix-list": "PrefixListId"}


class Permission(NamedTuple):
    """One protocol, its ports and one peer; the description makes no difference."""

    protocol: str
    from_port: int
    to_port: int
    peer_kind: str
    peer: str
    description: str | None = None

    @property
    def key(self) -> tuple[str, int, int, str, str]:
        return self[:5]


def read(given: Request) -> list[Permission]:
    """The rules that one permission of a request stands for; its groups have ids by now."""
    protocol = protocol_of(given.get("IpProtocol"))
    ports = ports_of(protocol, given.get("FromPort"), given.get("ToPort"))
    return [
        Permission(protocol, *ports, kind, peer_of(kind, each.get(member)), _described(each))
        for kind, name, member in _LISTS
        for each in given.get(name) or ()
    ]


def _described(given: Request) -> str | None:
    return description_of(given.get("Description"))


def protocol_of(given: str | None) -> str:
    """A protocol as AWS keeps it: by its name where it has one there, else by its number."""
    if given is None:
        raise InvalidParameterValue(
            "Invalid value 'null' for protocol. "
            "VPC security group rules must specify protocols explicitly."
        )
    text = given.lower()
    found = _NAMES.get(text, text)
    if found == "-1" or found in _PORTED or found in _TYPED:
        return found
    if found.isascii() and found.isdigit() and int(found) <= 255:
        return str(int(found))
    raise InvalidParameterValue(f"Invalid value '{given}' for IP protocol. Unknown protocol.")


def ports_of(protocol: str, first: int | None, last: int | None) -> tuple[int, int]:
    """The range of ports, or type and code of ICMP; other protocols have none."""
    if protocol in _TYPED:
        return _codes(ALL if first is None else first, ALL if last is None else last)
    if protocol not in _PORTED:
        return ALL, ALL
    if first is None or last is None:
        raise InvalidParameterValue(
            "Invalid value for portRange. Must specify both from and to ports with TCP/UDP."
        )
    for port in (first, last):
        if not 0 <= port <= 65535:
            raise InvalidParameterValue(f"TCP/UDP port ({port}) out of range")
    if first > last:
        raise InvalidParameterValue(f"Invalid TCP/UDP port range ({first}:{last})")
    return first, last


def _codes(kind: int, code: int) -> tuple[int, int]:
    if not ALL <= kind <= 255:
        raise InvalidParameterValue(f"ICMP type ({kind}) out of range")
    if not ALL <= code <= 255 or (kind == ALL and code != ALL):
        raise InvalidParameterValue(f"ICMP code ({code}) out of range")
    return kind, code


def peer_of(kind: str, given: str | None) -> str:
    """A peer as AWS keeps it: ranges without the bits that do not count."""
    if not given:
        raise InvalidParameterValue(f"Invalid value 'null' for {kind}.")
    if kind not in ("cidr", "cidr6"):
        return given
    parse = ipaddress.IPv4Network if kind == "cidr" else ipaddress.IPv6Network
    _, slash, length = given.partition("/")
    try:
        if not slash or not length.isdigit() or "%" in given:
            raise ValueError(given)
        return str(parse(given, strict=False))
    except ValueError:
        raise InvalidParameterValue(f"CIDR block {given} is malformed") from None


def description_of(given: str | None) -> str | None:
    if given is not None and not _DESCRIPTION.fullmatch(given):
        raise InvalidParameterValue(
            "Invalid rule description. Valid descriptions are strings less than 256 characters "
            "from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
        )
    return given or None


def of_rule(rule: SecurityGroupRule) -> Permission:
    ports = rule.from_port, rule.to_port
    return Permission(rule.protocol, *ports, rule.peer_kind, rule.peer, rule.description)


def words(permission: Permission) -> str:
    """A rule as AWS tells of one that is there already."""
    protocol, first, last = permission.protocol, permission.from_port, permission.to_port
    shown = "ALL" if protocol == "-1" else protocol.upper()
    parts = [f"peer: {permission.peer}", shown]
    if protocol in _PORTED:
        parts += [f"from port: {first}", f"to port: {last}"]
    elif protocol in _TYPED:
        parts += [f"type: {_or_all(first)}", f"code: {_or_all(last)}"]
    return ", ".join([*parts, "ALLOW"])


def _or_all(number: int) -> str:
    return "ALL" if number == ALL else str(number)


def grouped(rules: Iterable[SecurityGroupRule], account: str) -> list[Request]:
    """Rules as DescribeSecurityGroups tells them: one permission for each protocol and ports."""
    found: dict[tuple[str, int, int], Request] = {}
    for rule in rules:
        key = rule.protocol, rule.from_port, rule.to_port
        if key not in found:
            found[key] = {**_heading(rule), **{name: [] for _, name, _ in _LISTS}}
        name, told = _peer(rule, account)
        found[key][name].append(told)
    return list(found.values())


def _heading(rule: SecurityGroupRule) -> Request:
    if rule.protocol not in _PORTED | _TYPED:
        return {"IpProtocol": rule.protocol}
    return {"IpProtocol": rule.protocol, "FromPort": rule.from_port, "ToPort": rule.to_port}


def _peer(rule: SecurityGroupRule, account: str) -> tuple[str, Request]:
    (found,) = [(name, member) for kind, name, member in _LISTS if kind == rule.peer_kind]
    name, member = found
    told: Request = {member: rule.peer}
    if rule.peer_kind == "group":
        told["UserId"] = account
    if rule.description is not None:
        told["Description"] = rule.description
    return name, told


def weights(kinds: Iterable[str]) -> Iterator[int]:
    """How many of a group's rules count for IPv4, and how many for IPv6."""
    known = list(kinds)
    yield sum(kind != "cidr6" for kind in known)
    yield sum(kind != "cidr" for kind in known)

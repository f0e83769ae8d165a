"""Ids in requests: well formed or not, of something or of nothing, in EC2's own codes and words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel import AwsError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_HEX = re.compile(r"[0-9a-f]+")


class Noun(NamedTuple):
    """How EC2 speaks of one resource type; AWS's spelling of the codes follows no rule."""

    prefix: str
    absent: str
    malformed: str
    text: str


_NOUNS = {
    "dhcp-options": Noun(
        "dopt", "InvalidDhcpOptionID.NotFound", "InvalidDhcpOptionsId.Malformed", "dhcpOption ID"
    ),
    "image": Noun("ami", "InvalidAMIID.NotFound", "InvalidAMIID.Malformed", "image id"),
    "instance": Noun(
        "i", "InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed", "instance ID"
    ),
    "internet-gateway": Noun(
        "igw",
        "InvalidInternetGatewayID.NotFound",
        "InvalidInternetGatewayId.Malformed",
        "internetGateway ID",
    ),
    "key-pair": Noun("key", "InvalidKeyPair.NotFound", "InvalidKeyPair.Format", "key pair"),
    "network-acl": Noun(
        "acl", "InvalidNetworkAclID.NotFound", "InvalidNetworkAclId.Malformed", "networkAcl ID"
    ),
    "network-interface": Noun(
        "eni",
        "InvalidNetworkInterfaceID.NotFound",
        "InvalidNetworkInterfaceId.Malformed",
        "networkInterface ID",
    ),
    "prefix-list": Noun(
        "pl", "InvalidPrefixListID.NotFound", "InvalidPrefixListId.Malformed", "prefix list ID"
    ),
    "route-table": Noun(
        "rtb", "InvalidRouteTableID.NotFound", "InvalidRouteTableId.Malformed", "routeTable ID"
    ),
    "security-group": Noun(
        "sg", "InvalidGroup.NotFound", "InvalidGroupId.Malformed", "security group"
    ),
    "security-group-rule": Noun(
        "sgr",
        "InvalidSecurityGroupRuleId.NotFound",
        "InvalidSecurityGroupRuleId.Malformed",
        "security group rule ID",
    ),
    "snapshot": Noun("snap", "InvalidSnapshot.NotFound", "InvalidSnapshotID.Malformed", "snapshot"),
    "subnet": Noun("subnet", "InvalidSubnetID.NotFound", "InvalidSubnetID.Malformed", "subnet ID"),
    "volume": Noun("vol", "InvalidVolume.NotFound", "InvalidVolumeID.Malformed", "volume"),
    "vpc": Noun("vpc", "InvalidVpcID.NotFound", "InvalidVpcID.Malformed", "vpc ID"),
}


def is_well_formed(given: str) -> bool:
    """Whether a text ends as ids do; new ones have 17 digits, old ones eight."""
    return _HEX.fullmatch(given.rpartition("-")[2]) is not None


def check(kind: str, given: str) -> None:
    """Refuse what cannot be the id of such a resource."""
    noun = _NOUNS[kind]
    if given.rpartition("-")[0] != noun.prefix or not is_well_formed(given):
        raise AwsError(
            f'Invalid id: "{given}" (expecting "{noun.prefix}-...")', code=noun.malformed
        )


def absent(kind: str, *given: str) -> AwsError:
    """The error for ids that are nothing's (any kind that can be tagged)."""
    noun = _NOUNS.get(kind)
    if noun is None:
        words = f"The ID '{given[0]}' is not valid"
        return AwsError(words, code="InvalidID")
    if len(given) == 1:
        return AwsError(f"The {noun.text} '{given[0]}' does not exist", code=noun.absent)
    return AwsError(f"The {noun.text}s '{', '.join(given)}' do not exist", code=noun.absent)


def require(kind: str, given: Sequence[str], known: Collection[str]) -> None:
    """Every id is well formed and one of those that are there."""
    for each in given:
        check(kind, each)
    if missing := [each for each in dict.fromkeys(given) if each not in known]:
        raise absent(kind, *missing)


def members(request: dict[str, Any], name: str) -> list[str]:
    """A list of ids in a request, [] where it has none."""
    found: list[str] = request.get(name) or []
    return found

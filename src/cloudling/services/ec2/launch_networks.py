"""Where a launch puts its instances: zone, subnet, security groups, addresses.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel.errors import NotImplementedHere
from cloudling.services.ec2 import (
    defaults,
    geography,
    instance_sizes,
    private_addresses,
    references,
    security_groups,
)
from cloudling.services.ec2.errors import (
    InsufficientFreeAddressesInSubnet,
    InvalidAvailabilityZone,
    InvalidInput,
    InvalidParameter,
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingInput,
    SecurityGroupsPerInterfaceLimitExceeded,
    Unsupported,
    VpcIdNotSpecified,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_catalogue import Catalogue
    from cloudling.services.ec2.instance_sizes import Size
    from cloudling.services.ec2.records import SecurityGroup, Subnet

Request = dict[str, Any]
MOST_GROUPS = 5
# Of an interface, what is not built.
_MISSING = (
    "Ipv4PrefixCount", "Ipv4Prefixes", "Ipv6AddressCount", "Ipv6Addresses", "Ipv6PrefixCount",
    "Ipv6Prefixes", "NetworkInterfaceId", "SecondaryPrivateIpAddressCount", "PrimaryIpv6",
    "AssociateCarrierIpAddress", "ConnectionTrackingSpecification",
)  # fmt: skip


class Card(NamedTuple):
    """The first interface of each instance of a launch; `addresses` has one for each."""

    subnet: Subnet
    groups: list[str]
    addresses: list[str]
    is_public: bool
    description: str = ""
    deleted_with_instance: bool = True


async def read(
    call: Ec2Call, request: Request, catalogue: Catalogue, size: Size, most: int
) -> Card:
    """The interface that a request describes, for so many instances at most."""
    given = _interface(request)
    subnet = await _subnet(call, request, given.get("SubnetId"), catalogue, size)
    groups = await _groups(call, request, given, subnet)
    addresses = await _addresses(call, given, subnet, most)
    public = given.get("AssociatePublicIpAddress")
    return Card(
        subnet=subnet,
        groups=groups,
        addresses=addresses,
        is_public=subnet.public if public is None else public,
        description=given.get("Description") or "",
        deleted_with_instance=given.get("DeleteOnTermination", True),
    )


def _interface(request: Request) -> Request:
    """The request's own interface, or what it says of one by its other members."""
    cards: Sequence[Request] = request.get("NetworkInterfaces") or ()
    if not cards:
        return {
            "SubnetId": request.get("SubnetId"),
            "PrivateIpAddress": request.get("PrivateIpAddress"),
            "Groups": request.get("SecurityGroupIds") or [],
        }
    for member, words in (
        ("SubnetId", "subnet ID"),
        ("SecurityGroupIds", "security groups"),
        ("SecurityGroups", "security groups"),
        ("PrivateIpAddress", "private address"),
    ):
        if request.get(member):
            raise InvalidParameterCombination(
                f"Network interfaces and an instance-level {words} may not be specified on the "
                "same request"
            )
    if len(cards) > 1:
        raise NotImplementedHere("A second network interface is not implemented in Cloudling yet.")
    (card,) = cards
    if card.get("DeviceIndex", 0) != 0:
        raise InvalidParameterCombination(
            "Each network interface requires a device index, and one must be 0."
        )
    for member in _MISSING:
        if card.get(member):
            raise NotImplementedHere(
                f"{member} of a network interface is not implemented in Cloudling yet."
            )
    return {**card, **_primary(card)}


def _primary(card: Request) -> Request:
    """The primary one of `PrivateIpAddresses`, where the card lists any."""
    listed: Sequence[Request] = card.get("PrivateIpAddresses") or ()
    if not listed:
        return {}
    if len(listed) > 1 or card.get("PrivateIpAddress"):
        raise NotImplementedHere(
            "Secondary private addresses are not implemented in Cloudling yet."
        )
    return {"PrivateIpAddress": listed[0].get("PrivateIpAddress")}


async def _subnet(
    call: Ec2Call, request: Request, named: str | None, catalogue: Catalogue, size: Size
) -> Subnet:
    zone = _zone(call, request)
    zones = geography.region(call.region).zones
    offering = [each.name for each in instance_sizes.offering(catalogue, size, zones)]
    if named:
        references.check("subnet", named)
        found = await call.subnets.get(named)
        if found is None:
            raise references.absent("subnet", named)
        if zone and found.zone != zone:
            raise InvalidParameterValue(
                f"The availability zone '{zone}' does not match that of the subnet "
                f"'{found.id}' ({found.zone})."
            )
    else:
        found = await _default_subnet(call, zone, offering)
    if found.zone not in offering:
        raise Unsupported(
            f"Your requested instance type ({size.name}) is not supported in your requested "
            f"Availability Zone ({found.zone}). Please retry your request by not specifying an "
            f"Availability Zone or choosing {', '.join(offering)}."
        )
    return found


def _zone(call: Ec2Call, request: Request) -> str:
    """The zone's name that a request asks for; "" where it asks for none."""
    placement = request.get("Placement") or {}
    zones = geography.region(call.region).zones
    if asked := placement.get("AvailabilityZoneId"):
        found = next((each.name for each in zones if each.id == asked), None)
        if found is None:
            raise InvalidAvailabilityZone(f"Invalid Availability Zone ({asked})")
        return found
    asked = placement.get("AvailabilityZone") or ""
    if asked and asked not in {each.name for each in zones}:
        raise InvalidAvailabilityZone(f"Invalid Availability Zone ({asked})")
    return str(asked)


async def _default_subnet(call: Ec2Call, zone: str, offering: Sequence[str]) -> Subnet:
    """The default VPC's subnet of the zone, or of the first that offers the type."""
    vpc = await defaults.vpc(call)
    if vpc is None:
        raise VpcIdNotSpecified(
            "No default VPC for this user. GroupName is only supported for EC2-Classic and "
            "default VPC."
        )
    found = [each for each in await call.subnets.find(vpc=vpc.id) if each.default_for_zone]
    if not found:
        raise MissingInput(
            f"No subnets found for the default VPC '{vpc.id}'. Please specify a subnet."
        )
    found.sort(key=lambda each: (each.zone not in offering, each.zone))
    if not zone:
        return found[0]
    there = [each for each in found if each.zone == zone]
    if not there:
        raise InvalidInput(f"No default subnet for availability zone: '{zone}'.")
    return there[0]


async def _groups(call: Ec2Call, request: Request, given: Request, subnet: Subnet) -> list[str]:
    names: list[str] = request.get("SecurityGroups") or []
    if names and request.get("SubnetId"):
        raise InvalidParameterCombination(
            "The parameter groupName cannot be used with the parameter subnet"
        )
    found = [await security_groups.require_name(call, name) for name in names]
    found += [await security_groups.require_id(call, each) for each in given.get("Groups") or ()]
    if not found:
        found = await _default_group(call, subnet.vpc)
    return check_groups(found, subnet)


async def _default_group(call: Ec2Call, vpc: str) -> list[SecurityGroup]:
    there = await call.security_groups.find(folded="default")
    return [each for each in there if each.vpc == vpc]


def check_groups(groups: Sequence[SecurityGroup], subnet: Subnet) -> list[str]:
    """Their ids, each once; all are of the subnet's network, and not too many."""
    for group in groups:
        if group.vpc != subnet.vpc:
            raise InvalidParameter(
                f"Security group {group.id} and subnet {subnet.id} belong to different networks."
            )
    ids = list(dict.fromkeys(group.id for group in groups))
    if len(ids) > MOST_GROUPS:
        raise SecurityGroupsPerInterfaceLimitExceeded
    return ids


async def _addresses(call: Ec2Call, given: Request, subnet: Subnet, most: int) -> list[str]:
    asked = given.get("PrivateIpAddress")
    if asked:
        if most > 1:
            raise InvalidParameterCombination(
                "The parameter privateIpAddress cannot be used when more than one instance is "
                "launched"
            )
        await private_addresses.require_free(call, subnet, asked)
        return [asked]
    return await private_addresses.free(call, subnet, most)


def enough(card: Card, least: int) -> int:
    """For how many instances there are addresses; at least so many, or it raises."""
    if len(card.addresses) < least:
        raise InsufficientFreeAddressesInSubnet(
            f"There are not enough free addresses in subnet '{card.subnet.id}' to satisfy the "
            "requested number of instances."
        )
    return len(card.addresses)

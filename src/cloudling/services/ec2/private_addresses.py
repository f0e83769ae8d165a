"""Private addresses of a subnet: which are free, and the names that they have.

https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cloudling.services.ec2.errors import InvalidIpAddressInUse, InvalidParameterValue

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.records import Subnet

# The network's own, the router's, the resolver's, and one kept for later.
_FIRST = 4
# Beside them the broadcast address.
RESERVED = 5
_HOME = "us-east-1"


async def used(call: Ec2Call, subnet: str) -> set[str]:
    return {card.address for card in await call.network_interfaces.find(subnet=subnet)}


async def free(call: Ec2Call, subnet: Subnet, most: int) -> list[str]:
    """Free addresses by chance, as many as are asked for and there are."""
    taken = await used(call, subnet.id)
    network = ipaddress.IPv4Network(subnet.cidr)
    first, count = int(network.network_address) + _FIRST, network.num_addresses - RESERVED
    room = min(most, count - len(taken))
    found: dict[str, None] = {}
    while len(found) < room:
        address = str(ipaddress.IPv4Address(first + call.random.randrange(count)))
        if address not in taken:
            found[address] = None
    return list(found)


async def require_free(call: Ec2Call, subnet: Subnet, asked: str) -> None:
    """The address is one of the subnet's that nobody has."""
    network = ipaddress.IPv4Network(subnet.cidr)
    try:
        address = ipaddress.IPv4Address(asked)
    except ValueError:
        raise InvalidParameterValue(
            f"Value ({asked}) for parameter address is invalid. Invalid IPv4 address"
        ) from None
    if address not in network:
        raise InvalidParameterValue("Address does not fall within the subnet's address range")
    place = int(address) - int(network.network_address)
    if not _FIRST <= place < network.num_addresses - 1:
        raise InvalidParameterValue("Address is in subnet's reserved address range")
    if asked in await used(call, subnet.id):
        raise InvalidIpAddressInUse(f"Address {asked} is in use.")


def resolver(block: str) -> str:
    """The address within a VPC at which names are asked for."""
    return str(ipaddress.IPv4Network(block).network_address + 2)


def domain(region: str) -> str:
    """What private names of a region end with."""
    return "ec2.internal" if region == _HOME else f"{region}.compute.internal"


def private_name(address: str, region: str) -> str:
    return f"ip-{address.replace('.', '-')}.{domain(region)}"


def public_name(address: str, region: str) -> str:
    where = "compute-1" if region == _HOME else f"{region}.compute"
    return f"ec2-{address.replace('.', '-')}.{where}.amazonaws.com"

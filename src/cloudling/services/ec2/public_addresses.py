"""Public addresses: loopback addresses of this machine, one interface's each while it has it.

They come from the carrier's block; without a carrier nobody gets one.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cloudling.services.ec2.instance_records import PublicAddress

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call

_LAST_OCTET = 255


async def allot(call: Ec2Call, interface: str) -> str:
    """A free address, by chance, that is the interface's from now on; "" where there is none."""
    carrier = call.cloud.carrier
    if carrier is None:
        return ""
    network = ipaddress.IPv4Network(carrier.block)
    first, count = int(network.network_address), network.num_addresses
    # A /16 is never nearly full: there are far fewer machines than addresses.
    for _ in range(count):
        number = first + call.random.randrange(count)
        address = str(ipaddress.IPv4Address(number))
        if number % 256 in (0, _LAST_OCTET):
            continue
        if await call.public_addresses.get(address) is None:
            await call.public_addresses.put(
                PublicAddress(
                    address=address,
                    account=call.account,
                    region=call.region,
                    interface=interface,
                )
            )
            return address
    return ""


async def release(call: Ec2Call, address: str) -> None:
    """Nobody's any more; "" is no address."""
    if address:
        await call.public_addresses.delete(address)


def is_ours(call: Ec2Call, address: str) -> bool:
    """Whether an address is one that the carrier can still carry."""
    carrier = call.cloud.carrier
    if carrier is None:
        return False
    return ipaddress.IPv4Address(address) in ipaddress.IPv4Network(carrier.block)

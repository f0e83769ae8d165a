"""Who is served where: in each network, in each machine's own space, and beyond the gateways."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cloudling.drivers.carrier.calls import Certificates, Door
from cloudling.drivers.carrier.egress import Egress
from cloudling.drivers.carrier.metadata.doors import METADATA_ADDRESS, METADATA_PORT, Attendant
from cloudling.drivers.carrier.names.doors import RESOLVER_PORT, Resolver
from cloudling.drivers.carrier.places import Stall
from cloudling.drivers.namespaces.departures import EGRESS_ADDRESS, EGRESS_PORT, ENDPOINT_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloudling.drivers.carrier.messages import Terms
    from cloudling.drivers.carrier.names.codec import Found
    from cloudling.kernel.attendance import InstanceMetadata

    Find = Callable[[str], Found | None]
    Holder = Callable[[str, str], InstanceMetadata | None]

_LOOPBACK = "127.0.0.1"
_PLAIN, _SECURE = 80, 443


def of_network(
    name: str, resolvers: Sequence[str], terms: Terms, find: tuple[Find, Holder]
) -> list[Stall]:
    """Metadata, and the network's names at its resolvers; what they find changes meanwhile."""
    find_name, holder = find
    attendant = Attendant(name, holder, terms.key)
    resolver = Resolver(find_name, asks_host=terms.internet)
    stalls = [Stall(METADATA_ADDRESS, METADATA_PORT, attendant.serve)]
    for address in resolvers:
        stalls += [
            Stall(address, RESOLVER_PORT, resolver.datagrams, "datagram"),
            Stall(address, RESOLVER_PORT, resolver.stream),
        ]
    return stalls


def of_machine(terms: Terms, seen: Callable[[], str]) -> list[Stall]:
    """The cloud's own port; `seen` is the address that the machine's calls come from."""
    door = Door(terms.door)
    return [Stall(_LOOPBACK, terms.port, lambda guests: door.within(guests, seen, terms.port))]


def beyond_gateways(terms: Terms) -> list[Stall]:
    """AWS's own names, and the way to the internet where there is one."""
    door = Door(terms.door)
    stalls = [Stall(ENDPOINT_ADDRESS, _PLAIN, partial(door.beyond, port=_PLAIN))]
    if terms.authority:
        entrance = Certificates(terms.authority).entrance
        serve = partial(door.beyond, port=_SECURE)
        stalls.append(Stall(ENDPOINT_ADDRESS, _SECURE, serve, security=entrance))
    if terms.internet:
        stalls.append(Stall(EGRESS_ADDRESS, EGRESS_PORT, Egress().serve))
    return stalls

"""A network: one router that all its interfaces hang on, without a bridge.

Each interface is a veth pair with a route of its own; within a subnet the router answers for the
others (proxy ARP), so that packets between neighbours pass its rules too, as they do on AWS.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloudling.drivers.namespaces.departures import (
    EGRESS_ADDRESS,
    ENDPOINT_ADDRESS,
    Departures,
)
from cloudling.drivers.namespaces.firewalls import GATEWAY, Firewall
from cloudling.drivers.namespaces.netlink import links, routes
from cloudling.drivers.namespaces.netlink.links import End
from cloudling.drivers.namespaces.netlink.routes import BLACKHOLE, Route
from cloudling.drivers.namespaces.spaces import Space

if TYPE_CHECKING:
    from cloudling.drivers.namespaces.messages import EnsureInterface, EnsureRouter

INTERNET = "internet"
# What networks and their guests see as the host (RFC 2544's range, routed nowhere), and the far
# end of every gateway.
HOST_ADDRESS = "198.18.0.1"
_GATEWAY_ADDRESS = "198.18.0.2"
_BEYOND = (HOST_ADDRESS, ENDPOINT_ADDRESS, EGRESS_ADDRESS)
_LAST_RESORT = 4000
# The ends of a pair have different indices: those that have not wait a second for their carrier.
_GATEWAY_INDEX = 1000
_FIRST_INDEX = 1001
_MTU = 9001  # as within a VPC on AWS
_EVERYWHERE = "0.0.0.0/0"
_ROUTING = {
    "ipv4/ip_forward": "1",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/default/send_redirects": "0",
    "ipv4/conf/default/proxy_arp": "1",
    "ipv4/conf/default/route_localnet": "1",
    "ipv6/conf/all/disable_ipv6": "1",
    "ipv6/conf/default/disable_ipv6": "1",
}
_LINK_LOCAL = ipaddress.ip_network("169.254.0.0/16")


class Internet:
    """What lies beyond the gateways: public addresses, and the host's sockets that reach them."""

    def __init__(self, home: int) -> None:
        self.space = Space(INTERNET, home)
        self.space.write_settings(_ROUTING | {"ipv4/conf/default/proxy_arp": "0"})
        self.space.raise_loopback()
        self.space.request(
            *(links.add_address(links.LOOPBACK, each, 32) for each in _BEYOND),
            routes.add_route(Route(to=_EVERYWHERE, kind=BLACKHOLE, metric=_LAST_RESORT)),
        )
        self.departures = Departures(self.space.open_table("beyond"))
        self._own = set(_BEYOND)

    def appear(self, address: str) -> None:
        """Have the host's connections come from this address too."""
        if address not in self._own:
            self.space.request(links.add_address(links.LOOPBACK, address, 32))
            self._own.add(address)

    def close(self) -> None:
        self.departures.close()
        self.space.close()


@dataclass(slots=True)
class Attached:
    """An interface as it hangs on its router."""

    wanted: EnsureInterface
    device: str
    index: int
    space: Space


class Router:
    """One network's namespace, its routes and its packet rules."""

    def __init__(self, wanted: EnsureRouter, number: int, home: int) -> None:
        self.wanted = wanted
        self.interfaces: dict[str, Attached] = {}
        self.public: dict[str, str] = {}
        self._number = number
        self._made = 0
        self._gateway: tuple[int, Internet] | None = None
        self.space = Space(wanted.name, home)
        try:
            self.space.write_settings(_ROUTING)
            self.space.raise_loopback()
            self.firewall = Firewall(self.space.open_table("vpc"))
            default = Route(to=_EVERYWHERE, kind=BLACKHOLE, metric=_LAST_RESORT)
            self._announce(set(), _own_addresses(wanted))
            self.space.request(
                links.add_address(links.LOOPBACK, _GATEWAY_ADDRESS, 32), routes.add_route(default)
            )
            self._close_blocks(set(), set(wanted.blocks))
        except (OSError, ValueError):
            self.space.close()
            raise

    def change(self, wanted: EnsureRouter) -> None:
        """Take other blocks, subnets and services."""
        self._announce(_own_addresses(self.wanted), _own_addresses(wanted))
        self._close_blocks(set(self.wanted.blocks), set(wanted.blocks))
        if wanted.host == self.wanted.host:
            self.wanted = wanted
            return
        public = self.public
        self.set_public({})
        self.wanted = wanted
        self.set_public(public)

    def _announce(self, was: set[str], shall: set[str]) -> None:
        lo = links.LOOPBACK
        self.space.request(
            *(links.delete_address(lo, each, 32) for each in sorted(was - shall)),
            *(links.add_address(lo, each, 32) for each in sorted(shall - was)),
        )

    def _close_blocks(self, was: set[str], shall: set[str]) -> None:
        """Addresses that no interface has answer nothing, as on AWS."""

        def closed(block: str) -> Route:
            return Route(to=block, kind=BLACKHOLE, metric=_LAST_RESORT)

        self.space.request(
            *(routes.delete_route(closed(each)) for each in sorted(was - shall)),
            *(routes.add_route(closed(each)) for each in sorted(shall - was)),
        )

    def attach_gateway(self, internet: Internet) -> None:
        """Lead all other addresses out, through an internet gateway."""
        if self._gateway is not None:
            return
        far = End(f"gw{self._number}", mtu=_MTU, index=_FIRST_INDEX + self._number)
        near = End(GATEWAY, mtu=_MTU, index=_GATEWAY_INDEX)
        self.space.request(links.add_veth(near, far, internet.space.descriptor))
        self._gateway = (far.index, internet)
        internet.space.request(links.set_up(far.index))
        out = Route(to=_EVERYWHERE, device=near.index, via=HOST_ADDRESS, onlink=True)
        self.space.request(links.set_up(near.index), routes.add_route(out))
        internet.space.require_carrier(far.index)

    def detach_gateway(self) -> None:
        if self._gateway is not None:
            self._gateway = None
            self.space.request(links.delete_link(_GATEWAY_INDEX))

    def set_public(self, public: dict[str, str]) -> None:
        """Lead these public addresses to the private ones behind them, and no others."""
        if self._gateway is None:
            if public:
                raise ValueError(f"{self.wanted.name} has no gateway.")
            self.public = {}
            return
        far, internet = self._gateway
        internet.appear(self.wanted.host)
        self.firewall.set_public(public)
        gone = sorted(set(self.public) - set(public))
        new = sorted(set(public) - set(self.public))
        self.public = dict(public)
        internet.departures.change(gone, new)
        internet.space.request(
            *(routes.delete_route(_inward(each, far, self.wanted.host)) for each in gone),
            *(routes.add_route(_inward(each, far, self.wanted.host)) for each in new),
        )

    def attach(self, wanted: EnsureInterface, space: Space) -> None:
        """Hang an interface on the router; nothing of it stays when that fails."""
        self._require_own(wanted)
        self._made += 1
        device, index = f"e{self._made}", _FIRST_INDEX + self._made
        guest = End(f"eth{wanted.device}", wanted.mac, _MTU)
        near = End(device, mtu=_MTU, index=index)
        self.space.request(links.add_veth(near, guest, space.descriptor))
        try:
            self.space.write_settings({f"ipv4/neigh/{device}/proxy_delay": "0"})
            self.firewall.ensure_interface(device, wanted)
            self.space.request(links.set_up(index))
            self._lead(index, set(), set(wanted.addresses))
            _set_guest_up(space, wanted)
            self.space.require_carrier(index)
        except (OSError, ValueError):
            self.firewall.remove_interface(device)
            self.space.request(links.delete_link(index))
            raise
        self.interfaces[wanted.name] = Attached(wanted, device, index, space)

    def change_interface(self, wanted: EnsureInterface) -> None:
        """Give an interface other groups, addresses or another source check while it carries."""
        self._require_own(wanted)
        attached = self.interfaces[wanted.name]
        was, shall = set(attached.wanted.addresses), set(wanted.addresses)
        self.firewall.ensure_interface(attached.device, wanted)
        self._lead(attached.index, was, shall)
        _change_guest(attached.space, wanted, was)
        attached.wanted = wanted

    def detach(self, name: str) -> Space:
        """Take an interface off; the space it was in stays."""
        attached = self.interfaces[name]
        self.firewall.remove_interface(attached.device)
        if self.has_link(name):
            self.space.request(links.delete_link(attached.index))
        del self.interfaces[name]
        return attached.space

    def has_link(self, name: str) -> bool:
        """Whether the pair is still there: a guest's root may delete its end, and so both."""
        return self.space.index_of(self.interfaces[name].device) is not None

    def _require_own(self, wanted: EnsureInterface) -> None:
        if wanted.subnet not in self.wanted.subnets:
            raise ValueError(f"{self.wanted.name} has no subnet {wanted.subnet}.")
        network = ipaddress.ip_network(wanted.subnet)
        taken = {
            address
            for name, attached in self.interfaces.items()
            if name != wanted.name
            for address in attached.wanted.addresses
        } | _own_addresses(self.wanted)
        for address in wanted.addresses:
            if ipaddress.ip_address(address) not in network:
                raise ValueError(f"{address} is not in the subnet {wanted.subnet}.")
            if address in taken:
                raise FileExistsError(17, f"{address} is in use in {self.wanted.name}.")

    def _lead(self, index: int, was: set[str], shall: set[str]) -> None:
        self.space.request(
            *(routes.delete_route(Route(to=f"{each}/32", device=index)) for each in was - shall),
            *(routes.add_route(Route(to=f"{each}/32", device=index)) for each in shall - was),
        )

    def close(self) -> None:
        self.set_public({})
        self.detach_gateway()
        self.firewall.close()
        self.space.close()


def _own_addresses(wanted: EnsureRouter) -> set[str]:
    """What the router itself answers to: the first host of each subnet, and what is served."""
    gateways = {_first_host(subnet) for subnet in wanted.subnets}
    return gateways | set(wanted.services)


def _first_host(subnet: str) -> str:
    return str(ipaddress.ip_network(subnet)[1])


def _inward(public: str, device: int, host: str) -> Route:
    return Route(to=f"{public}/32", device=device, via=_GATEWAY_ADDRESS, source=host, onlink=True)


def _require_index(space: Space, device: str) -> int:
    index = space.index_of(device)
    if index is None:
        raise OSError(19, f"{device} is not in {space.name}.")
    return index


def _set_guest_up(space: Space, wanted: EnsureInterface) -> None:
    """The guest's own end: its addresses, and the way to the router and to what it serves."""
    index = _require_index(space, f"eth{wanted.device}")
    prefix = ipaddress.ip_network(wanted.subnet).prefixlen
    metric = 512 + wanted.device
    space.request(
        *(links.add_address(index, each, prefix) for each in wanted.addresses),
        links.set_up(index),
        routes.add_route(
            Route(to=_EVERYWHERE, device=index, via=_first_host(wanted.subnet), metric=metric)
        ),
        routes.add_route(Route(to=str(_LINK_LOCAL), device=index, metric=metric)),
    )


def _change_guest(space: Space, wanted: EnsureInterface, was: set[str]) -> None:
    index = _require_index(space, f"eth{wanted.device}")
    prefix = ipaddress.ip_network(wanted.subnet).prefixlen
    shall = set(wanted.addresses)
    space.request(
        *(links.delete_address(index, each, prefix) for each in sorted(was - shall)),
        *(links.add_address(index, each, prefix) for each in wanted.addresses if each not in was),
    )

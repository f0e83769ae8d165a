"""rtnetlink's links, addresses and neighbours.

https://docs.kernel.org/networking/netlink_spec/rt-link.html
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from dataclasses import dataclass

from cloudling.drivers.namespaces.netlink import wire
from cloudling.drivers.namespaces.netlink.wire import CREATE, EXCLUDE, REPLACE, Message

LOOPBACK = 1
UP = 0x1

_NEWLINK, _DELLINK, _GETLINK = 16, 17, 18
_NEWADDR, _DELADDR, _GETADDR = 20, 21, 22
_NEWNEIGH, _DELNEIGH, _GETNEIGH = 28, 29, 30
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_NEIGHBOUR = struct.Struct("=BxxxiHBB")

_IFLA_ADDRESS, _IFLA_NAME, _IFLA_MTU = 1, 3, 4
_IFLA_OPERSTATE, _IFLA_LINKINFO, _IFLA_NET_NS_FD = 16, 18, 28
# Unknown (of those, like lo, that have no cable) and up.
_CARRYING = {b"\0", b"\6"}
_INFO_KIND, _INFO_DATA, _VETH_PEER = 1, 2, 1
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_NDA_DST, _NDA_LLADDR = 1, 2
_PERMANENT = 0x80
_HOST = 254


@dataclass(frozen=True, slots=True)
class Link:
    """A network device as the kernel tells it."""

    index: int
    name: str
    is_up: bool
    carries: bool
    mac: str
    mtu: int


@dataclass(frozen=True, slots=True)
class LinkAddress:
    """An address on a device, by the device's index."""

    index: int
    address: str
    prefix: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Which MAC address stands for an IP address on a device."""

    index: int
    address: str
    mac: str


@dataclass(frozen=True, slots=True)
class End:
    """One end of a veth pair, as it shall be."""

    name: str
    mac: str = ""
    mtu: int = 0
    index: int = 0

    def encode(self) -> bytes:
        parts = wire.text(_IFLA_NAME, self.name)
        if self.mac:
            parts += wire.attribute(_IFLA_ADDRESS, _mac_bytes(self.mac))
        if self.mtu:
            parts += wire.u32(_IFLA_MTU, self.mtu)
        return parts


def add_veth(near: End, far: End, namespace: int) -> Message:
    """A pair whose far end lies in the network namespace of that descriptor."""
    peer = _LINK.pack(0, 0, far.index, 0, 0) + far.encode() + wire.u32(_IFLA_NET_NS_FD, namespace)
    data = wire.nested(_INFO_DATA, wire.attribute(_VETH_PEER, peer))
    info = wire.nested(_IFLA_LINKINFO, wire.attribute(_INFO_KIND, b"veth"), data)
    body = _LINK.pack(0, 0, near.index, 0, 0) + near.encode() + info
    return Message(_NEWLINK, CREATE | EXCLUDE, body)


def add_bridge(name: str) -> Message:
    info = wire.nested(_IFLA_LINKINFO, wire.attribute(_INFO_KIND, b"bridge"))
    body = _LINK.pack(0, 0, 0, 0, 0) + wire.text(_IFLA_NAME, name) + info
    return Message(_NEWLINK, CREATE | EXCLUDE, body)


def set_up(index: int) -> Message:
    return Message(_NEWLINK, 0, _LINK.pack(0, 0, index, UP, UP))


def delete_link(index: int) -> Message:
    return Message(_DELLINK, 0, _LINK.pack(0, 0, index, 0, 0))


def find_link(name: str) -> Message:
    return Message(_GETLINK, 0, _LINK.pack(0, 0, 0, 0, 0) + wire.text(_IFLA_NAME, name))


def get_link(index: int) -> Message:
    return Message(_GETLINK, 0, _LINK.pack(0, 0, index, 0, 0))


def all_links() -> Message:
    return Message(_GETLINK, 0, _LINK.pack(0, 0, 0, 0, 0))


def decode_link(message: Message) -> Link:
    _, _, index, flags, _ = _LINK.unpack_from(message.body)
    found = wire.attributes(message.body[_LINK.size :])
    return Link(
        index=index,
        name=wire.as_text(found.get(_IFLA_NAME, b"")),
        is_up=bool(flags & UP),
        carries=found.get(_IFLA_OPERSTATE) in _CARRYING,
        mac=found.get(_IFLA_ADDRESS, b"").hex(":"),
        mtu=wire.as_u32(found[_IFLA_MTU]) if _IFLA_MTU in found else 0,
    )


def _address_body(index: int, address: str, prefix: int) -> bytes:
    ip = ipaddress.ip_address(address)
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    parts = wire.attribute(_IFA_LOCAL, ip.packed) + wire.attribute(_IFA_ADDRESS, ip.packed)
    scope = _HOST if ip.is_loopback else 0
    return _ADDRESS.pack(family, prefix, 0, scope, index) + parts


def add_address(index: int, address: str, prefix: int) -> Message:
    return Message(_NEWADDR, CREATE | REPLACE, _address_body(index, address, prefix))


def delete_address(index: int, address: str, prefix: int) -> Message:
    return Message(_DELADDR, 0, _address_body(index, address, prefix))


def all_addresses() -> Message:
    return Message(_GETADDR, 0, _ADDRESS.pack(0, 0, 0, 0, 0))


def decode_address(message: Message) -> LinkAddress:
    _, prefix, _, _, index = _ADDRESS.unpack_from(message.body)
    found = wire.attributes(message.body[_ADDRESS.size :])
    packed = found.get(_IFA_LOCAL) or found[_IFA_ADDRESS]
    return LinkAddress(index, str(ipaddress.ip_address(packed)), prefix)


def _neighbour_body(index: int, address: str, mac: str) -> bytes:
    ip = ipaddress.ip_address(address)
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    parts = wire.attribute(_NDA_DST, ip.packed)
    if mac:
        parts += wire.attribute(_NDA_LLADDR, _mac_bytes(mac))
    return _NEIGHBOUR.pack(family, index, _PERMANENT, 0, 0) + parts


def add_neighbour(index: int, address: str, mac: str) -> Message:
    return Message(_NEWNEIGH, CREATE | REPLACE, _neighbour_body(index, address, mac))


def delete_neighbour(index: int, address: str) -> Message:
    return Message(_DELNEIGH, 0, _neighbour_body(index, address, ""))


def all_neighbours() -> Message:
    return Message(_GETNEIGH, 0, _NEIGHBOUR.pack(0, 0, 0, 0, 0))


def decode_neighbour(message: Message) -> Neighbour:
    _, index, _, _, _ = _NEIGHBOUR.unpack_from(message.body)
    found = wire.attributes(message.body[_NEIGHBOUR.size :])
    address = str(ipaddress.ip_address(found[_NDA_DST]))
    return Neighbour(index, address, found.get(_NDA_LLADDR, b"").hex(":"))


def _mac_bytes(mac: str) -> bytes:
    packed = bytes.fromhex(mac.replace(":", ""))
    if len(packed) != 6:
        raise ValueError(f"{mac} is no MAC address.")
    return packed

"""nf_tables' expressions: what a rule looks at, and what it does.

An expression loads into a register, compares one, or acts; all are tried in order, and the first
that does not match ends the rule. https://wiki.nftables.org/wiki-nftables/index.php/Main_Page
"""

from __future__ import annotations

import ipaddress
import struct
from enum import IntEnum

from cloudling.drivers.namespaces.netlink import wire

DROP = 0
ACCEPT = 1
JUMP = -3
GOTO = -4
RETURN = -5

VALUE = 1
VERDICT = 2

_VERDICT_REGISTER = 0
_REGISTER = 1
_NETWORK_HEADER, _TRANSPORT_HEADER = 1, 2
_IPV4, _IPV6 = 2, 10
_ESTABLISHED, _RELATED = 0x2, 0x4
_NAME_LENGTH = 16


class Meta(IntEnum):
    """What is known of a packet besides its bytes."""

    MARK = 3
    IIFNAME = 6
    OIFNAME = 7
    NFPROTO = 15
    L4PROTO = 16


class Test(IntEnum):
    """How a register is compared; bytes are ordered as the network orders them."""

    EQUAL = 0
    NOT_EQUAL = 1
    AT_MOST = 3
    AT_LEAST = 5


class Nat(IntEnum):
    """Which end of a connection is rewritten."""

    SOURCE = 0
    DESTINATION = 1


def expression(name: str, *parts: bytes) -> bytes:
    return wire.nested(1, wire.text(1, name), wire.nested(2, *parts))


def verdict_data(code: int, chain: str = "") -> bytes:
    """A verdict as the data of an element or an expression."""
    parts = [wire.be32(1, code)]
    if chain:
        parts.append(wire.text(2, chain))
    return wire.nested(VERDICT, *parts)


def value_data(value: bytes) -> bytes:
    return wire.attribute(VALUE, value)


def verdict(code: int, chain: str = "") -> bytes:
    data = wire.nested(2, verdict_data(code, chain))
    return expression("immediate", wire.be32(1, _VERDICT_REGISTER), data)


def accept() -> bytes:
    return verdict(ACCEPT)


def drop() -> bytes:
    return verdict(DROP)


def jump(chain: str) -> bytes:
    return verdict(JUMP, chain)


def back() -> bytes:
    """Go on behind the jump that led here."""
    return verdict(RETURN)


def counter() -> bytes:
    return expression("counter")


def compare(value: bytes, test: Test = Test.EQUAL) -> bytes:
    data = wire.nested(3, value_data(value))
    return expression("cmp", wire.be32(1, _REGISTER), wire.be32(2, test), data)


def load_meta(key: Meta) -> bytes:
    return expression("meta", wire.be32(2, key), wire.be32(1, _REGISTER))


def store_mark() -> bytes:
    return expression("meta", wire.be32(2, Meta.MARK), wire.be32(3, _REGISTER))


def load_payload(header: int, offset: int, length: int) -> bytes:
    return expression(
        "payload",
        wire.be32(1, _REGISTER),
        wire.be32(2, header),
        wire.be32(3, offset),
        wire.be32(4, length),
    )


def mask(value: bytes) -> bytes:
    """Keep the bits of the register that are set in `value`."""
    return expression(
        "bitwise",
        wire.be32(1, _REGISTER),
        wire.be32(2, _REGISTER),
        wire.be32(3, len(value)),
        wire.nested(4, value_data(value)),
        wire.nested(5, value_data(bytes(len(value)))),
    )


def lookup(name: str, *, is_absent: bool = False) -> bytes:
    """Match when the register is in the set; or when it is not."""
    parts = [wire.text(1, name), wire.be32(2, _REGISTER)]
    if is_absent:
        parts.append(wire.be32(5, 1))
    return expression("lookup", *parts)


def look_verdict_up(name: str) -> bytes:
    """Do what the verdict map says of the register; go on where it says nothing."""
    parts = [wire.text(1, name), wire.be32(2, _REGISTER), wire.be32(3, _VERDICT_REGISTER)]
    return expression("lookup", *parts)


def translate(name: str) -> bytes:
    """Replace the register by what the map holds for it; no match where it holds nothing."""
    parts = [wire.text(1, name), wire.be32(2, _REGISTER), wire.be32(3, _REGISTER)]
    return expression("lookup", *parts)


def nat(kind: Nat) -> bytes:
    """Rewrite the address to the one in the register."""
    return expression("nat", wire.be32(1, kind), wire.be32(2, _IPV4), wire.be32(3, _REGISTER))


def redirect(port: int) -> bytes:
    """Lead the connection to a port of this namespace."""
    load = expression(
        "immediate", wire.be32(1, _REGISTER), wire.nested(2, value_data(struct.pack(">H", port)))
    )
    return load + expression("redir", wire.be32(1, _REGISTER))


def lead_to(address: str, port: int) -> bytes:
    """Lead the connection to this address and port."""
    values = (ipaddress.IPv4Address(address).packed, struct.pack(">H", port))
    loads = (
        expression("immediate", wire.be32(1, register), wire.nested(2, value_data(value)))
        for register, value in enumerate(values, _REGISTER)
    )
    rewrite = expression(
        "nat",
        wire.be32(1, Nat.DESTINATION),
        wire.be32(2, _IPV4),
        wire.be32(3, _REGISTER),
        wire.be32(5, _REGISTER + 1),
    )
    return b"".join(loads) + rewrite


def log(group: int, prefix: str) -> bytes:
    """Copy the packet to the listeners of a group."""
    return expression("log", wire.attribute(1, struct.pack(">H", group)), wire.text(2, prefix))


def is_tracked() -> bytes:
    """Belongs to a connection that was let through before."""
    load = expression("ct", wire.be32(2, 0), wire.be32(1, _REGISTER))
    bits = struct.pack("=I", _ESTABLISHED | _RELATED)
    return load + mask(bits) + compare(bytes(4), Test.NOT_EQUAL)


def is_ipv4() -> bytes:
    return load_meta(Meta.NFPROTO) + compare(bytes([_IPV4]))


def is_protocol(number: int) -> bytes:
    return load_meta(Meta.L4PROTO) + compare(bytes([number]))


def device_name(name: str) -> bytes:
    """A device's name as a register holds it."""
    return name.encode().ljust(_NAME_LENGTH, b"\0")


def arrives_on(device: str) -> bytes:
    return load_meta(Meta.IIFNAME) + compare(device_name(device))


def leaves_on(device: str) -> bytes:
    return load_meta(Meta.OIFNAME) + compare(device_name(device))


def load_source() -> bytes:
    """The IPv4 source address."""
    return load_payload(_NETWORK_HEADER, 12, 4)


def load_destination() -> bytes:
    """The IPv4 destination address."""
    return load_payload(_NETWORK_HEADER, 16, 4)


def is_from(network: str) -> bytes:
    return _within(network, 12, 8)


def is_to(network: str) -> bytes:
    return _within(network, 16, 24)


def _within(network: str, offset4: int, offset6: int) -> bytes:
    """Nothing need be loaded for a whole family but the family itself."""
    found = ipaddress.ip_network(network)
    family, offset, length = (_IPV4, offset4, 4) if found.version == 4 else (_IPV6, offset6, 16)
    matches = load_meta(Meta.NFPROTO) + compare(bytes([family]))
    if not found.prefixlen:
        return matches
    matches += load_payload(_NETWORK_HEADER, offset, length)
    if found.prefixlen < found.max_prefixlen:
        matches += mask(found.netmask.packed)
    return matches + compare(found.network_address.packed)


def is_to_ports(low: int, high: int) -> bytes:
    load = load_payload(_TRANSPORT_HEADER, 2, 2)
    if low == high:
        return load + compare(struct.pack(">H", low))
    return (
        load
        + compare(struct.pack(">H", low), Test.AT_LEAST)
        + compare(struct.pack(">H", high), Test.AT_MOST)
    )


def is_icmp(kind: int, code: int) -> bytes:
    """ICMP's type, and its code unless that is -1."""
    matches = load_payload(_TRANSPORT_HEADER, 0, 1) + compare(bytes([kind]))
    if code >= 0:
        matches += load_payload(_TRANSPORT_HEADER, 1, 1) + compare(bytes([code]))
    return matches

"""rtnetlink's routes, and the rules that choose a table of them.

https://docs.kernel.org/networking/netlink_spec/rt-route.html
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from dataclasses import dataclass

from cloudling.drivers.namespaces.netlink import wire
from cloudling.drivers.namespaces.netlink.wire import CREATE, EXCLUDE, REPLACE, Message

MAIN = 254
LOCAL = 255
UNICAST = 1
BLACKHOLE = 6

_NEWROUTE, _DELROUTE, _GETROUTE = 24, 25, 26
_NEWRULE, _DELRULE, _GETRULE = 32, 33, 34
_HEAD = struct.Struct("=BBBBBBBBI")
_STATIC = 4
_UNIVERSE, _LINK_SCOPE = 0, 253
_ONLINK = 4
_TO_TABLE, _RULE_BLACKHOLE = 1, 6

_DST, _SRC, _OIF, _GATEWAY, _PRIORITY, _PREFSRC, _TABLE = 1, 2, 4, 5, 6, 7, 15
_IIFNAME, _FWMARK = 3, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where packets to a network go; `metric` orders routes to the same one."""

    to: str
    device: int = 0
    via: str = ""
    source: str = ""
    table: int = MAIN
    kind: int = UNICAST
    metric: int = 0
    onlink: bool = False

    def encode(self) -> bytes:
        network = ipaddress.ip_network(self.to)
        head = _HEAD.pack(
            socket.AF_INET if network.version == 4 else socket.AF_INET6,
            network.prefixlen,
            0,
            0,
            self.table if self.table < 256 else 0,
            _STATIC,
            _UNIVERSE if self.via or self.kind != UNICAST else _LINK_SCOPE,
            self.kind,
            _ONLINK if self.onlink else 0,
        )
        parts = [wire.u32(_TABLE, self.table)]
        if network.prefixlen:
            parts.append(wire.attribute(_DST, network.network_address.packed))
        if self.device:
            parts.append(wire.u32(_OIF, self.device))
        if self.via:
            parts.append(wire.attribute(_GATEWAY, ipaddress.ip_address(self.via).packed))
        if self.source:
            parts.append(wire.attribute(_PREFSRC, ipaddress.ip_address(self.source).packed))
        if self.metric:
            parts.append(wire.u32(_PRIORITY, self.metric))
        return head + b"".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRule:
    """Which table packets are looked up in; without one they are dropped silently."""

    priority: int
    table: int | None = None
    mark: int | None = None
    arriving_on: str = ""
    source: str = ""

    def encode(self) -> bytes:
        network = ipaddress.ip_network(self.source or "0.0.0.0/0")
        table = self.table or 0
        head = _HEAD.pack(
            socket.AF_INET if network.version == 4 else socket.AF_INET6,
            0,
            network.prefixlen,
            0,
            table if table < 256 else 0,
            0,
            0,
            _TO_TABLE if self.table is not None else _RULE_BLACKHOLE,
            0,
        )
        parts = [wire.u32(_PRIORITY, self.priority)]
        if network.prefixlen:
            parts.append(wire.attribute(_SRC, network.network_address.packed))
        if self.mark is not None:
            parts.append(wire.u32(_FWMARK, self.mark))
        if self.arriving_on:
            parts.append(wire.text(_IIFNAME, self.arriving_on))
        if self.table is not None:
            parts.append(wire.u32(_TABLE, self.table))
        return head + b"".join(parts)


def add_route(route: Route) -> Message:
    return Message(_NEWROUTE, CREATE | REPLACE, route.encode())


def delete_route(route: Route) -> Message:
    return Message(_DELROUTE, 0, route.encode())


def all_routes() -> Message:
    return Message(_GETROUTE, 0, _HEAD.pack(0, 0, 0, 0, 0, 0, 0, 0, 0))


def decode_route(message: Message) -> Route:
    family, length, _, _, table, _, _, kind, flags = _HEAD.unpack_from(message.body)
    found = wire.attributes(message.body[_HEAD.size :])
    nothing = bytes(4 if family == socket.AF_INET else 16)
    to = ipaddress.ip_address(found.get(_DST, nothing))
    return Route(
        to=f"{to}/{length}",
        device=wire.as_u32(found[_OIF]) if _OIF in found else 0,
        via=_address(found.get(_GATEWAY)),
        source=_address(found.get(_PREFSRC)),
        table=wire.as_u32(found[_TABLE]) if _TABLE in found else table,
        kind=kind,
        metric=wire.as_u32(found[_PRIORITY]) if _PRIORITY in found else 0,
        onlink=bool(flags & _ONLINK),
    )


def add_rule(rule: RoutingRule) -> Message:
    return Message(_NEWRULE, CREATE | EXCLUDE, rule.encode())


def delete_rule(rule: RoutingRule) -> Message:
    return Message(_DELRULE, 0, rule.encode())


def all_rules() -> Message:
    return Message(_GETRULE, 0, _HEAD.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0))


def decode_rule(message: Message) -> RoutingRule:
    _, _, length, _, table, _, _, action, _ = _HEAD.unpack_from(message.body)
    found = wire.attributes(message.body[_HEAD.size :])
    return RoutingRule(
        priority=wire.as_u32(found[_PRIORITY]) if _PRIORITY in found else 0,
        table=(wire.as_u32(found[_TABLE]) if _TABLE in found else table)
        if action == _TO_TABLE
        else None,
        mark=wire.as_u32(found[_FWMARK]) if _FWMARK in found else None,
        arriving_on=wire.as_text(found.get(_IIFNAME, b"")),
        source=f"{_address(found[_SRC])}/{length}" if _SRC in found else "",
    )


def _address(packed: bytes | None) -> str:
    return str(ipaddress.ip_address(packed)) if packed else ""

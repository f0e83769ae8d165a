"""Netlink's form on the wire, without a kernel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.drivers.namespaces.netlink import wire
from cloudling.drivers.namespaces.netlink.links import End, add_veth
from cloudling.drivers.namespaces.netlink.routes import (
    Route,
    RoutingRule,
    add_route,
    add_rule,
    decode_route,
    decode_rule,
)
from cloudling.drivers.namespaces.netlink.wire import Message, Truncated

KINDS = st.integers(0, 0x3FFF)
ADDRESSES = st.ip_addresses(v=4).map(str)


@given(st.lists(st.tuples(KINDS, st.binary(max_size=300))))
def test_attributes_come_back(pairs: list[tuple[int, bytes]]) -> None:
    encoded = b"".join(wire.attribute(kind, value) for kind, value in pairs)
    assert len(encoded) % 4 == 0
    assert list(wire.each_attribute(encoded)) == pairs


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=100))))
def test_messages_come_back(said: list[tuple[int, bytes]]) -> None:
    messages = [Message(kind, 0, body) for kind, body in said]
    encoded = b"".join(message.encode(number) for number, message in enumerate(messages))
    assert list(wire.each_message(encoded)) == list(enumerate(messages))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (wire.each_attribute, wire.each_message):
        try:
            list(read(data))
        except Truncated:
            continue


def test_what_ends_too_early_is_refused() -> None:
    with pytest.raises(Truncated):
        list(wire.each_attribute(wire.attribute(1, b"12345678")[:8]))
    with pytest.raises(Truncated):
        list(wire.each_message(Message(1, 0, b"12345678").encode(1)[:20]))


def test_an_attribute_has_its_largest_size() -> None:
    with pytest.raises(ValueError, match="65535 are the most"):
        wire.attribute(1, bytes(65532))


def test_nested_attributes_are_marked_and_found() -> None:
    encoded = wire.nested(7, wire.text(1, "eth0"), wire.be32(2, -3))
    assert encoded[3] & 0x80
    inner = wire.attributes(wire.attributes(encoded)[7])
    assert wire.as_text(inner[1]) == "eth0"
    assert wire.as_be32(inner[2]) == 0xFFFFFFFD


@given(
    st.ip_addresses(v=4).map(lambda address: f"{address}/32"),
    st.integers(0, 2**31),
    ADDRESSES,
    st.integers(1, 2**31),
)
def test_routes_come_back(to: str, device: int, via: str, table: int) -> None:
    route = Route(to=to, device=device, via=via, table=table, metric=7, onlink=True)
    assert decode_route(add_route(route)) == route


@given(st.integers(0, 2**31), st.integers(0, 2**31), st.sampled_from(["", "igw", "e1"]))
def test_rules_come_back(mark: int, priority: int, arriving_on: str) -> None:
    rule = RoutingRule(priority=priority, table=1000, mark=mark, arriving_on=arriving_on)
    assert decode_rule(add_rule(rule)) == rule


def test_a_wrong_mac_is_refused() -> None:
    with pytest.raises(ValueError, match="no MAC"):
        add_veth(End("a", mac="02:00"), End("b"), 0)

"""What is tried within namespaces: our netlink messages, and what the kernel's tables hold."""

from __future__ import annotations

import errno
import struct

import pytest

from cloudling.drivers.namespaces.netlink import expressions as e
from cloudling.drivers.namespaces.netlink import links, routes
from cloudling.drivers.namespaces.netlink.links import End
from cloudling.drivers.namespaces.netlink.routes import BLACKHOLE, Route, RoutingRule
from cloudling.drivers.namespaces.netlink.sockets import NetlinkError
from cloudling.drivers.namespaces.netlink.tables import (
    ADDRESS,
    DEVICE,
    MARK,
    TO_VERDICT,
    Base,
    Element,
    Hook,
    Table,
)
from cloudling.drivers.namespaces.spaces import Space, open_own


def make_links() -> None:
    home = open_own()
    near, far = Space("near", home), Space("far", home)
    mac = "02:00:00:00:00:07"
    pair = links.add_veth(End("e1", index=1001), End("eth0", mac, 9001), far.descriptor)
    near.request(pair, links.add_bridge("b1"))
    guest = links.decode_link(far.routing.ask(links.find_link("eth0")))
    assert (guest.name, guest.mac, guest.mtu, guest.is_up) == ("eth0", mac, 9001, False)
    near.request(links.set_up(1001))
    far.request(links.set_up(guest.index))
    for space, index in ((near, 1001), (far, guest.index)):
        space.require_carrier(index)
    names = {
        link.name: link.is_up
        for link in map(links.decode_link, near.routing.dump(links.all_links()))
    }
    assert names == {"lo": False, "e1": True, "b1": False}
    assert near.index_of("e1") == 1001
    assert near.index_of("eth0") is None
    near.request(links.delete_link(1001))
    assert far.index_of("eth0") is None
    near.close()
    far.close()


def make_ways() -> None:
    space = Space("ways", open_own())
    space.raise_loopback()
    space.request(links.add_bridge("b1"))
    bridge = space.index_of("b1")
    assert bridge
    space.request(
        links.set_up(bridge),
        links.add_address(bridge, "10.0.0.1", 24),
        links.add_neighbour(bridge, "10.0.0.9", "02:00:00:00:00:09"),
        routes.add_route(Route(to="10.1.0.0/16", device=bridge, via="10.0.0.7", metric=5)),
        routes.add_route(Route(to="10.2.0.0/16", kind=BLACKHOLE, table=1000)),
        routes.add_rule(RoutingRule(priority=150, table=1000, mark=7, source="10.3.0.0/16")),
        routes.add_rule(RoutingRule(priority=160, arriving_on="igw")),
    )
    held = [links.decode_address(each) for each in space.routing.dump(links.all_addresses())]
    assert {(each.address, each.prefix) for each in held if "." in each.address} == {
        ("127.0.0.1", 16),
        ("10.0.0.1", 24),
    }
    known = [routes.decode_route(each) for each in space.routing.dump(routes.all_routes())]
    assert Route(to="10.1.0.0/16", device=bridge, via="10.0.0.7", metric=5) in known
    assert Route(to="10.2.0.0/16", kind=BLACKHOLE, table=1000) in known
    ruled = [routes.decode_rule(each) for each in space.routing.dump(routes.all_rules())]
    assert RoutingRule(priority=150, table=1000, mark=7, source="10.3.0.0/16") in ruled
    assert RoutingRule(priority=160, arriving_on="igw") in ruled
    near = [links.decode_neighbour(each) for each in space.routing.dump(links.all_neighbours())]
    assert ("10.0.0.9", "02:00:00:00:00:09") in {(each.address, each.mac) for each in near}
    space.request(
        links.delete_neighbour(bridge, "10.0.0.9"),
        routes.delete_rule(RoutingRule(priority=160, arriving_on="igw")),
        routes.delete_route(Route(to="10.1.0.0/16", device=bridge, via="10.0.0.7", metric=5)),
        links.delete_address(bridge, "10.0.0.1", 24),
    )
    known = [routes.decode_route(each) for each in space.routing.dump(routes.all_routes())]
    assert "10.1.0.0/16" not in {route.to for route in known}
    space.close()


def be_refused() -> None:
    space = Space("refused", open_own())
    with pytest.raises(NetlinkError) as refusal:
        space.request(links.set_up(99))
    assert refusal.value.errno == errno.ENODEV
    with pytest.raises(NetlinkError) as refusal:
        space.request(links.add_bridge("a-name-that-is-too-long"))
    assert refusal.value.errno in {errno.EINVAL, errno.ERANGE}
    # One that is refused does not keep those around it from being done.
    with pytest.raises(NetlinkError):
        space.request(links.add_bridge("b1"), links.set_up(99), links.add_bridge("b2"))
    assert space.index_of("b1")
    assert space.index_of("b2")
    space.close()


def make_tables() -> None:
    space = Space("tables", open_own())
    table = space.open_table("t")
    table.create()
    table.add_set("members", ADDRESS)
    table.add_map("marks", DEVICE, MARK)
    table.add_map("ways", DEVICE, TO_VERDICT)
    table.add_chain("own")
    table.add_chain("base", Base(Hook.OUTPUT, 0, e.ACCEPT))
    table.add_elements("members", [Element(bytes([10, 0, 0, 1])), Element(bytes([10, 0, 0, 2]))])
    seven = struct.pack("=I", 7)
    table.add_elements("marks", [Element(e.device_name("e1"), e.value_data(seven))])
    jump = Element(e.device_name("e1"), e.verdict_data(e.JUMP, "own"))
    table.add_elements("ways", [jump])
    table.add_rule("own", e.is_from("10.0.0.0/8"), e.counter(), e.drop())
    table.add_rule("base", e.load_meta(e.Meta.OIFNAME), e.look_verdict_up("ways"))
    table.add_rule("base", e.is_protocol(17), e.is_to_ports(5, 9), e.log(5, "refused"), e.back())
    table.add_rule("base", e.is_from("fd00::/8"), e.is_protocol(58), e.is_icmp(8, -1), e.accept())
    table.add_rule("base", e.load_meta(e.Meta.IIFNAME), e.translate("marks"), e.store_mark())
    table.commit()
    read_tables(table)
    table.delete()
    table.commit()
    assert table.chains() == []
    table.close()
    space.close()


def read_tables(table: Table) -> None:
    assert table.chains() == ["own", "base"]
    assert table.sets() == ["members", "marks", "ways"]
    assert {each.key for each in table.elements("members")} == {
        bytes([10, 0, 0, 1]),
        bytes([10, 0, 0, 2]),
    }
    assert table.elements("marks") == [Element(e.device_name("e1"), struct.pack("=I", 7))]
    first, *_ = table.rules("own")
    assert first.expressions[-2:] == ("counter", "immediate")
    assert first.packets == 0
    assert len(table.rules("base")) == 4
    table.delete_elements("members", [bytes([10, 0, 0, 1])])
    table.flush_chain("base")
    table.commit()
    assert [each.key for each in table.elements("members")] == [bytes([10, 0, 0, 2])]
    assert table.rules("base") == []


def fail_in_the_midst() -> None:
    space = Space("atomic", open_own())
    table = space.open_table("t")
    table.create()
    table.add_chain("kept")
    table.commit()
    table.add_chain("lost")
    table.flush_chain("kept")
    table.add_rule("kept", e.jump("nowhere"))
    with pytest.raises(NetlinkError) as refusal:
        table.commit()
    assert refusal.value.errno == errno.ENOENT
    assert table.chains() == ["kept"]
    # Nothing of it is left over for the next batch.
    table.add_chain("second")
    table.commit()
    assert table.chains() == ["kept", "second"]
    table.close()
    space.close()

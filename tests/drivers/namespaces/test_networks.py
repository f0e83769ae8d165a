"""The contract of the port `Networks`: the fake keeps it as the kernel's networks do."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from cloudling.kernel.networks import (
    HOST_ADDRESS,
    INTERNET,
    Interface,
    Network,
    Rule,
    SecurityGroup,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.drivers.namespaces.conftest import Turn

    from cloudling.kernel.ports import Networks

SUBNET, OTHER_SUBNET = "172.31.0.0/20", "172.31.16.0/20"
METADATA, DNS = "169.254.169.254", "169.254.169.253"
TCP = 6
EVERYWHERE = "0.0.0.0"  # noqa: S104 - within a network namespace
# What is dropped never arrives, however long one waits; what is let through has all the time.
SHORT = 0.3
ALL = SecurityGroup("sg-all", (Rule(),), (Rule(),))
WEB = SecurityGroup("sg-web", (Rule(TCP, 80, 81),), (Rule(),))
APP = SecurityGroup("sg-app", (Rule(TCP, 8080, 8080, "sg-web"),), (Rule(),))
MUTE = SecurityGroup("sg-mute", (Rule(),), (Rule(TCP, 443, 443),))


def interface(name: str, last: int, *groups: str, **more: object) -> Interface:
    fields: dict[str, object] = {
        "router": "vpc-1",
        "subnet": SUBNET,
        "addresses": (f"172.31.0.{last}",),
        "groups": groups,
    }
    return Interface(name, **(fields | more))  # type: ignore[arg-type] - as the caller says


class World:
    """One default VPC: `a` and `c` are web servers, `b` is an application behind them."""

    def __init__(self, networks: Networks, turn: Turn) -> None:
        self.networks = networks
        self._turn = turn
        self._open: list[socket.socket] = []

    async def build(self) -> None:
        networks = self.networks
        await networks.ensure_network(
            Network("vpc-1", ("172.31.0.0/16",), (SUBNET, OTHER_SUBNET), (METADATA, DNS), True)
        )
        await networks.set_groups("vpc-1", [ALL, WEB, APP, MUTE])
        await networks.ensure_interface(interface("eni-a", 10, "sg-web"))
        await networks.ensure_interface(interface("eni-b", 11, "sg-app"))
        await networks.ensure_interface(
            interface("eni-c", 0, "sg-web", subnet=OTHER_SUBNET, addresses=("172.31.16.12",))
        )

    def listen(self, place: str, port: int, address: str = EVERYWHERE) -> socket.socket:
        made = self._turn(self.networks.listen(place, address, port))
        self._open.append(made)
        return made

    def outcome(
        self, place: str, address: str, port: int, *, source: str = "", patience: float = 30.0
    ) -> str:
        """`open`, `refused`, `dropped` (nothing came back) or `nowhere` (there is no way)."""
        return self._turn(self._attempt(place, address, port, source, patience))

    async def _attempt(
        self, place: str, address: str, port: int, source: str, patience: float
    ) -> str:
        try:
            made = await self.networks.connect(
                place, address, port, source=source, patience=patience
            )
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "dropped"
        except OSError:
            return "nowhere"
        made.close()
        return "open"

    def is_dropped(self, place: str, address: str, port: int, source: str = "") -> bool:
        return self.outcome(place, address, port, source=source, patience=SHORT) == "dropped"

    def close(self) -> None:
        for each in self._open:
            each.close()


@pytest.fixture
def world(networks: Networks, turn: Turn) -> Iterator[World]:
    made = World(networks, turn)
    turn(made.build())
    with contextlib.closing(made):
        yield made


def test_neighbours_in_a_subnet_meet_where_their_groups_allow(world: World) -> None:
    world.listen("eni-a", 80)
    world.listen("eni-a", 82)
    assert world.outcome("eni-b", "172.31.0.10", 80) == "open"
    assert world.outcome("eni-b", "172.31.0.10", 81) == "refused"
    assert world.is_dropped("eni-b", "172.31.0.10", 82)


def test_subnets_of_a_network_meet(world: World) -> None:
    world.listen("eni-c", 80)
    assert world.outcome("eni-a", "172.31.16.12", 80) == "open"


def test_an_address_that_nobody_has_answers_nothing(world: World) -> None:
    assert world.is_dropped("eni-a", "172.31.0.99", 80)


def test_a_group_may_be_named_in_place_of_a_block(world: World, turn: Turn) -> None:
    world.listen("eni-b", 8080)
    assert world.outcome("eni-a", "172.31.0.11", 8080) == "open"
    turn(world.networks.ensure_interface(interface("eni-d", 13, "sg-all")))
    assert world.is_dropped("eni-d", "172.31.0.11", 8080)
    turn(world.networks.ensure_interface(interface("eni-d", 13, "sg-all", "sg-web")))
    assert world.outcome("eni-d", "172.31.0.11", 8080) == "open"


def test_rules_change_while_packets_flow(world: World, turn: Turn) -> None:
    world.listen("eni-a", 5000)
    assert world.is_dropped("eni-b", "172.31.0.10", 5000)
    opened = SecurityGroup("sg-web", (Rule(TCP, 5000, 5000, "172.31.0.0/28"),), (Rule(),))
    turn(world.networks.set_groups("vpc-1", [opened]))
    assert world.outcome("eni-b", "172.31.0.10", 5000) == "open"
    assert world.is_dropped("eni-c", "172.31.0.10", 5000)
    turn(world.networks.set_groups("vpc-1", [WEB]))
    assert world.is_dropped("eni-b", "172.31.0.10", 5000)


def test_what_a_group_does_not_let_out_stays_in(world: World, turn: Turn) -> None:
    world.listen("eni-a", 80)
    turn(world.networks.ensure_interface(interface("eni-d", 13, "sg-mute")))
    assert world.is_dropped("eni-d", "172.31.0.10", 80)
    turn(world.networks.ensure_interface(interface("eni-d", 13, "sg-mute", "sg-all")))
    assert world.outcome("eni-d", "172.31.0.10", 80) == "open"


def test_without_a_group_nothing_enters_and_nothing_leaves(world: World, turn: Turn) -> None:
    world.listen("eni-a", 80)
    turn(world.networks.ensure_interface(interface("eni-d", 13)))
    turn(world.networks.ensure_interface(interface("eni-e", 14, "sg-unheard-of")))
    for name, address in (("eni-d", "172.31.0.13"), ("eni-e", "172.31.0.14")):
        assert world.is_dropped(name, "172.31.0.10", 80)
        assert world.is_dropped("eni-a", address, 80)


def test_an_open_connection_outlives_the_rule_that_let_it_in(world: World, turn: Turn) -> None:
    listener = world.listen("eni-a", 80)

    async def talk() -> bytes:
        loop = asyncio.get_running_loop()
        client = await world.networks.connect("eni-b", "172.31.0.10", 80)
        server, _ = await loop.sock_accept(listener)
        with client, server:
            await world.networks.set_groups("vpc-1", [SecurityGroup("sg-web")])
            await loop.sock_sendall(client, b"still here")
            return await loop.sock_recv(server, 100)

    assert turn(talk()) == b"still here"
    assert world.is_dropped("eni-b", "172.31.0.10", 80)


def test_a_forged_source_is_dropped(world: World, turn: Turn) -> None:
    world.listen("eni-a", 80)
    world.listen("vpc-1", 80, METADATA)
    assert world.is_dropped("eni-b", "172.31.0.10", 80, source="172.31.16.12")
    assert world.is_dropped("eni-b", METADATA, 80, source="172.31.0.10")
    both = interface("eni-b", 11, "sg-app", addresses=("172.31.0.11", "172.31.0.21"))
    turn(world.networks.ensure_interface(both))
    assert world.outcome("eni-b", "172.31.0.10", 80, source="172.31.0.21") == "open"


def test_metadata_answers_only_where_it_is_served(world: World) -> None:
    assert world.outcome("eni-a", METADATA, 80) == "refused"
    world.listen("vpc-1", 80, METADATA)
    assert world.outcome("eni-a", METADATA, 80) == "open"
    assert world.outcome("eni-b", METADATA, 80) == "open"
    assert world.outcome("eni-b", METADATA, 81) == "refused"


def test_groups_do_not_bind_what_the_cloud_serves(world: World, turn: Turn) -> None:
    world.listen("vpc-1", 80, METADATA)
    turn(world.networks.ensure_interface(interface("eni-d", 13)))
    assert world.outcome("eni-d", METADATA, 80) == "open"


def test_networks_do_not_see_each_other(world: World, turn: Turn) -> None:
    networks = world.networks

    async def build_another() -> None:
        await networks.ensure_network(Network("vpc-2", ("172.31.0.0/16",), (SUBNET,), (METADATA,)))
        await networks.set_groups("vpc-2", [ALL])
        twin = interface("eni-twin", 10, "sg-all", router="vpc-2")
        await networks.ensure_interface(twin)
        await networks.ensure_interface(interface("eni-x", 15, "sg-all", router="vpc-2"))

    turn(build_another())
    world.listen("eni-a", 80)
    world.listen("vpc-1", 80, METADATA)
    assert world.outcome("eni-x", "172.31.0.10", 80) == "refused"
    assert world.is_dropped("eni-x", "172.31.0.11", 80)
    assert world.outcome("eni-x", METADATA, 80) == "refused"
    world.listen("eni-twin", 80)
    assert world.outcome("eni-x", "172.31.0.10", 80) == "open"


def test_a_public_address_leads_to_the_private_one(world: World, turn: Turn) -> None:
    turn(world.networks.set_public("vpc-1", {"127.10.0.5": "172.31.0.10"}))
    world.listen("eni-a", 80)
    assert world.outcome(INTERNET, "127.10.0.5", 80) == "open"
    assert world.outcome(INTERNET, "127.10.0.5", 81) == "refused"
    assert world.is_dropped(INTERNET, "127.10.0.5", 82)
    turn(world.networks.set_public("vpc-1", {"127.10.0.6": "172.31.16.12"}))
    assert world.outcome(INTERNET, "127.10.0.5", 80) == "nowhere"
    assert world.outcome(INTERNET, "127.10.0.6", 80) == "refused"


def test_the_host_comes_from_the_address_that_its_network_gives_it(
    world: World, turn: Turn
) -> None:
    async def be(host: str) -> None:
        network = Network(
            "vpc-1", ("172.31.0.0/16",), (SUBNET, OTHER_SUBNET), (METADATA, DNS), True, host
        )
        await world.networks.ensure_network(network)
        await world.networks.set_public("vpc-1", {"127.10.0.5": "172.31.0.10"})

    office = Rule(6, 80, 80, "203.0.113.7/32")
    turn(world.networks.set_groups("vpc-1", [SecurityGroup("sg-web", (office,), (Rule(),))]))
    turn(be(HOST_ADDRESS))
    world.listen("eni-a", 80)
    assert world.is_dropped(INTERNET, "127.10.0.5", 80)
    turn(be("203.0.113.7"))
    assert world.outcome(INTERNET, "127.10.0.5", 80) == "open"
    turn(be(HOST_ADDRESS))
    assert world.is_dropped(INTERNET, "127.10.0.5", 80)


def test_only_those_with_a_public_address_leave(world: World, turn: Turn) -> None:
    world.listen(INTERNET, 8000, HOST_ADDRESS)
    assert world.is_dropped("eni-a", HOST_ADDRESS, 8000)
    turn(world.networks.set_public("vpc-1", {"127.10.0.5": "172.31.0.10"}))
    assert world.outcome("eni-a", HOST_ADDRESS, 8000) == "open"
    assert world.is_dropped("eni-b", HOST_ADDRESS, 8000)


def test_neighbours_meet_at_their_public_addresses(world: World, turn: Turn) -> None:
    public = {"127.10.0.5": "172.31.0.10", "127.10.0.7": "172.31.0.11"}
    turn(world.networks.set_public("vpc-1", public))
    world.listen("eni-a", 80)
    assert world.outcome("eni-b", "127.10.0.5", 80) == "open"
    assert world.is_dropped("eni-b", "127.10.0.5", 82)


def test_private_addresses_do_not_answer_from_outside(world: World, turn: Turn) -> None:
    world.listen("eni-a", 80)
    turn(world.networks.set_public("vpc-1", {"127.10.0.5": "172.31.0.10"}))
    for address in ("172.31.0.10", METADATA):
        assert world.outcome(INTERNET, address, 80) == "nowhere"


def test_interfaces_share_a_space(world: World, turn: Turn) -> None:
    first = interface("eni-d", 13, "sg-all", space="i-1")
    second = interface(
        "eni-e",
        0,
        "sg-all",
        space="i-1",
        device=1,
        subnet=OTHER_SUBNET,
        addresses=("172.31.16.14",),
    )
    turn(world.networks.ensure_interface(first))
    turn(world.networks.ensure_interface(second))
    world.listen("eni-a", 80)
    world.listen("i-1", 9000)
    assert world.outcome("i-1", "172.31.0.10", 80) == "open"
    assert world.outcome("eni-a", "172.31.0.13", 9000) == "open"
    turn(world.networks.remove_interface("eni-e"))
    assert world.outcome("eni-a", "172.31.0.13", 9000) == "open"


def test_said_twice_is_said_once(world: World, turn: Turn) -> None:
    turn(world.networks.set_public("vpc-1", {"127.10.0.5": "172.31.0.10"}))
    before = turn(world.networks.holdings())
    turn(world.build())
    turn(world.networks.set_public("vpc-1", {"127.10.0.5": "172.31.0.10"}))
    assert turn(world.networks.holdings()) == before
    assert {each.name for each in before.interfaces} == {"eni-a", "eni-b", "eni-c"}
    assert before.public == {"vpc-1": {"127.10.0.5": "172.31.0.10"}}
    assert set(before.groups["vpc-1"]) == {ALL, WEB, APP, MUTE}


def test_what_is_removed_is_gone(world: World, turn: Turn) -> None:
    networks = world.networks
    for _ in range(2):
        for name in ("eni-a", "eni-b", "eni-c"):
            turn(networks.remove_interface(name))
        turn(networks.set_groups("vpc-1", [], ["sg-app"]))
        turn(networks.set_groups("vpc-1", [], ["sg-all", "sg-web", "sg-mute"]))
    turn(networks.remove_network("vpc-1"))
    turn(networks.remove_network("vpc-1"))
    after = turn(networks.holdings())
    assert (after.routers, after.interfaces, after.groups, after.public) == ((), (), {}, {})
    turn(world.build())
    world.listen("eni-a", 80)
    assert world.outcome("eni-b", "172.31.0.10", 80) == "open"


def test_another_interface_takes_the_address_of_a_removed_one(world: World, turn: Turn) -> None:
    turn(world.networks.remove_interface("eni-a"))
    turn(world.networks.ensure_interface(interface("eni-new", 10, "sg-all")))
    world.listen("eni-new", 4000)
    assert world.outcome("eni-b", "172.31.0.10", 4000) == "open"


def test_refusals_name_what_stands_in_the_way(world: World, turn: Turn) -> None:
    networks = world.networks
    with pytest.raises(OSError, match="in use"):
        turn(networks.ensure_interface(interface("eni-d", 10)))
    with pytest.raises(OSError, match="not in"):
        turn(networks.ensure_interface(interface("eni-d", 0, addresses=("10.0.0.4",))))
    with pytest.raises(OSError, match="no subnet"):
        turn(networks.ensure_interface(interface("eni-d", 13, subnet="172.31.32.0/20")))
    with pytest.raises(OSError, match="has interfaces"):
        turn(networks.remove_network("vpc-1"))
    with pytest.raises(FileNotFoundError, match="vpc-9"):
        turn(networks.ensure_interface(interface("eni-d", 13, router="vpc-9")))
    with pytest.raises(FileNotFoundError, match="eni-none"):
        turn(networks.listen("eni-none", EVERYWHERE, 80))
    with pytest.raises(OSError, match=r"busy|in use"):
        turn(networks.set_groups("vpc-1", [], ["sg-web"]))
    assert len(turn(networks.holdings()).groups["vpc-1"]) == 4

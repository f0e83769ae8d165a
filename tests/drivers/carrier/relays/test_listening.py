"""Ports that programs listen on, as the kernel tells them from within a space."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from typing import TYPE_CHECKING

import pytest

from cloudling.drivers.carrier.relays.listening import Diagnoses
from cloudling.drivers.namespaces.client import Netd
from cloudling.drivers.namespaces.driver import probe
from cloudling.kernel.networks import DriverGone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.drivers.carrier.relays.conftest import Turn

SUBNET = "172.31.0.0/20"
OWN = "172.31.0.10"
WRAPPERS = {
    "own": (),
    "stranger": ("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"),
}


class NetdPlaces:
    """A netd with one interface, asked as the carrier asks it."""

    def __init__(self, netd: Netd) -> None:
        self.netd = netd
        self.diagnoses = 0

    async def connect(
        self, place: str, address: str, port: int, *, source: str = "", patience: float = 30.0
    ) -> socket.socket:
        made = await self.netd.socket_of(place=place)
        await asyncio.get_running_loop().sock_connect(made, (address, port))
        return made

    async def diagnose(self, place: str) -> socket.socket:
        self.diagnoses += 1
        return await self.netd.socket_of(place=place, kind="diag")


@pytest.fixture(params=list(WRAPPERS))
def places(request: pytest.FixtureRequest, tmp_path: Path, turn: Turn) -> Iterator[NetdPlaces]:
    wrapper = WRAPPERS[request.param]
    if wrapper and (os.getuid() or shutil.which(wrapper[0]) is None):
        pytest.skip("Only root becomes another user, with setpriv.")
    found = probe(wrapper)
    if not found:
        pytest.skip(found.reason)
    netd = turn(Netd.start(tmp_path / "netd", wrapper=wrapper))
    turn(build(netd))
    yield NetdPlaces(netd)
    turn(netd.stop())


async def build(netd: Netd) -> None:
    await netd.result_of("router ensure", name="vpc-1", blocks=[SUBNET], subnets=[SUBNET])
    await netd.result_of("eni ensure", name="eni-1", router="vpc-1", subnet=SUBNET, addresses=[OWN])


async def listen(places: NetdPlaces, address: str, port: int) -> socket.socket:
    return await places.netd.socket_of(place="eni-1", address=address, port=port, backlog=5)


def test_only_what_can_be_reached_from_without_counts(places: NetdPlaces, turn: Turn) -> None:
    async def story() -> None:
        asked = Diagnoses(places)
        wildcard = ".".join("0000")
        opened = [
            await listen(places, OWN, 22),
            await listen(places, wildcard, 5000),
            await listen(places, "127.0.0.1", 4566),
        ]
        assert await asked.ports("eni-1", OWN) == {22, 5000}
        assert await asked.ports("eni-1", "172.31.0.11") == {5000}
        for each in opened[:2]:
            each.close()
        assert await asked.ports("eni-1", OWN) == frozenset()
        assert await asked.ports("eni-1", OWN) == frozenset()
        # It has a listener of its own, so that it is no space of the past.
        assert places.diagnoses == 1
        for each in opened:
            each.close()
        assert await asked.ports("eni-1", OWN) == frozenset()
        asked.close()

    turn(story())


class OwnPlaces(NetdPlaces):
    """The space of the tests themselves."""

    def __init__(self) -> None:
        self.diagnoses = 0

    async def diagnose(self, place: str) -> socket.socket:
        return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 4)


def test_a_listener_of_ipv6_counts_where_it_takes_ipv4(turn: Turn) -> None:
    def listen_6(address: str, *, only_v6: bool) -> socket.socket:
        made = socket.socket(socket.AF_INET6)
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only_v6)
        made.bind((address, 0))
        made.listen(1)
        return made

    async def story() -> None:
        asked = Diagnoses(OwnPlaces())
        both, only = listen_6("::", only_v6=False), listen_6("::", only_v6=True)
        mapped = listen_6("::ffff:127.0.0.1", only_v6=False)
        with both, only, mapped:
            found = await asked.ports("eni-1", "127.0.0.1")
            assert {both.getsockname()[1], mapped.getsockname()[1]} <= found
            assert only.getsockname()[1] not in found
        asked.close()

    turn(story())


def test_a_space_that_has_nothing_is_asked_for_anew(places: NetdPlaces, turn: Turn) -> None:
    """What has an empty list may be a space whose machine is gone."""

    async def story() -> None:
        asked = Diagnoses(places)
        assert await asked.ports("eni-1", OWN) == frozenset()
        await places.netd.result_of("eni remove", name="eni-1")
        assert await asked.ports("eni-1", OWN) == frozenset()
        await build(places.netd)
        with await listen(places, OWN, 80):
            assert await asked.ports("eni-1", OWN) == {80}
            assert await asked.ports("eni-1", OWN) == {80}
            assert places.diagnoses == 3
        asked.close()

    turn(story())


def test_without_netd_nothing_listens(places: NetdPlaces, turn: Turn) -> None:
    class Gone(NetdPlaces):
        async def diagnose(self, place: str) -> socket.socket:
            raise DriverGone("netd is gone.")

    async def story() -> None:
        assert await Diagnoses(Gone(places.netd)).ports("eni-1", OWN) == frozenset()

    turn(story())

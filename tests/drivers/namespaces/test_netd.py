"""netd's life: who starts it, who takes it over, and that nothing of it stays behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest
from tests.drivers.namespaces.conftest import Turn, require
from tests.processes import PATIENCE

from cloudling.drivers.namespaces.channels import LARGEST
from cloudling.drivers.namespaces.client import Netd
from cloudling.drivers.namespaces.driver import NamespaceNetworks
from cloudling.kernel.networks import (
    DriverGone,
    Interface,
    Network,
    Rule,
    SecurityGroup,
)

SUBNET = "172.31.0.0/20"
VPC = {"name": "vpc-1", "blocks": [SUBNET], "subnets": [SUBNET], "gateway": True}
ENI = {"name": "eni-1", "router": "vpc-1", "subnet": SUBNET, "addresses": ["172.31.0.10"]}
LISTEN = {"place": "eni-1", "address": "172.31.0.10", "port": 80, "backlog": 5}


def outer_of(netd: Netd) -> int:
    """The process that control started."""
    assert netd.process is not None
    return netd.process.pid


def inner_of(netd: Netd) -> int:
    """The first process of netd's PID namespace, as this one's `/proc` numbers it."""
    outer = outer_of(netd)
    below = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()
    # As root there is the keeper of disks too.
    (inner,) = (each for each in below if "netd" in Path(f"/proc/{each}/comm").read_text())
    return int(inner)


def namespace(process: int, kind: str) -> str:
    return str(Path(f"/proc/{process}/ns/{kind}").readlink())


def processes_in(pid_namespace: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if namespace(int(folder.name), "pid") == pid_namespace:
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def wait_until_none_in(pid_namespace: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while processes_in(pid_namespace):
        assert time.monotonic() < deadline, "netd's processes are still there"
        time.sleep(0.01)


async def build(netd: Netd) -> None:
    await netd.result_of("router ensure", **VPC)
    await netd.result_of("eni ensure", **ENI)


def test_it_lives_in_namespaces_of_its_own(netd: Netd) -> None:
    inner = inner_of(netd)
    for kind in ("user", "pid", "net", "mnt", "ipc", "uts"):
        assert namespace(inner, kind) != namespace(os.getpid(), kind)
    assert Path(f"/proc/{inner}/comm").read_text() == "cloudling-netd\n"
    assert netd.identity.pid == 1


def test_its_environment_holds_nothing_of_ours(netd: Netd) -> None:
    held = Path(f"/proc/{inner_of(netd)}/environ").read_bytes().split(b"\0")
    names = {each.partition(b"=")[0] for each in held if each}
    assert names <= {b"PYTHONPATH", b"PYTHONDONTWRITEBYTECODE", b"PATH", b"LC_CTYPE"}


def test_its_socket_and_folder_are_the_users_alone(netd: Netd) -> None:
    assert netd.folder.stat().st_mode & 0o777 == 0o700
    assert (netd.folder / "netd.sock").stat().st_mode & 0o777 == 0o600


def test_another_control_takes_over_what_runs(netd: Netd, turn: Turn) -> None:
    async def take_over() -> None:
        await build(netd)
        listener = await netd.socket_of(**LISTEN)
        netd.leave()
        again = await Netd.start(netd.folder)
        assert again.process is None
        assert again.identity == netd.identity
        holdings = await again.result_of("inventory")
        assert [each["name"] for each in holdings["interfaces"]] == ["eni-1"]
        loop = asyncio.get_running_loop()
        client = await again.socket_of(place="eni-1", to_address="172.31.0.10", to_port=80)
        server, _ = await loop.sock_accept(listener)
        for each in (listener, client, server):
            each.close()
        await again.stop()

    turn(take_over())


def test_the_newest_control_is_the_one(netd: Netd, turn: Turn) -> None:
    async def displace() -> list[str]:
        said: list[str] = []
        netd.connection.on_event = lambda told, _: said.append(told.event)
        newer = await Netd.start(netd.folder)
        await asyncio.wait_for(netd.connection.gone.wait(), PATIENCE)
        with pytest.raises(DriverGone):
            await netd.result_of("probe")
        assert newer.identity.epoch == netd.identity.epoch
        await newer.stop()
        return said

    assert turn(displace()) == ["replaced"]


def test_left_alone_it_ends_after_its_grace(tmp_path: Path, turn: Turn) -> None:
    require("own")

    async def leave() -> tuple[Netd, str]:
        netd = await Netd.start(tmp_path, grace=0.2)
        await build(netd)
        held = namespace(inner_of(netd), "pid")
        netd.leave()
        return netd, held

    netd, held = turn(leave())
    wait_until_none_in(held)
    assert not (tmp_path / "netd.sock").exists()
    turn(netd.ended())
    assert netd.process is not None
    assert netd.process.returncode == 0


@pytest.mark.parametrize("victim", [outer_of, inner_of])
def test_killed_it_leaves_nothing(victim: object, netd: Netd, turn: Turn) -> None:
    assert callable(victim)
    held = namespace(inner_of(netd), "pid")
    turn(build(netd))
    os.kill(victim(netd), signal.SIGKILL)
    turn(netd.ended())
    wait_until_none_in(held)
    assert not (netd.folder / "netd.sock").exists()


def test_terminated_it_ends_in_order(netd: Netd, turn: Turn) -> None:
    turn(build(netd))
    held = namespace(inner_of(netd), "pid")
    os.kill(outer_of(netd), signal.SIGTERM)
    turn(netd.ended())
    assert netd.process is not None
    assert netd.process.returncode == 0
    wait_until_none_in(held)


def test_after_its_death_the_next_need_starts_another(tmp_path: Path, turn: Turn) -> None:
    require("own")
    network = Network("vpc-1", (SUBNET,), (SUBNET,))

    async def outlive() -> None:
        driver = NamespaceNetworks(tmp_path)
        await driver.ensure_network(network)
        before = await driver.holdings()
        os.kill(inner_of(await driver.netd()), signal.SIGKILL)
        await asyncio.wait_for((await driver.netd()).connection.gone.wait(), PATIENCE)
        after = await driver.holdings()
        assert before.routers == (network,)
        assert after.routers == ()
        assert after.epoch != before.epoch
        await driver.stop()

    turn(outlive())


def test_questions_under_way_learn_of_its_death(netd: Netd, turn: Turn) -> None:
    async def ask() -> None:
        os.kill(inner_of(netd), signal.SIGSTOP)
        asked = asyncio.ensure_future(netd.result_of("probe"))
        await asyncio.wait([asked], timeout=0.05)
        os.kill(inner_of(netd), signal.SIGKILL)
        with pytest.raises(DriverGone):
            await asyncio.wait_for(asked, PATIENCE)

    turn(ask())


def test_a_carrier_gets_sockets_and_nothing_else(netd: Netd, turn: Turn) -> None:
    async def carry() -> None:
        await build(netd)
        end = await netd.carrier()
        wanted = {"verb": "socket", **LISTEN}
        with end:
            for verb, rest in (("inventory", {}), ("stop", {}), ("eni remove", {"name": "eni-1"})):
                answer, descriptors = await exchange(end, {"id": 1, "ask": {"verb": verb, **rest}})
                assert answer["errno"] == 22
                assert not descriptors
            answer, descriptors = await exchange(end, {"id": 2, "ask": wanted})
            assert "error" not in answer
            with socket.socket(fileno=descriptors[0]) as made:
                assert made.getsockname() == ("172.31.0.10", 80)
        assert (await netd.result_of("probe"))["epoch"] == netd.identity.epoch

    turn(carry())


async def exchange(end: socket.socket, said: object) -> tuple[dict[str, object], list[int]]:
    end.settimeout(PATIENCE)

    def speak() -> tuple[dict[str, object], list[int]]:
        end.send(said if isinstance(said, bytes) else json.dumps(said).encode())
        data, descriptors, _, _ = socket.recv_fds(end, LARGEST, 4)
        return json.loads(data), descriptors

    return await asyncio.to_thread(speak)


NONSENSE: list[tuple[str, dict[str, object]]] = [
    ("fly", {}),
    ("router ensure", {"name": "../etc", "blocks": [SUBNET]}),
    ("router ensure", {"name": "vpc-2", "blocks": []}),
    ("router ensure", {"name": "vpc-2", "blocks": ["no network"]}),
    ("router ensure", {"name": "vpc-2", "blocks": [SUBNET], "surplus": 1}),
    ("eni ensure", {**ENI, "name": "eni-2", "addresses": ["172.31.0.999"]}),
    ("eni ensure", {**ENI, "name": "eni-2", "mac": "zz:00:00:00:00:00"}),
    ("eni ensure", {**ENI, "name": "eni-2", "device": 99}),
    ("rules", {"router": "vpc-1", "groups": [{"name": "sg-1", "ingress": [{"low": 70000}]}]}),
    (
        "rules",
        {"router": "vpc-1", "groups": [{"name": "sg-1", "ingress": [{"peer": "1/2/3"}]}]},
    ),
    ("addresses", {"router": "vpc-1", "public": {"127.10.0.5": "nobody"}}),
    ("addresses", {"router": "vpc-9", "public": {}}),
    ("socket", {"place": "eni-1", "port": -1}),
    ("socket", {"place": "/etc/passwd"}),
    ("socket", {"place": "eni-1", "kind": "raw"}),
    ("socket", {"place": "eni-1", "address": "::1"}),
]


def test_what_makes_no_sense_is_refused_and_changes_nothing(netd: Netd, turn: Turn) -> None:
    async def ask() -> None:
        await build(netd)
        before = await netd.result_of("inventory")
        for verb, said in NONSENSE:
            with pytest.raises(OSError, match=r"\w"):
                await netd.connection.ask(verb, said)
            assert await netd.result_of("inventory") == before, (verb, said)

    turn(ask())


def test_what_is_no_question_ends_its_channel_alone(netd: Netd, turn: Turn) -> None:
    async def ask() -> None:
        with await netd.carrier() as end:
            end.settimeout(PATIENCE)
            end.send(b"GET / HTTP/1.1\r\n\r\n")
            assert end.recv(100) == b""
        assert (await netd.result_of("probe"))["epoch"] == netd.identity.epoch

    turn(ask())


def test_large_answers_come_whole(netd: Netd, turn: Turn) -> None:
    rules = [{"protocol": 6, "low": port, "high": port} for port in range(1, 900)]

    async def ask() -> None:
        await build(netd)
        for number in range(3):
            group = {"name": f"sg-{number}", "ingress": rules}
            await netd.result_of("rules", router="vpc-1", groups=[group])
        holdings = await netd.result_of("inventory")
        assert [len(group["ingress"]) for group in holdings["groups"]["vpc-1"]] == [899] * 3
        with pytest.raises(ValueError, match="more than one request may have"):
            await netd.result_of("rules", router="vpc-1", groups=[{"name": "x" * 200_000}])

    turn(ask())


def test_many_questions_at_once(netd: Netd, turn: Turn) -> None:
    async def ask() -> None:
        await netd.result_of("router ensure", **VPC)
        enis = [{**ENI, "name": f"eni-{n}", "addresses": [f"172.31.1.{n}"]} for n in range(1, 31)]
        await asyncio.gather(*(netd.result_of("eni ensure", **eni) for eni in enis))
        holdings = await netd.result_of("inventory")
        assert len(holdings["interfaces"]) == 30

    turn(ask())


def test_a_guest_that_deletes_its_end_gets_another(netd: Netd, turn: Turn) -> None:
    """Another device number means another pair, and so does a pair that is not there any more."""

    async def renew() -> None:
        await build(netd)
        await netd.result_of("eni ensure", **{**ENI, "device": 1})
        await netd.result_of("eni ensure", **{**ENI, "mac": "02:00:00:00:00:01"})
        listener = await netd.socket_of(**LISTEN)
        client = await netd.socket_of(place="eni-1", to_address="172.31.0.10", to_port=80)
        server, _ = await asyncio.get_running_loop().sock_accept(listener)
        for each in (listener, client, server):
            each.close()

    turn(renew())


def test_rules_of_each_kind_are_taken(tmp_path: Path, turn: Turn) -> None:
    require("own")
    rules = (
        Rule(1, 8),
        Rule(1, 3, 4),
        Rule(17, 53, 53),
        Rule(47),
        Rule(peer="::/0"),
        Rule(6, 22, 22, "fd00::/8"),
        Rule(peer="sg-1"),
    )

    async def take() -> None:
        driver = NamespaceNetworks(tmp_path)
        await driver.ensure_network(Network("vpc-1", (SUBNET,), (SUBNET,)))
        group = SecurityGroup("sg-1", rules, rules)
        await driver.set_groups("vpc-1", [group])
        await driver.ensure_interface(
            Interface("eni-1", "vpc-1", SUBNET, ("172.31.0.10",), ("sg-1",))
        )
        assert (await driver.holdings()).groups == {"vpc-1": (group,)}
        await driver.stop()

    turn(take())

"""The carrier's life: who starts it, takes it over and replaces it, and what it holds no longer."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.drivers.carrier.conftest import METADATA, PORT, Plane, metadata, open_door, served
from tests.processes import PATIENCE

from cloudling.kernel.networks import Interface

if TYPE_CHECKING:
    from cloudling.drivers.carrier.client import RunningCarrier

ID = "/latest/meta-data/instance-id"


async def attend(plane: Plane) -> None:
    await plane.carrier.ensure_network(served())
    await plane.carrier.ensure_instance(metadata())


async def told(plane: Plane) -> str:
    """The machine's id, as it is told once metadata answers again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return (await plane.fetch(ID)).text
        except OSError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)


async def pid(plane: Plane) -> int:
    return (await plane.carrier.carrier()).identity.pid


def until_gone(number: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while is_alive(number):
        assert time.monotonic() < deadline, "The process is still there."
        time.sleep(0.01)


def is_alive(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_what_is_said_before_the_place_is_there_holds_then(plane: Plane) -> None:
    async def try_it() -> str:
        await plane.carrier.ensure_network(served())
        await plane.carrier.ensure_instance(metadata("i-9", "172.31.0.99"))
        await plane.networks.ensure_interface(
            Interface(
                name="eni-9",
                router="vpc-1",
                subnet="172.31.0.0/20",
                addresses=("172.31.0.99",),
                groups=("sg-all",),
                space="i-9",
            )
        )
        # Of its own accord: netd tells of places that come to be.
        await plane.carrier.await_space("i-9")
        with open_door(plane.terms):
            (await plane.networks.connect("i-9", "127.0.0.1", PORT)).close()
        return (await plane.fetch(ID, place="i-9")).text

    assert plane.turn(try_it()) == "i-1"


def test_killed_it_comes_again_and_knows_all(plane: Plane) -> None:
    async def try_it() -> tuple[int, int, str]:
        await attend(plane)
        token = await plane.fetch(
            "/latest/api/token", method="PUT", X_aws_ec2_metadata_token_ttl_seconds="600"
        )
        first = await pid(plane)
        os.kill(first, signal.SIGKILL)
        assert await told(plane) == "i-1"
        # Tokens outlive it.
        again = await plane.fetch(ID, X_aws_ec2_metadata_token=token.text)
        return first, await pid(plane), again.text

    first, second, text = plane.turn(try_it())
    assert first != second
    assert text == "i-1"


def test_it_comes_again_unasked(plane: Plane) -> None:
    async def try_it() -> None:
        await attend(plane)
        os.kill(await pid(plane), signal.SIGKILL)
        # Nobody says anything more to it.
        assert await told(plane) == "i-1"

    plane.turn(try_it())


def test_a_control_in_time_takes_it_over(plane: Plane) -> None:
    async def try_it() -> tuple[int, int]:
        await attend(plane)
        first = await pid(plane)
        before = (await plane.carrier.carrier()).process
        await plane.carrier.leave()
        # While nobody controls it, it serves.
        assert await told(plane) == "i-1"
        plane.carrier = plane.driver()
        second = await pid(plane)
        assert await told(plane) == "i-1"
        await plane.carrier.stop()
        assert before is not None
        await asyncio.to_thread(before.wait, PATIENCE)
        return first, second

    first, second = plane.turn(try_it())
    assert first == second


def test_left_alone_it_ends(plane: Plane) -> None:
    async def leave() -> tuple[RunningCarrier, Path]:
        plane.carrier = plane.driver(grace=0.2)
        await attend(plane)
        running = await plane.carrier.carrier()
        await plane.carrier.leave()
        return running, running.folder / "carrier.sock"

    running, path = plane.turn(leave())
    assert running.process is not None
    assert running.process.wait(PATIENCE) == 0
    assert not path.exists()


def test_with_netd_ends_all_that_it_held(plane: Plane) -> None:
    async def try_it() -> int:
        await attend(plane)
        netd = await plane.networks.netd()
        assert netd.process is not None
        carrier = await pid(plane)
        assert holds_sockets(carrier)
        os.kill(netd.process.pid, signal.SIGKILL)
        await asyncio.wait_for(netd.connection.gone.wait(), PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while holds_sockets(carrier):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        # Built anew, as control does it, all is served again by the same carrier.
        await plane.build()
        assert await told(plane) == "i-1"
        assert await pid(plane) == carrier
        return carrier

    plane.turn(try_it())


def holds_sockets(carrier: int) -> bool:
    """Whether it has any of TCP that are not the host's: those live in networks of netd's."""
    lines = Path(f"/proc/{carrier}/net/tcp").read_text().splitlines()[1:]
    hosts = {f"socket:[{line.split()[9]}]" for line in lines}
    for link in Path(f"/proc/{carrier}/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:") and target not in hosts and is_tcp(carrier, link.name):
            return True
    return False


def is_tcp(carrier: int, descriptor: str) -> bool:
    """By the name that the kernel has for its protocol."""
    try:
        return os.getxattr(f"/proc/{carrier}/fd/{descriptor}", "system.sockprotoname") == b"TCP\0"
    except OSError:
        return False


def test_removed_is_removed(plane: Plane) -> None:
    async def try_it() -> None:
        await attend(plane)
        await plane.carrier.await_space("i-1")
        await plane.carrier.remove_instance("i-1")
        assert (await plane.fetch(ID)).status == 404
        with pytest.raises(ConnectionRefusedError):
            await plane.networks.connect("i-1", "127.0.0.1", PORT)
        await plane.carrier.remove_network("vpc-1")
        with pytest.raises(ConnectionRefusedError):
            await plane.networks.connect("i-1", METADATA, 80)

    plane.turn(try_it())


def test_its_folder_is_the_users_alone(plane: Plane) -> None:
    async def try_it() -> Path:
        return (await plane.carrier.carrier()).folder

    folder = plane.turn(try_it())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "carrier.sock").stat().st_mode & 0o777 == 0o600

"""How machines end, with and without being asked to, and that nothing of them stays."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.processes import PATIENCE

from cloudling.kernel.networks import DriverGone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.drivers.namespaces.conftest import Rig, Turn

NS_GET_PARENT = 0xB702
GROUPS = Path("/sys/fs/cgroup")


class Traces:
    """What there is of one netd and its machines outside of its own namespaces."""

    def __init__(self, rig: Rig, outer: int) -> None:
        self.place = str(rig.place)
        self.outer = self.number = outer
        children = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()
        self.below = [int(each) for each in children]
        # Held open, so that no other one is given the same number meanwhile.
        self.held = [os.open(f"/proc/{each}/ns/pid", os.O_RDONLY) for each in self.below]
        self.spaces = {os.fstat(each).st_ino for each in self.held} - set(_spaces(os.getpid()))

    def processes(self) -> list[int]:
        """netd's own, and all in PID namespaces that were made in it."""
        found = [each for each in (self.outer, *self.below) if _is_there(each)]
        others = (int(each.name) for each in Path("/proc").glob("[0-9]*"))
        return found + [each for each in others if self.spaces & set(_spaces(each))]

    def loops(self) -> list[str]:
        files = Path("/sys/block").glob("loop*/loop/backing_file")
        return [each for each in map(_read, files) if self.place in each]

    def mounts(self) -> list[str]:
        lines = _read(Path("/proc/self/mountinfo")).splitlines()
        return [line for line in lines if self.place in line]

    def groups(self) -> list[Path]:
        # Others make and remove theirs meanwhile, which `rglob` does not bear.
        below = (Path(folder) for folder, _, _ in os.walk(GROUPS))
        return [each for each in below if each.name == f"cloudling-{self.number}"]

    def busy_groups(self) -> list[Path]:
        folders = (Path(folder) for group in self.groups() for folder, _, _ in os.walk(group))
        return [each for each in folders if _read(each / "cgroup.procs").strip()]

    def wait_until_gone(self) -> None:
        """Nothing tells when the last has gone: it is looked for until then."""
        deadline = time.monotonic() + PATIENCE
        while left := (*self.processes(), *self.loops(), *self.mounts(), *self.busy_groups()):
            assert time.monotonic() < deadline, left
            time.sleep(0.01)
        for each in self.held:
            os.close(each)
        self.held.clear()


def _spaces(process: int) -> list[int]:
    """The PID namespace of a process and all around it, by their inodes."""
    found: list[int] = []
    try:
        held = os.open(f"/proc/{process}/ns/pid", os.O_RDONLY)
    except OSError:
        return found
    while True:
        found.append(os.fstat(held).st_ino)
        try:
            around = fcntl.ioctl(held, NS_GET_PARENT)
        except OSError:
            return found
        finally:
            os.close(held)
        held = around


def _is_there(process: int) -> bool:
    return bool(_read(Path(f"/proc/{process}/stat"))) and ") Z " not in _read(
        Path(f"/proc/{process}/stat")
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


async def traces(rig: Rig) -> Traces:
    netd = await rig.networks.netd()
    assert netd.process is not None
    return await asyncio.to_thread(Traces, rig, netd.process.pid)


@pytest.fixture
def told(real: Rig) -> Iterator[asyncio.Queue[str]]:
    """What is told of ends that nobody asked for."""
    said: asyncio.Queue[str] = asyncio.Queue()
    real.machines.watch(said.put_nowait)
    return said


def test_an_end_unasked_is_told(real: Rig, turn: Turn, told: asyncio.Queue[str]) -> None:
    async def end() -> str:
        for name in ("i-10", "i-11"):
            await real.machines.start(real.machine(name))
        await real.machines.stop("i-11")
        await real.machines.run("i-10", ("kill", "-TERM", "1"))
        name = await asyncio.wait_for(told.get(), PATIENCE)
        states = {each.name: each.state for each in (await real.machines.holdings()).machines}
        assert states == {"i-10": "stopped", "i-11": "stopped"}
        await real.machines.start(real.machine("i-10"))
        assert await real.machines.check("i-10") == ""
        await real.machines.discard("i-10")
        assert told.empty()
        return name

    assert turn(end()) == "i-10"


def test_stopped_it_may_end_in_order(real: Rig, turn: Turn) -> None:
    script = b"#!/bin/sh\ntrap 'echo asked > /srv/asked; exit' TERM\necho up > /srv/up\n"
    script += b"while :; do sleep 0.05; done\n"

    async def stop() -> str:
        machine = real.machine("i-10", script=script)
        await real.machines.start(machine)
        await real.shell("i-10", "until test -s /srv/up; do sleep 0.02; done")
        await real.machines.stop("i-10")
        await real.machines.start(machine)
        return (await real.shell("i-10", "cat /srv/asked"))[1]

    assert turn(stop()) == "asked\n"


def test_what_will_not_end_is_ended(real: Rig, turn: Turn) -> None:
    async def stop() -> None:
        await real.machines.start(real.machine("i-10"))
        program = await real.machines.run(
            "i-10", ("/bin/sh", "-c", "trap : TERM; echo up; while :; do sleep 1000; done")
        )
        assert await asyncio.to_thread(os.read, program.descriptors[1], 3) == b"up\n"
        await real.machines.stop("i-10", patience=0.1)
        for each in program.descriptors:
            os.close(each)
        (held,) = (await real.machines.holdings()).machines
        assert held.state == "stopped"

    turn(stop())


def test_ended_in_order_netd_leaves_nothing(real: Rig, turn: Turn) -> None:
    async def end() -> Traces:
        for name in ("i-10", "i-11"):
            await real.machines.start(real.machine(name))
        found = await traces(real)
        # The outer and the inner process, the zygote, and each machine's first.
        assert len(found.processes()) >= 5
        await real.machines.discard("i-11")
        await real.networks.stop()
        return found

    found = turn(end())
    assert not found.groups()
    found.wait_until_gone()
    assert sorted(each.name for each in (real.place / "data/disks").iterdir()) in (
        ["i-10"],
        [".empty-1073741824", "i-10"],
    )


@pytest.mark.parametrize("whom", ["outer", "inner"])
def test_killed_netd_leaves_nothing_that_runs(
    real: Rig, turn: Turn, told: asyncio.Queue[str], whom: str
) -> None:
    async def kill() -> Traces:
        machine = real.machine("i-10", script=b"#!/bin/sh\necho kept > /srv/kept\nsleep 1000\n")
        await real.machines.start(machine)
        await real.shell("i-10", "until test -s /srv/kept; do sleep 0.02; done")
        found = await traces(real)
        before = (await real.machines.holdings()).epoch
        os.kill(found.outer if whom == "outer" else found.below[-1], signal.SIGKILL)
        assert await asyncio.wait_for(told.get(), PATIENCE) == ""
        await asyncio.to_thread(found.wait_until_gone)
        after = await real.machines.holdings()
        assert after.epoch != before
        assert [(each.name, each.state) for each in after.machines] == [("i-10", "stopped")]
        await real.lay_network()
        await real.machines.start(machine)
        assert (await real.shell("i-10", "cat /srv/kept"))[1] == "kept\n"
        return found

    # The next netd has taken away what the one before could not.
    assert not turn(kill()).groups()


def test_what_waits_for_a_killed_netd_is_told(real: Rig, turn: Turn) -> None:
    async def kill() -> None:
        await real.machines.start(real.machine("i-10"))
        program = await real.machines.run("i-10", ("sleep", "1000"))
        os.kill((await traces(real)).outer, signal.SIGKILL)
        with pytest.raises(DriverGone):
            await asyncio.wait_for(program.code, PATIENCE)
        for each in program.descriptors:
            os.close(each)

    turn(kill())


def test_another_control_takes_machines_over(real: Rig, turn: Turn) -> None:
    async def take_over() -> None:
        await real.machines.start(real.machine("i-10"))
        program = await real.machines.run("i-10", ("cat",))
        _, before = await real.shell("i-10", "pgrep -x cat")
        found, epoch = await traces(real), (await real.machines.holdings()).epoch
        started = (await real.networks.netd()).process
        real.networks.leave()
        program.code.cancel()
        real.connect()
        holdings = await real.machines.holdings()
        assert (holdings.epoch, holdings.machines[0].state) == (epoch, "running")
        await real.machines.start(real.machine("i-10"))
        assert (await real.shell("i-10", "pgrep -x cat"))[1] == before
        into, out, err = program.descriptors
        os.write(into, b"still there")
        assert await asyncio.to_thread(os.read, out, 20) == b"still there"
        for each in (into, out, err):
            os.close(each)
        assert await real.machines.check("i-10") == ""
        await real.networks.stop()
        await asyncio.to_thread(started.wait, PATIENCE)
        await asyncio.to_thread(found.wait_until_gone)

    turn(take_over())


def test_left_alone_for_too_long_they_end(real: Rig, turn: Turn) -> None:
    async def leave() -> None:
        await real.networks.stop()
        real.connect(grace=0.1)
        await real.lay_network()
        await real.machines.start(real.machine("i-10"))
        found, netd = await traces(real), await real.networks.netd()
        epoch = (await real.machines.holdings()).epoch
        real.networks.leave()
        await asyncio.to_thread(netd.process.wait, PATIENCE)
        await asyncio.to_thread(found.wait_until_gone)
        assert not found.groups()
        real.connect()
        await real.lay_network()
        holdings = await real.machines.holdings()
        assert holdings.epoch != epoch
        assert holdings.machines[0].state == "stopped"
        await real.machines.start(real.machine("i-10"))
        assert await real.machines.check("i-10") == ""

    turn(leave())

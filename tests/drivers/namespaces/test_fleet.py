"""The port `Machines`: the fake and the kernel's keep the same promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cloudling.kernel.machines import HeldMachine, NoSuchRoot

if TYPE_CHECKING:
    from tests.drivers.namespaces.conftest import Rig, Turn


async def held(rig: Rig) -> dict[str, HeldMachine]:
    return {each.name: each for each in (await rig.machines.holdings()).machines}


def test_it_can_be_had_here(rig: Rig, turn: Turn) -> None:
    assert turn(rig.machines.available())


def test_a_machine_starts_stops_and_is_discarded(rig: Rig, turn: Turn) -> None:
    async def live() -> None:
        machine = rig.machine("i-10")
        for _ in range(2):
            await rig.machines.start(machine)
        assert (await held(rig))["i-10"].state == "running"
        assert await rig.machines.check("i-10") == ""
        for _ in range(2):
            await rig.machines.stop("i-10")
        assert (await held(rig))["i-10"].state == "stopped"
        assert await rig.machines.check("i-10") == "It does not run."
        for _ in range(2):
            await rig.machines.discard("i-10")
        assert await held(rig) == {}
        with pytest.raises(OSError, match="no machine i-10"):
            await rig.machines.console("i-10")

    turn(live())


def test_a_root_that_nobody_knows_is_refused(rig: Rig, turn: Turn) -> None:
    async def start() -> None:
        with pytest.raises(NoSuchRoot):
            await rig.machines.start(rig.machine("i-10", root="ami-none"))
        assert await held(rig) == {}

    turn(start())


def test_what_was_captured_is_a_root(rig: Rig, turn: Turn) -> None:
    async def capture() -> None:
        with pytest.raises(OSError, match="no machine i-10"):
            await rig.machines.capture("i-10", "ami-1")
        await rig.machines.start(rig.machine("i-10"))
        for _ in range(2):
            await rig.machines.capture("i-10", "ami-1")
        await rig.machines.start(rig.machine("i-11", root="ami-1"))
        assert set(await held(rig)) == {"i-10", "i-11"}

    turn(capture())


def test_a_disk_outlives_the_root_below_it(rig: Rig, turn: Turn) -> None:
    async def remove() -> None:
        await rig.machines.start(rig.machine("i-10"))
        await rig.shell("i-10", "echo one > /srv/file")
        await rig.machines.capture("i-10", "ami-1")
        await rig.machines.discard("i-10")
        over = rig.machine("i-11", root="ami-1")
        await rig.machines.start(over)
        await rig.machines.capture("i-11", "ami-2")
        await rig.remove_root("ami-1")
        await rig.machines.stop("i-11")
        with pytest.raises(NoSuchRoot):
            await rig.machines.start(rig.machine("i-12", root="ami-1"))
        await rig.machines.start(over)
        await rig.machines.start(rig.machine("i-13", root="ami-2"))
        for name in ("i-11", "i-13"):
            code, printed = await rig.shell(name, "cat /srv/file")
            assert (code, printed) == (0, "" if rig.who == "fake" else "one\n")
        await rig.machines.discard("i-11")
        await rig.remove_root("ami-2")
        await rig.machines.discard("i-13")

    turn(remove())
    layers = rig.place / "data" / "layers"
    assert rig.who == "fake" or list(layers.iterdir()) == []


def test_programs_run_in_it(rig: Rig, turn: Turn) -> None:
    async def run() -> int:
        with pytest.raises(OSError, match="no machine i-10"):
            await rig.machines.run("i-10", ("true",))
        await rig.machines.start(rig.machine("i-10"))
        code, _ = await rig.shell("i-10", "true")
        return code

    assert turn(run()) == 0

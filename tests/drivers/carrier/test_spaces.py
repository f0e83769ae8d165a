"""What a machine's first program finds: the cloud on its own loopback, and who it is."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from tests.drivers.carrier.conftest import AUTHORITY, KEY, PORT, metadata, open_door, served
from tests.drivers.namespaces.conftest import Rig, Turn, require
from tests.processes import PATIENCE

from cloudling.drivers.carrier.driver import CarrierDriver
from cloudling.drivers.carrier.messages import Terms
from cloudling.drivers.namespaces.fleet import NamespaceMachines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRIPT = f"""#!/bin/bash
exec > /dev/console 2>&1
exec 4<> /dev/tcp/127.0.0.1/{PORT} && echo reached
exec 3<> /dev/tcp/169.254.169.254/80
printf 'GET /latest/meta-data/instance-id HTTP/1.0\\r\\n\\r\\n' >&3
cat <&3
echo; echo over
"""


class World:
    """Machines beside a carrier that is asked whether it is ready for each of them."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.terms = Terms(port=PORT, door=str(rig.place / "door"), key=KEY, authority=AUTHORITY)
        self.carrier = CarrierDriver(rig.place / "carrier", rig.networks, self.terms)
        self.waited: list[str] = []
        rig.machines = NamespaceMachines(rig.networks, self._ready)

    async def _ready(self, name: str) -> None:
        await self.carrier.await_space(name)
        self.waited.append(name)

    async def live(self, name: str) -> str:
        """What it has written when its first program is over; then it is no more."""
        machines = self._rig.machines
        await machines.start(self._rig.machine(name, script=SCRIPT.encode()))
        deadline = time.monotonic() + PATIENCE / 2
        while "over" not in (written := (await machines.console(name)).decode()):
            assert time.monotonic() < deadline, written
            await asyncio.sleep(0.02)
        await machines.discard(name)
        return written


@pytest.fixture
def world(place: Path, turn: Turn) -> Iterator[World]:
    require("own")
    rig = Rig("own", place)
    made = World(rig)
    turn(rig.lay())
    yield made
    turn(made.carrier.stop())
    turn(rig.stop())


def test_a_machines_first_program_finds_the_cloud(world: World, turn: Turn) -> None:
    async def try_it() -> str:
        await world.carrier.ensure_network(served(resolvers=()))
        await world.carrier.ensure_instance(metadata("i-7", "172.31.0.7"))
        # Its next life has another space of the same name.
        return await world.live("i-7") + await world.live("i-7")

    with open_door(world.terms):
        found = turn(try_it())
    assert found.count("reached") == 2, found
    assert found.count("i-1") == 2, found
    assert world.waited == ["i-7", "i-7"]

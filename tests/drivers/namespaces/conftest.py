"""Networks to test: the fake, and the kernel's as whoever runs the tests and as another user."""

from __future__ import annotations

import asyncio
import os
import shutil
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from cloudling.drivers.namespaces.client import Netd
from cloudling.drivers.namespaces.driver import NamespaceNetworks, probe
from cloudling.testing import FakeNetworks

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

    from cloudling.kernel.ports import Networks

T = TypeVar("T")
STRANGER = ("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups")
WRAPPERS: dict[str, tuple[str, ...]] = {"own": (), "stranger": STRANGER}


@cache
def reason_against(who: str) -> str:
    """Why this machine cannot run netd so; empty when it can."""
    if who == "stranger" and (os.getuid() or shutil.which(STRANGER[0]) is None):
        return "Only root becomes another user, with setpriv."
    found = probe(WRAPPERS[who])
    return f"{found.reason} {found.remedy}".strip()


def require(who: str) -> None:
    if reason_against(who):
        pytest.skip(reason_against(who))


class Turn:
    """Drives coroutines from tests that are none."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner

    def __call__(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(asyncio.wait_for(work, 120))


@pytest.fixture
def turn() -> Iterator[Turn]:
    with asyncio.Runner() as runner:
        yield Turn(runner)


@pytest.fixture(params=["fake", "own", "stranger"])
def networks(request: pytest.FixtureRequest, tmp_path: Path, turn: Turn) -> Iterator[Networks]:
    if request.param == "fake":
        yield FakeNetworks()
        return
    require(request.param)
    driver = NamespaceNetworks(tmp_path / "netd", wrapper=WRAPPERS[request.param])
    yield driver
    turn(driver.stop())


@pytest.fixture(params=["own", "stranger"])
def netd(request: pytest.FixtureRequest, tmp_path: Path, turn: Turn) -> Iterator[Netd]:
    require(request.param)

    async def start() -> Netd:
        return await Netd.start(tmp_path / "netd", wrapper=WRAPPERS[request.param])

    started = turn(start())
    yield started
    turn(started.stop())

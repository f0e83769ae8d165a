"""Groups of version 2 as they are written, in a folder that stands for the kernel's."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from cloudling.drivers.namespaces import cgroups
from cloudling.drivers.namespaces.messages import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMITS = Limits(processors=0.5, memory=1 << 30, processes=512, disk=8 << 30)


@pytest.fixture
def dead() -> Iterator[int]:
    """The number of a process that has ended and is not given to another meanwhile."""
    process = os.fork()
    if process == 0:
        signal.pause()
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return process


def make_hierarchy(folder: Path) -> None:
    (folder / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    (folder / "cgroup.subtree_control").write_text("memory pids\n")


@pytest.fixture
def unified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kernel fills new groups by itself; here they are filled before."""
    monkeypatch.setattr(os, "getuid", lambda: 0)
    make_hierarchy(tmp_path)
    own = tmp_path / f"cloudling-{os.getpid()}"
    own.mkdir()
    make_hierarchy(own)
    (own / "i-1").mkdir()
    (own / "i-1" / "memory.swap.max").write_text("max\n")
    return tmp_path


def test_limits_are_written_as_version_2_has_them(unified: Path) -> None:
    groups = cgroups.Groups(unified)
    assert groups.limits == ("processors", "memory", "processes")
    assert (unified / "cgroup.subtree_control").read_text() == "+cpu"
    own = unified / f"cloudling-{os.getpid()}" / "i-1"
    assert groups.make("i-1", LIMITS) == (str(own / "cgroup.procs"),)
    written = {each.name: each.read_text() for each in own.iterdir()}
    assert written == {
        "cpu.max": "50000 100000",
        "memory.max": str(1 << 30),
        "memory.swap.max": "0",
        "pids.max": "512",
    }
    assert groups.freeze("i-1", is_frozen=True)
    assert (own / "cgroup.freeze").read_text() == "1"
    assert not groups.freeze("i-2", is_frozen=False)


def test_what_is_not_offered_does_not_hold(unified: Path) -> None:
    for folder in (unified, unified / f"cloudling-{os.getpid()}"):
        (folder / "cgroup.controllers").write_text("memory pids\n")
    assert cgroups.Groups(unified).limits == ("memory", "processes")


def test_groups_of_the_dead_are_taken_away(unified: Path, dead: int) -> None:
    for number in (dead, 1):
        (unified / f"cloudling-{number}" / "i-1").mkdir(parents=True)
    cgroups.Groups(unified)
    assert not (unified / f"cloudling-{dead}").exists()
    assert (unified / "cloudling-1" / "i-1").exists()


def test_where_nothing_is_mounted_nothing_holds(tmp_path: Path) -> None:
    groups = cgroups.Groups(tmp_path)
    assert groups.limits == ()
    assert groups.make("i-1", LIMITS) == ()
    groups.close()

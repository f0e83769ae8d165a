"""What every `Roots` does, the fake as the real."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cloudling.drivers.roots import FolderRoots, host
from cloudling.drivers.roots.shelf import Label, Shelf
from cloudling.kernel.machines import NoSuchRoot
from cloudling.testing.machines import FAMILIES, FakeRoots

if TYPE_CHECKING:
    from pathlib import Path

    from cloudling.kernel.ports import Roots

NAME = "amazon-linux-2023"
CAPTURED = "ami-0123456789abcdef0"


def fake(_: Path) -> Roots:
    roots = FakeRoots()
    roots.capture(CAPTURED)
    return roots


def real(folder: Path) -> Roots:
    if host.reason_against():
        pytest.skip(host.reason_against())
    captured = Shelf(folder / "captured")
    with captured.locked(lambda _: None), captured.making(CAPTURED) as made:
        captured.finish(made, Label(name=CAPTURED, title="a user's own"))
    return FolderRoots(folder / "built", folder / "captured", source="host", keeps_wheels=False)


@pytest.fixture(params=[fake, real])
def roots(request: pytest.FixtureRequest, tmp_path: Path) -> Roots:
    made: Roots = request.param(tmp_path)
    return made


def test_every_family_is_there_to_be_built(roots: Roots) -> None:
    found = {root.name: root for root in asyncio.run(roots.roots())}

    assert set(found) == {*FAMILIES, CAPTURED}
    assert not found[NAME].is_ready
    assert found[CAPTURED].is_ready


def test_a_root_is_built_once_and_stays(roots: Roots) -> None:
    told: list[str] = []

    first = asyncio.run(roots.prepare(NAME, told.append))
    steps = len(told)
    again = asyncio.run(roots.prepare(NAME, told.append))

    assert first == again
    assert first.is_ready
    assert first.title
    assert told[steps - 1] == "done"
    assert told[steps:] == ["done"]
    assert first in asyncio.run(roots.roots())


def test_what_nobody_can_build(roots: Roots) -> None:
    for name in ("windows-2022", "ami-0000000000000000f", "", "../etc", "base-host"):
        with pytest.raises(NoSuchRoot):
            asyncio.run(roots.prepare(name, lambda _: None))


def test_captured_roots_are_prepared_and_removed(roots: Roots) -> None:
    assert asyncio.run(roots.prepare(CAPTURED, lambda _: None)).is_ready

    asyncio.run(roots.remove(CAPTURED))
    asyncio.run(roots.remove(CAPTURED))

    assert CAPTURED not in {root.name for root in asyncio.run(roots.roots())}
    with pytest.raises(NoSuchRoot):
        asyncio.run(roots.prepare(CAPTURED, lambda _: None))


def test_a_built_root_is_not_removed(roots: Roots) -> None:
    asyncio.run(roots.prepare(NAME, lambda _: None))

    asyncio.run(roots.remove(NAME))

    assert NAME in {root.name for root in asyncio.run(roots.roots()) if root.is_ready}


def test_a_root_that_a_machine_captured_says_as_much_as_machines_know(tmp_path: Path) -> None:
    folder = tmp_path / "captured" / CAPTURED
    (folder / "tree").mkdir(parents=True)
    (folder / "tree" / "file").write_bytes(b"x" * 10_000)
    (folder / "root.json").write_text('{"title": "mine", "lower": ["gone"], "host_usr": true}')

    found = asyncio.run(FolderRoots(tmp_path, tmp_path / "captured").prepare(CAPTURED, print))

    assert (found.name, found.title, found.is_ready) == (CAPTURED, "mine", True)
    assert found.size >= 10_000

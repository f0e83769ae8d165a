"""Which drivers a cloud is given, and what it says where it has none."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

from cloudling import dataplane
from cloudling.drivers.carrier.relays import blocks
from cloudling.drivers.namespaces import driver
from cloudling.kernel.attendance import Publication
from cloudling.kernel.machines import HeldMachine, MachineHoldings
from cloudling.kernel.networks import Availability
from cloudling.settings import Settings, UserError
from cloudling.testing import FakeMachines, LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="Only Linux has namespaces.")


@pytest.fixture
def local() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        yield cloud


def plane(folder: Path, **settings: str) -> dataplane.DataPlane:
    return dataplane.DataPlane(Settings(data=folder, **settings))


def attach(local: LocalCloud, made: dataplane.DataPlane) -> tuple[str, ...]:
    return made.attach(local.cloud, 4599, lambda path: None)


def test_none_is_none_and_says_so(local: LocalCloud, tmp_path: Path) -> None:
    made = plane(tmp_path, driver="none")
    assert attach(local, made) == ()
    assert local.cloud.networks is None
    assert local.cloud.machines is None
    assert "--driver none" in local.cloud.no_machines.reason
    assert "--driver auto" in local.cloud.no_machines.remedy
    said = local.run(made.status(local.cloud))
    assert said == {"driver": "none", "reason": local.cloud.no_machines.reason}


def test_another_system_has_none(
    local: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    attach(local, plane(tmp_path))
    assert local.cloud.networks is None
    assert "Linux" in local.cloud.no_machines.reason
    with pytest.raises(UserError, match="--driver namespace"):
        local.run(plane(tmp_path, driver="namespace").require())


def test_asked_for_by_name_it_must_work(
    local: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*_: object) -> Availability:
        return Availability("user namespaces: not allowed", "Allow them.")

    monkeypatch.setattr(driver, "probe", cannot)
    with pytest.raises(UserError, match=r"user namespaces: not allowed Allow them\."):
        local.run(plane(tmp_path, driver="namespace").require())


@needs_linux
def test_nothing_is_made_before_it_is_needed(local: LocalCloud, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    made = plane(data, host_address="203.0.113.9", internet="allow")
    assert attach(local, made) == ()
    assert local.cloud.host_address == "203.0.113.9"
    said = local.run(made.status(local.cloud))
    assert (said["driver"], said["running"]) == ("namespace", 0)
    assert [path.name for path in data.iterdir()] == ["public-addresses"]

    async def look() -> None:
        assert isinstance(local.cloud.networks, driver.NamespaceNetworks)
        assert not local.cloud.networks.is_awake
        assert local.cloud.carrier is not None
        assert local.cloud.carrier.environment == {"AWS_ENDPOINT_URL": "http://127.0.0.1:4599"}
        assert "BEGIN CERTIFICATE" in local.cloud.carrier.authority
        assert "PRIVATE" not in local.cloud.carrier.authority
        await made.stop(local.cloud)

    local.run(look())


@needs_linux
def test_what_was_given_by_hand_stays(local: LocalCloud, tmp_path: Path) -> None:
    made = plane(tmp_path, internet="refuse")
    (note,) = attach(local, made)
    assert "--internet allow" in note
    local.cloud.make_drivers = None
    local.cloud.machines = FakeMachines()
    assert isinstance(local.cloud.machines, FakeMachines)
    assert local.cloud.networks is None
    local.run(made.stop(local.cloud))


@needs_linux
def test_a_cloud_that_finds_its_addresses_taken_says_which_are_its_own(
    local: LocalCloud, tmp_path: Path
) -> None:
    first = blocks.hold(tmp_path)
    made = plane(tmp_path, internet="allow")
    (note,) = attach(local, made)
    assert first.network in note
    local.run(made.stop(local.cloud))
    first.let_go()


def test_status_of_machines_names_what_holds_for_all_and_what_moved() -> None:
    held = MachineHoldings(
        "e",
        (
            HeldMachine(name="i-1", state="running", limits=("memory", "disk")),
            HeldMachine(name="i-2", state="running", limits=("memory",)),
            HeldMachine(name="i-3", state="stopped"),
        ),
    )
    assert dataplane.machines_of(held) == {"running": 2, "limits": ["memory"]}
    assert dataplane.machines_of(MachineHoldings("e")) == {"running": 0, "limits": []}
    own = Publication(address="127.10.0.4", port=80, at=("127.10.0.4", 80))
    taken = Publication(
        address="127.10.0.4", port=22, at=("127.10.0.4", 10022), note="port 22 is taken"
    )
    assert dataplane.moved([own, taken]) == [
        {"address": "127.10.0.4:22", "at": "127.10.0.4:10022", "note": "port 22 is taken"}
    ]


def test_the_app_starts_and_stops_with_it(tmp_path: Path) -> None:
    from cloudling.app import App

    async def live() -> None:
        app = App(Settings(data=tmp_path, port=0, driver="none"))
        await app.start()
        said = await app.status()
        assert said["machines"]["driver"] == "none"
        await app.stop()

    asyncio.run(live())

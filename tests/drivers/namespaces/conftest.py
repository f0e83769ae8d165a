"""Networks to test: the fake, and the kernel's as whoever runs the tests and as another user."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from cloudling.drivers.namespaces.client import Netd
from cloudling.drivers.namespaces.driver import NamespaceNetworks, probe
from cloudling.drivers.namespaces.fleet import NamespaceMachines
from cloudling.drivers.processes import ORPHAN_GRACE
from cloudling.kernel.machines import Limits, Machine
from cloudling.kernel.networks import Interface, Network
from cloudling.testing import FakeMachines, FakeNetworks

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from cloudling.kernel.ports import Networks

T = TypeVar("T")
STRANGER_ID = 12345
STRANGER = ("setpriv", f"--reuid={STRANGER_ID}", f"--regid={STRANGER_ID}", "--clear-groups")
SUBNET = "172.31.0.0/20"
METADATA = "169.254.169.254"
ROOT = "host"
MACHINE_ROOT = 100_000
MIB = 1024 * 1024
LIMITS = Limits(processors=0.5, memory=256 * MIB, processes=64, disk=1024 * MIB)
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


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that another user may reach; pytest's own ones only its user enters."""
    made = Path(tempfile.mkdtemp(prefix="cloudling-test-"))
    yield made
    shutil.rmtree(made)


class Rig:
    """Machines to test, and what is around them; `netd` is None for the fake."""

    def __init__(self, who: str, place: Path) -> None:
        self.who = who
        self.place = place
        self.uid = STRANGER_ID if who == "stranger" else os.getuid()
        self.networks: Any = FakeNetworks()
        self.machines: Any = FakeMachines()
        if who != "fake":
            os.chown(place, self.uid, self.uid)
            self.connect()

    def connect(self, grace: float = ORPHAN_GRACE) -> None:
        """Be another control, which knows nothing yet."""
        folders = {"data": self.place / "data", "cache": self.place / "cache"}
        self.networks = NamespaceNetworks(
            self.place / "netd", **folders, grace=grace, wrapper=WRAPPERS[self.who]
        )
        self.machines = NamespaceMachines(self.networks)

    async def lay(self) -> None:
        """A network, and a root that has nothing but the way into the host's programs."""
        await self.lay_network()
        if self.who != "fake":
            owner = MACHINE_ROOT if self.uid == 0 else self.uid
            make_root(self.place / "cache" / "roots" / ROOT, owner)
            for name in ("cache", "data"):
                (self.place / name).mkdir(exist_ok=True)
                os.chown(self.place / name, self.uid, self.uid)
        elif isinstance(self.machines, FakeMachines):
            self.machines.roots.capture(ROOT)

    async def lay_network(self) -> None:
        await self.networks.ensure_network(Network("vpc-1", (SUBNET,), (SUBNET,), (METADATA,)))

    async def remove_root(self, name: str) -> None:
        """As whoever keeps roots removes one that was captured."""
        if self.who == "fake":
            await self.machines.roots.remove(name)
        else:
            shutil.rmtree(self.place / "data" / "roots" / name)

    def machine(self, name: str, **said: Any) -> Machine:
        number = int(name.rpartition("-")[2])
        interface = Interface(f"eni-{number}", "vpc-1", SUBNET, (f"172.31.0.{number}",))
        return Machine(
            **{
                "name": name,
                "hostname": f"ip-172-31-0-{number}",
                "root": ROOT,
                "limits": LIMITS,
                "interfaces": (interface,),
                **said,
            }
        )

    async def shell(self, name: str, script: str, **said: Any) -> tuple[int, str]:
        """What a script in the machine ends with, and prints."""
        program = await self.machines.run(name, ("/bin/sh", "-c", f"exec 2>&1; {script}"), **said)
        into, out, err = program.descriptors
        os.close(into)
        os.close(err)
        printed = await asyncio.to_thread(read_all, out)
        return await program.code, printed

    async def stop(self) -> None:
        if self.who != "fake":
            await self.networks.stop()


def read_all(descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as pipe:
        return pipe.read().decode(errors="replace")


def make_root(folder: Path, owner: int) -> None:
    """A root that has nothing but the way into the host's programs; owned as roots are."""
    tree = folder / "tree"
    for name in ("usr/local/bin", "etc/ssh", "etc/ssl/certs", "root", "var/lib", "srv", "home"):
        (tree / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (tree / name).symlink_to(f"usr/{name}")
    (tree / "etc" / "passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (tree / "etc" / "nsswitch.conf").write_text("hosts: files dns\n")
    (tree / "etc" / "real.pem").write_text("")
    (tree / "etc/ssl/certs/ca-certificates.crt").symlink_to("/etc/real.pem")
    if os.getuid() == 0:
        for each in (tree, *tree.rglob("*")):
            os.chown(each, owner, owner, follow_symlinks=False)
    (folder / "root.json").write_text('{"title": "The host", "host_usr": true}')


@pytest.fixture(params=["fake", "own", "stranger"])
def rig(request: pytest.FixtureRequest, place: Path, turn: Turn) -> Iterator[Rig]:
    """Machines that any driver has."""
    if request.param != "fake":
        require(request.param)
    made = Rig(request.param, place)
    turn(made.lay())
    yield made
    turn(made.stop())


@pytest.fixture(params=["own", "stranger"])
def real(request: pytest.FixtureRequest, place: Path, turn: Turn) -> Iterator[Rig]:
    """Machines that run."""
    require(request.param)
    made = Rig(request.param, place)
    turn(made.lay())
    yield made
    turn(made.stop())


@pytest.fixture(params=["own", "stranger"])
def netd(request: pytest.FixtureRequest, tmp_path: Path, turn: Turn) -> Iterator[Netd]:
    require(request.param)

    async def start() -> Netd:
        return await Netd.start(tmp_path / "netd", wrapper=WRAPPERS[request.param])

    started = turn(start())
    yield started
    turn(started.stop())

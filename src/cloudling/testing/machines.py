"""Fakes of the ports `Machines`, `Roots` and `Carrier`: they keep what they were told.

Nothing of them is ever a default; tests that need no kernel use them.
"""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING

from cloudling.kernel.machines import (
    HeldMachine,
    Machine,
    MachineHoldings,
    NoSuchRoot,
    Program,
    Root,
)
from cloudling.kernel.networks import Availability

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloudling.kernel.attendance import (
        InstanceMetadata,
        Publication,
        Published,
        ServedNetwork,
    )

FAMILIES = ("amazon-linux-2", "amazon-linux-2023", "ubuntu-22.04", "ubuntu-24.04", "debian-12")


class FakeRoots:
    """Every root of the catalogue, ready once it is asked for."""

    def __init__(self) -> None:
        self._ready: dict[str, Root] = {}
        self.captured: set[str] = set()

    async def roots(self) -> tuple[Root, ...]:
        known = {name: Root(name=name, title=name) for name in FAMILIES}
        return tuple((known | self._ready).values())

    async def prepare(self, name: str, tell: Callable[[str], None]) -> Root:
        if name not in FAMILIES and name not in self._ready:
            raise NoSuchRoot(name)
        tell("done")
        return self._ready.setdefault(name, Root(name=name, title=name, is_ready=True))

    async def remove(self, name: str) -> None:
        if name in self.captured:
            self.captured.discard(name)
            self._ready.pop(name, None)

    def capture(self, name: str) -> None:
        self.captured.add(name)
        self._ready[name] = Root(name=name, title=name, is_ready=True)


class FakeMachines:
    """Machines that run nothing; `scripts` are the names of those whose user data would have run.

    `fail` makes the next starts of a machine fail, `end` ends one unasked, `lose` all.
    """

    def __init__(self, roots: FakeRoots | None = None) -> None:
        self.roots = roots or FakeRoots()
        self.running: dict[str, Machine] = {}
        self.disks: dict[str, Machine] = {}
        self.scripts: list[str] = []
        self.programs: list[tuple[str, tuple[str, ...], str]] = []
        self.fail: dict[str, OSError] = {}
        self.ill: dict[str, str] = {}
        self._epoch = 0
        self._notices: list[Callable[[str], None]] = []

    async def available(self) -> Availability:
        return Availability()

    async def holdings(self) -> MachineHoldings:
        held = tuple(
            HeldMachine(name=name, state="running" if name in self.running else "stopped")
            for name in self.disks
        )
        return MachineHoldings(str(self._epoch), held)

    async def start(self, machine: Machine) -> None:
        if machine.name in self.fail:
            raise self.fail[machine.name]
        if machine.name in self.running:
            return
        known = {root.name for root in await self.roots.roots()}
        if machine.name not in self.disks and machine.root not in known:
            raise NoSuchRoot(machine.root)
        if machine.name not in self.disks and machine.script:
            self.scripts.append(machine.name)
        self.disks[machine.name] = self.running[machine.name] = machine

    async def stop(self, name: str, patience: float = 5.0) -> None:
        self.running.pop(name, None)

    async def discard(self, name: str) -> None:
        self.running.pop(name, None)
        self.disks.pop(name, None)

    async def capture(self, name: str, root: str) -> None:
        self._require(name)
        self.roots.capture(root)

    async def console(self, name: str) -> bytes:
        return f"{self._require(name).hostname} started\n".encode()

    async def check(self, name: str) -> str:
        return self.ill.get(name, "") if name in self.running else "It does not run."

    async def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        user: str = "root",
        environment: dict[str, str] | None = None,
        has_terminal: bool = False,
    ) -> Program:
        """Nothing runs: it ends at once, with nothing said; `programs` has what it would be."""
        if name not in self.running:
            raise FileNotFoundError(errno.ENOENT, f"There is no machine {name} that runs.")
        self.programs.append((name, tuple(command), user))
        code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        code.set_result(0)
        count = 1 if has_terminal else 3
        return Program(tuple(os.open(os.devnull, os.O_RDWR) for _ in range(count)), code)

    def watch(self, notice: Callable[[str], None]) -> None:
        self._notices.append(notice)

    def end(self, name: str) -> None:
        del self.running[name]
        self._tell(name)

    def lose(self) -> None:
        """As if the driver's process had been killed."""
        self.running.clear()
        self._epoch += 1
        self._tell("")

    def _tell(self, name: str) -> None:
        for notice in self._notices:
            notice(name)

    def _require(self, name: str) -> Machine:
        if name not in self.disks:
            raise OSError(errno.ENOENT, f"There is no machine {name}.")
        return self.disks[name]


class FakeCarrier:
    """Keeps what it was told, by name."""

    def __init__(self, block: str = "127.10.0.0/16") -> None:
        self._block = block
        self.networks: dict[str, ServedNetwork] = {}
        self.instances: dict[str, InstanceMetadata] = {}
        self.published: dict[str, tuple[Published, ...]] = {}

    @property
    def block(self) -> str:
        return self._block

    @property
    def authority(self) -> str:
        return ""

    @property
    def environment(self) -> dict[str, str]:
        return {}

    async def available(self) -> Availability:
        return Availability()

    async def ensure_network(self, network: ServedNetwork) -> None:
        self.networks[network.name] = network

    async def remove_network(self, name: str) -> None:
        self.networks.pop(name, None)
        self.published.pop(name, None)

    async def ensure_instance(self, metadata: InstanceMetadata) -> None:
        self.instances[metadata.name] = metadata

    async def remove_instance(self, name: str) -> None:
        self.instances.pop(name, None)

    async def publish(self, network: str, published: Sequence[Published]) -> None:
        self.published[network] = tuple(published)

    async def publications(self) -> tuple[Publication, ...]:
        return ()

"""The port `Machines`, made true by the netd that `Networks` has too."""

from __future__ import annotations

import asyncio
import errno
import os
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.drivers.namespaces import layers, userdata
from cloudling.drivers.namespaces.driver import MACHINES_NEED, probe
from cloudling.drivers.namespaces.hearing import Hearing
from cloudling.drivers.namespaces.orders import LOGIN, Setup
from cloudling.kernel.machines import HeldMachine, MachineHoldings, Program

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from cloudling.drivers.namespaces.answers import Said
    from cloudling.drivers.namespaces.client import Netd
    from cloudling.drivers.namespaces.driver import NamespaceNetworks
    from cloudling.drivers.namespaces.layers import Root
    from cloudling.kernel.machines import Machine
    from cloudling.kernel.networks import Availability

_CONSOLE = 64 * 1024
_ANSWER, _BOOT, _LAST = 5.0, 120.0, 2.0
_STATES = {"booting": "starting", "ended": "stopped"}


class NamespaceMachines:
    """Machines in namespaces; their interfaces are those of the networks given.

    `ready` is awaited with the name of each machine whose interfaces carry, before its programs
    start: what they find in their space is there then.
    """

    def __init__(
        self,
        networks: NamespaceNetworks,
        ready: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._networks = networks
        self._ready = ready
        self._bases = {"data": networks.data, "cache": networks.cache}
        self._hearing = Hearing()
        self._locks: dict[str, asyncio.Lock] = {}
        # Those whose end was asked for, or is told to whoever starts them.
        self._expected: set[str] = set()
        # Roots that are being captured, or that disks are being made over.
        self._held: Counter[str] = Counter()
        self._notices: list[Callable[[str], None]] = []
        networks.attach(self._hear, self._lose)

    async def available(self) -> Availability:
        return await asyncio.to_thread(probe, self._networks.wrapper, MACHINES_NEED)

    async def holdings(self) -> MachineHoldings:
        netd = await self._networks.netd()
        held = {
            each["wanted"]["name"]: _as_held(each)
            for each in (await netd.result_of("inventory"))["machines"]
        }
        for name in await asyncio.to_thread(self._disks):
            held.setdefault(name, HeldMachine(name=name, state="stopped"))
        return MachineHoldings(netd.identity.epoch, tuple(held.values()))

    def _disks(self) -> list[str]:
        folder = self._bases["data"] / layers.DISKS
        if not folder.is_dir():
            return []
        return sorted(each.name for each in folder.iterdir() if not each.name.startswith("."))

    async def start(self, machine: Machine) -> None:
        over = await asyncio.to_thread(self._over, machine)
        async with self._lock(machine.name):
            netd = await self._networks.netd()
            self._expected.add(machine.name)
            try:
                with self._holding(over.name, *over.lower):
                    await self._start(netd, machine, over)
            finally:
                self._expected.discard(machine.name)

    def _over(self, machine: Machine) -> Root:
        """A disk that is there lies over what it was made over."""
        held = layers.below(self._bases, machine.name)
        return held or layers.find(self._bases, machine.root)

    async def _start(self, netd: Netd, machine: Machine, over: Root) -> None:
        name = machine.name
        runs = await netd.result_of(
            "machine ensure",
            name=name,
            hostname=machine.hostname,
            folder=_disk(name),
            lower=over.layers,
            host_usr=over.host_usr,
            limits=msgspec.structs.asdict(machine.limits),
        )
        if runs:
            return
        ended = self._hearing.expect("machine ended", name)
        try:
            await asyncio.to_thread(layers.note, self._bases, name, over)
            for interface in machine.interfaces:
                own = msgspec.structs.replace(interface, space=name)
                await self._networks.ensure_interface(own)
            if self._ready is not None:
                await self._ready(name)
            await self._boot(netd, machine, ended)
        except BaseException:
            with suppress(OSError):
                await netd.result_of("machine remove", name=name)
            raise
        finally:
            ended.cancel()

    async def _boot(self, netd: Netd, machine: Machine, ended: asyncio.Future[Any]) -> None:
        booted = self._hearing.expect("machine booted", machine.name)
        try:
            if not await netd.boot(machine.name, msgspec.json.encode(_setup(machine))):
                return
            done, _ = await asyncio.wait(
                (booted, ended), timeout=_BOOT, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            booted.cancel()
        if not done:
            raise OSError(errno.ETIMEDOUT, f"{machine.name} does not boot.")
        if ended in done:
            said, _ = ended.result()
            raise OSError(errno.EIO, said.reason or f"{machine.name} ended as it booted.")
        booted.result()

    async def stop(self, name: str, patience: float = 5.0) -> None:
        async with self._lock(name):
            netd = await self._networks.netd()
            self._expected.add(name)
            ended = self._hearing.expect("machine ended", name)
            try:
                if await netd.result_of("machine end", name=name, patience=patience):
                    await asyncio.wait((ended,), timeout=patience + _LAST)
                await netd.result_of("machine remove", name=name)
            finally:
                ended.cancel()
                self._expected.discard(name)

    async def discard(self, name: str) -> None:
        async with self._lock(name):
            netd = await self._networks.netd()
            self._expected.add(name)
            try:
                await netd.result_of("machine remove", name=name)
            finally:
                self._expected.discard(name)
            await self._work(netd, "disk discard", folder=_disk(name))
        self._locks.pop(name, None)
        await self._clear(netd)

    async def _clear(self, netd: Netd) -> None:
        """Take away what nothing is over any more."""
        for name in await asyncio.to_thread(layers.unused, self._bases):
            if name not in self._held:
                await self._work(netd, "disk discard", folder=layers.layer(name))

    async def capture(self, name: str, root: str) -> None:
        await asyncio.to_thread(self._place, name)
        over = await asyncio.to_thread(layers.below, self._bases, name)
        if over is None:
            raise FileNotFoundError(errno.ENOENT, f"{name} has no disk yet.")
        netd = await self._networks.netd()
        with self._holding(root):
            # One that is there already was captured before: said again, it is as it was then.
            with suppress(FileExistsError):
                to = layers.layer(root)
                await self._work(netd, "disk capture", machine=name, folder=_disk(name), to=to)
            await asyncio.to_thread(layers.describe, self._bases, root, over)

    @contextmanager
    def _holding(self, *roots: str) -> Iterator[None]:
        self._held.update(roots)
        try:
            yield
        finally:
            self._held.subtract(roots)
            self._held += Counter()

    def _place(self, name: str) -> Path:
        place = self._bases["data"] / layers.DISKS / name
        if Path(name).name != name or not place.is_dir():
            raise FileNotFoundError(errno.ENOENT, f"There is no machine {name}.")
        return place

    async def _work(self, netd: Netd, verb: str, **said: Any) -> None:
        """Ask for what takes its time, and wait for it."""
        number = await netd.result_of(verb, int, **said)
        done, _ = await self._hearing.expect("work done", number)
        if done.reason:
            raise OSError(errno.EIO, f"{verb}: {done.reason}")

    async def console(self, name: str) -> bytes:
        return await asyncio.to_thread(self._read_console, name)

    def _read_console(self, name: str) -> bytes:
        try:
            with (self._place(name) / "console.log").open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _CONSOLE))
                return file.read(_CONSOLE)
        except FileNotFoundError as missing:
            raise FileNotFoundError(errno.ENOENT, f"There is no machine {name}.") from missing

    async def check(self, name: str) -> str:
        netd = await self._networks.netd()
        try:
            number, carries = await netd.result_of("machine check", tuple[int, bool], name=name)
        except FileNotFoundError:
            return "It does not run."
        try:
            await asyncio.wait_for(self._hearing.expect("machine answers", number), _ANSWER)
        except TimeoutError:
            return "Its first process does not answer."
        return "" if carries else "Its first interface does not carry."

    async def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        user: str = "root",
        environment: dict[str, str] | None = None,
        has_terminal: bool = False,
    ) -> Program:
        netd = await self._networks.netd()
        number, descriptors = await netd.run(
            name,
            *command,
            user=user or LOGIN,
            environment=environment or {},
            has_terminal=has_terminal,
            folder="",
        )
        ended = self._hearing.expect("command ended", number)
        started = self._hearing.expect("command started", number)
        await asyncio.wait((started, ended), return_when=asyncio.FIRST_COMPLETED)
        if started.done():
            descriptors += started.result()[1]
        started.cancel()
        if ended.done() and ended.result()[0].reason:
            for each in descriptors:
                os.close(each)
            raise OSError(errno.EINVAL, ended.result()[0].reason)
        return Program(tuple(descriptors), asyncio.ensure_future(_code(ended)))

    def watch(self, notice: Callable[[str], None]) -> None:
        self._notices.append(notice)

    def _hear(self, said: Said, descriptors: list[int]) -> None:
        if said.event == "machine ended" and said.name not in self._expected:
            self._tell(said.name)
        self._hearing.hear(said, descriptors)

    def _lose(self) -> None:
        self._hearing.lose()
        self._tell("")

    def _tell(self, name: str) -> None:
        for notice in self._notices:
            notice(name)

    def _lock(self, name: str) -> asyncio.Lock:
        return self._locks.setdefault(name, asyncio.Lock())


async def _code(ended: asyncio.Future[tuple[Said, list[int]]]) -> int:
    said, _ = await ended
    return said.code


def _disk(name: str) -> str:
    return f"data/{layers.DISKS}/{name}"


def _as_held(held: dict[str, Any]) -> HeldMachine:
    state = _STATES.get(held["state"], "running" if held["has_booted"] else "starting")
    return HeldMachine(
        name=held["wanted"]["name"],
        state=state,  # type: ignore[arg-type]
        reason=held["reason"],
        limits=tuple(held["limits"]),
    )


def _setup(machine: Machine) -> Setup:
    found = userdata.read(machine.script)
    first = min(machine.interfaces, key=lambda each: each.device, default=None)
    return Setup(
        hostname=machine.hostname,
        address=first.addresses[0] if first else "",
        domain=machine.domain,
        resolver=machine.resolver,
        environment=machine.environment,
        authorities=machine.authorities,
        user=machine.user,
        keys=machine.keys,
        scripts=found.scripts,
        notes=found.notes,
    )

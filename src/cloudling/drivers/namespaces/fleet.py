"""The port `Machines`, made true by the netd that `Networks` has too."""

from __future__ import annotations

import asyncio
import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.drivers.namespaces import layers, userdata
from cloudling.drivers.namespaces.driver import MACHINES_NEED, probe
from cloudling.drivers.namespaces.hearing import Hearing
from cloudling.drivers.namespaces.orders import Setup
from cloudling.kernel.machines import HeldMachine, MachineHoldings, Program

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloudling.drivers.namespaces.answers import Said
    from cloudling.drivers.namespaces.client import Netd
    from cloudling.drivers.namespaces.driver import NamespaceNetworks
    from cloudling.drivers.namespaces.layers import Layers
    from cloudling.kernel.machines import Machine
    from cloudling.kernel.networks import Availability

_CONSOLE = 64 * 1024
_ANSWER, _BOOT, _LAST = 5.0, 120.0, 2.0
_DISK = "disk.json"
_STATES = {"booting": "starting", "ended": "stopped"}


class NamespaceMachines:
    """Machines in namespaces; their interfaces are those of the networks given."""

    def __init__(self, networks: NamespaceNetworks) -> None:
        self._networks = networks
        self._bases = {"data": networks.data, "cache": networks.cache}
        self._hearing = Hearing()
        self._locks: dict[str, asyncio.Lock] = {}
        # Those whose end was asked for, or is told to whoever starts them.
        self._expected: set[str] = set()
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
        over = await asyncio.to_thread(layers.find, self._bases, machine.root)
        async with self._lock(machine.name):
            netd = await self._networks.netd()
            self._expected.add(machine.name)
            try:
                await self._start(netd, machine, over)
            finally:
                self._expected.discard(machine.name)

    async def _start(self, netd: Netd, machine: Machine, over: Layers) -> None:
        name = machine.name
        runs = await netd.result_of(
            "machine ensure",
            name=name,
            hostname=machine.hostname,
            folder=_disk(name),
            lower=over.folders,
            host_usr=over.description.host_usr,
            limits=msgspec.structs.asdict(machine.limits),
        )
        if runs:
            return
        ended = self._hearing.expect("machine ended", name)
        try:
            await asyncio.to_thread(self._note_root, name, over)
            for interface in machine.interfaces:
                own = msgspec.structs.replace(interface, space=name)
                await self._networks.ensure_interface(own)
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

    def _note_root(self, name: str, over: Layers) -> None:
        """So that whoever removes roots knows which are still below a disk."""
        place = self._bases["data"] / _disk(name).partition("/")[2] / _DISK
        if not place.exists():
            place.write_bytes(msgspec.json.encode({"roots": over.names}))

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

    async def capture(self, name: str, root: str) -> None:
        over = await asyncio.to_thread(self._below, name)
        netd = await self._networks.netd()
        # One that is there already was captured before: said again, it is as it was then.
        with suppress(FileExistsError):
            to = f"data/{layers.ROOTS}/{root}"
            await self._work(netd, "disk capture", machine=name, folder=_disk(name), to=to)
        made = msgspec.structs.replace(over.description, lower=over.names)
        await asyncio.to_thread(layers.describe, self._bases, root, made)

    def _below(self, name: str) -> Layers:
        """What a machine's disk lies over."""
        place = self._place(name) / _DISK
        return layers.find(self._bases, msgspec.json.decode(place.read_bytes())["roots"][0])

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
        given = {"user": user, "environment": environment or {}, "has_terminal": has_terminal}
        number, descriptors = await netd.run(name, *command, **given)
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

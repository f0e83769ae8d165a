"""Machines as netd holds them: each a first process, its channel, and its space."""

from __future__ import annotations

import os
import select
import signal
import socket
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from cloudling.drivers.namespaces.channels import Channel, ChannelClosed
from cloudling.drivers.namespaces.messages import Event, HeldMachine
from cloudling.drivers.namespaces.plane import NothingSuch
from cloudling.drivers.namespaces.supervisors import Birth, Command, Told
from cloudling.drivers.namespaces.zygotes import Born, Died, owner

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.drivers.namespaces.messages import EnsureMachine, RunCommand
    from cloudling.drivers.namespaces.plane import Plane

_PATIENCE = 10.0
_CODES_KEPT = 100
_ENDING = signal.SIGKILL


@dataclass(slots=True)
class Machine:
    """One machine, from its birth until it is removed."""

    wanted: EnsureMachine
    channel: Channel
    process: int
    handle: int
    is_ready: bool = False
    has_ended: bool = False
    reason: str = ""
    commands: set[int] = field(default_factory=set)
    codes: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_CODES_KEPT))

    @property
    def held(self) -> HeldMachine:
        commands = tuple(sorted(self.commands))
        return HeldMachine(self.wanted, self.state, commands, dict(self.codes), self.reason)

    @property
    def state(self) -> Literal["booting", "running", "ended"]:
        if self.has_ended:
            return "ended"
        return "running" if self.is_ready else "booting"


class Machines:
    """All machines by name; what happens to them is told as events."""

    def __init__(self, plane: Plane, folder: Path, zygote: Channel) -> None:
        self._plane = plane
        self._folder = folder
        self._zygote = zygote
        self._machines: dict[str, Machine] = {}
        self._numbers = 0
        self._early: list[Died] = []
        self.tell: Callable[[Event], None] = lambda event: None
        self.watch: Callable[[int, Callable[[], object]], None] = lambda number, notice: None
        self.unwatch: Callable[[int], object] = lambda number: None

    def held(self) -> tuple[HeldMachine, ...]:
        return tuple(machine.held for machine in self._machines.values())

    def ensure(self, wanted: EnsureMachine) -> None:
        """Let it boot; commands may be run at once, they wait until its root is made."""
        found = self._machines.get(wanted.name)
        if found is not None and not found.has_ended:
            if found.wanted != wanted:
                raise FileExistsError(17, f"{wanted.name} runs otherwise.")
            return
        if found is None:
            self._plane.require_new(wanted.name)
        birth = self._birth(wanted)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        channel = Channel(ours)
        try:
            with theirs:
                process, network = self._bear(birth, theirs)
            self._adopt(wanted, channel, process, network)
        except BaseException:
            channel.close()
            raise

    def _birth(self, wanted: EnsureMachine) -> Birth:
        folder = self._folder / wanted.folder
        lower = tuple(str(self._folder / each) for each in wanted.lower)
        for name in ("upper", "work", "root", "usr-upper", "usr-work"):
            made = folder / name
            made.mkdir(mode=0o755, parents=True, exist_ok=True)
            os.chown(made, owner(), owner())
        # The machine's root passes through it; what lies above lets nobody pass.
        folder.chmod(0o711)
        return Birth(wanted.name, wanted.hostname, str(folder), lower, wanted.host_usr)

    def _bear(self, birth: Birth, end: socket.socket) -> tuple[int, int]:
        """Its first process, and a descriptor of its network namespace."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        console = os.open(Path(birth.folder) / "console.log", flags, 0o600)
        try:
            self._zygote.send(msgspec.json.encode(birth), (end.fileno(), console))
        finally:
            os.close(console)
        while True:
            if not select.select([self._zygote], [], [], _PATIENCE)[0]:
                raise TimeoutError(110, "The zygote does not answer.")
            data, descriptors = self._zygote.receive()
            said = msgspec.json.decode(data, type=Born | Died)
            if isinstance(said, Died):
                self._early.append(said)
            elif said.error:
                raise OSError(5, said.error)
            else:
                return said.pid, descriptors[0]

    def _adopt(self, wanted: EnsureMachine, channel: Channel, process: int, network: int) -> None:
        handle = os.pidfd_open(process)
        try:
            self._plane.add_machine(wanted.name, network)
        except OSError:
            signal.pidfd_send_signal(handle, _ENDING)
            os.close(handle)
            raise
        machine = Machine(wanted, channel, process, handle)
        self._machines[wanted.name] = machine
        self.watch(channel.fileno(), lambda: self._hear(machine))
        self._bury_early()

    def heed_zygote(self) -> None:
        """Take what the zygote says of ends; without a zygote there is no netd."""
        data, _ = self._zygote.receive()
        self._early.append(msgspec.json.decode(data, type=Died))
        self._bury_early()

    def _bury_early(self) -> None:
        early, self._early = self._early, []
        for died in early:
            for machine in self._machines.values():
                if machine.process == died.died and not machine.has_ended:
                    self._bury(machine, os.waitstatus_to_exitcode(died.status))

    def _bury(self, machine: Machine, code: int) -> None:
        """What it said last may be unread yet."""
        while self._hear(machine):
            pass
        machine.has_ended = True
        machine.commands.clear()
        self.unwatch(machine.channel.fileno())
        machine.channel.close()
        os.close(machine.handle)
        self._plane.remove_machine(machine.wanted.name)
        self.tell(Event("machine ended", machine.wanted.name, code=code, reason=machine.reason))

    def _hear(self, machine: Machine) -> bool:
        """Take one thing that its first process says; False when there is none."""
        try:
            data, _ = machine.channel.receive()
        except (BlockingIOError, ChannelClosed):
            return False
        told = msgspec.json.decode(data, type=Told)
        name = machine.wanted.name
        if told.ready:
            machine.is_ready = True
            self.tell(Event("machine ready", name))
        elif told.id < 0:
            machine.reason = told.error
        elif told.exited or told.error:
            machine.commands.discard(told.id)
            machine.codes.append((told.id, told.code))
            ended = Event("command ended", name, told.id, told.code, told.error)
            self.tell(ended)
        return True

    def run(self, wanted: RunCommand) -> tuple[int, list[int]]:
        """The command's number, and the ends of its input, output and errors."""
        machine = self._running(wanted.name)
        self._numbers += 1
        command = Command(
            self._numbers, wanted.argv, wanted.environment, wanted.folder, wanted.uid, wanted.gid
        )
        ours: list[int] = []
        theirs: list[int] = []
        try:
            if not wanted.to_console:
                _make_pipes(ours, theirs)
            machine.channel.send(msgspec.json.encode(command), theirs)
        except OSError:
            for each in ours:
                os.close(each)
            raise
        finally:
            for each in theirs:
                os.close(each)
        machine.commands.add(command.id)
        return command.id, ours

    def signal(self, name: str, number: int) -> None:
        machine = self._machines.get(name)
        if machine is not None and not machine.has_ended:
            signal.pidfd_send_signal(machine.handle, number)

    def remove(self, name: str) -> None:
        """End it at once; it is forgotten when it has ended."""
        machine = self._machines.get(name)
        if machine is None:
            return
        if not machine.has_ended:
            signal.pidfd_send_signal(machine.handle, _ENDING)
            while not machine.has_ended:
                if not select.select([self._zygote], [], [], _PATIENCE)[0]:
                    raise TimeoutError(110, f"{name} does not end.")
                self.heed_zygote()
        del self._machines[name]

    def _running(self, name: str) -> Machine:
        machine = self._machines.get(name)
        if machine is None or machine.has_ended:
            raise NothingSuch(f"There is no machine {name} that runs.")
        return machine


def _make_pipes(ours: list[int], theirs: list[int]) -> None:
    """Input goes the one way, output and errors the other."""
    reading, writing = os.pipe()
    theirs.append(reading)
    ours.append(writing)
    for _ in range(2):
        reading, writing = os.pipe()
        theirs.append(writing)
        ours.append(reading)

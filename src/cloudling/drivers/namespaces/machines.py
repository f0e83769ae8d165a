"""Machines as netd holds them: each a first process, its channel, and its space."""

from __future__ import annotations

import errno
import os
import signal
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

import msgspec

from cloudling.drivers.namespaces.answers import Event, HeldMachine
from cloudling.drivers.namespaces.births import Births, Newborn
from cloudling.drivers.namespaces.channels import Channel, ChannelClosed
from cloudling.drivers.namespaces.orders import Boot, Command, End, Ping, Told
from cloudling.drivers.namespaces.plane import NothingSuch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloudling.drivers.namespaces.cgroups import Groups
    from cloudling.drivers.namespaces.disks import Disks
    from cloudling.drivers.namespaces.messages import (
        CaptureDisk,
        EnsureMachine,
        RunCommand,
    )
    from cloudling.drivers.namespaces.plane import Plane

_CODES_KEPT = 100
_ENDING = signal.SIGKILL


@dataclass(slots=True)
class Machine:
    """One machine, from its birth until it is removed."""

    wanted: EnsureMachine
    born: Newborn
    is_ready: bool = False
    is_booting: bool = False
    has_booted: bool = False
    has_ended: bool = False
    reason: str = ""
    commands: set[int] = field(default_factory=set)
    codes: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_CODES_KEPT))

    @property
    def held(self) -> HeldMachine:
        commands = tuple(sorted(self.commands))
        return HeldMachine(
            self.wanted,
            self.state,
            commands,
            dict(self.codes),
            self.reason,
            self.has_booted,
            self.born.limits,
        )

    @property
    def channel(self) -> Channel:
        return self.born.channel

    @property
    def state(self) -> Literal["booting", "running", "ended"]:
        if self.has_ended:
            return "ended"
        return "running" if self.is_ready else "booting"


class Machines:
    """All machines by name; what happens to them is told as events."""

    def __init__(self, plane: Plane, disks: Disks, groups: Groups, zygote: Channel) -> None:
        self._plane = plane
        self._disks = disks
        self._groups = groups
        self._births = Births(disks, groups, zygote)
        self._machines: dict[str, Machine] = {}
        self._numbers = 0
        self.tell: Callable[[Event, Sequence[int]], None] = lambda event, descriptors: None
        self.watch: Callable[[int, Callable[[], object]], None] = lambda number, notice: None
        self.unwatch: Callable[[int], object] = lambda number: None

    def held(self) -> tuple[HeldMachine, ...]:
        return tuple(machine.held for machine in self._machines.values())

    def ensure(self, wanted: EnsureMachine) -> bool:
        """Let it be born; commands may be run at once, they wait until its root is made.

        Whether it was there before and has booted.
        """
        found = self._machines.get(wanted.name)
        if found is not None and not found.has_ended:
            return found.has_booted
        if found is None:
            self._plane.require_new(wanted.name)
        self._adopt(wanted, self._births.bear(wanted))
        return False

    def _adopt(self, wanted: EnsureMachine, born: Newborn) -> None:
        try:
            self._plane.add_machine(wanted.name, born.network)
        except OSError:
            born.drop()
            raise
        machine = self._machines[wanted.name] = Machine(wanted, born)
        self.watch(machine.channel.fileno(), lambda: self._hear(machine))
        self._bury_ended()

    def heed_zygote(self) -> None:
        """Take what the zygote says of ends; without a zygote there is no netd."""
        self._births.hear()
        self._bury_ended()

    def _bury_ended(self) -> None:
        for died in self._births.ended():
            for machine in self._machines.values():
                if machine.born.process == died.died and not machine.has_ended:
                    self._bury(machine, os.waitstatus_to_exitcode(died.status))

    def _bury(self, machine: Machine, code: int) -> None:
        """What it said last may be unread yet."""
        while self._hear(machine):
            pass
        machine.has_ended = True
        machine.commands.clear()
        self.unwatch(machine.channel.fileno())
        machine.channel.close()
        for each in (machine.born.handle, machine.born.disk):
            if each is not None:
                os.close(each)
        name, reason = machine.wanted.name, machine.reason
        self._plane.remove_machine(name)
        self._groups.remove(name)
        self.tell(Event("machine ended", name, code=code, reason=reason), ())

    def _hear(self, machine: Machine) -> bool:
        """Take one thing that its first process says; False when there is none."""
        try:
            data, descriptors = machine.channel.receive()
        except (BlockingIOError, ChannelClosed):
            return False
        try:
            self._heed(machine, msgspec.json.decode(data, type=Told), descriptors)
        finally:
            for each in descriptors:
                os.close(each)
        return True

    def _heed(self, machine: Machine, told: Told, descriptors: Sequence[int]) -> None:
        name = machine.wanted.name
        if told.ready:
            machine.is_ready = True
            self.tell(Event("machine ready", name), ())
        elif told.booted:
            machine.has_booted = True
            self._disks.mark_booted(machine.wanted.folder)
            self.tell(Event("machine booted", name), ())
        elif told.pong:
            self.tell(Event("machine answers", name, told.id), ())
        elif told.id < 0:
            machine.reason = told.error
        elif told.started:
            self.tell(Event("command started", name, told.id), descriptors)
        else:
            machine.commands.discard(told.id)
            machine.codes.append((told.id, told.code))
            self.tell(Event("command ended", name, told.id, told.code, told.error), ())

    def boot(self, name: str, setup: int) -> bool:
        """Let its programs start; false when they were started before."""
        machine = self._running(name)
        if machine.is_booting:
            return False
        is_first = not self._disks.has_booted(machine.wanted.folder)
        machine.channel.send(msgspec.json.encode(Boot(is_first)), (setup,))
        machine.is_booting = True
        return True

    def end(self, name: str, patience: float) -> bool:
        """Whether there was something to end."""
        machine = self._machines.get(name)
        if machine is None or machine.has_ended:
            return False
        try:
            machine.channel.send(msgspec.json.encode(End(patience)))
        except OSError:
            # It does not listen: the kernel ends it.
            signal.pidfd_send_signal(machine.born.handle, _ENDING)
        return True

    def check(self, name: str) -> tuple[int, bool]:
        """The number under which it will answer, and whether its first interface carries."""
        machine = self._running(name)
        self._numbers += 1
        machine.channel.send(msgspec.json.encode(Ping(self._numbers)))
        return self._numbers, self._plane.carries(name)

    def capture(self, ask: CaptureDisk) -> int:
        """The number of the work; meanwhile nothing of the machine runs, where that can be."""
        machine = self._machines.get(ask.machine)
        if machine is None or machine.has_ended:
            return self._disks.capture(ask.folder, ask.to, None, lambda: None)
        is_frozen = self._groups.freeze(ask.machine, is_frozen=True)
        thaw = partial(self._groups.freeze, ask.machine, is_frozen=False)
        after = thaw if is_frozen else lambda: None
        try:
            return self._disks.capture(ask.folder, ask.to, machine.born.disk, after)
        except BaseException:
            after()
            raise

    def discard(self, folder: str) -> int:
        for machine in self._machines.values():
            if machine.wanted.folder == folder and not machine.has_ended:
                raise OSError(errno.EBUSY, f"{machine.wanted.name} runs.")
        return self._disks.discard(folder)

    def run(self, wanted: RunCommand) -> tuple[int, list[int]]:
        """The command's number, and the ends of its input, output and errors."""
        machine = self._running(wanted.name)
        self._numbers += 1
        if not wanted.argv and not wanted.user:
            raise ValueError("There is nothing to run.")
        command = Command(
            self._numbers,
            wanted.argv,
            wanted.environment,
            wanted.folder,
            wanted.uid,
            wanted.gid,
            wanted.user,
            wanted.has_terminal,
        )
        ours: list[int] = []
        theirs: list[int] = []
        try:
            if not (wanted.to_console or wanted.has_terminal):
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
            signal.pidfd_send_signal(machine.born.handle, number)

    def remove(self, name: str) -> None:
        """End it at once; it is forgotten when it has ended."""
        machine = self._machines.get(name)
        if machine is None:
            return
        if not machine.has_ended:
            signal.pidfd_send_signal(machine.born.handle, _ENDING)
            while not machine.has_ended:
                self._births.wait(f"{name} does not end.")
                self.heed_zygote()
        del self._machines[name]

    def close(self) -> None:
        """End all, so that nothing of their groups stays."""
        for name in self._machines:
            self.signal(name, _ENDING)
        for name in list(self._machines):
            self.remove(name)
        self._groups.close()

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

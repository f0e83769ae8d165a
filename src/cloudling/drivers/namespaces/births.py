"""How a machine comes to be: its disk, its limits, and a first process forked by the zygote."""

from __future__ import annotations

import os
import select
import signal
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from cloudling.drivers.namespaces import roots
from cloudling.drivers.namespaces.channels import Channel
from cloudling.drivers.namespaces.orders import Birth, Ceilings
from cloudling.drivers.namespaces.zygotes import Born, Died, has_many_ids

if TYPE_CHECKING:
    from cloudling.drivers.namespaces.cgroups import Groups
    from cloudling.drivers.namespaces.disks import Disks
    from cloudling.drivers.namespaces.messages import EnsureMachine, Limits

MEMORY, PROCESSES, DISK = "memory", "processes", "disk"
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Newborn:
    """A first process; the descriptors are then the taker's. `disk` is one that is mounted."""

    process: int
    handle: int
    channel: Channel
    network: int
    disk: int | None
    limits: tuple[str, ...]

    def drop(self) -> None:
        """It is not wanted after all."""
        signal.pidfd_send_signal(self.handle, signal.SIGKILL)
        self.channel.close()
        for each in (self.handle, self.disk):
            if each is not None:
                os.close(each)


class Births:
    """Makes first processes, and hears from the zygote which have ended."""

    def __init__(self, disks: Disks, groups: Groups, zygote: Channel) -> None:
        self._disks = disks
        self._groups = groups
        self._zygote = zygote
        self._early: list[Died] = []

    def bear(self, wanted: EnsureMachine) -> Newborn:
        with ExitStack() as opened:
            mounts = self._mounts(wanted)
            for each in mounts.values():
                opened.callback(os.close, each)
            birth = self._birth(wanted, tuple(mounts))
            console = self._disks.open_console(wanted.folder)
            opened.callback(os.close, console)
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            opened.enter_context(theirs)
            channel = Channel(ours)
            try:
                message = msgspec.json.encode(birth)
                self._zygote.send(message, (theirs.fileno(), console, *mounts.values()))
                process, network = self._born()
            except BaseException:
                channel.close()
                raise
            handle = os.pidfd_open(process)
            disk = os.dup(mounts[roots.DISK]) if roots.DISK in mounts else None
            return Newborn(process, handle, channel, network, disk, self._limits(wanted, disk))

    def _mounts(self, wanted: EnsureMachine) -> dict[str, int]:
        """What a first process cannot mount itself, by where it is to be."""
        disk = None
        if wanted.limits is not None:
            self._disks.make(wanted.folder)
            disk = self._disks.mount(wanted.folder, wanted.limits.disk)
        usr = self._disks.programs() if wanted.host_usr else None
        found = ((roots.DISK, disk), (roots.USR, usr))
        return {name: each for name, each in found if each is not None}

    def _birth(self, wanted: EnsureMachine, mounts: tuple[str, ...]) -> Birth:
        groups: tuple[str, ...] = ()
        ceilings = Ceilings()
        if wanted.limits is not None:
            groups = self._groups.make(wanted.name, wanted.limits)
            ceilings = self._ceilings(wanted.limits, has_disk=roots.DISK in mounts)
        return Birth(
            wanted.name,
            wanted.hostname,
            str(self._disks.make(wanted.folder)),
            tuple(str(self._disks.place(each)) for each in wanted.lower),
            wanted.host_usr,
            groups,
            ceilings,
            mounts,
        )

    def _ceilings(self, limits: Limits, *, has_disk: bool) -> Ceilings:
        """What groups do not hold, the kernel holds each process to, as far as it can."""
        held = self._groups.limits
        return Ceilings(
            processes=0 if PROCESSES in held else limits.processes,
            memory=0 if MEMORY in held else limits.memory,
            file=0 if has_disk else limits.disk,
        )

    def _limits(self, wanted: EnsureMachine, disk: int | None) -> tuple[str, ...]:
        """Those that hold for the machine as a whole."""
        if wanted.limits is None:
            return ()
        held = list(self._groups.limits)
        # All that a machine with a single id runs is one user's to the kernel.
        if PROCESSES not in held and not has_many_ids():
            held.append(PROCESSES)
        if disk is not None:
            held.append(DISK)
        return tuple(held)

    def _born(self) -> tuple[int, int]:
        """Its process, and a descriptor of its network namespace."""
        while True:
            self.wait("The zygote does not answer.")
            data, descriptors = self._zygote.receive()
            said = msgspec.json.decode(data, type=Born | Died)
            if isinstance(said, Died):
                self._early.append(said)
            elif said.error:
                raise OSError(5, said.error)
            else:
                return said.pid, descriptors[0]

    def wait(self, complaint: str) -> None:
        if not select.select([self._zygote], [], [], _PATIENCE)[0]:
            raise TimeoutError(110, complaint)

    def hear(self) -> None:
        """Take one thing that the zygote says: the end of a first process."""
        data, _ = self._zygote.receive()
        self._early.append(msgspec.json.decode(data, type=Died))

    def ended(self) -> list[Died]:
        """Those that have ended since this was asked last."""
        ended, self._early = self._early, []
        return ended

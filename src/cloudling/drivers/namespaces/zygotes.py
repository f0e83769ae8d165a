"""The process that machines' first processes are forked from.

It is forked from netd before netd has received anything, and wipes what it was started with, so
that nothing of the user's is in a machine's memory.
"""

from __future__ import annotations

import ctypes
import os
import platform
import selectors
import signal
import socket
from pathlib import Path

import msgspec

from cloudling.drivers.namespaces import syscalls
from cloudling.drivers.namespaces.channels import Channel, ChannelClosed
from cloudling.drivers.namespaces.orders import Birth
from cloudling.drivers.namespaces.signals import Signals
from cloudling.drivers.namespaces.supervisors import live

_CLONE = {"x86_64": 56, "aarch64": 220}
_NAMESPACES = (
    syscalls.NEWUSER | syscalls.NEWPID | syscalls.NEWNET | syscalls.NEWUTS | syscalls.NEWIPC
)
# Where `stat` tells their bounds, counted from the field behind the name.
_ARGUMENTS, _ENVIRONMENT = 45, 47
FIRST_UID, UIDS = 100_000, 65_536


class Born(msgspec.Struct, frozen=True, tag="born"):
    """A machine's first process, as netd's PID namespace numbers it; or why there is none."""

    name: str
    pid: int = 0
    error: str = ""


class Died(msgspec.Struct, frozen=True, tag="died"):
    """A machine's first process has ended, and all others of the machine with it."""

    died: int
    status: int


def fork_zygote(others: list[int]) -> socket.socket:
    """netd's end of the channel to it; the descriptors of others stay behind."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        try:
            for each in others:
                os.close(each)
            syscalls.die_with_parent(signal.SIGKILL)
            ours.close()
            wipe_beginnings()
            _Zygote(Channel(theirs)).run()
        finally:
            os._exit(1)
    theirs.close()
    return ours


def wipe_beginnings() -> None:
    """`/proc/…/cmdline` and `environ` show the memory that the program's start had left there."""
    os.environ.clear()
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    for first in (_ARGUMENTS, _ENVIRONMENT):
        start, end = int(fields[first]), int(fields[first + 1])
        if start:
            ctypes.memset(start, 0, end - start)


class _Zygote:
    """Forks on demand, and tells of each end."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._signals = Signals(signal.SIGCHLD)
        self._selector = selectors.DefaultSelector()
        self._selector.register(channel, selectors.EVENT_READ, self._serve)
        self._selector.register(self._signals, selectors.EVENT_READ, self._reap)

    def run(self) -> None:
        """Until netd is gone."""
        try:
            while True:
                for key, _ in self._selector.select():
                    key.data()
        except ChannelClosed:
            return

    def _serve(self) -> None:
        data, descriptors = self._channel.receive()
        birth = msgspec.json.decode(data, type=Birth)
        network: list[int] = []
        try:
            process = self._bear(birth, descriptors, network)
            said = Born(birth.name, process)
        except OSError as error:
            said = Born(birth.name, error=str(error))
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        self._channel.send(msgspec.json.encode(said), network)
        for descriptor in network:
            os.close(descriptor)

    def _bear(self, birth: Birth, descriptors: list[int], network: list[int]) -> int:
        """Its network namespace is opened while it still waits: later nobody may."""
        ready, go = os.pipe()
        process = _clone(_NAMESPACES)
        if process == 0:
            try:
                os.close(go)
                if os.read(ready, 1):
                    os.close(ready)
                    self._forget()
                    channel = Channel(socket.socket(fileno=descriptors[0]))
                    live(birth, channel, descriptors[1], descriptors[2:])
            finally:
                os._exit(1)
        os.close(ready)
        try:
            _write_maps(process)
            for group in birth.groups:
                Path(group).write_text(str(process), encoding="ascii")
            network.append(os.open(f"/proc/{process}/ns/net", os.O_RDONLY | os.O_CLOEXEC))
            os.write(go, b"x")
        finally:
            os.close(go)
        return process

    def _forget(self) -> None:
        self._selector.close()
        self._signals.close()
        self._channel.close()

    def _reap(self) -> None:
        self._signals.drain()
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if process == 0:
                return
            self._channel.send(msgspec.json.encode(Died(process, status)))


def _clone(kinds: int) -> int:
    """Fork into new namespaces, so that the child is the first process of its own."""
    number = _CLONE.get(platform.machine())
    if number is None:
        raise OSError(38, f"Machines do not run on {platform.machine()} yet.")
    api = ctypes.pythonapi
    api.PyOS_BeforeFork()
    process = syscalls.clone(number, kinds | signal.SIGCHLD)
    if process == 0:
        api.PyOS_AfterFork_Child()
    else:
        api.PyOS_AfterFork_Parent()
    return syscalls.require(process, "clone")


def _write_maps(process: int) -> None:
    """As root a machine's ids are its own; an ordinary user has one id to give."""
    folder = Path(f"/proc/{process}")
    has_many = has_many_ids()
    if not has_many:
        (folder / "setgroups").write_text("deny", encoding="ascii")
    extent = f"0 {FIRST_UID} {UIDS}" if has_many else "0 0 1"
    (folder / "uid_map").write_text(extent, encoding="ascii")
    (folder / "gid_map").write_text(extent, encoding="ascii")


def has_many_ids() -> bool:
    """Whether netd itself was given the ids that machines need."""
    lines = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    return any(
        int(first) <= FIRST_UID and int(first) + int(count) >= FIRST_UID + UIDS
        for first, _, count in (line.split() for line in lines)
    )


def owner() -> int:
    """The id, in netd's eyes, of a machine's root."""
    return FIRST_UID if has_many_ids() else 0

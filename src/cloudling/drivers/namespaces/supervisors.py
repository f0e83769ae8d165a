"""A machine's first process: makes its root, runs what it is told to, and sees all others end."""

from __future__ import annotations

import os
import selectors
import signal
import time
from typing import TYPE_CHECKING, Annotated, NoReturn

import msgspec
from msgspec import Meta, Struct

from cloudling.drivers.namespaces import roots, syscalls
from cloudling.drivers.namespaces.channels import ChannelClosed
from cloudling.drivers.namespaces.signals import Signals

if TYPE_CHECKING:
    from cloudling.drivers.namespaces.channels import Channel

_PATIENCE = 5.0
_PAUSE = 0.01
_CANNOT_RUN = 127


class Birth(Struct, frozen=True):
    """A machine to be: folders of its root by their paths."""

    name: str
    hostname: str
    folder: str
    lower: tuple[str, ...]
    host_usr: bool = False


class Command(Struct, frozen=True, tag="command", tag_field="do"):
    """A program to run; its input, output and errors come as descriptors, or are the console's."""

    id: int
    argv: Annotated[tuple[str, ...], Meta(min_length=1)]
    environment: dict[str, str] = {}
    folder: str = "/"
    uid: int = 0
    gid: int = 0


class Told(Struct, frozen=True, omit_defaults=True):
    """What the first process says: ready, started, exited, or what went wrong."""

    ready: bool = False
    id: int = -1
    started: int = 0
    exited: int = 0
    code: int = 0
    error: str = ""


def live(birth: Birth, channel: Channel, console: int) -> NoReturn:
    """Be the machine's first process until it is told to end, or netd is gone."""
    os.setsid()
    os.dup2(console, 1)
    os.dup2(console, 2)
    os.close(console)
    syscalls.name_process("init")
    try:
        roots.enter(birth)
    except Exception as error:  # noqa: BLE001 - whatever it was, there is no machine
        channel.send(msgspec.json.encode(Told(error=str(error))))
        os._exit(1)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    syscalls.hide_process()
    supervisor = _Supervisor(channel)
    channel.send(msgspec.json.encode(Told(ready=True)))
    supervisor.run()
    os._exit(0)


class _Supervisor:
    """Starts commands, reaps, and ends in order at SIGTERM."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._commands: dict[int, int] = {}
        self._is_ending = False
        self._signals = Signals(signal.SIGCHLD, signal.SIGTERM)
        self._selector = selectors.DefaultSelector()
        self._selector.register(channel, selectors.EVENT_READ, self._serve)
        self._selector.register(self._signals, selectors.EVENT_READ, self._heed)

    def run(self) -> None:
        try:
            while not self._is_ending:
                for key, _ in self._selector.select():
                    key.data()
        except ChannelClosed:
            return
        self._end_others()

    def _say(self, told: Told) -> None:
        self._channel.send(msgspec.json.encode(told))

    def _serve(self) -> None:
        data, descriptors = self._channel.receive()
        command = msgspec.json.decode(data, type=Command)
        try:
            process = os.fork()
            if process == 0:
                self._become(command, descriptors)
            self._commands[process] = command.id
            self._say(Told(id=command.id, started=process))
        except OSError as error:
            self._say(Told(id=command.id, error=error.strerror or str(error)))
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _become(self, command: Command, descriptors: list[int]) -> NoReturn:
        """Never returns: what goes wrong is said where the program would have spoken."""
        try:
            signal.set_wakeup_fd(-1)
            for each in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
                signal.signal(each, signal.SIG_DFL)
            os.setsid()
            for number, descriptor in enumerate(descriptors):
                os.dup2(descriptor, number)
            os.closerange(3, 1024)
            if command.gid or command.uid:
                os.setresgid(command.gid, command.gid, command.gid)
                os.setresuid(command.uid, command.uid, command.uid)
            os.chdir(command.folder)
            os.execvpe(command.argv[0], list(command.argv), command.environment)  # noqa: S606 - what a machine is for
        except Exception as error:  # noqa: BLE001 - as the docstring says
            os.write(2, f"{command.argv[0]}: {error}\n".encode())
        finally:
            os._exit(_CANNOT_RUN)

    def _heed(self) -> None:
        came = self._signals.drain()
        self._reap()
        self._is_ending = signal.SIGTERM in came

    def _reap(self) -> bool:
        """Whether there are processes left."""
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if process == 0:
                return True
            number = self._commands.pop(process, None)
            if number is not None:
                code = os.waitstatus_to_exitcode(status)
                self._say(Told(id=number, exited=process, code=code))

    def _end_others(self) -> None:
        """Ask all to end; those that will not are ended by the kernel, as this process ends."""
        for number in (signal.SIGTERM, signal.SIGCONT):
            try:
                os.kill(-1, number)
            except ProcessLookupError:
                return
        deadline = time.monotonic() + _PATIENCE
        while self._reap() and time.monotonic() < deadline:
            time.sleep(_PAUSE)

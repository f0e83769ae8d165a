"""A machine's first process: makes its root, runs what it is told to, and sees all others end."""

from __future__ import annotations

import os
import resource
import selectors
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from cloudling.drivers.namespaces import accounts, boots, logins, programs, roots, syscalls
from cloudling.drivers.namespaces.channels import ChannelClosed, read_aside
from cloudling.drivers.namespaces.consoles import Console, Copied
from cloudling.drivers.namespaces.elevations import Elevations
from cloudling.drivers.namespaces.logins import Logins
from cloudling.drivers.namespaces.orders import (
    LOGIN,
    Birth,
    Boot,
    Ceilings,
    Command,
    End,
    Order,
    Ping,
    Setup,
    Told,
)
from cloudling.drivers.namespaces.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloudling.drivers.namespaces.channels import Channel

_PATIENCE = 5.0
_PAUSE = 0.01
# Commands that netd asks for have other numbers.
_OWN = -1


def live(birth: Birth, channel: Channel, file: int, mounts: Sequence[int]) -> NoReturn:
    """Be the machine's first process until it is told to end, or netd is gone."""
    os.setsid()
    syscalls.name_process("init")
    try:
        _hold_to(birth.ceilings)
        roots.enter(birth, mounts)
        console = Console(file)
    except Exception as error:  # noqa: BLE001 - whatever it was, there is no machine
        channel.send(msgspec.json.encode(Told(error=str(error))))
        os._exit(1)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    for number in (1, 2):
        os.dup2(console.end, number)
    syscalls.hide_process()
    supervisor = _Supervisor(channel, console)
    channel.send(msgspec.json.encode(Told(ready=True)))
    supervisor.run()
    os._exit(0)


def _hold_to(ceilings: Ceilings) -> None:
    for kind, most in (
        (resource.RLIMIT_NPROC, ceilings.processes),
        (resource.RLIMIT_DATA, ceilings.memory),
        (resource.RLIMIT_FSIZE, ceilings.file),
    ):
        if most:
            resource.setrlimit(kind, (most, most))


class _Supervisor:
    """Starts programs, reaps, keeps the console, and ends in order."""

    def __init__(self, channel: Channel, console: Console) -> None:
        self._channel = channel
        self._console = console
        self._environment = {"PATH": boots.PATH}
        self._user = "root"
        self._commands: dict[int, int] = {}
        self._scripts: list[str] = []
        self._script = 0
        self._copied: Copied | None = None
        self._server = 0
        self._logins: Logins | None = None
        self._elevations: Elevations | None = None
        self._nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        self._patience: float | None = None
        self._signals = Signals(signal.SIGCHLD, signal.SIGTERM)
        self._selector = selectors.DefaultSelector()
        for source, notice in (
            (channel, self._serve),
            (self._signals, self._heed),
            (console, console.drain),
        ):
            self._selector.register(source, selectors.EVENT_READ, notice)

    def run(self) -> None:
        try:
            while self._patience is None:
                for key, _ in self._selector.select():
                    key.data()
        except ChannelClosed:
            return
        self._end_others(self._patience)

    def _say(self, told: Told, descriptors: Sequence[int] = ()) -> None:
        self._channel.send(msgspec.json.encode(told), descriptors)

    def _serve(self) -> None:
        data, descriptors = self._channel.receive()
        order = msgspec.json.decode(data, type=Order)
        _ORDERS[type(order)](self, order, descriptors)

    def command(self, command: Command, descriptors: list[int]) -> None:
        ours: list[int] = []
        if command.user == LOGIN:
            command = msgspec.structs.replace(command, user=self._user)
        try:
            if command.has_terminal:
                own, theirs = programs.open_terminal()
                ours, descriptors = [own], [theirs]
            streams = descriptors * 3 if command.has_terminal else descriptors
            process = programs.start(command, streams, self._environment)
            self._commands[process] = command.id
            self._say(Told(id=command.id, started=process), ours)
        except OSError as error:
            self._say(Told(id=command.id, error=error.strerror or str(error)))
        finally:
            for descriptor in (*descriptors, *ours):
                os.close(descriptor)

    def boot(self, order: Boot, descriptors: list[int]) -> None:
        """Interfaces carry by now: what is started here may speak at once."""
        setup = msgspec.json.decode(read_aside(descriptors.pop()), type=Setup)
        self._environment, self._user = boots.environment(setup), setup.user
        boots.prepare(setup, is_first=order.is_first, complain=self._console.say)
        self._serve_logins()
        for note in setup.notes:
            self._console.say(note)
        if order.is_first and setup.scripts:
            try:
                self._scripts = boots.place_scripts(setup)
                self._copied = Copied(self._console, boots.LOG)
                self._selector.register(self._copied, selectors.EVENT_READ, self._copy)
            except OSError as fault:
                self._console.say(f"cloudling: user data: {fault}")
            self._start_script()
        self._say(Told(booted=True))

    def _serve_logins(self) -> None:
        server = boots.ssh_server()
        if server:
            self._server = self._start(server)
        if accounts.has_many_ids():
            return
        try:
            self._elevations = Elevations(self._selector, self._start_own)
            logins.prepare()
        except OSError as fault:
            self._console.say(f"cloudling: logins: {fault}")

    def _listen(self) -> None:
        """Its key is there by now."""
        try:
            self._logins = Logins(self._user)
            self._selector.register(self._logins, selectors.EVENT_READ, self._admit)
        except OSError as fault:
            self._console.say(f"cloudling: logins: {fault}")

    def _admit(self) -> None:
        if self._logins is None:
            return
        try:
            command, line = self._logins.admit()
        except OSError:
            return
        with line:
            self._start_own(command, (line.fileno(), line.fileno(), self._nothing))

    def _start_own(self, command: Command, streams: Sequence[int]) -> int:
        process = programs.start(command, streams, self._environment)
        self._commands[process] = _OWN
        return process

    def _start_script(self) -> None:
        """The next one, when the one before has ended; what it left running goes on."""
        if self._copied is None:
            return
        if self._scripts:
            end = self._copied.end
            self._script = self._start((self._scripts.pop(0),), (0, end, end))
        else:
            self._copied.let_go()

    def _copy(self) -> None:
        if self._copied is not None and not self._copied.drain():
            self._selector.unregister(self._copied)
            self._copied.close()
            self._copied = None

    def _start(self, argv: tuple[str, ...], streams: Sequence[int] = ()) -> int:
        return self._start_own(Command(_OWN, argv), streams)

    def end(self, order: End, _: list[int]) -> None:
        self._patience = order.patience

    def ping(self, order: Ping, _: list[int]) -> None:
        self._say(Told(id=order.id, pong=True))

    def _heed(self) -> None:
        came = self._signals.drain()
        self._reap()
        if signal.SIGTERM in came:
            self._patience = _PATIENCE

    def _reap(self) -> bool:
        """Whether there are processes left."""
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if process == 0:
                return True
            self._bury(process, os.waitstatus_to_exitcode(status))

    def _bury(self, process: int, code: int) -> None:
        number = self._commands.pop(process, None)
        if process == self._script:
            self._copy()
            if code:
                self._console.say(f"cloudling: user data ended with status {code}")
            self._start_script()
        elif process == self._server and not accounts.has_many_ids():
            self._listen()
        elif number == _OWN and self._elevations is not None:
            self._elevations.ended(process, code)
        elif number is not None and number != _OWN:
            # What it said last is on the console before its end is told.
            self._console.drain()
            self._say(Told(id=number, exited=process, code=code))

    def _end_others(self, patience: float) -> None:
        """Ask all to end; those that will not are ended by the kernel, as this process ends."""
        self._scripts.clear()
        for number in (signal.SIGTERM, signal.SIGCONT):
            try:
                os.kill(-1, number)
            except ProcessLookupError:
                break
        deadline = time.monotonic() + patience
        with suppress(ChannelClosed):
            while self._reap() and time.monotonic() < deadline:
                self._drain()
                time.sleep(_PAUSE)
        self._drain()

    def _drain(self) -> None:
        self._console.drain()
        self._copy()


_ORDERS: dict[type, Callable[[_Supervisor, Any, list[int]], None]] = {
    Boot: _Supervisor.boot,
    Command: _Supervisor.command,
    End: _Supervisor.end,
    Ping: _Supervisor.ping,
}

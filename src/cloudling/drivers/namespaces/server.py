"""netd's loop: one thread that does what control and carrier ask, one request after the other.

Networks and machines outlive control by a grace, in which another control may take over.
"""

from __future__ import annotations

import os
import secrets
import selectors
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from cloudling import __version__
from cloudling.drivers.namespaces import messages
from cloudling.drivers.namespaces.answers import Answer, Event, Holdings, Self
from cloudling.drivers.namespaces.channels import Channel, ChannelClosed, write_aside
from cloudling.drivers.namespaces.disks import Disks
from cloudling.drivers.namespaces.machines import Machines
from cloudling.drivers.namespaces.messages import CarrierRequest, Numbered, Request
from cloudling.drivers.namespaces.plane import NothingSuch, Plane

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cloudling.drivers.namespaces.cgroups import Groups
    from cloudling.drivers.namespaces.keepers import Keeper

_INLINE = 64 * 1024
_MOST_CARRIERS = 8
_EINVAL, _ENOENT = 22, 2
_SWEPT = ("data/disks", "data/layers")


@dataclass(frozen=True, slots=True)
class Life:
    """Where netd's socket and the folders that it works in lie, how long it stays alone, and what
    was made for it before it entered its namespaces."""

    path: Path
    data: Path
    cache: Path
    grace: float
    groups: Groups
    keeper: Keeper


class _Given:
    """A result with descriptors: they are handed over, and closed here."""

    def __init__(self, descriptors: list[int], result: Any = None) -> None:
        self.descriptors = descriptors
        self.result = result


class Server:
    """Serves one control, and carriers, until `stop`, or until control stayed away too long."""

    def __init__(self, listener: socket.socket, life: Life, zygote: Channel) -> None:
        self.plane = Plane()
        self.disks = Disks({"data": life.data, "cache": life.cache}, life.keeper)
        self.machines = Machines(self.plane, self.disks, life.groups, zygote)
        self._epoch = secrets.token_hex(8)
        self._grace = life.grace
        self._listener = listener
        self._path = life.path
        self._selector = selectors.DefaultSelector()
        self._control: Channel | None = None
        self._carriers: list[Channel] = []
        self._beside: list[int] = []
        self._alone_since = time.monotonic()
        self._is_ending = False
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, self._admit)
        for each in (self.machines, self.disks):
            each.watch = self.watch
            each.unwatch = self._selector.unregister
            each.tell = self._tell_control
        for folder in _SWEPT:
            # Not every netd has machines, and may enter where their disks would be.
            with suppress(OSError):
                self.disks.sweep(folder)
        self.plane.notice = self._tell_carriers
        self.watch(zygote.fileno(), self._heed_zygote)

    def stop(self) -> None:
        self._is_ending = True

    def watch(self, descriptor: int, notice: Callable[[], object]) -> None:
        """Call `notice` whenever the descriptor becomes readable."""
        self._selector.register(descriptor, selectors.EVENT_READ, notice)

    def run(self) -> None:
        while not self._is_ending:
            for key, _ in self._selector.select(self._patience()):
                key.data()
            if self._control is None and self._patience() == 0:
                self._is_ending = True
        self._close()

    def _close(self) -> None:
        """Take the name away first: whoever finds it gone may make it anew for another netd."""
        with suppress(OSError):
            self._path.unlink()
        self._listener.close()
        self.machines.close()
        self._selector.close()
        self.plane.close()

    def _heed_zygote(self) -> None:
        """Without a zygote no machine can be born, nor its end be known."""
        try:
            self.machines.heed_zygote()
        except BlockingIOError:
            return
        except ChannelClosed:
            self.stop()

    def _tell_control(self, event: Event, descriptors: Sequence[int] = ()) -> None:
        if self._control is not None:
            self._say(self._control, event, descriptors)

    def _tell_carriers(self, name: str, is_there: bool) -> None:
        """They hold sockets there, or wait for the place to come."""
        event = Event("place" if is_there else "place gone", name)
        for channel in self._carriers:
            self._say(channel, event)

    def run_command(self, ask: messages.RunCommand) -> _Given:
        number, descriptors = self.machines.run(ask)
        return _Given(descriptors, number)

    def _patience(self) -> float | None:
        if self._control is not None:
            return None
        return max(0.0, self._alone_since + self._grace - time.monotonic())

    def _admit(self) -> None:
        """A new control takes the place of the one before, which may hang."""
        with suppress(BlockingIOError, ConnectionError):
            end, _ = self._listener.accept()
            if self._control is not None:
                self._say(self._control, Event("replaced"))
                self._leave_control()
            self._control = channel = Channel(end)
            self.watch(channel.fileno(), lambda: self._serve(channel, Request))

    def _leave_control(self) -> None:
        if self._control is not None:
            self._selector.unregister(self._control.fileno())
            self._control.close()
            self._control = None
            self._alone_since = time.monotonic()

    def _leave(self, channel: Channel) -> None:
        if channel is self._control:
            self._leave_control()
        elif channel in self._carriers:
            self._carriers.remove(channel)
            self._selector.unregister(channel.fileno())
            channel.close()

    def _say(self, channel: Channel, said: Any, descriptors: Sequence[int] = ()) -> None:
        with suppress(ChannelClosed, BlockingIOError):
            channel.send(msgspec.json.encode(said), descriptors)

    def _serve(self, channel: Channel, kind: type[Request | CarrierRequest]) -> None:
        """Do what one message asks; whoever sends what is no request at all is left."""
        try:
            data, descriptors = channel.receive()
        except BlockingIOError:
            return
        except ChannelClosed:
            self._leave(channel)
            return
        self._beside = descriptors
        try:
            self._serve_one(channel, kind, data)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _serve_one(
        self, channel: Channel, kind: type[Request | CarrierRequest], data: bytes
    ) -> None:
        try:
            number = msgspec.json.decode(data, type=Numbered).id
        except msgspec.DecodeError:
            self._leave(channel)
            return
        try:
            result = self._do(msgspec.json.decode(data, type=kind).ask)
        except Exception as error:  # noqa: BLE001 - the asker is told; others must not suffer
            self._answer(channel, _refusal(number, error))
        else:
            self._tell(channel, number, result)

    def _tell(self, channel: Channel, number: int, result: Any) -> None:
        if isinstance(result, _Given):
            try:
                said = Answer(number, msgspec.Raw(msgspec.json.encode(result.result)))
                self._answer(channel, said, tuple(result.descriptors))
            finally:
                for each in result.descriptors:
                    os.close(each)
            return
        encoded = msgspec.json.encode(result)
        if len(encoded) <= _INLINE:
            self._answer(channel, Answer(number, msgspec.Raw(encoded)))
            return
        descriptor = write_aside(encoded)
        try:
            self._answer(channel, Answer(number, is_beside=True), (descriptor,))
        finally:
            os.close(descriptor)

    def _answer(self, channel: Channel, said: Answer, descriptors: tuple[int, ...] = ()) -> None:
        try:
            channel.send(msgspec.json.encode(said), descriptors)
        except (ChannelClosed, BlockingIOError):
            # Whoever does not read what it asked for holds the others up.
            self._leave(channel)

    def _do(self, ask: messages.Verb) -> Any:
        return _VERBS[type(ask)](self, ask)

    def boot(self, ask: messages.BootMachine) -> bool:
        if len(self._beside) != 1:
            raise ValueError("The file with what the machine is to be like is missing.")
        return self.machines.boot(ask.name, self._beside[0])

    def identity(self) -> Self:
        return Self(self._epoch, os.getpid(), __version__)

    def holdings(self) -> Holdings:
        found = self.plane.holdings(self._epoch)
        return msgspec.structs.replace(found, machines=self.machines.held())

    def open_carrier(self) -> _Given:
        if len(self._carriers) >= _MOST_CARRIERS:
            raise OSError(24, f"There are {_MOST_CARRIERS} carriers already.")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        channel = Channel(ours)
        self._carriers.append(channel)
        self.watch(channel.fileno(), lambda: self._serve(channel, CarrierRequest))
        return _Given([theirs.detach()])


_VERBS: dict[type, Callable[[Server, Any], Any]] = {
    messages.Probe: lambda server, _: server.identity(),
    messages.Inventory: lambda server, _: server.holdings(),
    messages.Stop: lambda server, _: server.stop(),
    messages.EnsureRouter: lambda server, ask: server.plane.ensure_router(ask),
    messages.RemoveRouter: lambda server, ask: server.plane.remove_router(ask.name),
    messages.EnsureInterface: lambda server, ask: server.plane.ensure_interface(ask),
    messages.RemoveInterface: lambda server, ask: server.plane.remove_interface(ask.name),
    messages.Rules: lambda server, ask: server.plane.set_rules(ask),
    messages.Addresses: lambda server, ask: server.plane.set_addresses(ask),
    messages.OpenSocket: lambda server, ask: _Given([server.plane.open_socket(ask).detach()]),
    messages.EnsureMachine: lambda server, ask: server.machines.ensure(ask),
    messages.BootMachine: lambda server, ask: server.boot(ask),
    messages.EndMachine: lambda server, ask: server.machines.end(ask.name, ask.patience),
    messages.CheckMachine: lambda server, ask: server.machines.check(ask.name),
    messages.CaptureDisk: lambda server, ask: server.machines.capture(ask),
    messages.DiscardDisk: lambda server, ask: server.machines.discard(ask.folder),
    messages.RemoveMachine: lambda server, ask: server.machines.remove(ask.name),
    messages.SignalMachine: lambda server, ask: server.machines.signal(ask.name, ask.number),
    messages.RunCommand: lambda server, ask: server.run_command(ask),
    messages.Carrier: lambda server, _: server.open_carrier(),
}


def _refusal(number: int, error: Exception) -> Answer:
    """What went wrong, for whoever asked; a bug of ours is named with its kind."""
    if isinstance(error, OSError):
        return Answer(number, error=error.strerror or str(error), errno=error.errno or _EINVAL)
    if isinstance(error, NothingSuch):
        return Answer(number, error=str(error), errno=_ENOENT)
    if isinstance(error, ValueError):
        return Answer(number, error=str(error), errno=_EINVAL)
    return Answer(number, error=f"{type(error).__name__}: {error}", errno=_EINVAL)

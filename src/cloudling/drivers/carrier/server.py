"""The carrier's end of control's channel: one control at a time, and a grace without any."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from cloudling import __version__
from cloudling.drivers.carrier import messages
from cloudling.drivers.carrier.messages import INLINE, Envelope, Request, Self
from cloudling.drivers.namespaces.answers import Answer
from cloudling.drivers.namespaces.channels import Channel, ChannelClosed, read_aside, write_aside

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from cloudling.drivers.carrier.carriage import Carriage

_EINVAL = 22


class _Asked:
    """One question, and the channel it came on."""

    def __init__(self, channel: Channel, data: bytes, descriptors: list[int]) -> None:
        self.channel = channel
        self.number = -1
        self._data = data
        self._descriptors = descriptors

    def read(self) -> messages.Verb:
        envelope = msgspec.json.decode(self._data, type=Envelope)
        self.number = envelope.id
        data = read_aside(self._descriptors.pop(0)) if envelope.is_beside else self._data
        return msgspec.json.decode(data, type=Request).ask

    def take_socket(self) -> socket.socket:
        if not self._descriptors:
            raise ValueError("A channel to netd is missing.")
        return socket.socket(fileno=self._descriptors.pop(0))

    def close(self) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()


class Server:
    """Serves one control until `stop`, or until control stayed away too long."""

    def __init__(
        self, listener: socket.socket, path: Path, grace: float, carriage: Carriage
    ) -> None:
        self._listener = listener
        self._path = path
        self._grace = grace
        self._carriage = carriage
        self._loop = asyncio.get_running_loop()
        self._control: Channel | None = None
        self._ended = asyncio.Event()
        self._alone: asyncio.TimerHandle | None = None
        self._asked: asyncio.Queue[_Asked] = asyncio.Queue()
        self._aside: set[asyncio.Task[None]] = set()
        listener.setblocking(False)
        self._loop.add_reader(listener.fileno(), self._admit)
        self._count_down()

    def stop(self) -> None:
        self._ended.set()

    async def run(self) -> None:
        worker = asyncio.create_task(self._work())
        await self._ended.wait()
        worker.cancel()
        self._close()

    def _close(self) -> None:
        """Take the name away first: whoever finds it gone may make it anew for another carrier."""
        with suppress(OSError):
            self._path.unlink()
        self._loop.remove_reader(self._listener.fileno())
        self._listener.close()
        self._carriage.close()
        if self._control is not None:
            self._loop.remove_reader(self._control.fileno())
            self._control.close()

    def _count_down(self) -> None:
        self._alone = self._loop.call_later(self._grace, self.stop)

    def _admit(self) -> None:
        """A new control takes the place of the one before, which may hang."""
        with suppress(BlockingIOError, ConnectionError):
            end, _ = self._listener.accept()
            self._leave_control()
            self._control = channel = Channel(end)
            if self._alone is not None:
                self._alone.cancel()
            self._loop.add_reader(channel.fileno(), lambda: self._read(channel))

    def _leave_control(self) -> None:
        if self._control is not None:
            self._loop.remove_reader(self._control.fileno())
            self._control.close()
            self._control = None
            self._count_down()

    def _read(self, channel: Channel) -> None:
        try:
            data, descriptors = channel.receive()
        except BlockingIOError:
            return
        except ChannelClosed:
            self._leave_control()
            return
        self._asked.put_nowait(_Asked(channel, data, descriptors))

    async def _work(self) -> None:
        """One question after the other: what was said later holds."""
        while True:
            asked = await self._asked.get()
            try:
                ask = asked.read()
            except (msgspec.DecodeError, IndexError) as error:
                self._answer(asked, Answer(asked.number, error=str(error), errno=_EINVAL))
                continue
            if isinstance(ask, messages.AwaitSpace):
                # It may have to wait for what is said next.
                task = asyncio.create_task(self._do(asked, ask))
                self._aside.add(task)
                task.add_done_callback(self._aside.discard)
            else:
                await self._do(asked, ask)

    async def _do(self, asked: _Asked, ask: messages.Verb) -> None:
        try:
            result = await _VERBS[type(ask)](self, ask, asked)
        except Exception as error:  # noqa: BLE001 - the asker is told; others must not suffer
            self._answer(asked, _refusal(asked.number, error))
        else:
            self._tell(asked, result)
        finally:
            asked.close()

    def _tell(self, asked: _Asked, result: Any) -> None:
        encoded = msgspec.json.encode(result)
        if len(encoded) <= INLINE:
            self._answer(asked, Answer(asked.number, msgspec.Raw(encoded)))
            return
        descriptor = write_aside(encoded)
        try:
            self._answer(asked, Answer(asked.number, is_beside=True), (descriptor,))
        finally:
            os.close(descriptor)

    def _answer(self, asked: _Asked, said: Answer, descriptors: tuple[int, ...] = ()) -> None:
        if asked.channel is not self._control:
            return
        try:
            asked.channel.send(msgspec.json.encode(said), descriptors)
        except (ChannelClosed, BlockingIOError):
            # Whoever does not read what it asked for is left.
            self._leave_control()

    async def identity(self) -> Self:
        return Self(os.getpid(), __version__)

    async def end(self) -> None:
        self.stop()

    async def publications(self) -> Any:
        return self._carriage.relays.publications()

    @property
    def carriage(self) -> Carriage:
        return self._carriage


_VERBS: dict[type, Callable[[Server, Any, _Asked], Awaitable[Any]]] = {
    messages.Probe: lambda server, _, __: server.identity(),
    messages.Stop: lambda server, _, __: server.end(),
    messages.Configure: lambda server, ask, _: server.carriage.configure(ask.terms),
    messages.UseNetd: lambda server, ask, asked: server.carriage.use_netd(
        asked.take_socket(), ask.epoch
    ),
    messages.EnsureNetwork: lambda server, ask, _: server.carriage.ensure_network(ask.network),
    messages.RemoveNetwork: lambda server, ask, _: server.carriage.remove_network(ask.name),
    messages.EnsureInstance: lambda server, ask, _: server.carriage.ensure_instance(ask.metadata),
    messages.RemoveInstance: lambda server, ask, _: server.carriage.remove_instance(ask.name),
    messages.AwaitSpace: lambda server, ask, _: server.carriage.await_space(ask.name),
    messages.Publish: lambda server, ask, _: server.carriage.relays.publish(
        ask.network, ask.published
    ),
    messages.ListPublications: lambda server, _, __: server.publications(),
}


def _refusal(number: int, error: Exception) -> Answer:
    """What went wrong, for whoever asked; a bug of ours is named with its kind."""
    if isinstance(error, OSError):
        return Answer(number, error=error.strerror or str(error), errno=error.errno or _EINVAL)
    return Answer(number, error=f"{type(error).__name__}: {error}", errno=_EINVAL)

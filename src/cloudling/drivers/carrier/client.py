"""Control's end of the carrier: starts it or finds it running, says what it shall carry."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Any

import msgspec

import cloudling
from cloudling.drivers.carrier.messages import (
    INLINE,
    Envelope,
    Probe,
    Self,
    Stop,
    UseNetd,
    Verb,
    encode,
)
from cloudling.drivers.namespaces.answers import Answer
from cloudling.drivers.namespaces.channels import Channel, ChannelClosed, read_aside, write_aside
from cloudling.drivers.processes import ORPHAN_GRACE, PATIENCE, Lodging
from cloudling.kernel.networks import DriverGone

if TYPE_CHECKING:
    import socket
    import subprocess
    from collections.abc import Sequence
    from pathlib import Path

_GONE = "The carrier is gone."


class Line:
    """Questions and answers over one channel; any number may be under way."""

    def __init__(self, end: socket.socket) -> None:
        self._channel = Channel(end)
        self._loop = asyncio.get_running_loop()
        self._asked: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._number = 0
        self.gone = asyncio.Event()
        self._loop.add_reader(self._channel.fileno(), self._read)

    async def ask(self, ask: Verb, kind: Any = Any, descriptors: Sequence[int] = ()) -> Any:
        """What a verb results in, as a value of that kind; raises DriverGone."""
        self._number += 1
        number = self._number
        data = encode(number, ask)
        answer: asyncio.Future[msgspec.Raw] = self._loop.create_future()
        self._asked[number] = answer
        try:
            if len(data) > INLINE:
                await self._send_beside(number, data, descriptors)
            else:
                await self._send(data, descriptors)
            return msgspec.json.decode(await answer, type=kind)
        finally:
            self._asked.pop(number, None)

    async def _send_beside(self, number: int, data: bytes, descriptors: Sequence[int]) -> None:
        file = write_aside(data)
        try:
            envelope = msgspec.json.encode(Envelope(number, is_beside=True))
            await self._send(envelope, (file, *descriptors))
        finally:
            os.close(file)

    async def _send(self, data: bytes, descriptors: Sequence[int]) -> None:
        while not self.gone.is_set():
            try:
                return self._channel.send(data, descriptors)
            except BlockingIOError:
                # The others' answers make room; our own stands among the futures, unanswered.
                await asyncio.wait(list(self._asked.values()), return_when="FIRST_COMPLETED")
            except ChannelClosed as error:
                self.close()
                raise DriverGone(_GONE) from error
        raise DriverGone(_GONE)

    def _read(self) -> None:
        try:
            data, descriptors = self._channel.receive()
        except BlockingIOError:
            return
        except ChannelClosed:
            self.close()
            return
        said = msgspec.json.decode(data, type=Answer)
        result = msgspec.Raw(read_aside(descriptors.pop())) if said.is_beside else said.result
        answer = self._asked.get(said.id)
        if answer is None or answer.done():
            return
        if said.error:
            answer.set_exception(OSError(said.errno, said.error))
        else:
            answer.set_result(result)

    def close(self) -> None:
        """Hang up: the carrier goes on by itself, for its grace."""
        if self.gone.is_set():
            return
        self.gone.set()
        self._loop.remove_reader(self._channel.fileno())
        self._channel.close()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(DriverGone(_GONE))


class RunningCarrier:
    """One carrier, in a folder of the user's own: its socket and its log lie there."""

    def __init__(self, lodging: Lodging, line: Line) -> None:
        self._lodging = lodging
        self.folder = lodging.folder
        self.line = line
        self.identity = Self(0, "")
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    async def start(cls, folder: Path, *, grace: float = ORPHAN_GRACE) -> RunningCarrier:
        """Take over the one that runs in this folder, or start one."""
        await asyncio.to_thread(folder.mkdir, 0o700, parents=True, exist_ok=True)
        lodging = Lodging(folder, "carrier", "cloudling.drivers.carrier")
        found = await cls._find(lodging)
        if found is not None:
            return found
        process = await asyncio.to_thread(lodging.start, grace)
        found = await cls._find(lodging)
        if found is None:
            # It has ended, or is ending: what it said of that is in its log.
            await asyncio.to_thread(process.wait, PATIENCE)
            raise OSError(f"The carrier does not run: {lodging.last_words()}")
        found.process = process
        return found

    @classmethod
    async def _find(cls, lodging: Lodging) -> RunningCarrier | None:
        """The one that answers there; one of another version is ended."""
        end = lodging.dial()
        if end is None:
            return None
        found = cls(lodging, Line(end))
        try:
            found.identity = await found.line.ask(Probe(), Self)
        except DriverGone:
            return None
        if found.identity.version == cloudling.__version__:
            return found
        await found.stop()
        return None

    async def use_netd(self, end: socket.socket, epoch: str) -> None:
        """Hand it a channel to netd, which is then the carrier's."""
        with end:
            await self.line.ask(UseNetd(epoch), descriptors=(end.fileno(),))

    async def stop(self) -> None:
        """End it; returns when it is gone."""
        with contextlib.suppress(DriverGone):
            await self.line.ask(Stop())
        await self.ended()

    async def ended(self) -> None:
        """Wait for its end, which is near, and clear up behind it."""
        await asyncio.wait_for(self.line.gone.wait(), PATIENCE)
        await asyncio.to_thread(self._lodging.await_end, self.process)
        self._lodging.clear()

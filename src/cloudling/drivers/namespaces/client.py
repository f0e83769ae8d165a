"""Control's end of netd: starts it or finds it running, asks, and is told when it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import TYPE_CHECKING, Any

import msgspec

import cloudling
from cloudling.drivers.namespaces.answers import Said, Self
from cloudling.drivers.namespaces.channels import Channel, ChannelClosed, read_aside, write_aside
from cloudling.drivers.namespaces.messages import LARGEST_REQUEST
from cloudling.drivers.processes import ORPHAN_GRACE, PATIENCE, Lodging
from cloudling.kernel.networks import DriverGone

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence
    from pathlib import Path

_Result = tuple[msgspec.Raw, list[int]]


def _let_be(_: Said, descriptors: list[int]) -> None:
    for each in descriptors:
        os.close(each)


class Connection:
    """Questions and answers over one channel; any number may be under way."""

    def __init__(self, end: socket.socket) -> None:
        self._channel = Channel(end)
        self._loop = asyncio.get_running_loop()
        self._asked: dict[int, asyncio.Future[_Result]] = {}
        self._number = 0
        self.gone = asyncio.Event()
        self.on_gone: Callable[[], None] = lambda: None
        self.on_event: Callable[[Said, list[int]], None] = _let_be
        self._loop.add_reader(self._channel.fileno(), self._read)

    async def ask(
        self, verb: str, said: dict[str, Any], descriptors: Sequence[int] = ()
    ) -> _Result:
        """The result of a verb, and the descriptors beside it, which are then the asker's."""
        self._number += 1
        number = self._number
        data = msgspec.json.encode({"id": number, "ask": {"verb": verb, **said}})
        if len(data) > LARGEST_REQUEST:
            raise ValueError(f"{verb}: {len(data)} bytes are more than one request may have.")
        await self._send(data, descriptors)
        answer: asyncio.Future[_Result] = self._loop.create_future()
        self._asked[number] = answer
        try:
            return await answer
        finally:
            self._asked.pop(number, None)

    async def _send(self, data: bytes, descriptors: Sequence[int]) -> None:
        while True:
            if self.gone.is_set():
                raise DriverGone("netd is gone.")
            try:
                return self._channel.send(data, descriptors)
            except BlockingIOError:
                # What is under way is answered first; then there is room again.
                await asyncio.wait(list(self._asked.values()), return_when="FIRST_COMPLETED")
            except ChannelClosed as error:
                self._lose()
                raise DriverGone("netd is gone.") from error

    def _read(self) -> None:
        try:
            data, descriptors = self._channel.receive()
        except BlockingIOError:
            return
        except ChannelClosed:
            self._lose()
            return
        said = msgspec.json.decode(data, type=Said)
        if said.event:
            self.on_event(said, descriptors)
            return
        self._settle(said, descriptors)

    def _settle(self, said: Said, descriptors: list[int]) -> None:
        result = said.result
        if said.is_beside:
            result = msgspec.Raw(read_aside(descriptors.pop()))
        answer = self._asked.get(said.id)
        if answer is None or answer.done():
            for descriptor in descriptors:
                os.close(descriptor)
        elif said.error:
            answer.set_exception(OSError(said.errno, said.error))
        else:
            answer.set_result((result, descriptors))

    def _lose(self) -> None:
        if self.gone.is_set():
            return
        self.gone.set()
        self._loop.remove_reader(self._channel.fileno())
        self._channel.close()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(DriverGone("netd is gone."))
        self.on_gone()

    def close(self) -> None:
        self._lose()


class Netd:
    """One netd, in a folder of the user's own: its socket and its log lie there."""

    def __init__(self, lodging: Lodging, connection: Connection) -> None:
        self._lodging = lodging
        self.folder = lodging.folder
        self.connection = connection
        self.identity = Self("", 0, "")
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    async def start(
        cls,
        folder: Path,
        bases: tuple[Path, Path] | None = None,
        *,
        grace: float = ORPHAN_GRACE,
        wrapper: Sequence[str] = (),
    ) -> Netd:
        """Take over the one that runs in this folder, or start one.

        `bases` are the folders of the user's data and of what can be made again; those that are
        missing are this one.
        `wrapper` is a command that runs netd in its turn, as `systemd-run --scope` does.
        """
        await asyncio.to_thread(folder.mkdir, 0o700, parents=True, exist_ok=True)
        lodging = Lodging(folder, "netd", "cloudling.drivers.namespaces")
        found = await cls._find(lodging)
        if found is not None:
            return found
        process = await asyncio.to_thread(
            lodging.start, grace, *(bases or (folder, folder)), wrapper=wrapper
        )
        found = await cls._find(lodging)
        if found is None:
            # It has ended, or is ending: what it said of that is in its log.
            await asyncio.to_thread(process.wait, PATIENCE)
            raise OSError(f"netd does not run: {lodging.last_words()}")
        found.process = process
        return found

    @classmethod
    async def _find(cls, lodging: Lodging) -> Netd | None:
        """The one that answers there; one of another version is ended."""
        end = lodging.dial()
        if end is None:
            return None
        found = cls(lodging, Connection(end))
        try:
            found.identity = await found.result_of("probe", Self)
        except DriverGone:
            return None
        if found.identity.version == cloudling.__version__:
            return found
        await found.stop()
        return None

    async def boot(self, name: str, setup: bytes) -> bool:
        """Let a machine's programs start; `setup` tells how."""
        descriptor = write_aside(setup)
        try:
            result, _ = await self.connection.ask("machine boot", {"name": name}, (descriptor,))
        finally:
            os.close(descriptor)
        return bool(msgspec.json.decode(result))

    async def result_of(self, verb: str, kind: Any = Any, /, **said: Any) -> Any:
        """What a verb that gives no descriptor results in, as a value of that kind."""
        result, _ = await self.connection.ask(verb, said)
        return msgspec.json.decode(result, type=kind)

    async def socket_of(self, **said: Any) -> socket.socket:
        _, descriptors = await self.connection.ask("socket", said)
        return socket.socket(fileno=descriptors[0])

    async def run(self, name: str, *argv: str, **said: Any) -> tuple[int, list[int]]:
        """Run a program in a machine: its number, and the ends of its input, output and errors."""
        result, descriptors = await self.connection.ask(
            "machine run", {"name": name, "argv": argv, **said}
        )
        return int(bytes(result)), descriptors

    async def carrier(self) -> socket.socket:
        """A channel for the carrier: on it only sockets can be asked for."""
        _, descriptors = await self.connection.ask("carrier", {})
        return socket.socket(fileno=descriptors[0])

    async def stop(self) -> None:
        """End it and all that it holds; returns when nothing is left."""
        with contextlib.suppress(DriverGone):
            await self.result_of("stop")
        await self.ended()

    async def ended(self) -> None:
        """Wait for its end, which is near, and clear up behind it."""
        await asyncio.wait_for(self.connection.gone.wait(), PATIENCE)
        await asyncio.to_thread(self._lodging.await_end, self.process)
        self._lodging.clear()

    def leave(self) -> None:
        """Let it run on by itself, for its grace."""
        self.connection.close()

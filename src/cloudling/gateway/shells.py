"""The door of `cloudling shell`: a Unix socket of the user's own, on which programs are asked for.

Whoever asks is given the descriptors of the program, so that nothing of what is typed or shown
goes through the cloud. One message asks; the answers are that it runs, and how it ended.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

    from cloudling.kernel.cloud import Cloud

_LARGEST = 128 * 1024


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program to run in a machine; none is the shell of the user, no user the machine's own."""

    machine: str
    command: tuple[str, ...] = ()
    user: str = ""
    environment: dict[str, str] = {}
    has_terminal: bool = False


class Shells:
    """Serves the socket at a path until it is stopped."""

    def __init__(self, cloud: Cloud, path: Path) -> None:
        self._cloud = cloud
        self._path = path
        self._listener: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        # The names of sockets end at 108 bytes.
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            listener.bind(f"/proc/self/fd/{folder}/{self._path.name}")
            self._path.chmod(0o600)
            listener.listen(16)
        except OSError:
            listener.close()
            raise
        finally:
            os.close(folder)
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener.fileno(), self._admit, listener)

    async def stop(self) -> None:
        """Programs that were asked for go on."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
            self._path.unlink(missing_ok=True)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _admit(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError, ConnectionError):
            end, _ = listener.accept()
            end.setblocking(False)
            task = asyncio.get_running_loop().create_task(self._serve(end))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, end: socket.socket) -> None:
        with end, suppress(ConnectionError, BlockingIOError):
            try:
                code = await self._run(end)
            except (OSError, msgspec.DecodeError) as fault:
                text = getattr(fault, "strerror", None) or str(fault)
                end.send(msgspec.json.encode({"error": text}))
            else:
                end.send(msgspec.json.encode({"code": code}))

    async def _run(self, end: socket.socket) -> int:
        data = await asyncio.get_running_loop().sock_recv(end, _LARGEST)
        wanted = msgspec.json.decode(data, type=Wanted)
        machines = self._cloud.machines
        if machines is None:
            raise OSError(errno.ENOENT, self._cloud.no_machines.reason)
        program = await machines.run(
            wanted.machine,
            wanted.command,
            user=wanted.user,
            environment=wanted.environment,
            has_terminal=wanted.has_terminal,
        )
        try:
            socket.send_fds(end, [b'{"runs":true}'], program.descriptors)
        finally:
            for each in program.descriptors:
                os.close(each)
        return await program.code

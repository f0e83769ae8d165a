"""The Unix socket at which programs of the user's are brought to a port of a machine.

So ssh needs neither root, nor DNS, nor a free port on the host. One line asks, one line answers:
`connect HOST PORT`, where HOST is a public address, a public name or a machine, is answered with
`ok MACHINE`, after which all bytes are the machine's, or with `no` and the reason; `about` with
what `cloudling dns` has to know.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from cloudling.drivers.carrier.relays.doors import Door

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cloudling.drivers.carrier.relays.relays import Relays

_LONGEST = 300
_PATIENCE = 10.0
_MOST = 256


class _Refusal(Exception):
    """Why there is no way, in words for whoever asked."""


class Entrance:
    """Only the user whom the folder belongs to comes in."""

    def __init__(self, path: Path, relays: Relays, about: Callable[[], str]) -> None:
        self._path = path
        self._relays = relays
        self._about = about
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            listener.bind(str(path))
            path.chmod(0o600)
            listener.listen(_MOST)
        except OSError:
            listener.close()
            raise
        self._door = Door(listener, self._admit, ("", 0))
        self._door.open()

    def close(self) -> None:
        self._door.close()
        self._path.unlink(missing_ok=True)
        for task in self._tasks:
            task.cancel()

    def _admit(self, end: socket.socket, _address: str, _port: int) -> None:
        end.setblocking(False)
        task = self._loop.create_task(self._serve(end))
        self._tasks.add(task)
        task.add_done_callback(self._leave)
        if len(self._tasks) >= _MOST:
            self._door.shut()

    def _leave(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._path.exists():
            self._door.open()

    async def _serve(self, end: socket.socket) -> None:
        try:
            await self._answer(end)
        except _Refusal as refusal:
            with suppress(OSError):
                await self._loop.sock_sendall(end, f"no {refusal}\n".encode())
            end.close()
        except (OSError, TimeoutError, UnicodeDecodeError):
            end.close()
        except BaseException:
            end.close()
            raise

    async def _answer(self, end: socket.socket) -> None:
        async with asyncio.timeout(_PATIENCE):
            line = await self._read_line(end)
        words = line.split()
        if words == ["about"]:
            await self._loop.sock_sendall(end, f"ok {self._about()}\n".encode())
            end.close()
            return
        if len(words) != 3 or words[0] != "connect" or not words[2].isdecimal():
            raise _Refusal("That is no question.")
        await self._connect(end, words[1], int(words[2]))

    async def _connect(self, end: socket.socket, host: str, port: int) -> None:
        found = self._relays.find(host)
        if found is None or not 0 < port < 65536:
            raise _Refusal(f"Nothing that runs has the public address {host}.")
        try:
            far = await self._relays.connect(found.address, port)
        except TimeoutError:
            raise _Refusal(
                "Connection timed out: no security group of the machine lets it in."
            ) from None
        except OSError as fault:
            raise _Refusal(f"{fault.strerror or fault}") from fault
        try:
            await self._loop.sock_sendall(end, f"ok {found.machine}\n".encode())
        except BaseException:
            far.close()
            raise
        self._relays.bridge(end, far, found.address)

    async def _read_line(self, end: socket.socket) -> str:
        """Whoever asks says no more until there is an answer."""
        said = b""
        while not said.endswith(b"\n"):
            data = await self._loop.sock_recv(end, _LONGEST)
            said += data
            if not data or len(said) > _LONGEST:
                raise _Refusal("That is no question.")
        return said.decode("ascii")

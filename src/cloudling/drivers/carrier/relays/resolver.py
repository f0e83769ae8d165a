"""The DNS server of the host: public names from the names themselves, all else from elsewhere.

It is asked only where `cloudling dns install` has told the machine to, and only for names under
AWS's suffixes; what is not ours there goes on to the servers that the machine asked before.
"""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cloudling.drivers.carrier.relays.names import SUFFIXES, address_of

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
_HEAD = struct.Struct(">HHHHHH")
_A, _ANY, _IN = 1, 255, 1
_TTL = 60
_NO_ERROR, _NO_FORMAT, _FAILED, _REFUSED = 0, 1, 2, 5
_ANSWER, _KEPT, _AUTHORITATIVE, _RECURSION = 0x8000, 0x7900, 0x0400, 0x0080
_PATIENCE = 5.0
_MOST = 256
# Behind systemd's stub, which would ask us again, stand the servers that it asks itself.
_LISTS = Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf")


class _Question:
    """The one question of a message; ValueError where there is none."""

    def __init__(self, message: bytes) -> None:
        if len(message) < _HEAD.size:
            raise ValueError("too short")
        self.number, self.flags, count, *_ = _HEAD.unpack_from(message)
        if self.flags & _ANSWER or self.flags & 0x7800 or count != 1:
            raise ValueError("no question")
        labels, at = [], _HEAD.size
        while True:
            length = message[at] if at < len(message) else 64
            if length > 63:
                raise ValueError("no name")
            at += 1 + length
            if not length:
                break
            labels.append(message[at - length : at].decode("ascii", "replace"))
        if len(message) < at + 4:
            raise ValueError("no kind")
        self.name = ".".join(labels).lower()
        self.kind, self.family = struct.unpack_from(">HH", message, at)
        self.asked = message[_HEAD.size : at + 4]

    def reply(self, code: int, *addresses: str) -> bytes:
        flags = _ANSWER | self.flags & _KEPT | _RECURSION | code
        if addresses or code == _NO_ERROR:
            flags |= _AUTHORITATIVE
        head = _HEAD.pack(self.number, flags, 1, len(addresses), 0, 0)
        records = b"".join(
            struct.pack(">HHHIH", 0xC000 | _HEAD.size, _A, _IN, _TTL, 4)
            + ipaddress.IPv4Address(each).packed
            for each in addresses
        )
        return head + self.asked + records


class Resolver:
    """Answers at a port of 127.0.0.1, over UDP and TCP; `elsewhere` are servers' addresses."""

    def __init__(self, elsewhere: Callable[[], list[tuple[str, int]]] | None = None) -> None:
        self._elsewhere = elsewhere or machine_servers
        self._datagrams: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self, port: int) -> None:
        """At this port, or at any other where that is taken."""
        loop = asyncio.get_running_loop()
        for number in (port, *[0] * 10):
            try:
                self._datagrams, _ = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self), (HOST, number)
                )
            except OSError:
                continue
            chosen = int(self._datagrams.get_extra_info("sockname")[1])
            try:
                self._server = await asyncio.start_server(self._talk, HOST, chosen)
            except OSError:
                self._datagrams.close()
                continue
            self.port = chosen
            return
        raise OSError(98, f"No port of {HOST} is free for names.")

    def close(self) -> None:
        if self._datagrams is not None:
            self._datagrams.close()
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()

    def heed(self, message: bytes, answer: Callable[[bytes], None]) -> None:
        """A datagram; those for which there is no room are lost, as datagrams may be."""
        if len(self._tasks) >= _MOST:
            return

        async def serve() -> None:
            said = await self.answer(message, self._ask_datagram)
            if said:
                answer(said)

        self._begin(asyncio.get_running_loop().create_task(serve()))

    def _begin(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def answer(self, message: bytes, ask: Any) -> bytes:
        """What to say to a message; nothing to one that is no question."""
        try:
            question = _Question(message)
        except ValueError:
            return _malformed(message)
        address = address_of(question.name)
        if address:
            wanted = question.kind in {_A, _ANY} and question.family == _IN
            return question.reply(_NO_ERROR, *([address] if wanted else []))
        if not question.name.endswith(SUFFIXES):
            return question.reply(_REFUSED)
        for server in self._elsewhere():
            with suppress(OSError):
                async with asyncio.timeout(_PATIENCE):
                    found: bytes = await ask(server, message)
                if found[:2] == message[:2]:
                    return found
        return question.reply(_FAILED)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            async with asyncio.timeout(_PATIENCE * 4):
                while True:
                    said = await self.answer(await _read(reader), _ask_stream)
                    if not said:
                        break
                    writer.write(struct.pack(">H", len(said)) + said)
                    await writer.drain()
        writer.close()

    async def _ask_datagram(self, server: tuple[str, int], message: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Asking(answer), remote_addr=server
        )
        try:
            transport.sendto(message)
            return await answer
        finally:
            transport.close()


async def _ask_stream(server: tuple[str, int], message: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*server)
    try:
        writer.write(struct.pack(">H", len(message)) + message)
        return await _read(reader)
    except asyncio.IncompleteReadError as error:
        raise OSError(104, "The server hung up.") from error
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader) -> bytes:
    (length,) = struct.unpack(">H", await reader.readexactly(2))
    return await reader.readexactly(length)


def _malformed(message: bytes) -> bytes:
    """Tell a questioner so; say nothing to what may be an answer."""
    if len(message) < _HEAD.size or message[2] & 0x80:
        return b""
    number = int.from_bytes(message[:2], "big")
    return _HEAD.pack(number, _ANSWER | _NO_FORMAT, 0, 0, 0, 0)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A protocol of datagrams is made for no other; the loop's own class does not say so.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._resolver.heed(data, lambda said: self._transport.sendto(said, addr))


class _Asking(asyncio.DatagramProtocol):
    def __init__(self, answer: asyncio.Future[bytes]) -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if not self._answer.done():
            self._answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(exc)


def machine_servers() -> list[tuple[str, int]]:
    """The servers that this machine asks, without those of its own."""
    for path in _LISTS:
        with suppress(OSError):
            found = _servers(path.read_text(encoding="ascii", errors="replace"))
            if found:
                return found
    return []


def _servers(text: str) -> list[tuple[str, int]]:
    found = []
    for words in (line.split() for line in text.splitlines()):
        if len(words) > 1 and words[0] == "nameserver":
            with suppress(ValueError):
                if not ipaddress.ip_address(words[1].partition("%")[0]).is_loopback:
                    found.append((words[1], 53))
    return found[:3]

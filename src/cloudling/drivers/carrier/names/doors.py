"""The resolvers' listeners, for datagrams and for connections."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from typing import TYPE_CHECKING, Any, cast

from cloudling.drivers.carrier.names import codec
from cloudling.drivers.carrier.names.codec import (
    NO_SUCH_NAME,
    Code,
    Found,
    Kind,
    Malformed,
    Question,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cloudling.drivers.carrier.guests import Guests

    # As `getaddrinfo` answers.
    Ask = Callable[[str], Awaitable[list[tuple[Any, ...]]]]

RESOLVER_PORT = 53
_PATIENCE = 30.0
_MOST_ASKED = 64
_MOST_ADDRESSES = 16
_FAILED = Found(Code.FAILED)
_LENGTH = struct.Struct(">H")


class Resolver:
    """Answers in one network; what `find` leaves open is asked of the host where that is let."""

    def __init__(self, find: Callable[[str], Found | None], *, asks_host: bool) -> None:
        self._find = find
        self._asks_host = asks_host
        self._asking: set[asyncio.Task[None]] = set()

    def datagrams(self, guests: Guests) -> _Datagrams:
        return _Datagrams(self, guests)

    def stream(self, guests: Guests) -> _Stream:
        return _Stream(self, guests)

    def take(self, data: bytes, tell: Callable[[bytes], None]) -> None:
        """Answer a message by `tell`, at once where nothing has to be waited for."""
        try:
            question = codec.read(data)
        except Malformed as fault:
            if fault.answer:
                tell(fault.answer)
            return
        found = self._find(question.name)
        if found is not None:
            tell(codec.answer(question, found))
        elif not self._asks_host:
            tell(codec.answer(question, NO_SUCH_NAME))
        elif question.kind not in {Kind.A, Kind.AAAA}:
            tell(codec.answer(question, Found(Code.NOT_BUILT)))
        elif len(self._asking) >= _MOST_ASKED:
            tell(codec.answer(question, _FAILED))
        else:
            self._ask(question, tell)

    def _ask(self, question: Question, tell: Callable[[bytes], None]) -> None:
        async def ask() -> None:
            tell(codec.answer(question, await resolve_outside(question.name)))

        task = asyncio.create_task(ask())
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)


async def resolve_outside(name: str, ask: Ask | None = None) -> Found:
    """What the host's own resolver says, of public addresses only."""
    try:
        answers = await (ask or _ask_host)(name)
    except socket.gaierror as fault:
        return NO_SUCH_NAME if fault.errno in {socket.EAI_NONAME, socket.EAI_NODATA} else _FAILED
    except OSError:
        return _FAILED
    found = dict.fromkeys(at[0] for *_, at in answers if ipaddress.ip_address(at[0]).is_global)
    return codec.addresses(*list(found)[:_MOST_ADDRESSES]) if found else NO_SUCH_NAME


async def _ask_host(name: str) -> list[tuple[Any, ...]]:
    loop = asyncio.get_running_loop()
    # A final dot keeps the host's own search list out of it.
    return await loop.getaddrinfo(f"{name}.", None, family=socket.AF_INET, type=socket.SOCK_STREAM)


class _Datagrams(asyncio.DatagramProtocol):
    _transport: asyncio.DatagramTransport

    def __init__(self, resolver: Resolver, guests: Guests) -> None:
        self._resolver = resolver
        self._guests = guests

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The loop promises one of datagrams.
        self._transport = cast("asyncio.DatagramTransport", transport)
        self._guests.enter(transport)

    def connection_lost(self, _: Exception | None) -> None:
        self._guests.leave(self._transport)

    def datagram_received(self, data: bytes, address: tuple[Any, ...]) -> None:
        self._resolver.take(data, lambda answer: self._tell(answer, address))

    def _tell(self, answer: bytes, address: tuple[Any, ...]) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(answer, address)


class _Stream(asyncio.Protocol):
    _transport: asyncio.Transport

    def __init__(self, resolver: Resolver, guests: Guests) -> None:
        self._resolver = resolver
        self._guests = guests
        self._held = b""
        self._limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The loop promises a Transport to a Protocol.
        self._transport = cast("asyncio.Transport", transport)
        self._guests.enter(transport, has_arrived=True)
        self._limit = asyncio.get_running_loop().call_later(_PATIENCE, self._transport.abort)

    def connection_lost(self, _: Exception | None) -> None:
        self._guests.leave(self._transport)
        if self._limit is not None:
            self._limit.cancel()

    def data_received(self, data: bytes) -> None:
        self._held += data
        while len(self._held) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._held)
            end = _LENGTH.size + length
            if len(self._held) < end:
                return
            message, self._held = self._held[_LENGTH.size : end], self._held[end:]
            self._resolver.take(message, self._tell)

    def _tell(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(_LENGTH.pack(len(answer)) + answer)

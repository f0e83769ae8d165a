"""The listener at 169.254.169.254: one request per connection, and the asker known by address."""

from __future__ import annotations

import asyncio
import socket
import time
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from cloudling.drivers.carrier.metadata.answers import Asked, Reply, answer, refuse
from cloudling.drivers.carrier.metadata.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.drivers.carrier.guests import Guests
    from cloudling.kernel.attendance import InstanceMetadata

METADATA_ADDRESS, METADATA_PORT = "169.254.169.254", 80
_LARGEST_HEAD = 16 * 1024
_PATIENCE = 15.0
_LINGER = 1.0
_END = b"\r\n\r\n"


class Attendant:
    """Answers within one network; `holder` names the machine behind an address of it."""

    def __init__(
        self,
        network: str,
        holder: Callable[[str, str], InstanceMetadata | None],
        key: bytes,
        clock: Callable[[], float] = time.time,  # noqa: TID251 - control's clock is not here
    ) -> None:
        self._network = network
        self._holder = holder
        self._tokens = Tokens(key)
        self._clock = clock

    def serve(self, guests: Guests) -> _Visit:
        return _Visit(self, guests)

    def reply(self, asked: Asked, address: str) -> Reply:
        metadata = self._holder(self._network, address)
        return answer(asked, metadata, self._tokens, self._clock())

    def dress(self, reply: Reply, method: str) -> bytes:
        """The bytes of an answer."""
        now = formatdate(self._clock(), usegmt=True)
        lines = [
            f"HTTP/1.1 {reply.status.value} {reply.status.phrase}",
            *(f"{name}: {value}" for name, value in reply.headers),
            f"Content-Type: {reply.kind}",
            "Accept-Ranges: none",
            f"Content-Length: {len(reply.body)}",
            f"Date: {now}",
            "Server: EC2ws",
            "Connection: close",
        ]
        head = "\r\n".join(lines).encode("latin-1") + _END
        return head if method == "HEAD" else head + reply.body


class _Visit(asyncio.Protocol):
    """One connection."""

    _transport: asyncio.Transport

    def __init__(self, attendant: Attendant, guests: Guests) -> None:
        self._attendant = attendant
        self._guests = guests
        self._head = b""
        self._is_answered = False
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
        """A body, which nothing here needs, is let pass."""
        if self._is_answered:
            return
        self._head += data
        if _END in self._head:
            self._answer(self._head.partition(_END)[0])
        elif len(self._head) > _LARGEST_HEAD:
            self._send(refuse(HTTPStatus.BAD_REQUEST), "GET")

    def _answer(self, head: bytes) -> None:
        asked = _read(head)
        if asked is None:
            self._send(refuse(HTTPStatus.BAD_REQUEST), "GET")
            return
        address = self._transport.get_extra_info("peername")[0]
        self._send(self._attendant.reply(asked, address), asked.method)

    def _send(self, reply: Reply, method: str) -> None:
        self._is_answered = True
        if reply.hops:
            made = self._transport.get_extra_info("socket")
            made.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, reply.hops)
        self._transport.write(self._attendant.dress(reply, method))
        # What may still come of a body must not reset what was sent.
        self._transport.write_eof()
        if self._limit is not None:
            self._limit.cancel()
        self._limit = asyncio.get_running_loop().call_later(_LINGER, self._transport.close)


def _read(head: bytes) -> Asked | None:
    """The request of a head, or None where it is none."""
    first, *rest = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):
        return None
    headers: dict[str, str] = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            return None
        headers[name.lower()] = value.strip()
    return Asked(words[0], unquote(words[1].partition("?")[0]), headers)

"""Connections that the carrier brings from within networks, each with an introduction in front.

They come over a Unix socket that only this user can open, so what they say of the caller is true.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import TYPE_CHECKING, Any, cast

import msgspec

from cloudling.gateway.connections import Connection

if TYPE_CHECKING:
    from pathlib import Path

    from cloudling.gateway.connections import House

MARK = b"CLG1"
_LENGTH = struct.Struct(">H")
_HEAD = len(MARK) + _LENGTH.size
_PATIENCE = 10.0
_BACKLOG = 1024


class Caller(msgspec.Struct, frozen=True):
    """Who calls: the address as AWS would see it, the port it called, and whether over TLS."""

    address: str
    port: int
    secure: bool = False


class Introduction(asyncio.Protocol):
    """Reads who calls, then leaves the connection to HTTP."""

    _transport: asyncio.Transport

    def __init__(self, house: House) -> None:
        self._house = house
        self._held = b""
        self._limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The loop promises a Transport to a Protocol.
        self._transport = cast("asyncio.Transport", transport)
        self._limit = asyncio.get_running_loop().call_later(_PATIENCE, self._transport.abort)

    def connection_lost(self, _: Exception | None) -> None:
        self._relax()

    def data_received(self, data: bytes) -> None:
        self._held += data
        if len(self._held) < _HEAD:
            return
        (length,) = _LENGTH.unpack_from(self._held, len(MARK))
        end = _HEAD + length
        if len(self._held) < end:
            return
        try:
            if not self._held.startswith(MARK):
                raise ValueError
            caller = msgspec.json.decode(self._held[_HEAD:end], type=Caller)
        except ValueError:
            self._transport.abort()
            return
        self._leave(caller, self._held[end:])

    def _leave(self, caller: Caller, rest: bytes) -> None:
        self._relax()
        connection = Connection(self._house)
        self._transport.set_protocol(connection)
        # It asks this transport who is there, and the other things of any transport.
        connection.connection_made(cast("asyncio.BaseTransport", _Brought(self._transport, caller)))
        if rest:
            connection.data_received(rest)

    def _relax(self) -> None:
        if self._limit is not None:
            self._limit.cancel()


class _Brought:
    """A transport that knows its caller from the introduction."""

    def __init__(self, transport: asyncio.Transport, caller: Caller) -> None:
        self._transport = transport
        self._known: dict[str, object] = {
            "peername": (caller.address, 0),
            "sockname": ("", caller.port),
            "sslcontext": True if caller.secure else None,
        }
        # Asked for with every answer.
        self.write = transport.write
        self.is_closing = transport.is_closing

    def get_extra_info(self, name: str, default: object = None) -> object:
        if name in self._known:
            return self._known[name]
        return self._transport.get_extra_info(name, default)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def listen_within(path: Path) -> socket.socket:
    """A listening Unix socket that only this user can open; an old one gives way to it."""
    path.unlink(missing_ok=True)
    # The name of a socket ends at 108 bytes, that of the folder it lies in need not.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(f"/proc/self/fd/{folder}/{path.name}")
        path.chmod(0o600)
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    finally:
        os.close(folder)
    made.setblocking(False)
    return made

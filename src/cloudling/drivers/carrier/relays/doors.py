"""Listening sockets: those that take connections for a relay, and those at which they vanish."""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudling.drivers.carrier.relays.exposures import Accept

BACKLOG = 1024
_ATTACH_FILTER, _DETACH_FILTER = 26, 27
_TAKE_NOTHING = struct.pack("=HBBI", 0x06, 0, 0, 0)
# How many are taken before other work has its turn.
_AT_ONCE = 64


def block(listener: socket.socket) -> None:
    """Let the kernel drop what comes to it, so that nobody gets an answer."""
    filters = ctypes.create_string_buffer(_TAKE_NOTHING, len(_TAKE_NOTHING))
    program = struct.pack("@HP", 1, ctypes.addressof(filters))
    listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program)


def unblock(listener: socket.socket) -> None:
    listener.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0)


def listen(address: str, port: int, *, is_blocked: bool = False) -> socket.socket:
    """A socket that listens; a blocked one has never answered anybody."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        if is_blocked:
            block(made)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


class Door:
    """Hands on what comes to a listening socket, which is the door's to close.

    `public` is where all of it was bound for; without it each connection is taken at its word.
    """

    def __init__(
        self, listener: socket.socket, accept: Accept, public: tuple[str, int] | None = None
    ) -> None:
        self.listener = listener
        self._accept = accept
        self._public = public
        self._loop = asyncio.get_running_loop()
        self._is_open = False

    def open(self) -> None:
        if not self._is_open:
            self._is_open = True
            self._loop.add_reader(self.listener, self._take)

    def shut(self) -> None:
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self.listener)

    def close(self) -> None:
        self.shut()
        self.listener.close()

    def _take(self) -> None:
        for _ in range(_AT_ONCE):
            if not self._is_open:
                return
            try:
                end, _ = self.listener.accept()
            except (BlockingIOError, ConnectionError):
                return
            except OSError:
                # No descriptor is left: what waits is asked for again when a relay has ended.
                with suppress(RuntimeError):
                    self.shut()
                return
            address, port = self._public or end.getsockname()[:2]
            self._accept(end, address, port)

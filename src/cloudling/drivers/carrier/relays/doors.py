"""Listening sockets: those that take connections for a relay, and those at which they vanish."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from cloudling.drivers.carrier.relays.bridges import reset

if TYPE_CHECKING:
    from cloudling.drivers.carrier.relays.exposures import Accept

BACKLOG = 1024
_ATTEMPTS = 20
_FILLING = 0.1
# struct tcp_info: of a listener `tcpi_unacked` counts who waits in the queue.
_INFO, _QUEUED = 104, 24
# How many are taken before other work has its turn.
_AT_ONCE = 64


class Plug:
    """Makes a listener answer nobody, as a packet filter would that drops what comes.

    A connection of our own fills its queue, which is as short as can be, and the kernel drops
    whatever comes to a full queue. Filters on TCP sockets do the same, but only for root.
    """

    def __init__(self, listener: socket.socket) -> None:
        """Nobody may accept from the listener meanwhile. Raises OSError."""
        self._listener = listener
        listener.listen(0)
        for _ in range(_ATTEMPTS):
            _drain(listener)
            self._filler = socket.socket()
            try:
                self._filler.settimeout(_FILLING)
                self._filler.connect(listener.getsockname())
                _await_full(listener)
            except TimeoutError:
                # Someone else came first, and is sent away.
                self._filler.close()
            except OSError:
                self._filler.close()
                raise
            else:
                return
        raise OSError(errno.EBUSY, "The queue of a listener cannot be filled.")

    def pull(self) -> None:
        """Let it be met again; those who wait come through with their next attempt."""
        _drain(self._listener)
        self._filler.close()
        self._listener.listen(BACKLOG)

    def close(self) -> None:
        self._filler.close()


def _drain(listener: socket.socket) -> None:
    while True:
        try:
            end, _ = listener.accept()
        except (BlockingIOError, ConnectionError):
            return
        reset(end)


def _await_full(listener: socket.socket) -> None:
    """Until the kernel has put the connection into the queue, which it mostly has already."""
    deadline = time.monotonic() + _FILLING
    while not any(_info(listener)[_QUEUED : _QUEUED + 4]):
        if time.monotonic() > deadline:
            raise TimeoutError


def _info(listener: socket.socket) -> bytes:
    return listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO)


def listen(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def listen_deaf(address: str, port: int) -> tuple[socket.socket, Plug]:
    """A listener that has never answered anybody."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        return made, Plug(made)
    except OSError:
        made.close()
        raise


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

"""Two connected sockets of which each takes what the other gives, until both have said their all.

Nothing is copied aside while both sides keep pace: one buffer serves all bridges, and what does
not fit into a socket at once stops the reading from the other one until it does.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_SCRATCH = memoryview(bytearray(512 * 1024))
_AT_ONCE = struct.pack("=ii", 1, 0)
# A far end that is gone without a word, as when all machines end at once, is noticed so.
_KEEP_ALIVE = {socket.TCP_KEEPIDLE: 15, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}


def reset(end: socket.socket) -> None:
    """Close it so that the other side sees a connection reset."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    end.close()


def _prepare(end: socket.socket) -> None:
    end.setblocking(False)
    if end.family == socket.AF_INET:
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEP_ALIVE.items():
            end.setsockopt(socket.IPPROTO_TCP, option, value)


class Bridge:
    """Both ends are the bridge's; `on_end` is called once, when it has closed them."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        near: socket.socket,
        far: socket.socket,
        on_end: Callable[[Bridge], None],
    ) -> None:
        self._ends = near, far
        self._on_end = on_end
        self._is_open = True
        for end in self._ends:
            _prepare(end)
        self._ways = _Way(loop, self, near, far), _Way(loop, self, far, near)

    def heed(self) -> None:
        """A way has come to its end; with the second one all is said."""
        if all(way.is_over for way in self._ways):
            self._close(socket.socket.close)

    def abort(self) -> None:
        """One side is gone without an end: let the other one see that."""
        self._close(reset)

    def end(self) -> None:
        """The machine is gone: what it said last may still be read, then comes the end."""
        self._close(socket.socket.close)

    def _close(self, close: Callable[[socket.socket], None]) -> None:
        if not self._is_open:
            return
        self._is_open = False
        for way in self._ways:
            way.stop()
        for end in self._ends:
            close(end)
        self._on_end(self)


class _Way:
    """What one socket gives and the other one takes."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        bridge: Bridge,
        source: socket.socket,
        sink: socket.socket,
    ) -> None:
        self._loop = loop
        self._bridge = bridge
        self._source = source
        self._sink = sink
        self._rest = memoryview(b"")
        self.is_over = False
        loop.add_reader(source, self._read)

    def stop(self) -> None:
        self._loop.remove_reader(self._source)
        self._loop.remove_writer(self._sink)

    def _read(self) -> None:
        try:
            count = self._source.recv_into(_SCRATCH)
        except BlockingIOError:
            return
        except OSError:
            self._bridge.abort()
            return
        if not count:
            self._finish()
            return
        sent = self._send(_SCRATCH[:count])
        if sent is not None and sent < count:
            self._rest = memoryview(bytes(_SCRATCH[sent:count]))
            self._loop.remove_reader(self._source)
            self._loop.add_writer(self._sink, self._flush)

    def _flush(self) -> None:
        sent = self._send(self._rest)
        if sent is None:
            return
        self._rest = self._rest[sent:]
        if not self._rest:
            self._loop.remove_writer(self._sink)
            self._loop.add_reader(self._source, self._read)

    def _send(self, data: memoryview) -> int | None:
        """How much was taken; None where nothing will be any more."""
        try:
            return self._sink.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._bridge.abort()
            return None

    def _finish(self) -> None:
        self.is_over = True
        self.stop()
        with suppress(OSError):
            self._sink.shutdown(socket.SHUT_WR)
        self._bridge.heed()

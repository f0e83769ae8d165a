"""The load: an epoll loop that replays prepared requests over kept connections.

It costs some 15 microseconds a request, so that a core of its own loads any of the servers.
"""

from __future__ import annotations

import gc
import itertools
import select
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CHUNK = 256 * 1024
_SILENCE = 60.0
_READ = select.EPOLLIN
_WRITE = select.EPOLLOUT


class WrongAnswer(Exception):
    """A server refused what it was sent, or hung up in the middle: there is nothing to measure."""


@dataclass
class Replayed:
    """What one replay saw; latencies in seconds."""

    seconds: float
    latencies: list[float] = field(repr=False)

    @property
    def completed(self) -> int:
        return len(self.latencies)

    @property
    def per_second(self) -> float:
        return self.completed / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Connection:
    """One kept connection: a request on its way, or an answer coming."""

    __slots__ = ("_address", "_closes", "_head", "_left", "_unsent", "sent_at", "socket")

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._unsent: memoryview | None = None
        self._head = b""
        self._left: int | None = None
        self._closes = False
        self.sent_at = 0.0
        self.socket = self._connect()

    def _connect(self) -> socket.socket:
        made = socket.create_connection(self._address)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setblocking(False)
        return made

    def send(self, request: bytes) -> bool:
        """Begin a request; False when a part of it has to wait."""
        self.sent_at = time.perf_counter()
        sent = self.socket.send(request)
        if sent == len(request):
            return True
        self._unsent = memoryview(request)[sent:]
        return False

    def send_more(self) -> bool:
        if self._unsent is None:
            return True
        sent = self.socket.send(self._unsent)
        self._unsent = self._unsent[sent:] if sent < len(self._unsent) else None
        return self._unsent is None

    def receive(self) -> bool:
        """Take what came; True when the answer is whole. What follows a head is not kept."""
        if self._left is not None:
            # MSG_TRUNC discards in the kernel: the client pays for no copy.
            self._left -= self._some(self.socket.recv_into(_SINK, _CHUNK, socket.MSG_TRUNC))
            return self._whole()
        data = self.socket.recv(_CHUNK)
        self._some(len(data))
        head = self._head + data if self._head else data
        end = head.find(b"\r\n\r\n")
        if end < 0:
            self._head = head
            return False
        self._head = b""
        self._left = self._length(head, end) - (len(head) - end - 4)
        return self._whole()

    def _some(self, count: int) -> int:
        if not count:
            raise WrongAnswer("the server hung up before its answer was whole")
        return count

    def _whole(self) -> bool:
        if self._left:
            return False
        self._left = None
        return True

    def _length(self, answer: bytes, end: int) -> int:
        if answer[9:10] != b"2":
            raise WrongAnswer(answer[:2000].decode("utf-8", "replace"))
        head = answer[:end].lower()
        self._closes = b"\r\nconnection: close" in head
        start = head.find(b"\r\ncontent-length:")
        if start < 0 and answer[9:12] == b"204":
            return 0
        if start < 0:
            raise WrongAnswer(f"an answer without Content-Length: {answer[:2000]!r}")
        stop = head.find(b"\r\n", start + 2)
        return int(head[start + 17 : stop if stop > 0 else end])

    def renew_where_closed(self) -> bool:
        """True when the server closes after each answer and a new connection was made."""
        if not self._closes:
            return False
        self.socket.close()
        self.socket = self._connect()
        return True


_SINK = bytearray(_CHUNK)


class _Loop:
    """The connections of one replay and what they have seen."""

    def __init__(self, port: int, requests: Iterator[bytes], count: int) -> None:
        self._requests = requests
        self._end = 0.0
        self._poller = select.epoll()
        self._open: dict[int, Connection] = {}
        self.latencies: list[float] = []
        for _ in range(count):
            self._add(Connection(("127.0.0.1", port)))

    def _add(self, connection: Connection) -> None:
        number = connection.socket.fileno()
        self._open[number] = connection
        self._poller.register(number, _READ)

    def _send(self, connection: Connection) -> bool:
        """Begin the next request; False when there is none."""
        request = next(self._requests, None)
        if request is None:
            return False
        if not connection.send(request):
            self._poller.modify(connection.socket.fileno(), _READ | _WRITE)
        return True

    def _finish(self, number: int, connection: Connection) -> bool:
        """Note an answer and go on; False when the time is over or nothing is left to send."""
        now = time.perf_counter()
        self.latencies.append(now - connection.sent_at)
        if now >= self._end:
            return False
        if connection.renew_where_closed():
            # The closed descriptor has left the poller by itself.
            del self._open[number]
            self._add(connection)
        return self._send(connection)

    def run(self, seconds: float) -> None:
        """Keep every connection busy for a while, then wait for the answers still on the way."""
        self._end = time.perf_counter() + seconds
        busy = sum(self._send(connection) for connection in list(self._open.values()))
        while busy:
            events = self._poller.poll(_SILENCE)
            if not events:
                raise WrongAnswer(f"no answer came for {_SILENCE:.0f} seconds")
            for number, event in events:
                busy -= self._serve(number, event)

    def _serve(self, number: int, event: int) -> bool:
        """Take an event; True when its connection has nothing more to do."""
        connection = self._open[number]
        if event & _WRITE and connection.send_more():
            self._poller.modify(number, _READ)
        if not event & ~_WRITE or not connection.receive():
            return False
        if self._finish(number, connection):
            return False
        # It may be closed now while others are still busy: that is no event to look at.
        self._poller.unregister(connection.socket.fileno())
        return True

    def close(self) -> None:
        for connection in self._open.values():
            connection.socket.close()
        self._poller.close()


def replay(
    port: int, corpus: Sequence[bytes], *, connections: int, seconds: float | None
) -> Replayed:
    """Send the corpus, one request at a time on each connection.

    Round and round for some seconds, or each of its requests once where `seconds` is None.
    """
    requests = iter(corpus) if seconds is None else itertools.cycle(corpus)
    loop = _Loop(port, requests, connections)
    gc.disable()
    started = time.perf_counter()
    try:
        loop.run(float("inf") if seconds is None else seconds)
        return Replayed(time.perf_counter() - started, loop.latencies)
    finally:
        gc.enable()
        loop.close()

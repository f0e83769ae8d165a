"""A request's body as it comes over a connection."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Protocol

from cloudling.gateway.transfers import CutOff, Stalled, Upload, carry, run_in
from cloudling.kernel.errors import AwsError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from concurrent.futures import Executor

    from cloudling.kernel.streams import Consume

# What is kept of a body that nobody has asked for yet.
_UNASKED = 64 * 1024
# What is kept while a worker consumes what came before.
_AHEAD = 1024 * 1024
# Up to here a body that has come whole is consumed on the loop.
_INLINE = 64 * 1024
# From here on a worker reads the socket itself.
_DIRECT = 256 * 1024


class EntityTooLarge(AwsError):
    message = "Your proposed upload exceeds the maximum allowed object size."


class IncompleteBody(AwsError):
    message = "You did not provide the number of bytes specified by the Content-Length HTTP header."


class RequestTimeout(AwsError):
    message = (
        "Your socket connection to the server was not read from or written to within"
        " the timeout period. Idle connections will be closed."
    )


class ServiceUnavailable(AwsError):
    message = "Service is unable to handle request."
    status = 503


class Line(Protocol):
    """What a body needs of its connection."""

    def invite(self) -> None:
        """Send `100 Continue`."""

    def settle(self) -> None:
        """Stop or go on reading, as the body has room."""

    def lend(self) -> socket.socket:
        """Stop reading and hand out a duplicate of the socket."""

    def regain(self) -> None:
        """Go on after a worker read the body; all of it, or the body is broken."""

    @property
    def pool(self) -> Executor: ...

    @property
    def patience(self) -> float: ...


class RawBody:
    """The bytes of one request's body, without transfer encoding: an `Incoming`.

    `length` is None for a chunked body. Chunks handed to `consume` are only valid during the call.
    """

    # The client waits for `100 Continue`.
    expects = False
    # The parser no longer knows where the body ends: the connection cannot go on.
    broken = False
    received = 0
    _held = 0
    _room = _UNASKED
    _goal = 0
    _waiter: asyncio.Future[None] | None = None
    _fault: AwsError | None = None
    # Told of every byte that is kept, and says whether there may be more.
    _meter: Callable[[int], bool] | None = None

    def __init__(self, line: Line, length: int | None) -> None:
        self.length = length
        self.trailers: dict[str, str] = {}
        self.complete = length == 0
        self._line = line
        self._chunks: list[bytes] = []

    async def read(self, limit: int) -> bytes:
        if self.length is not None and self.length > limit:
            raise EntityTooLarge
        self._room = limit + 1
        while not self.complete and self._held <= limit:
            await self._more(limit + 1)
        if self._fault:
            raise self._fault
        if self._held > limit:
            self._room = 0
            raise EntityTooLarge
        chunks = self._take()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def read_metered(self, limit: int, meter: Callable[[int], bool]) -> bytes:
        """As `read`; ends with `ServiceUnavailable` once the meter allows no more."""
        self._meter = meter
        self._count(self._held)
        try:
            return await self.read(limit)
        finally:
            self._meter = None

    async def pump(self, consume: Consume) -> int:
        if self._fault:
            raise self._fault
        if self.complete and self._held <= _INLINE:
            for chunk in self._take():
                consume(chunk)
        elif self.length is not None and self.length - self.received > _DIRECT:
            await self._pump_direct(consume)
        else:
            await self._pump_held(consume)
        return self.received

    def here(self, limit: int) -> bytes | None:
        """As `read`, where all has come and nothing is wrong with it; else None."""
        if not self.complete or self._fault or self._held > limit:
            return None
        chunks, self._chunks, self._held = self._chunks, [], 0
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    # What the connection tells

    @property
    def full(self) -> bool:
        return self._held >= self._room >= 0

    @property
    def waits(self) -> bool:
        return self._waiter is not None

    @property
    def left(self) -> int | None:
        return None if self.length is None else self.length - self.received

    def feed(self, data: bytes) -> None:
        self.received += len(data)
        self.expects = False
        if self._room < 0:
            return
        self._chunks.append(data)
        self._held += len(data)
        if self._meter is not None:
            self._count(len(data))
        if self._waiter is not None and self._held >= self._goal:
            self._wake()

    def _count(self, size: int) -> None:
        if self._meter is not None and not self._meter(size):
            self.fail(ServiceUnavailable())

    def finish(self) -> None:
        self.complete = True
        if self._waiter is not None:
            self._wake()

    def fail(self, fault: AwsError) -> None:
        """Nothing more comes; whoever reads gets `fault`."""
        if not self.complete and not self.broken:
            self.broken = True
            self._fault = fault
            self._wake()

    def cut_off(self) -> None:
        self.fail(IncompleteBody())

    def time_out(self) -> None:
        self.fail(RequestTimeout())

    def discard(self) -> None:
        """Nobody will read what is left."""
        self._room = -1
        self._take()

    # How it is read

    async def _more(self, goal: int) -> None:
        if self._fault:
            raise self._fault
        self._offer()
        self._goal = goal
        self._waiter = asyncio.get_running_loop().create_future()
        self._line.settle()
        try:
            await self._waiter
        finally:
            self._waiter = None
        if self._fault:
            raise self._fault

    def _offer(self) -> None:
        if self.expects:
            self.expects = False
            self._line.invite()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def _take(self) -> list[bytes]:
        chunks, self._chunks, self._held = self._chunks, [], 0
        return chunks

    async def _pump_held(self, consume: Consume) -> None:
        self._room = _AHEAD
        while True:
            if not self._held and not self.complete:
                await self._more(1)
            chunks = self._take()
            self._line.settle()
            if chunks:
                await run_in(self._line.pool, partial(_consume_all, chunks, consume))
            if self.complete and not self._held:
                return

    async def _pump_direct(self, consume: Consume) -> None:
        self._offer()
        sock = self._line.lend()
        upload = Upload(sock, self.left or 0, self._take(), consume)
        try:
            await carry(upload, sock, self._line.pool, self._line.patience)
        except CutOff:
            self.cut_off()
            raise IncompleteBody from None
        except Stalled:
            self.time_out()
            raise RequestTimeout from None
        finally:
            sock.close()
            self.received = (self.length or 0) - upload.left
            self.complete = not upload.left
            self.broken = bool(upload.left)
            self._line.regain()


def _consume_all(chunks: list[bytes], consume: Consume) -> None:
    for chunk in chunks:
        consume(chunk)

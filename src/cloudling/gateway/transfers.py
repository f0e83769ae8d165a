"""Moving large bodies between a socket and worker threads.

A worker reads or writes the connection's own socket, past the loop, as long as the client keeps up;
while the client is slow the loop waits instead, so that slow clients hold no threads.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from cloudling.kernel.streams import Consume, Outgoing

T = TypeVar("T")

BLOCK = 1024 * 1024
# After so many bytes a worker lets others have its thread.
_TURN = 64 * BLOCK
_SHORT_WAIT_MS = 20


class CutOff(Exception):
    """The other side went away before the end."""


class Stalled(Exception):
    """The other side moved no byte for too long."""


class SourceEnded(Exception):
    """An Outgoing gave fewer bytes than it promised."""


class Step(Enum):
    DONE = 0
    AGAIN = 1
    WAIT = 2


class Work(Protocol):
    """What runs in a worker thread, a turn at a time."""

    event: int

    def turn(self) -> Step: ...


class Upload:
    """Reads `left` bytes of a body from the socket; first hands over those already here."""

    event = select.POLLIN

    def __init__(self, sock: socket.socket, left: int, held: list[bytes], consume: Consume) -> None:
        self.left = left
        self._socket = sock
        self._held = held
        self._consume = consume
        self._view = memoryview(bytearray(min(BLOCK, left)))
        self._poll = select.poll()
        self._poll.register(sock, self.event)

    def turn(self) -> Step:
        for chunk in self._held:
            self._consume(chunk)
        self._held = []
        end = max(0, self.left - _TURN)
        while self.left > end:
            count = self._receive()
            if count is None:
                return Step.WAIT
            # Counted before it is consumed: what the consumer refuses has left the socket too.
            self.left -= count
            self._consume(self._view[:count])
        return Step.AGAIN if self.left else Step.DONE

    def _receive(self) -> int | None:
        while True:
            try:
                count = self._socket.recv_into(self._view, min(BLOCK, self.left))
            except BlockingIOError:
                if not self._poll.poll(_SHORT_WAIT_MS):
                    return None
                continue
            except OSError as fault:
                raise CutOff from fault
            if not count:
                raise CutOff
            return count


class Download:
    """Sends a head and what an Outgoing reads."""

    event = select.POLLOUT

    def __init__(self, sock: socket.socket, head: bytes, source: Outgoing) -> None:
        self.sent = -len(head)
        self._socket = sock
        self._pending = memoryview(head)
        self._source = source
        self._left = source.length
        self._poll = select.poll()
        self._poll.register(sock, self.event)

    def turn(self) -> Step:
        end = self.sent + _TURN
        while self.sent < end:
            if not self._pending:
                if not self._left:
                    return Step.DONE
                self._fill()
            count = self._send()
            if count is None:
                return Step.WAIT
            self.sent += count
            self._pending = self._pending[count:]
        return Step.AGAIN

    def _fill(self) -> None:
        block = self._source.read(min(BLOCK, self._left))
        if not block or len(block) > self._left:
            raise SourceEnded(f"{self._left} bytes short")
        self._left -= len(block)
        self._pending = memoryview(block)

    def _send(self) -> int | None:
        more = socket.MSG_MORE if self.sent < 0 and self._left else 0
        while True:
            try:
                return self._socket.send(self._pending, more)
            except BlockingIOError:
                if not self._poll.poll(_SHORT_WAIT_MS):
                    return None
            except OSError as fault:
                raise CutOff from fault


async def carry(work: Work, sock: socket.socket, pool: Executor, patience: float) -> None:
    """Run `work` turn by turn; `Stalled` when nothing moves for `patience` seconds.

    When it is cancelled it returns only after the worker did.
    """
    while True:
        step = await _in_pool(pool, work.turn, sock)
        if step is Step.DONE:
            return
        if step is Step.WAIT:
            await _ready(sock, work.event, patience)


async def send_file(
    sock: socket.socket, head: bytes, file: tuple[int, int], length: int, patience: float
) -> int:
    """Send a head and `length` bytes of an open file without copying them; the bytes sent."""
    pending = memoryview(head)
    while pending:
        send = partial(sock.send, pending, socket.MSG_MORE)
        pending = pending[await _attempt(sock, send, patience) :]
    source, offset = file
    end = offset + length
    while offset < end:
        send = partial(os.sendfile, sock.fileno(), source, offset, min(BLOCK, end - offset))
        count = await _attempt(sock, send, patience)
        if not count:
            raise SourceEnded(f"{end - offset} bytes short")
        offset += count
        # A client as fast as we are must not have the loop for itself.
        await asyncio.sleep(0)
    return length


async def _attempt(sock: socket.socket, action: Callable[[], int], patience: float) -> int:
    while True:
        try:
            return action()
        except BlockingIOError:
            await _ready(sock, select.POLLOUT, patience)
        except OSError as fault:
            raise CutOff from fault


async def run_in(pool: Executor, action: Callable[[], None]) -> None:
    """Run `action` in a worker; when cancelled, return only after it did."""
    await _finish(asyncio.get_running_loop().run_in_executor(pool, action))


async def _in_pool(pool: Executor, turn: Callable[[], Step], sock: socket.socket) -> Step:
    future = asyncio.get_running_loop().run_in_executor(pool, turn)
    return await _finish(future, lambda: hang_up(sock))


async def _finish(future: asyncio.Future[T], interrupt: Callable[[], None] | None = None) -> T:
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        if interrupt:
            interrupt()
        await asyncio.wait([future])
        future.exception()
        raise


def hang_up(sock: socket.socket) -> None:
    """Wake whoever waits on this socket or a duplicate of it."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


async def _ready(sock: socket.socket, event: int, patience: float) -> None:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[bool] = loop.create_future()
    descriptor = sock.fileno()
    reading = event == select.POLLIN
    watch = loop.add_reader if reading else loop.add_writer
    forget = loop.remove_reader if reading else loop.remove_writer
    watch(descriptor, _settle, future, True)
    timer = loop.call_later(patience, _settle, future, False)
    try:
        if not await future:
            raise Stalled
    finally:
        timer.cancel()
        forget(descriptor)


def _settle(future: asyncio.Future[bool], value: bool) -> None:
    if not future.done():
        future.set_result(value)

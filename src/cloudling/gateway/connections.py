"""One client's connection: requests in, one handled at a time, answers out."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import types
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from cloudling.gateway.answers import BODILESS, HeadWriter
from cloudling.gateway.refusals import Busy, HeadTimeout, failure
from cloudling.gateway.requests import Ends, Exchange, Reader
from cloudling.gateway.rounds import Rounds
from cloudling.gateway.transfers import (
    CutOff,
    Download,
    SourceEnded,
    Stalled,
    carry,
    hang_up,
    send_file,
)
from cloudling.kernel.steps import STEP

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
    from concurrent.futures import Executor

    from cloudling.gateway.bodies import RawBody
    from cloudling.gateway.limits import Limits
    from cloudling.gateway.messages import Handler, Response
    from cloudling.kernel.streams import Outgoing

log = logging.getLogger(__name__)

_ONE_WRITE = 64 * 1024
# So much of an unread body is read and thrown away to keep the connection.
_DRAINED = 64 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(slots=True)
class House:
    """What the connections of one server share; `now` is renewed by the sweep."""

    handler: Handler
    limits: Limits
    clock: Callable[[], float]
    pool: Executor
    heads: HeadWriter
    now: float = 0.0
    draining: bool = False
    connections: set[Connection] = field(default_factory=set)
    emptied: Callable[[], None] | None = None
    rounds: Rounds = field(default_factory=Rounds)


class Connection(asyncio.Protocol):
    """HTTP/1.1 over one transport; the `Line` its bodies read from.

    A handler is driven on the spot and gets a task only when it suspends.
    """

    _transport: asyncio.Transport
    _reader: Reader

    def __init__(self, house: House) -> None:
        self._house = house
        self._current: Exchange | None = None
        # A request was read and will be handled with those of others.
        self._waits = False
        self._task: asyncio.Task[None] | None = None
        self._advancing = False
        self._paused = False
        self._lent: socket.socket | None = None
        # The client does not read what we write.
        self._choked = False
        self._flushed: asyncio.Future[None] | None = None
        self._unsent = 0
        # An answer without end is being sent.
        self._flowing = False
        self._lost = False
        # No further answer leaves.
        self._ending = False
        self._touched = house.now
        self._head_since = 0.0

    # What the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        house = self._house
        # The loop promises a Transport to a Protocol.
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername") or ("",)
        here = transport.get_extra_info("sockname") or ("", 0)
        secure = transport.get_extra_info("sslcontext") is not None
        self._reader = Reader(Ends(self, house.limits, house.clock, str(peer[0]), here[1], secure))
        house.connections.add(self)
        if len(house.connections) > house.limits.connections:
            self._refuse_all()

    def _refuse_all(self) -> None:
        self._reader.refuse(Busy())
        self._advance()

    def data_received(self, data: bytes) -> None:
        house, reader = self._house, self._reader
        self._touched = house.now
        reader.feed(data)
        if reader.queue and self._current is None and not self._waits:
            self._waits = True
            house.rounds.join(self)
        if reader.body is not None or len(reader.queue) > 1:
            self.settle()

    def eof_received(self) -> bool:
        """The client sends no more, but may still wait for answers."""
        reader = self._reader
        if reader.body is not None:
            reader.body.cut_off()
        reader.deaf = True
        return (self._current is not None or self._waits) and not self._ending

    def connection_lost(self, _: Exception | None) -> None:
        self._lost = self._ending = True
        house = self._house
        house.connections.discard(self)
        if self._reader.body is not None:
            self._reader.body.cut_off()
        self._reader.close()
        if self._lent is not None:
            hang_up(self._lent)
        if self._flowing and self._task is not None:
            self._task.cancel()
        self.resume_writing()
        if not house.connections and house.emptied:
            house.emptied()

    def pause_writing(self) -> None:
        self._choked = True
        self.settle()

    def resume_writing(self) -> None:
        self._choked = False
        if self._flushed and not self._flushed.done():
            self._flushed.set_result(None)
        if not self._lost:
            self._advance()

    # What the bodies ask

    @property
    def pool(self) -> Executor:
        return self._house.pool

    @property
    def patience(self) -> float:
        return self._house.limits.body_seconds

    def invite(self) -> None:
        self._transport.write(_CONTINUE)

    def settle(self) -> None:
        """Read on, or stop reading where nothing more can be kept."""
        if self._lost or self._transport.is_closing():
            return
        reader = self._reader
        stop = not self._ending and (
            self._lent is not None
            or self._choked
            or reader.full
            or bool(reader.backlog)
            or (reader.body is not None and reader.body.full)
        )
        if stop is not self._paused:
            self._paused = stop
            self._touched = self._house.now
            if stop:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def lend(self) -> socket.socket:
        self._lent = self._duplicate()
        self.settle()
        return self._lent

    def regain(self) -> None:
        self._lent = None
        if self._lost:
            return
        self._touched = self._house.now
        body = self._reader.body
        if body is not None and body.complete:
            self._reader.body_taken()
        self.settle()

    # Handling

    def fail(self) -> None:
        """End after a fault of ours."""
        log.exception("A connection failed by a fault of ours")  # noqa: LOG004 - as `_bug`
        self.cut()

    def begin(self) -> None:
        """Handle what was read."""
        self._waits = False
        self._advance()

    def end(self, response: Response) -> None:
        """Send an answer that was postponed, and go on."""
        self._send(response)
        if self._reader.queue or self._reader.backlog or self._paused:
            self._advance()

    def _advance(self) -> None:
        """Handle what is queued, one by one, as far as nothing has to be waited for."""
        if self._advancing:
            return
        self._advancing = True
        try:
            reader = self._reader
            queue = reader.queue
            while self._current is None and not self._choked and not self._ending:
                if queue:
                    self._start(queue.popleft())
                elif reader.backlog:
                    reader.go_on()
                else:
                    break
        finally:
            self._advancing = False
        if self._paused:
            self.settle()

    def _start(self, exchange: Exchange) -> None:
        self._current = exchange
        self._head_since = 0.0
        if exchange.refusal is not None:
            self._answer(exchange.refusal)
            return
        self.go_on(self._house.handler(exchange.request))

    def go_on(self, work: Coroutine[Any, Any, Response]) -> None:
        """Drive a handler as far as it comes by itself."""
        try:
            waited = work.send(None)
        except StopIteration as stop:
            response: Response = stop.value
            if response.held_by is not None or not self._house.rounds.answer(self, response):
                self._answer(response)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - the client gets an answer
            self._answer(_bug())
        else:
            if waited is STEP:
                self._house.rounds.pause(self, work)
            else:
                self._task = asyncio.get_running_loop().create_task(self._handle(work, waited))

    async def _handle(self, work: Coroutine[Any, Any, Response], waited: object) -> None:
        try:
            response = await _resume(work, waited)
        except asyncio.CancelledError:
            self.cut()
            raise
        except Exception:  # noqa: BLE001 - as above
            response = _bug()
        self._task = None
        self._answer(response)
        self._advance()

    def _answer(self, response: Response) -> None:
        if response.held_by is None:
            self._send(response)
        else:
            response.held_by.when_done(partial(self._release, response))

    def _release(self, response: Response, fault: BaseException | None) -> None:
        if fault is not None:
            log.error("An answer was held back: its commit failed", exc_info=fault)
            _let_go(response, 0)
            response = response.failed() if response.failed else failure()
        self._send(response)
        self._advance()

    # Answering

    def _send(self, response: Response) -> None:  # noqa: C901, PLR0912, PLR0915 - hot
        exchange = self._current
        if exchange is None:
            raise RuntimeError("An answer without a request")
        if self._lost or response.flow is not None:
            return self._send_otherwise(response)
        body = response.body
        data, length = (body, len(body)) if isinstance(body, bytes) else (body.data, body.length)
        # Only what is not in memory holds something that must be closed.
        opened = data is None or response.on_sent is not None
        close = response.close or not exchange.keep
        if not close and not (exchange.body.complete and not self._reader.deaf):
            close = self._must_close(exchange)
        close = close or self._house.draining
        connection = "close" if close else "keep-alive" if exchange.old else ""
        method = exchange.request.method
        try:
            head = self._house.heads.write(response, length, method, connection)
        except Exception:  # noqa: BLE001 - a bug in an answer is answered like any other
            _let_go(response, 0)
            return self._send(_bug())
        if exchange.body.expects:
            head = _invited(head, exchange.body)
        status = response.status
        if method == "HEAD" or not length or status < 200 or status in BODILESS:
            data, length = b"", 0
        if data is None:
            return self._begin_stream(head, response, close=close)
        if len(data) <= _ONE_WRITE:
            self._transport.write(head + data)
        else:
            self._transport.writelines((head, data))
        if opened:
            _let_go(response, length)
        return self._finish(exchange, close=close)

    def _send_otherwise(self, response: Response) -> None:
        """To nobody, or piece by piece."""
        if response.flow is not None and not self._lost:
            return self._begin_flow(response, response.flow)
        self._current = None
        return _let_go(response, 0)

    def _begin_stream(self, head: bytes, response: Response, *, close: bool) -> None:
        work = self._stream(head, response, close=close)
        self._task = asyncio.get_running_loop().create_task(work)

    def _begin_flow(self, response: Response, flow: AsyncGenerator[bytes]) -> None:
        """Send a body piece by piece; the connection ends with it."""
        exchange = cast("Exchange", self._current)
        head = self._house.heads.write(response, -1, exchange.request.method, "close")
        self._task = asyncio.get_running_loop().create_task(self._flow(head, flow))
        self._flowing = True

    async def _flow(self, head: bytes, flow: AsyncGenerator[bytes]) -> None:
        exchange = cast("Exchange", self._current)
        transport = self._transport
        try:
            transport.write(head)
            async for piece in flow:
                await self._flush()
                self._touched = self._house.now
                transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            transport.write(b"0\r\n\r\n")
        except CutOff:
            pass
        except Exception:
            log.exception("The body of an answer could not be made")
            self.cut()
        finally:
            await flow.aclose()
            self._task = None
            self._flowing = False
            self._finish(exchange, close=True)

    def _must_close(self, exchange: Exchange) -> bool:
        body, reader = exchange.body, self._reader
        if reader.deaf and not reader.queue:
            return True
        if body.complete:
            return False
        return body.broken or body.expects or body.left is None or body.left > _DRAINED

    def _finish(self, exchange: Exchange, *, close: bool) -> None:
        self._current = None
        self._touched = self._house.now
        # The client may have ended its side since the answer began.
        if close or (self._reader.deaf and not self._reader.queue):
            self._end(clean=exchange.body.complete)
        elif not exchange.body.complete:
            exchange.body.discard()
            self.settle()

    def _end(self, *, clean: bool) -> None:
        self._ending = True
        self._reader.close()
        if self._lost or self._transport.is_closing():
            return
        if clean or not self._transport.can_write_eof():
            self._transport.close()
            return
        # Closing over unread bytes would reset the connection and could take the answer with it:
        # the client is told that we are done, and what it still sends is thrown away for a while.
        try:
            self._transport.write_eof()
        except OSError:
            # The client has reset the connection, of which asyncio has not told yet.
            self._transport.abort()
            return
        self.settle()

    async def _stream(self, head: bytes, response: Response, *, close: bool) -> None:
        exchange = cast("Exchange", self._current)
        source = cast("Outgoing", response.body)
        sent, whole = 0, False
        try:
            await self._flush()
            sent = await self._transfer(head, source)
            whole = True
        except (CutOff, Stalled):
            pass
        except SourceEnded as fault:
            log.error("The body of an answer ended early: %s", fault)
        except Exception:
            log.exception("The body of an answer could not be read")
        finally:
            _let_go(response, sent)
            self._task = None
            if not whole:
                self._current = None
                self.cut()
        if whole:
            self._finish(exchange, close=close)
            self._advance()

    async def _flush(self) -> None:
        """Wait until the transport holds nothing; then the socket may be written past it."""
        transport = self._transport
        if self._lost:
            raise CutOff
        if not transport.get_write_buffer_size():
            return
        self._flushed = asyncio.get_running_loop().create_future()
        transport.set_write_buffer_limits(0)
        await self._flushed
        self._flushed = None
        transport.set_write_buffer_limits()
        if self._lost:
            raise CutOff

    async def _transfer(self, head: bytes, source: Outgoing) -> int:
        house = self._house
        patience = house.limits.stall_seconds
        sock = self._lent = self._duplicate()
        try:
            if (file := source.plain()) is not None:
                return await send_file(sock, head, file, source.length, patience)
            download = Download(sock, head, source)
            await carry(download, sock, house.pool, patience)
            return download.sent
        finally:
            self._lent = None
            sock.close()

    def _duplicate(self) -> socket.socket:
        ours = self._transport.get_extra_info("socket")
        sock = socket.socket(ours.family, ours.type, ours.proto, os.dup(ours.fileno()))
        sock.setblocking(False)
        return sock

    # Time and ending

    def sweep(self, now: float) -> None:
        """Look whether this connection has outstayed a limit; called about once a second."""
        if self._lent is not None:
            self._touched = now
            return
        unsent = self._transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent = unsent
            self._touched = now
        limits = self._house.limits
        quiet = now - self._touched
        if unsent:
            if quiet > limits.stall_seconds:
                self.cut()
        elif self._ending:
            if quiet > limits.linger_seconds:
                self.cut()
        else:
            self._sweep_reading(now, quiet)

    def _sweep_reading(self, now: float, quiet: float) -> None:
        limits = self._house.limits
        reader = self._reader
        if reader.body is not None:
            if quiet > limits.body_seconds:
                self._time_out_body()
        elif self._current is not None:
            return
        elif reader.in_head:
            if not self._head_since:
                self._head_since = now
            elif now - self._head_since > limits.head_seconds:
                reader.refuse(HeadTimeout())
                self._advance()
        elif quiet > limits.idle_seconds:
            self._transport.close()

    def _time_out_body(self) -> None:
        body = self._reader.body
        if self._current is None:
            self.cut()
        elif body is not None and body.waits:
            body.time_out()

    def drain(self) -> None:
        """Close as soon as the answer under way has left; at once when there is none."""
        if self._flowing and self._task is not None:
            self._task.cancel()
        elif not (self._current or self._waits or self._transport.is_closing()):
            self._ending = True
            self._reader.close()
            self._transport.close()

    def cut(self) -> None:
        """End the connection now, whatever is under way."""
        if self._lent is not None:
            hang_up(self._lent)
        self._transport.abort()

    def abandon(self) -> asyncio.Task[None] | None:
        """Cut, and stop the handler too: the task that is to end."""
        if self._task is not None:
            self._task.cancel()
        self.cut()
        return self._task


@types.coroutine
def _resume(work: Coroutine[Any, Any, Response], waited: object) -> Generator[Any, Any, Response]:
    """Go on with a coroutine that was started by hand and waits for `waited`.

    The future is yielded once more, now to a task, which then waits for it as for any other.
    """
    try:
        yield waited
    except BaseException as fault:  # noqa: BLE001 - a cancellation belongs to the coroutine
        try:
            next_waited = work.throw(fault)
        except StopIteration as stop:
            return cast("Response", stop.value)
        return (yield from _resume(work, next_waited))
    # A coroutine under way may be delegated to from a generator, though not awaited anew.
    return (yield from cast("Generator[Any, Any, Response]", work))


def _bug() -> Response:
    log.exception("A request failed by a fault of ours")  # noqa: LOG004 - called by handlers
    return failure()


def _invited(head: bytes, body: RawBody) -> bytes:
    """The head, after the invitation of a body that is empty.

    Nobody reads such a body, so nobody has asked for it; yet its sender waits to be asked, and
    botocore (CLI v1) would take this connection's next answer for a part of this one.
    """
    return _CONTINUE + head if body.length == 0 else head


def _let_go(response: Response, sent: int) -> None:
    try:
        if not isinstance(response.body, bytes):
            response.body.close()
        if response.on_sent:
            response.on_sent(sent)
    except Exception:
        log.exception("What follows an answer failed")

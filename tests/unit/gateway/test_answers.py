"""How answers are written: heads, framing, bodies of every kind, and what ends them."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from typing import TYPE_CHECKING

import pytest
from tests.unit.gateway.serving import get, put, run, serving, until

from cloudling.gateway.answers import HeadWriter
from cloudling.gateway.messages import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["run"]

NOON = 1_700_000_000.0


def head(response: Response, length: int = 0, method: str = "GET", connection: str = "") -> bytes:
    return HeadWriter(lambda: NOON).write(response, length, method, connection)


def test_a_head_is_complete() -> None:
    written = head(Response(200, [("ETag", '"x"')]), 5, connection="close")
    assert written == (
        b'HTTP/1.1 200 OK\r\nETag: "x"\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n'
        b"Content-Length: 5\r\nConnection: close\r\n\r\n"
    )


def test_a_given_date_wins() -> None:
    written = head(Response(200, [("date", "yesterday")]))
    assert written.lower().count(b"date:") == 1
    assert b"Date: yesterday\r\n" in written


def test_what_frames_the_answer_is_not_left_to_the_handler() -> None:
    wrong = [("Content-Length", "9"), ("transfer-encoding", "chunked"), ("Connection", "x")]
    written = head(Response(200, wrong), 5)
    assert b"Content-Length: 5\r\n" in written
    assert b"chunked" not in written
    assert b"Connection" not in written


@pytest.mark.parametrize(
    ("status", "method", "given", "expected"),
    [
        (200, "HEAD", "123", b"Content-Length: 123\r\n"),
        (404, "HEAD", None, b"Content-Length: 7\r\n"),
        (304, "GET", "123", b"Content-Length: 123\r\n"),
        (304, "GET", None, None),
        (204, "GET", "5", None),
        (204, "HEAD", None, None),
    ],
)
def test_lengths_of_bodies_not_sent(
    status: int, method: str, given: str | None, expected: bytes | None
) -> None:
    headers = [("Content-Length", given)] if given else []
    written = head(Response(status, headers), 7, method)
    assert expected in written if expected else b"Content-Length" not in written


def test_values_go_out_as_they_came_in_or_as_utf_8() -> None:
    as_read = "é".encode().decode("latin-1")
    written = head(Response(200, [("x-a", as_read), ("x-b", "日本")]))
    assert "x-a: é\r\nx-b: 日本\r\n".encode() in written


@pytest.mark.parametrize("bad", ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\0b"])
def test_a_header_cannot_become_two(bad: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        head(Response(200, [("x-a", bad)]))
    with pytest.raises(ValueError, match="no name"):
        head(Response(200, [(bad, "x")]))


def test_injection_answers_500_and_the_connection_lives(
    run: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    async def handle(request: Request) -> Response:
        value = "a\r\nX-Evil: 1" if request.path == b"/bad" else "fine"
        return Response(200, [("x-a", value)], b"body")

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            answer = await client.ask(get("/bad"))
            assert answer.status == 500
            assert "x-evil" not in answer.headers
            assert b"<Code>InternalFailure</Code>" in answer.body
            assert (await client.ask(get())).body == b"body"

    with caplog.at_level(logging.CRITICAL):
        run(scenario())


@pytest.mark.parametrize("path", [b"/now", b"/later"])
def test_a_bug_answers_500_and_the_connection_lives(
    run: Callable, caplog: pytest.LogCaptureFixture, path: bytes
) -> None:
    async def handle(request: Request) -> Response:
        if request.path == b"/later":
            await asyncio.sleep(0)
        if request.path != b"/":
            raise RuntimeError("secret detail")
        return Response(200, [], b"fine")

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            answer = await client.ask(get(path.decode()))
            assert answer.status == 500
            assert b"InternalFailure" in answer.body
            assert b"secret" not in answer.body
            assert (await client.ask(get())).body == b"fine"

    run(scenario())
    assert "RuntimeError: secret detail" in caplog.text


class Tape:
    """An Outgoing over a file that tells whether it was closed."""

    data = None

    def __init__(self, path: Path, *, plain: bool, length: int | None = None) -> None:
        self.file = path.open("rb")
        self.length = path.stat().st_size if length is None else length
        self._plain = plain
        self.closed = 0
        self.read_so_far = 0

    def plain(self) -> tuple[int, int] | None:
        return (self.file.fileno(), 0) if self._plain else None

    def read(self, size: int) -> bytes:
        block = self.file.read(size)
        self.read_so_far += len(block)
        return block

    def close(self) -> None:
        self.closed += 1
        self.file.close()


class Held:
    """An Outgoing in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.length = len(data)
        self.closed = 0

    def plain(self) -> None:
        return None

    def read(self, size: int) -> bytes:
        raise AssertionError(f"{size} bytes read of what is in memory")

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big"
    path.write_bytes(os.urandom(1_000_003) * 12)
    return path


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_streams_are_sent_whole_and_closed(
    run: Callable, big: Path, plain: bool, method: str
) -> None:
    tapes: list[Tape] = []
    sent: list[int] = []

    async def handle(_: Request) -> Response:
        tapes.append(Tape(big, plain=plain))
        return Response(200, [("x-a", "b")], tapes[-1], on_sent=sent.append)

    content = big.read_bytes()

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            for _ in range(2):
                answer = await client.ask(get(method=method), method)
                assert answer.headers["content-length"] == str(len(content))
                assert answer.body == (content if method == "GET" else b"")
            # Pipelined behind answers that sit in the transport's buffer.
            client.send(get(method=method) * 3)
            for _ in range(3):
                answer = await client.answer(method)
                assert answer.body == (content if method == "GET" else b"")

    run(scenario())
    assert [tape.closed for tape in tapes] == [1] * 5
    assert sent == [big.stat().st_size if method == "GET" else 0] * 5


@pytest.mark.parametrize("size", [0, 10, 65_536, 65_537, 3_000_000])
def test_bodies_in_memory_are_sent(run: Callable, size: int) -> None:
    sent: list[int] = []
    held: list[Held] = []

    async def handle(request: Request) -> Response:
        if request.path == b"/held":
            held.append(Held(b"x" * size))
            return Response(200, [], held[-1], on_sent=sent.append)
        return Response(200, [], b"x" * size, on_sent=sent.append)

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            client.send(get() + get("/held") + get())
            for _ in range(3):
                assert (await client.answer()).body == b"x" * size

    run(scenario())
    assert sent == [size] * 3
    assert [one.closed for one in held] == [1]


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_body(run: Callable, status: int) -> None:
    async def handle(_: Request) -> Response:
        return Response(status, [], b"never sent")

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            for _ in range(2):
                assert "content-length" not in (await client.ask(get())).headers

    run(scenario())


@pytest.mark.parametrize("plain", [True, False])
def test_a_source_that_ends_early_cuts_the_connection(
    run: Callable, big: Path, plain: bool, caplog: pytest.LogCaptureFixture
) -> None:
    tapes: list[Tape] = []
    size = big.stat().st_size + 1

    async def handle(_: Request) -> Response:
        tapes.append(Tape(big, plain=plain, length=size))
        return Response(200, [], tapes[-1])

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await client.ask(get())

    run(scenario())
    assert tapes[0].closed == 1
    assert "ended early" in caplog.text


@pytest.mark.parametrize("plain", [True, False, None])
def test_a_client_that_does_not_read_is_dropped(
    run: Callable, tmp_path: Path, plain: bool | None
) -> None:
    path = tmp_path / "huge"
    size = 64_000_000
    with path.open("wb") as file:
        file.truncate(size)
    tapes: list[Tape] = []
    sent = []

    async def handle(_: Request) -> Response:
        if plain is None:
            return Response(200, [], b"x" * size, on_sent=sent.append)
        tapes.append(Tape(path, plain=plain))
        return Response(200, [], tapes[-1], on_sent=sent.append)

    async def scenario() -> None:
        async with serving(handle, stall_seconds=0.1) as site:
            loop = asyncio.get_running_loop()
            with socket.socket() as sock:
                sock.setblocking(False)
                await loop.sock_connect(sock, ("127.0.0.1", site.port))
                await loop.sock_sendall(sock, get())
                await until(lambda: sent and not site.server.open_connections)
                # It took no more than what the kernel and one block hold.
                assert all(tape.read_so_far < size / 4 for tape in tapes)

    run(scenario())
    assert [tape.closed for tape in tapes] == ([] if plain is None else [1])
    assert plain is None or sent[0] < size


@pytest.mark.parametrize("plain", [True, False])
def test_a_client_that_goes_away_ends_the_transfer(run: Callable, big: Path, plain: bool) -> None:
    tapes: list[Tape] = []
    sent: list[int] = []

    async def handle(_: Request) -> Response:
        tapes.append(Tape(big, plain=plain))
        return Response(200, [], tapes[-1], on_sent=sent.append)

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect(limit=1000)
            client.send(get())
            await client.reader.readexactly(1000)
            client.reset()
            await until(lambda: sent)

    run(scenario())
    assert tapes[0].closed == 1


def test_a_slow_client_holds_no_thread(run: Callable, big: Path) -> None:
    content = big.read_bytes()

    async def handle(_: Request) -> Response:
        return Response(200, [], Tape(big, plain=False))

    async def scenario() -> None:
        async with serving(handle, workers=1) as site:
            slow = await site.connect(limit=1000)
            slow.send(get())
            await slow.reader.readexactly(1000)
            half = await site.connect()
            half.send(get("/k", "Content-Length: 5000000", method="PUT"))
            for _ in range(2):
                assert (await site.ask(get())).body == content

    run(scenario())


class Gate:
    """A Barrier opened by hand."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[BaseException | None], None]] = []

    def when_done(self, callback: Callable[[BaseException | None], None]) -> None:
        self.callbacks.append(callback)

    def open(self, fault: BaseException | None = None) -> None:
        for callback in self.callbacks:
            callback(fault)
        self.callbacks.clear()


class Open:
    def when_done(self, callback: Callable[[BaseException | None], None]) -> None:
        callback(None)


def test_an_answer_waits_for_its_barrier(run: Callable) -> None:
    gate = Gate()

    async def handle(request: Request) -> Response:
        barrier = gate if request.path == b"/held" else Open()
        return Response(200, [], request.path, held_by=barrier)

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            client.send(get("/held") + get("/open") * 1000)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.reader.readexactly(1), 0.02)
            gate.open()
            assert (await client.answer()).body == b"/held"
            for _ in range(1000):
                assert (await client.answer()).body == b"/open"

    run(scenario())


@pytest.mark.parametrize("known", [True, False])
def test_a_failed_commit_sends_what_is_kept_for_it(
    run: Callable, known: bool, caplog: pytest.LogCaptureFixture
) -> None:
    held = Held(b"saved")
    gate = Gate()

    async def handle(request: Request) -> Response:
        await request.body.read(100)
        failed = (lambda: Response(503, [], b"not saved")) if known else None
        return Response(200, [], held, held_by=gate, failed=failed)

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            client.send(put(b"x"))
            await until(lambda: gate.callbacks)
            gate.open(OSError("disk full"))
            answer = await client.answer()
            assert answer.status == (503 if known else 500)
            assert b"not saved" in answer.body or b"InternalFailure" in answer.body

    run(scenario())
    assert held.closed == 1
    assert "disk full" in caplog.text


def test_a_handler_may_close_the_connection(run: Callable) -> None:
    async def handle(_: Request) -> Response:
        return Response(200, [], b"bye", close=True)

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            assert (await client.ask(get())).headers["connection"] == "close"
            assert await client.ended()

    run(scenario())

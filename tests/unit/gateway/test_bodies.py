"""How bodies are read: whole, pumped, chunked, invited, cut off, too slow, too large."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from typing import TYPE_CHECKING

import pytest
from tests.unit.gateway.serving import chunked, echo, get, put, run, serving

from cloudling.gateway.messages import Request, Response
from cloudling.kernel.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["run"]

EXPECT = "Expect: 100-continue"


async def digest(request: Request) -> Response:
    """Answer with the size, hash and trailers of a pumped body."""
    whole = hashlib.sha256()
    try:
        size = await request.body.pump(whole.update)
    except AwsError as fault:
        return Response(fault.http_status, [], fault.error_code.encode())
    trailers = ",".join(f"{key}={value}" for key, value in request.body.trailers.items())
    return Response(200, [], f"{size} {whole.hexdigest()} {trailers}".encode())


def digested(body: bytes, trailers: str = "") -> bytes:
    return f"{len(body)} {hashlib.sha256(body).hexdigest()} {trailers}".encode()


SIZES = [0, 1, 64 * 1024, 65 * 1024, 200_000, 256 * 1024 + 1, 5_000_000]


@pytest.mark.parametrize("size", SIZES)
def test_bodies_of_every_size_come_whole_both_ways(run: Callable, size: int) -> None:
    body = bytes(range(251)) * (size // 251 + 1)
    body = body[:size]

    async def scenario() -> None:
        async with serving(digest) as site:
            client = await site.connect()
            for _ in range(2):
                assert (await client.ask(put(body))).body == digested(body)
            pieces = [body[at : at + 77_777] for at in range(0, size, 77_777)]
            assert (await client.ask(chunked(*pieces))).body == digested(body)
            assert (await client.ask(put(body) + put(b"next"))).body == digested(body)
            assert (await client.answer()).body == digested(b"next")
        async with serving(echo) as site:
            client = await site.connect()
            for _ in range(2):
                assert (await client.ask(put(body))).body == b"PUT /k " + body

    run(scenario())


def test_small_bodies_are_read_without_suspending(run: Callable) -> None:
    tasks: list[asyncio.Task[object] | None] = []

    async def handle(request: Request) -> Response:
        body = await request.body.read(100)
        tasks.append(asyncio.current_task())
        return Response(200, [], body)

    async def scenario() -> None:
        async with serving(handle) as site:
            assert (await site.ask(put(b"abc"))).body == b"abc"

    run(scenario())
    assert tasks == [None]


def test_large_bodies_are_consumed_in_another_thread(run: Callable) -> None:
    threads: set[int] = set()

    async def handle(request: Request) -> Response:
        await request.body.pump(lambda _: threads.add(threading.get_ident()))
        return Response()

    async def scenario() -> None:
        async with serving(handle) as site:
            await site.ask(put(b"x" * 1_000_000))
            await site.ask(chunked(b"x" * 1_000_000))

    run(scenario())
    assert threads
    assert threading.get_ident() not in threads


def test_trailers_are_kept(run: Callable) -> None:
    trailers = b"X-Amz-Checksum-Crc32: AAAA== \r\nx-a: 1\r\nX-A: 2\r\n"

    async def scenario() -> None:
        async with serving(digest) as site:
            client = await site.connect()
            for body in (b"abc", b"x" * 300_000):
                answer = await client.ask(chunked(body, trailers=trailers))
                assert answer.body == digested(body, "x-amz-checksum-crc32=AAAA==,x-a=1,2")

    run(scenario())


def test_trailers_without_end_are_refused(run: Callable) -> None:
    head = get("/k", "Transfer-Encoding: chunked", method="PUT")

    async def scenario() -> None:
        async with serving(digest) as site:
            for endless in (b"X: " + b"y" * 100_000, b"X: y\r\n" * 20_000):
                answer = await site.ask(head + b"1\r\nx\r\n0\r\n" + endless)
                assert answer.body == b"IncompleteBody"

    run(scenario())


@pytest.mark.parametrize("length", [3, 4])
def test_a_body_over_the_readers_limit_is_too_large(run: Callable, length: int) -> None:
    async def handle(request: Request) -> Response:
        with pytest.raises(AwsError) as caught:
            await request.body.read(length - 1)
        return Response(400, [], str(caught.value).encode())

    async def scenario() -> None:
        message = b"EntityTooLarge: Your proposed upload exceeds the maximum allowed object size."
        async with serving(handle) as site:
            assert (await site.ask(put(b"x" * length))).body == message
            assert (await site.ask(chunked(b"x" * length))).body == message

    run(scenario())


def test_a_chunked_body_without_end_stops_at_the_readers_limit(run: Callable) -> None:
    async def handle(request: Request) -> Response:
        with pytest.raises(AwsError) as caught:
            await request.body.read(500_000)
        return Response(400, [], caught.value.error_code.encode())

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            client.send(get("/k", "Transfer-Encoding: chunked", method="PUT"))
            client.send(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
            answer = await client.answer()
            assert answer.body == b"EntityTooLarge"
            assert answer.headers["connection"] == "close"
            client.writer.write_eof()
            assert await client.ended()

    run(scenario())


def test_100_continue_comes_when_the_body_is_first_waited_for(run: Callable) -> None:
    reading = asyncio.Event()

    async def handle(request: Request) -> Response:
        await reading.wait()
        return await digest(request)

    async def scenario() -> None:
        async with serving(handle) as site:
            for body in (b"x" * 10, b"x" * 1_000_000):
                reading.clear()
                client = await site.connect()
                head = get("/k", EXPECT, f"Content-Length: {len(body)}", method="PUT")
                client.send(head)
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(client.reader.readexactly(1), 0.02)
                reading.set()
                assert (await client.answer()).raw == b"HTTP/1.1 100 Continue\r\n\r\n"
                assert (await client.ask(body)).body == digested(body)
                assert (await client.ask(get())).body == digested(b"")

    run(scenario())


def test_100_continue_is_left_out_when_the_body_came_anyway(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(digest) as site:
            client = await site.connect()
            assert (await client.ask(put(b"abc", EXPECT))).body == digested(b"abc")

    run(scenario())


def test_an_empty_body_is_invited_too(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(digest) as site:
            client = await site.connect()
            client.send(put(b"", EXPECT))
            assert (await client.answer()).raw == b"HTTP/1.1 100 Continue\r\n\r\n"
            assert (await client.answer()).body == digested(b"")
            assert (await client.ask(get())).body == digested(b"")

    run(scenario())


async def refuse(_: Request) -> Response:
    return Response(403, [], b"no")


def test_a_refusal_needs_no_body(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(refuse) as site:
            client = await site.connect()
            answer = await client.ask(get("/k", EXPECT, "Content-Length: 10", method="PUT"))
            assert (answer.status, answer.headers["connection"]) == (403, "close")
            assert await client.ended()

    run(scenario())


def test_a_small_unread_body_is_drained(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(refuse) as site:
            client = await site.connect()
            client.send(get("/k", "Content-Length: 60000", method="PUT"))
            answer = await client.answer()
            assert "connection" not in answer.headers
            client.send(b"x" * 60_000)
            assert (await client.ask(put(b"x" * 60_000))).status == 403
            assert (await client.ask(chunked(b"x" * 1000))).status == 403

    run(scenario())


def test_a_large_unread_body_closes_without_losing_the_answer(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(refuse) as site:
            client = await site.connect()
            client.send(put(b"x" * 3_000_000))
            await client.writer.drain()
            answer = await client.answer()
            assert (answer.body, answer.headers["connection"]) == (b"no", "close")
            assert await client.ended()

    run(scenario())


@pytest.mark.parametrize("handler", [echo, digest])
@pytest.mark.parametrize("length", [100, 1_000_000])
def test_a_body_cut_off_is_incomplete(run: Callable, handler: Callable, length: int) -> None:
    async def scenario() -> None:
        async with serving(handler) as site:
            client = await site.connect()
            client.send(get("/k", f"Content-Length: {length}", method="PUT") + b"x" * 50)
            await asyncio.sleep(0.02)
            client.writer.write_eof()
            answer = await client.answer()
            assert (answer.status, answer.body) == (400, b"IncompleteBody")
            assert await client.ended()

    run(scenario())


def test_chunks_badly_framed_are_refused(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(digest) as site:
            for bad in (b"3\r\nabcd\r\n", b"-1\r\n", b"3\nabc\n0\n\n", b"zz\r\n"):
                head = get("/k", "Transfer-Encoding: chunked", method="PUT")
                client = await site.connect()
                answer = await client.ask(head + bad)
                assert answer.body == b"IncompleteBody"
                assert answer.headers["connection"] == "close"

    run(scenario())


@pytest.mark.parametrize("handler", [echo, digest])
@pytest.mark.parametrize("length", ["Content-Length: 100", "Content-Length: 1000000"])
def test_a_body_that_stops_coming_times_out(run: Callable, handler: Callable, length: str) -> None:
    async def scenario() -> None:
        async with serving(handler, body_seconds=0.08) as site:
            client = await site.connect()
            answer = await client.ask(get("/k", length, method="PUT") + b"x")
            assert (answer.status, answer.body) == (400, b"RequestTimeout")
            assert answer.headers["connection"] == "close"

    run(scenario())


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_slow_consumer_holds_the_client_back(run: Callable, framing: str) -> None:
    go_on = threading.Event()

    async def handle(request: Request) -> Response:
        seen = 0

        def consume(chunk: memoryview | bytes) -> None:
            nonlocal seen
            go_on.wait(10)
            seen += len(chunk)

        await request.body.pump(consume)
        return Response(200, [], b"%d" % seen)

    size = 40_000_000

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect(limit=1000)
            body = b"x" * size
            client.send(put(body) if framing == "length" else chunked(body))
            transport = client.writer.transport
            before = -1
            while before != (left := transport.get_write_buffer_size()):
                before = left
                await asyncio.sleep(0.05)
            # Kernel buffers and ours hold some MiB; the rest must still be with the client.
            assert left > size / 2
            go_on.set()
            assert (await client.answer()).body == b"%d" % size

    run(scenario())


def test_a_consumer_that_fails_ends_the_connection(run: Callable) -> None:
    async def handle(request: Request) -> Response:
        def consume(_: memoryview | bytes) -> None:
            raise ValueError("bad")

        with pytest.raises(ValueError, match="bad"):
            await request.body.pump(consume)
        return Response(400, [], b"bad")

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            answer = await client.ask(put(b"x" * 3_000_000))
            assert (answer.body, answer.headers["connection"]) == (b"bad", "close")
            assert await client.ended()

    run(scenario())


def test_a_handler_may_wait_before_it_reads(run: Callable) -> None:
    async def handle(request: Request) -> Response:
        await asyncio.sleep(0.02)
        return await digest(request)

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            for size in SIZES:
                body = b"y" * size
                assert (await client.ask(put(body))).body == digested(body)
                assert (await client.ask(chunked(body or b"z"))).body == digested(body or b"z")

    run(scenario())

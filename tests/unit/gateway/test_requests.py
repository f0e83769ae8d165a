"""How requests are read: what is kept as it came, and what is refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.unit.gateway.serving import Site, chunked, echo, get, put, run, serving

from cloudling.gateway.messages import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["run"]

HOST = b"Host: a\r\n"


def _with(*headers: bytes, line: bytes = b"PUT / HTTP/1.1") -> bytes:
    return b"\r\n".join([line, *headers]) + b"\r\n\r\n"


def test_path_query_and_headers_come_as_they_were_sent(run: Callable) -> None:
    seen: list[Request] = []

    async def handle(request: Request) -> Response:
        seen.append(request)
        return Response()

    async def scenario() -> None:
        async with serving(handle) as site:
            target = "/b//a%2Fb/../%00+c?x=%20&y?z"
            await site.ask(get(target, "X-Amz-Meta-A:  one \t", "x-amz-meta-a: two", "E:"))

    run(scenario())
    request = seen[0]
    assert request.path == b"/b//a%2Fb/../%00+c"
    assert request.query == b"x=%20&y?z"
    assert request.headers == {"host": "a", "x-amz-meta-a": "one,two", "e": ""}
    assert request.peer == "127.0.0.1"
    assert request.port > 0
    assert request.received_at > 1e9


@pytest.mark.parametrize(
    ("target", "host", "path", "query"),
    [
        (b"http://s3.amazonaws.com/b/k?x=1", "s3.amazonaws.com", b"/b/k", b"x=1"),
        (b"http://b.localhost:4566", "b.localhost:4566", b"/", b""),
        (b"HTTPS://h?list-type=2&p=/", "h", b"/", b"list-type=2&p=/"),
        (b"/plain", "a", b"/plain", b""),
        (b"*", "a", b"*", b""),
    ],
)
def test_an_absolute_target_replaces_host(
    run: Callable, target: bytes, host: str, path: bytes, query: bytes
) -> None:
    seen: list[Request] = []

    async def handle(request: Request) -> Response:
        seen.append(request)
        return Response()

    async def scenario() -> None:
        async with serving(handle) as site:
            await site.ask(_with(b"Host: a", line=b"OPTIONS %b HTTP/1.1" % target))

    run(scenario())
    assert (seen[0].headers["host"], seen[0].path, seen[0].query) == (host, path, query)


MALFORMED = {
    "two hosts": (_with(b"Host: a", b"Host: a"), 400),
    "no host": (_with(), 400),
    "length and chunked": (
        _with(b"Host: a", b"Content-Length: 3", b"Transfer-Encoding: chunked"),
        400,
    ),
    "chunked and length": (
        _with(b"Host: a", b"Transfer-Encoding: chunked", b"Content-Length: 3"),
        400,
    ),
    "two lengths": (_with(b"Host: a", b"Content-Length: 3", b"Content-Length: 4"), 400),
    "listed lengths": (_with(b"Host: a", b"Content-Length: 3, 3"), 400),
    "signed length": (_with(b"Host: a", b"Content-Length: +3"), 400),
    "huge length": (_with(b"Host: a", b"Content-Length: " + b"9" * 30), 400),
    "chunked not last": (_with(b"Host: a", b"Transfer-Encoding: chunked, gzip"), 400),
    "coding before chunked": (_with(b"Host: a", b"Transfer-Encoding: gzip, chunked"), 501),
    "unknown coding": (_with(b"Host: a", b"Transfer-Encoding: xchunked"), 501),
    "chunked in HTTP/1.0": (
        _with(b"Host: a", b"Transfer-Encoding: chunked", line=b"PUT / HTTP/1.0"),
        400,
    ),
    "bare line feeds": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "space before colon": (_with(b"Host : a"), 400),
    "folded header": (_with(b"Host: a", b"X: 1", b" 2"), 400),
    "NUL in a value": (_with(b"Host: a", b"X: 1\0002"), 400),
    "carriage return in a value": (_with(b"Host: a", b"X: 1\r2"), 400),
    "raw UTF-8 in the target": (_with(b"Host: a", line="GET /é HTTP/1.1".encode()), 400),
    "space in the target": (_with(b"Host: a", line=b"GET /a b HTTP/1.1"), 400),
    "fragment": (_with(b"Host: a", line=b"GET /a#b HTTP/1.1"), 400),
    "user in the target": (_with(b"Host: a", line=b"GET http://u@h/ HTTP/1.1"), 400),
    "unknown scheme": (_with(b"Host: a", line=b"GET ftp://h/ HTTP/1.1"), 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 505),
    "HTTP/2.0": (_with(b"Host: a", line=b"GET / HTTP/2.0"), 505),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50, 400),
    "unknown method": (_with(b"Host: a", line=b"BREW / HTTP/1.1"), 400),
    "CONNECT": (_with(b"Host: a", line=b"CONNECT a:1 HTTP/1.1"), 405),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_is_refused_and_the_connection_closed(run: Callable, name: str) -> None:
    data, status = MALFORMED[name]

    async def handle(_: Request) -> Response:
        raise AssertionError("must not be handled")

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            answer = await client.ask(data)
            assert answer.status == status
            assert answer.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>')
            assert answer.headers["connection"] == "close"
            assert await client.ended()

    run(scenario())


@pytest.mark.parametrize("expectation", [b"Expect: tea", b"Expect:"])
def test_an_expectation_that_is_unknown_is_ignored(run: Callable, expectation: bytes) -> None:
    async def scenario() -> None:
        async with serving(echo) as site:
            client = await site.connect()
            head = (b"PUT /x HTTP/1.1", b"Host: a", b"Content-Length: 3", expectation)
            answer = await client.ask(b"\r\n".join([*head, b"", b"tea"]))
            assert answer.status == 200
            assert answer.body == b"PUT /x tea"

    run(scenario())


def test_host_may_be_missing_in_http_1_0(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(echo) as site:
            client = await site.connect()
            answer = await client.ask(b"GET /x HTTP/1.0\r\n\r\n")
            assert answer.body == b"GET /x "
            assert answer.headers["connection"] == "close"
            assert await client.ended()

    run(scenario())


def test_http_1_0_keeps_alive_when_asked(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(echo) as site:
            client = await site.connect()
            for _ in range(2):
                answer = await client.ask(b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                assert answer.headers["connection"] == "keep-alive"

    run(scenario())


def test_connection_close_is_honoured_and_what_follows_ignored(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(echo) as site:
            client = await site.connect()
            answer = await client.ask(get("/1", "Connection: close") + get("/2"))
            assert answer.body == b"GET /1 "
            assert answer.headers["connection"] == "close"
            assert await client.ended()

    run(scenario())


@pytest.mark.parametrize("size", [3_000, 30_000])
def test_a_head_larger_than_the_limit_is_refused(run: Callable, size: int) -> None:
    async def scenario() -> None:
        async with serving(echo, head_bytes=2_000, target_bytes=1_000) as site:
            answer = await site.ask(get("/", "X: " + "y" * size))
            assert answer.status == 400
            assert b"<Code>RequestHeaderSectionTooLarge</Code>" in answer.body

    run(scenario())


def test_a_head_without_end_is_refused_before_it_ends(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(echo) as site:
            answer = await site.ask(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000)
            assert b"<Code>RequestHeaderSectionTooLarge</Code>" in answer.body

    run(scenario())


def test_too_many_headers_are_refused(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(echo, headers=10) as site:
            assert (await site.ask(get("/", *["X: 1"] * 9))).status == 200
            assert (await site.ask(get("/", *["X: 1"] * 10))).status == 400

    run(scenario())


def test_a_target_too_long_is_refused(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(echo) as site:
            assert (await site.ask(get("/" + "x" * 10_000))).status == 200
            assert (await site.ask(get("/" + "x" * 17_000))).status == 414

    run(scenario())


def test_a_head_may_come_byte_by_byte(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(echo) as site:
            client = await site.connect()
            for at in range(len(data := put(b"body"))):
                client.send(data[at : at + 1])
                await asyncio.sleep(0)
            assert (await client.answer()).body == b"PUT /k body"

    run(scenario())


def test_pipelined_requests_are_answered_in_order(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(echo) as site:
            client = await site.connect()
            client.send(b"".join(get(f"/{n}") if n % 3 else put(b"%d" % n) for n in range(2000)))
            for n in range(2000):
                expected = b"GET /%d " % n if n % 3 else b"PUT /k %d" % n
                assert (await client.answer()).body == expected

    run(scenario())


def test_pipelined_requests_wait_for_the_one_under_way(run: Callable) -> None:
    running: list[int] = []

    async def handle(request: Request) -> Response:
        running.append(1)
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        together = len(running)
        running.pop()
        return Response(200, [], b"%b %d" % (request.path, together))

    async def scenario() -> None:
        async with serving(handle, pipelined=4) as site:
            client = await site.connect()
            client.send(b"".join(get(f"/{n}") for n in range(40)))
            for n in range(40):
                assert (await client.answer()).body == b"/%d 1" % n

    run(scenario())


def test_a_bad_request_is_refused_after_the_answers_before_it(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(echo) as site:
            client = await site.connect()
            client.send(get("/1") + get("/2") + b"nonsense\r\n\r\n")
            assert (await client.answer()).body == b"GET /1 "
            assert (await client.answer()).body == b"GET /2 "
            assert (await client.answer()).status == 400
            assert await client.ended()

    run(scenario())


@pytest.mark.parametrize("body", [b"", b"hello", b"x" * 300_000])
def test_a_wish_to_upgrade_is_ignored(run: Callable, body: bytes) -> None:
    wish = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")

    async def scenario(site: Site) -> None:
        client = await site.connect()
        client.send(put(body, *wish) + chunked(body, headers=wish) if body else put(body, *wish))
        client.send(get("/next"))
        for _ in range(2 if body else 1):
            assert (await client.answer()).body == b"PUT /k " + body
        assert (await client.answer()).body == b"GET /next "

    async def all_of_it() -> None:
        async with serving(echo) as site:
            await scenario(site)

    run(all_of_it())

"""Listening, time-outs, ending; handlers that suspend."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.gateway.serving import Client, echo, get, put, run, serving, until

from cloudling.gateway.messages import Request, Response
from cloudling.gateway.server import CannotListenError, PortTakenError, Server
from cloudling.kernel.streams import Bytes

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["run"]


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_all_hosts_are_listened_on_at_one_port(run: Callable) -> None:
    async def scenario() -> None:
        server = Server(echo)
        port = await server.start(["127.0.0.1", "::1"], 0)
        hosts = ["127.0.0.1", "::1"] if has_ipv6() else ["127.0.0.1"]
        assert server.addresses == [(host, port) for host in hosts]
        for host in hosts:
            client = Client(*await asyncio.open_connection(host, port))
            assert (await client.ask(get("/x"))).body == b"GET /x "
            await client.close()
        await server.stop()
        with pytest.raises(OSError, match="Connect"):
            await asyncio.open_connection("127.0.0.1", port)

    run(scenario())


def test_a_taken_port_is_told(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(echo) as site:
            other = Server(echo)
            with pytest.raises(PortTakenError, match=f"127.0.0.1 port {site.port}") as caught:
                await other.start("127.0.0.1", site.port)
            assert (caught.value.host, caught.value.port) == ("127.0.0.1", site.port)
            with pytest.raises(CannotListenError, match="Cannot assign"):
                await other.start("192.0.2.1", 0)
            await other.stop()

    run(scenario())


def test_small_packets_leave_at_once(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(echo) as site:
            await site.ask(get())
            (connection,) = site.server._house.connections
            sock = connection._transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1

    run(scenario())


async def fail_later() -> None:
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_exception, KeyError("x"))
    with pytest.raises(KeyError):
        await future
    await asyncio.sleep(0)


async def cancel_later() -> None:
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.cancel)
    with pytest.raises(asyncio.CancelledError):
        await future


WAITS = {
    "yield": lambda: asyncio.sleep(0),
    "timer": lambda: asyncio.sleep(0.001),
    "failing": fail_later,
    "cancelled": cancel_later,
    "tasks": lambda: asyncio.gather(asyncio.sleep(0.001), asyncio.sleep(0)),
    "thread": lambda: asyncio.to_thread(int),
}


@pytest.mark.parametrize("name", WAITS)
def test_a_handler_may_suspend_on_anything(run: Callable, name: str) -> None:
    async def handle(request: Request) -> Response:
        await WAITS[name]()
        return Response(200, [], request.path)

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            client.send(get("/1") + get("/2"))
            assert (await client.answer()).body == b"/1"
            assert (await client.answer()).body == b"/2"

    run(scenario())


@pytest.mark.parametrize("data", [b"", get("/first")])
def test_idle_connections_are_closed(run: Callable, data: bytes) -> None:
    async def scenario() -> None:
        async with serving(echo, idle_seconds=0.08) as site:
            client = await site.connect()
            if data:
                assert (await client.ask(data)).status == 200
            assert await client.ended()

    run(scenario())


def test_a_head_that_does_not_end_times_out(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(echo, head_seconds=0.08) as site:
            client = await site.connect()
            assert (await client.ask(get("/first"))).status == 200
            client.send(b"GET / HTTP/1.1\r\n")

            async def drip() -> None:
                while True:
                    client.send(b"X: y\r\n")
                    await asyncio.sleep(0.01)

            dripping = asyncio.create_task(drip())
            answer = await client.answer()
            dripping.cancel()
            assert (answer.status, answer.headers["connection"]) == (400, "close")
            assert b"<Code>RequestTimeout</Code>" in answer.body

    run(scenario())


def test_a_connection_too_many_is_refused(run: Callable) -> None:
    async def scenario() -> None:
        async with serving(echo, connections=1) as site:
            first = await site.connect()
            await first.ask(get())
            second = await site.connect()
            answer = await second.answer()
            assert answer.status == 503
            assert await second.ended()
            assert (await first.ask(get())).status == 200

    run(scenario())


def test_a_client_may_end_its_side_and_still_get_answers(run: Callable) -> None:
    async def handle(request: Request) -> Response:
        await asyncio.sleep(0.01)
        return await echo(request)

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            client.send(get("/1") + put(b"abc"))
            client.writer.write_eof()
            assert (await client.answer()).body == b"GET /1 "
            assert (await client.answer()).body == b"PUT /k abc"
            assert await client.ended()

    run(scenario())


def test_a_client_that_ends_its_side_under_a_streamed_answer_is_left(run: Callable) -> None:
    going, ended = threading.Event(), threading.Event()

    class Slow(Bytes):
        def __init__(self) -> None:
            super().__init__(b"abc")
            self.data = None

        def read(self, _: int) -> bytes:
            going.set()
            ended.wait(5)
            return b"abc"

    async def handle(_: Request) -> Response:
        return Response(200, [], Slow())

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            client.send(get())
            await asyncio.to_thread(going.wait, 5)
            client.writer.write_eof()
            await asyncio.sleep(0.05)
            ended.set()
            assert (await client.answer()).body == b"abc"
            assert await client.ended()

    run(scenario())


def test_a_client_that_leaves_amid_its_body_leaves_no_fault(run: Callable) -> None:
    faults: list[dict[str, Any]] = []
    answered = asyncio.Event()

    async def handle(request: Request) -> Response:
        response = await echo(request)
        response.on_sent = lambda _: answered.set()
        return response

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, told: faults.append(told))
        async with serving(handle) as site:
            client = await site.connect()
            client.send(get("/k", "Content-Length: 1000", method="PUT") + b"some")
            await asyncio.sleep(0.02)
            await client.close()
            await answered.wait()
            # The second one is answered after all that the first one left behind.
            assert (await site.ask(get())).status == 200
        gc.collect()
        await asyncio.sleep(0)

    run(scenario())
    assert faults == []


def test_a_handler_ends_though_its_client_went_away(run: Callable) -> None:
    done: list[int] = []
    sent: list[int] = []

    async def handle(_: Request) -> Response:
        await asyncio.sleep(0.03)
        done.append(1)
        return Response(200, [], b"late", on_sent=sent.append)

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            client.send(get())
            await asyncio.sleep(0.01)
            client.reset()
            await until(lambda: sent)

    run(scenario())
    assert (done, sent) == ([1], [0])


def test_stopping_lets_what_is_under_way_end(run: Callable) -> None:
    go_on = asyncio.Event()

    async def handle(request: Request) -> Response:
        if request.path == b"/slow":
            await go_on.wait()
        return Response(200, [], b"done")

    async def scenario() -> None:
        async with serving(handle) as site:
            idle, busy = await site.connect(), await site.connect()
            await idle.ask(get())
            busy.send(get("/slow"))
            await until(lambda: go_on._waiters)
            stopping = asyncio.create_task(site.server.stop(grace=10))
            assert await idle.ended()
            with pytest.raises(OSError, match="Connect"):
                await asyncio.open_connection("127.0.0.1", site.port)
            go_on.set()
            answer = await busy.answer()
            assert (answer.body, answer.headers["connection"]) == (b"done", "close")
            await stopping

    run(scenario())


UNFINISHED = {
    "handler": get(),
    "upload": get("/k", "Content-Length: 1000000", method="PUT") + b"x",
    "unread": get("/k", "Content-Length: 100", method="PUT") + b"x",
}


@pytest.mark.parametrize("kind", UNFINISHED)
def test_stopping_cuts_what_outlasts_the_grace(run: Callable, kind: str) -> None:
    started: list[str] = []
    ended: list[str] = []

    async def handle(request: Request) -> Response:
        started.append(kind)
        try:
            await request.body.pump(lambda _: None)
            await asyncio.Event().wait()
        finally:
            ended.append(kind)
        return Response()

    async def scenario() -> None:
        async with serving(handle) as site:
            client = await site.connect()
            client.send(UNFINISHED[kind])
            await until(lambda: started)
            await site.server.stop(grace=0.01)
            assert ended == [kind]
            assert site.server.open_connections == 0
            assert await client.ended()

    run(scenario())


def test_a_handler_that_is_cancelled_ends_its_connection(run: Callable) -> None:
    async def handle(request: Request) -> Response:
        if request.path == b"/later":
            await asyncio.sleep(0)
        raise asyncio.CancelledError

    async def scenario() -> None:
        async with serving(handle) as site:
            assert (await site.ask(get("/now"))).status == 500
            client = await site.connect()
            client.send(get("/later"))
            assert await client.ended()

    run(scenario())

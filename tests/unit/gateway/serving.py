"""A server and raw clients in one loop, for the tests of the HTTP server."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.gateway.limits import Limits
from cloudling.gateway.messages import Handler, Request, Response
from cloudling.gateway.server import Server, new_loop
from cloudling.kernel.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

LOOPS = {"default": new_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture(params=list(LOOPS))
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a scenario on each kind of loop."""

    def run_on(work: Coroutine[Any, Any, Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(20):
                return await work

        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            return runner.run(bounded())

    return run_on


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    raw: bytes


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, data: bytes, method: str = "GET") -> Answer:
        self.send(data)
        return await self.answer(method)

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self, method: str = "GET") -> Answer:
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        status = int(first.split(" ")[1])
        length = int(headers.get("content-length", "0"))
        if method == "HEAD" or status in {100, 204, 304}:
            length = 0
        return Answer(status, headers, await self.reader.readexactly(length), head)

    async def ended(self) -> bool:
        """Whether the server closes, with nothing more said."""
        try:
            return await self.reader.read() == b""
        except ConnectionResetError:
            return True

    def reset(self) -> None:
        """Go away without a farewell."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            return


@dataclass
class Site:
    server: Server
    port: int
    clients: list[Client] = field(default_factory=list)

    async def connect(self, **options: Any) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, **options))
        self.clients.append(client)
        return client

    async def ask(self, data: bytes, method: str = "GET") -> Answer:
        client = await self.connect()
        return await client.ask(data, method)


@asynccontextmanager
async def serving(handler: Handler, **limits: Any) -> AsyncIterator[Site]:
    server = Server(handler, limits=Limits(**limits))
    site = Site(server, await server.start("127.0.0.1", 0))
    try:
        yield site
    finally:
        for client in site.clients:
            await client.close()
        await server.stop(grace=1)


async def until(condition: Callable[[], object]) -> None:
    """Wait for what no event tells."""
    while not condition():  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(0.005)


def get(target: str = "/", *headers: str, method: str = "GET") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: a", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def put(body: bytes, *headers: str) -> bytes:
    return get("/k", f"Content-Length: {len(body)}", *headers, method="PUT") + body


def chunked(*chunks: bytes, trailers: bytes = b"", headers: tuple[str, ...] = ()) -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    head = get("/k", "Transfer-Encoding: chunked", *headers, method="PUT")
    return head + framed + b"0\r\n" + trailers + b"\r\n"


async def echo(request: Request) -> Response:
    """Answer with the method, target, and body; with the error's code where reading fails."""
    try:
        body = await request.body.read(10_000_000)
    except AwsError as fault:
        return Response(fault.http_status, [], fault.error_code.encode())
    target = request.path + (b"?" + request.query if request.query else b"")
    return Response(200, [], b"%b %b %b" % (request.method.encode(), target, body))

"""Calls from instances: who calls is said in front, and no key that all know is taken."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.gateway.messages import Request, Response
from cloudling.gateway.server import Server

if TYPE_CHECKING:
    from pathlib import Path

GET = b"GET /x HTTP/1.1\r\nHost: 127.0.0.1:4566\r\nConnection: close\r\n\r\n"


def introduced(**said: Any) -> bytes:
    data = json.dumps(said).encode()
    return b"CLG1" + struct.pack(">H", len(data)) + data


async def told(folder: Path, *pieces: bytes) -> bytes:
    """What a server at a Unix socket answers to these pieces, one after the other."""

    async def handle(request: Request) -> Response:
        body = await request.body.read(1 << 20)
        said = [request.peer, request.port, request.secure, len(body)]
        return Response(200, body=json.dumps(said).encode())

    server = Server(handle)
    path = folder / ("f" * 60) / "door.sock"
    path.parent.mkdir()
    await server.start_within(path)
    assert path.stat().st_mode & 0o777 == 0o600
    short = folder / "d"
    short.symlink_to(path.parent)
    reader, writer = await asyncio.open_unix_connection(str(short / path.name))
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return await asyncio.wait_for(reader.read(), 60)
    finally:
        writer.close()
        await server.stop(0)


def said(answer: bytes) -> Any:
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def test_the_caller_is_the_one_that_is_introduced(tmp_path: Path) -> None:
    start = introduced(address="127.10.0.5", port=443, secure=True)
    assert said(asyncio.run(told(tmp_path, start + GET))) == ["127.10.0.5", 443, True, 0]


def test_it_may_come_in_pieces(tmp_path: Path) -> None:
    start = introduced(address="172.31.0.10", port=4566)
    body = b"x" * 300_000
    put = (
        b"PUT /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 300000\r\n\r\n" + body
    )
    pieces = [start[:3], start[3:7], start[7:] + put[:20], put[20:]]
    assert said(asyncio.run(told(tmp_path, *pieces))) == ["172.31.0.10", 4566, False, 300_000]


@pytest.mark.parametrize(
    "start", [GET, b"CLG1\0\2{}", b"CLG1\0\1x", b"CLG2" + introduced(address="a", port=1)[4:]]
)
def test_without_an_introduction_nobody_is_heard(tmp_path: Path, start: bytes) -> None:
    async def try_it() -> bytes:
        try:
            return await told(tmp_path, start)
        except ConnectionError:
            return b""

    assert asyncio.run(try_it()) == b""

"""Large bodies: up by sendfile, down into a sink, so that the client copies nothing."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

from benchmarks.replay import WrongAnswer

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 1024 * 1024
_SINK = bytearray(_CHUNK)
_SILENCE = 300.0


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=_SILENCE)


def _read_head(connection: socket.socket) -> tuple[bytes, bytes]:
    """The head of an answer, and what came of the body with it."""
    data = b""
    while b"\r\n\r\n" not in data:
        some = connection.recv(4096)
        if not some:
            raise WrongAnswer(f"the server hung up after {data!r}")
        data += some
    head, _, body = data.partition(b"\r\n\r\n")
    if head[9:10] != b"2":
        raise WrongAnswer((head + b"\n" + body).decode("utf-8", "replace"))
    return head.lower(), body


def upload(port: int, head: bytes, file: Path) -> float:
    """Send a head and a file's bytes; the seconds until the answer."""
    size = file.stat().st_size
    started = time.perf_counter()
    with _connect(port) as connection, file.open("rb") as source:
        connection.sendall(head)
        # A socket with a time-out does not block, and sendfile would give up at once.
        connection.setblocking(True)
        sent = 0
        while sent < size:
            sent += os.sendfile(connection.fileno(), source.fileno(), sent, size - sent)
        _read_head(connection)
    return time.perf_counter() - started


def download(port: int, request: bytes, size: int) -> float:
    """Fetch an object and discard its bytes; the seconds until the last of them."""
    started = time.perf_counter()
    with _connect(port) as connection:
        connection.sendall(request)
        head, body = _read_head(connection)
        if f"content-length: {size}".encode() not in head:
            raise WrongAnswer(f"not {size} bytes: {head!r}")
        left = size - len(body)
        while left:
            some = connection.recv_into(_SINK, _CHUNK, socket.MSG_TRUNC)
            if not some:
                raise WrongAnswer(f"the server hung up {left} bytes before the end")
            left -= some
    return time.perf_counter() - started

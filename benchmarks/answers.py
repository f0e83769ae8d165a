"""One request, its answer: for what is set up before anything is measured."""

from __future__ import annotations

import http.client
import re
import socket

from benchmarks.replay import WrongAnswer


def ask(port: int, request: bytes) -> bytes:
    """The body of a good answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection, method=request[:4].decode().strip())
        answer.begin()
        body = answer.read()
    if not 200 <= answer.status < 300:
        raise WrongAnswer(f"{answer.status}: {body[:2000].decode('utf-8', 'replace')}")
    return body


def value(body: bytes, name: str) -> str:
    """The text of the first XML element of a name."""
    found = re.search(rf"<{name}>([^<]*)</{name}>".encode(), body)
    if not found:
        raise WrongAnswer(f"no {name} in {body[:2000]!r}")
    return found[1].decode()

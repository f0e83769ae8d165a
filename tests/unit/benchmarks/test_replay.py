"""The load of the benchmarks: its signer and its loop, against a small server."""

from __future__ import annotations

import re
import socketserver
import threading
from typing import TYPE_CHECKING

import pytest
from benchmarks.replay import WrongAnswer, replay
from benchmarks.signing import Keys, Signer
from benchmarks.transfers import download, upload
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BIG = 300_000
_KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI", "session/token=")


class _Handler(socketserver.StreamRequestHandler):
    """Answers each request on a kept connection; `/refused` and `/closing` as they are named."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            length = 0
            while (header := self.rfile.readline()) != b"\r\n":
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            self.server.seen.append((line, self.rfile.read(length)))  # type: ignore[attr-defined]
            if b"/refused" in line:
                self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            elif b"/closing" in line:
                head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
                self.wfile.write(head + b"ok")
                return
            else:
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {_BIG}\r\n\r\n"
                self.wfile.write(head.encode() + bytes(_BIG))


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[bytes, bytes]] = []

    @property
    def port(self) -> int:
        port: int = self.server_address[1]
        return port


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_each_request_is_sent_and_answered_once(server: _Server) -> None:
    signer = Signer(server.port, _KEYS)
    corpus = [signer.put(f"/bucket/{number}", b"x" * number * 1000) for number in range(20)]
    seen = replay(server.port, corpus, connections=4, seconds=None)
    assert seen.completed == 20
    assert sorted(len(body) for _, body in server.seen) == [n * 1000 for n in range(20)]
    assert 0 < seen.percentile(0.5) <= seen.percentile(0.99)


def test_a_server_that_closes_after_each_answer_is_dialled_again(server: _Server) -> None:
    corpus = [Signer(server.port, _KEYS).get("/closing")] * 9
    assert replay(server.port, corpus, connections=2, seconds=None).completed == 9


def test_a_refusal_is_no_measurement(server: _Server) -> None:
    corpus = [Signer(server.port, _KEYS).get("/refused")]
    with pytest.raises(WrongAnswer, match="403"):
        replay(server.port, corpus, connections=1, seconds=1)


def test_transfers_move_every_byte(server: _Server, tmp_path: Path) -> None:
    signer = Signer(server.port, _KEYS)
    file = tmp_path / "body"
    file.write_bytes(bytes(range(256)) * 4000)
    assert upload(server.port, signer.put_head("/bucket/key", 1_024_000), file) > 0
    assert server.seen[0][1] == file.read_bytes()
    assert download(server.port, signer.get("/bucket/key"), _BIG) > 0
    with pytest.raises(WrongAnswer, match="not 7 bytes"):
        download(server.port, signer.get("/bucket/key"), 7)


def test_the_signature_is_botocores(monkeypatch: pytest.MonkeyPatch) -> None:
    query = {"list-type": "2", "prefix": "a b/ü", "max-keys": "7"}
    head = Signer(8080, _KEYS).get("/bucket", query).decode()
    stamp = re.search(r"X-Amz-Date: (\S+)", head)
    assert stamp is not None

    request = AWSRequest("GET", "http://127.0.0.1:8080/bucket", params=query)
    credentials = Credentials(_KEYS.access_key_id, _KEYS.secret, _KEYS.token)
    auth = S3SigV4Auth(credentials, "s3", "us-east-1")
    request.context["timestamp"] = stamp[1]
    request.headers["X-Amz-Date"] = stamp[1]
    request.headers["X-Amz-Security-Token"] = _KEYS.token
    request.headers["X-Amz-Content-SHA256"] = auth.payload(request)
    request.headers["Host"] = "127.0.0.1:8080"
    expected = auth.signature(
        auth.string_to_sign(request, auth.canonical_request(request)), request
    )
    assert head.rstrip().endswith(f"Signature={expected}")

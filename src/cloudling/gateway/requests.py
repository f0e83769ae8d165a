"""Reading requests from the bytes of a connection."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import httptools

from cloudling.gateway.bodies import Line, RawBody
from cloudling.gateway.messages import Request, Response
from cloudling.gateway.refusals import (
    BadRequest,
    HeadTooLarge,
    MethodNotAllowed,
    Refusal,
    TargetTooLong,
    UnknownEncoding,
    UnknownExpectation,
    WrongVersion,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.gateway.limits import Limits

# Pieces with many pipelined requests are parsed in slices, so that the queue stays bounded.
_SLICE = 16 * 1024


@dataclass(slots=True)
class Exchange:
    """A request and how its answer must look; a `refusal` stands for one that could not be read."""

    request: Request
    body: RawBody
    keep: bool = True
    old: bool = False
    refusal: Response | None = None


@dataclass(slots=True)
class Ends:
    """Who talks on a connection, and what tells the time."""

    line: Line
    limits: Limits
    clock: Callable[[], float]
    peer: str
    port: int


class Reader:
    """Parses what comes into a queue of exchanges; bodies are fed as they come.

    After something malformed it is `deaf`: a refusal stands last in the queue, or the body that
    was being read has failed.
    """

    __slots__ = (
        "_backlog",
        "_ends",
        "_fed",
        "_head",
        "_headers",
        "_idle_bytes",
        "_last",
        "_parser",
        "_raw",
        "_replaying",
        "_target",
        "_trailer_bytes",
        "body",
        "deaf",
        "in_head",
        "partial",
        "queue",
    )

    def __init__(self, ends: Ends) -> None:
        self._ends = ends
        self.queue: deque[Exchange] = deque()
        # The body that is coming in.
        self.body: RawBody | None = None
        self.deaf = False
        self.in_head = False
        # Bytes of an unfinished head that earlier pieces brought.
        self.partial = 0
        self._fed = 0
        self._backlog = b""
        self._last = False
        self._replaying = False
        self._idle_bytes = 0
        self._trailer_bytes = 0
        self._target = b""
        self._headers: dict[str, str] = {}
        self._raw: list[tuple[bytes, bytes]] = []
        self._parser = httptools.HttpRequestParser(self)

    def feed(self, data: bytes) -> None:
        if len(data) <= _SLICE and not self._backlog:
            self._feed(data)
            return
        rest = memoryview(self._backlog + data if self._backlog else data)
        self._backlog = b""
        while rest:
            if self.body is not None:
                size = self.body.left or 4 * _SLICE
            elif self.full:
                self._backlog = bytes(rest)
                return
            else:
                size = _SLICE
            self._feed(rest[:size])
            rest = rest[size:]

    @property
    def full(self) -> bool:
        return len(self.queue) >= self._ends.limits.pipelined

    @property
    def waiting(self) -> bool:
        """Whether bytes were put aside until the queue has room."""
        return bool(self._backlog)

    def go_on(self) -> None:
        """Parse what had no room in the queue."""
        self.feed(b"")

    def body_taken(self) -> None:
        """The body was read past the parser, which begins anew after it."""
        self.body = None
        self._parser = httptools.HttpRequestParser(self)

    def close(self) -> None:
        """Hear nothing more; the parser and this object hold each other otherwise."""
        self.deaf = True
        self._backlog = b""
        self.queue.clear()
        # Nothing is parsed any more, and this parser holds nobody.
        self._parser = httptools.HttpRequestParser(None)

    def refuse(self, refusal: Refusal) -> None:
        """Put an answer at the end of the queue and hear nothing more."""
        self.deaf = True
        self.in_head = False
        if self.body is not None:
            self.body.cut_off()
            return
        ends = self._ends
        body = RawBody(ends.line, None)
        body.broken = True
        request = Request("", b"", b"", {}, [], body, ends.peer, ends.port)
        self.queue.append(Exchange(request, body, keep=False, refusal=refusal.answer()))

    def _feed(self, data: bytes | memoryview) -> None:
        if self.deaf:
            return
        self._fed = self.partial + len(data)
        before = self.body.received if self.body else 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as fault:
            self._stop(fault)
        if self.in_head:
            # The first piece may hold other things before this head.
            self.partial += len(data) if self.partial else min(len(data), _SLICE)
            if self.partial > self._ends.limits.head_bytes + _SLICE:
                self.refuse(HeadTooLarge())
        elif self.body is not None:
            self._watch_framing(self.body.received - before, len(data))

    def _watch_framing(self, progress: int, size: int) -> None:
        # Chunk extensions and trailers are framing without end otherwise.
        self._idle_bytes = 0 if progress else self._idle_bytes + size
        if self._idle_bytes > self._ends.limits.head_bytes:
            self.refuse(BadRequest())

    def _stop(self, fault: httptools.HttpParserError) -> None:
        cause = fault.__context__
        if isinstance(cause, Refusal):
            self.refuse(cause)
        elif isinstance(fault, httptools.HttpParserCallbackError) and cause is not None:
            raise cause
        elif self._last and self.body is None:
            # Bytes after a request that closes the connection do not count.
            self.deaf = True
        else:
            self.refuse(BadRequest())

    def _ignore_upgrade(self, rest: bytes | memoryview) -> None:
        # A server may ignore Upgrade (RFC 9110 §7.8), but llhttp then leaves the body unparsed:
        # a fresh parser is told how the body is framed, and nothing else.
        if self.body is None:
            framing = b"Content-Length: 0"
        elif self.body.length is None:
            framing = b"Transfer-Encoding: chunked"
        else:
            framing = b"Content-Length: %d" % self.body.length
        self._parser = httptools.HttpRequestParser(self)
        self._replaying = True
        self._parser.feed_data(b"PUT / HTTP/1.1\r\n" + framing + b"\r\n\r\n")
        self._replaying = False
        if rest:
            self._feed(rest)

    # Called by the parser

    def on_message_begin(self) -> None:
        if not self._replaying:
            self.in_head = True
            self._target = b""
            self._headers = {}
            self._raw = []

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.in_head:
            self._on_trailer(name, value)
            return
        self._raw.append((name, value))
        key = _lower(name)
        text = value.decode("latin-1").rstrip(" \t")
        headers = self._headers
        if key not in headers:
            headers[key] = text
        elif key == "host":
            raise BadRequest
        else:
            headers[key] += "," + text

    def _on_trailer(self, name: bytes, value: bytes) -> None:
        if self._replaying or self.body is None:
            return
        self._trailer_bytes += len(name) + len(value)
        if self._trailer_bytes > self._ends.limits.head_bytes:
            raise HeadTooLarge
        key = _lower(name)
        text = value.decode("latin-1").rstrip(" \t")
        trailers = self.body.trailers
        trailers[key] = f"{trailers[key]},{text}" if key in trailers else text

    def on_headers_complete(self) -> None:
        if self._replaying:
            return
        parser = self._parser
        headers = self._headers
        ends = self._ends
        version = parser.get_http_version()
        if version != "1.1":
            self._check_version(version)
        elif "host" not in headers:
            raise BadRequest
        limits = ends.limits
        if self._fed > limits.target_bytes or len(self._raw) > limits.headers:
            self._check_size()
        method = _text(parser.get_method())
        path, query = self._split_target(method)
        body = self._frame(headers, version)
        request = Request(
            method,
            path,
            query,
            headers,
            self._raw,
            body,
            ends.peer,
            ends.port,
            False,
            ends.clock(),
        )
        keep = parser.should_keep_alive()
        self._last = not keep
        self.in_head = False
        self.partial = 0
        if not body.complete:
            self.body = body
            self._idle_bytes = self._trailer_bytes = 0
        self.queue.append(Exchange(request, body, keep, version != "1.1"))

    def on_body(self, data: bytes) -> None:
        if self.body is not None:
            self.body.feed(data)

    def on_message_complete(self) -> None:
        body = self.body
        # Of an upgrade llhttp says that it is complete before its body came.
        if body is not None and not self._parser.should_upgrade():
            self.body = None
            body.finish()

    # The rules of a head

    def _check_version(self, version: str) -> None:
        if version != "1.0":
            raise WrongVersion
        if "transfer-encoding" in self._headers:
            # RFC 9112 §6.1: the framing of an HTTP/1.0 message with it is faulty.
            raise BadRequest

    def _check_size(self) -> None:
        limits = self._ends.limits
        if len(self._target) > limits.target_bytes:
            raise TargetTooLong
        size = len(self._target) + sum(len(name) + len(value) + 4 for name, value in self._raw)
        if size > limits.head_bytes or len(self._raw) > limits.headers:
            raise HeadTooLarge

    def _split_target(self, method: str) -> tuple[bytes, bytes]:
        target = self._target
        if not target.startswith(b"/") and target != b"*":
            target = self._take_authority(method, target)
        if b"#" in target:
            raise BadRequest
        path, _, query = target.partition(b"?")
        return path, query

    def _take_authority(self, method: str, target: bytes) -> bytes:
        # RFC 9112 §3.2.2: the authority of an absolute target replaces Host.
        if method == "CONNECT":
            raise MethodNotAllowed
        scheme, separator, rest = target.partition(b"://")
        if not separator or scheme.lower() not in {b"http", b"https"}:
            raise BadRequest
        end = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
        authority = rest[:end]
        if not authority or b"@" in authority:
            raise BadRequest
        self._headers["host"] = authority.decode("latin-1")
        tail = rest[end:]
        return tail if tail.startswith(b"/") else b"/" + tail

    def _frame(self, headers: dict[str, str], version: str) -> RawBody:
        line = self._ends.line
        length: int | None = 0
        if (size := headers.get("content-length")) is not None:
            length = int(size)
        elif (coding := headers.get("transfer-encoding")) is not None:
            if coding.lower() != "chunked":
                raise UnknownEncoding
            length = None
        expects = False
        if (expectation := headers.get("expect")) is not None and version == "1.1":
            if expectation.lower() != "100-continue":
                raise UnknownExpectation
            expects = length != 0
        return RawBody(line, length, expects=expects)


@lru_cache(maxsize=1024)
def _lower(name: bytes) -> str:
    return name.decode("latin-1").lower()


@lru_cache(maxsize=64)
def _text(method: bytes) -> str:
    return method.decode("ascii")

"""Reading requests from the bytes of a connection."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httptools
import msgspec

from cloudling.gateway.bodies import Line, RawBody
from cloudling.gateway.messages import Request, Response
from cloudling.gateway.refusals import (
    BadRequest,
    HeadTooLarge,
    MethodNotAllowed,
    Refusal,
    TargetTooLong,
    UnknownEncoding,
    WrongVersion,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.gateway.limits import Limits

_SLASH = ord("/")
_MOST_NAMES = 2048


class _Names(dict[bytes, str]):
    """Lower-case text of header names as they come, each made once."""

    def __missing__(self, name: bytes) -> str:
        text = name.decode("latin-1").lower()
        if len(self) < _MOST_NAMES:
            self[name] = text
        return text


class _Methods(dict[bytes, str]):
    """The text of methods; llhttp knows only some fifty."""

    def __missing__(self, method: bytes) -> str:
        text = self[method] = method.decode("ascii")
        return text


_NAMES = _Names()
_METHODS = _Methods()

# Pieces with many pipelined requests are parsed in slices, so that the queue stays bounded.
_SLICE = 16 * 1024


class Exchange(msgspec.Struct, eq=False):
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
    secure: bool = False


class Reader:
    """Parses what comes into a queue of exchanges; bodies are fed as they come.

    After something malformed it is `deaf`: a refusal stands last in the queue, or the body that
    was being read has failed.
    """

    __slots__ = (
        "_ends",
        "_fed",
        "_fields",
        "_idle_bytes",
        "_last",
        "_parser",
        "_repeated",
        "_replaying",
        "_target",
        "backlog",
        "body",
        "deaf",
        "in_head",
        "on_header",
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
        # Bytes that were put aside until the queue has room.
        self.backlog = b""
        self._last = False
        self._replaying = False
        self._idle_bytes = 0
        self._target = b""
        # What was read of a head or of trailers, and what has a name that was there before.
        fields: dict[str, str] = {}
        repeated: list[tuple[str, str]] = []
        self._fields = fields
        self._repeated = repeated

        # A closure, since it is called some ten times a request.
        def on_header(name: bytes, value: bytes) -> None:
            key = _NAMES[name]
            if key in fields:
                repeated.append((key, value.decode("latin-1").rstrip(" \t")))
            else:
                fields[key] = value.decode("latin-1").rstrip(" \t")

        self.on_header = on_header
        self._parser = httptools.HttpRequestParser(self)

    def feed(self, data: bytes) -> None:
        if len(data) <= _SLICE and not self.backlog:
            self._feed(data)
            return
        rest = memoryview(self.backlog + data if self.backlog else data)
        self.backlog = b""
        while rest:
            if self.body is not None:
                size = self.body.left or 4 * _SLICE
            elif self.full:
                self.backlog = bytes(rest)
                return
            else:
                size = _SLICE
            self._feed(rest[:size])
            rest = rest[size:]

    @property
    def full(self) -> bool:
        return len(self.queue) >= self._ends.limits.pipelined

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
        self.backlog = b""
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
        request = Request("", b"", b"", {}, body, ends.peer, ends.port)
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
        self.in_head = True
        self._target = b""

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_headers_complete(self) -> None:  # noqa: PLR0915 - hot, as HeadWriter.write
        self.in_head = False
        headers = self._fields.copy()
        self._fields.clear()
        if self._replaying:
            return
        self.partial = 0
        limits = self._ends.limits
        if self._fed > limits.target_bytes or len(headers) + len(self._repeated) > limits.headers:
            self._check_size(headers)
        if self._repeated:
            self._join_repeated(headers)
        parser = self._parser
        if (version := parser.get_http_version()) != "1.1":
            _check_version(version, headers)
        elif "host" not in headers:
            raise BadRequest
        method = _METHODS[parser.get_method()]
        target = self._target
        if target[0] != _SLASH or b"#" in target:
            target = self._check_target(method, headers)
        path, _, query = target.partition(b"?")
        body = self._frame(headers, version)
        keep = parser.should_keep_alive()
        self._last = not keep
        if not body.complete:
            self.body = body
            self._idle_bytes = 0
        ends = self._ends
        request = Request(
            method, path, query, headers, body, ends.peer, ends.port, ends.secure, ends.clock()
        )
        self.queue.append(Exchange(request, body, keep, version != "1.1"))

    def on_body(self, data: bytes) -> None:
        if self.body is not None:
            self.body.feed(data)

    def on_message_complete(self) -> None:
        body = self.body
        # Of an upgrade llhttp says that it is complete before its body came.
        if body is not None and not self._parser.should_upgrade():
            self.body = None
            if self._fields:
                body.trailers = self._fields.copy()
                self._fields.clear()
                if self._repeated:
                    self._join_repeated(body.trailers)
            body.finish()

    # The rules of a head

    def _check_size(self, headers: dict[str, str]) -> None:
        limits = self._ends.limits
        if len(self._target) > limits.target_bytes:
            raise TargetTooLong
        lines = [*headers.items(), *self._repeated]
        size = len(self._target) + sum(len(name) + len(value) + 4 for name, value in lines)
        if size > limits.head_bytes or len(lines) > limits.headers:
            raise HeadTooLarge

    def _join_repeated(self, joined: dict[str, str]) -> None:
        repeated = self._repeated.copy()
        self._repeated.clear()
        for key, text in repeated:
            if key == "host":
                raise BadRequest
            joined[key] += "," + text

    def _check_target(self, method: str, headers: dict[str, str]) -> bytes:
        target = self._target
        if target[0] != _SLASH and target != b"*":
            if method == "CONNECT":
                raise MethodNotAllowed
            target = self._take_authority(target, headers)
        if b"#" in target:
            raise BadRequest
        return target

    def _take_authority(self, target: bytes, headers: dict[str, str]) -> bytes:
        # RFC 9112 §3.2.2: the authority of an absolute target replaces Host.
        scheme, separator, rest = target.partition(b"://")
        if not separator or scheme.lower() not in {b"http", b"https"}:
            raise BadRequest
        end = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
        authority = rest[:end]
        if not authority or b"@" in authority:
            raise BadRequest
        headers["host"] = authority.decode("latin-1")
        tail = rest[end:]
        return tail if tail.startswith(b"/") else b"/" + tail

    def _frame(self, headers: dict[str, str], version: str) -> RawBody:
        length: int | None = 0
        if (size := headers.get("content-length")) is not None:
            length = int(size)
        elif (coding := headers.get("transfer-encoding")) is not None:
            if coding.lower() != "chunked":
                raise UnknownEncoding
            length = None
        body = RawBody(self._ends.line, length)
        if (expectation := headers.get("expect")) is not None and version == "1.1":
            # S3 takes a request that expects anything else as if it expected nothing.
            body.expects = expectation.lower() == "100-continue"
        return body


def _check_version(version: str, headers: dict[str, str]) -> None:
    if version != "1.0":
        raise WrongVersion
    if "transfer-encoding" in headers:
        # RFC 9112 §6.1: the framing of an HTTP/1.0 message with it is faulty.
        raise BadRequest

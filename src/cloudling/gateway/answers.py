"""Writing the head of an answer."""

from __future__ import annotations

import re
from email.utils import formatdate
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.gateway.messages import Response

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus}
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_MOST_NAMES = 2048


class _Kind(Enum):
    PLAIN = 0
    DATE = 1
    LENGTH = 2
    OURS = 3


_SPECIAL = {
    "date": _Kind.DATE,
    "content-length": _Kind.LENGTH,
    "connection": _Kind.OURS,
    "keep-alive": _Kind.OURS,
    "transfer-encoding": _Kind.OURS,
}


class HeadWriter:
    """Turns a Response into the bytes before its body.

    Values that are not latin-1 go out as UTF-8; those that are, as the same bytes that came in,
    since a request's headers are read as latin-1. A line break or NUL anywhere is a ValueError:
    a header can never become two.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._second = -1
        self._date = ""
        self._kinds: dict[str, _Kind] = {}

    def write(self, response: Response, length: int, method: str, connection: str) -> bytes:
        """`connection` is the header's value, "" for none; `length` that of the body made."""
        status = response.status
        lines = [_STATUS_LINES.get(status) or f"HTTP/1.1 {status} "]
        dated = False
        given: str | None = None
        kinds = self._kinds
        for name, value in response.headers:
            match kinds.get(name) or self._classify(name):
                case _Kind.PLAIN:
                    lines.append(f"{name}: {value}")
                case _Kind.DATE:
                    dated = True
                    lines.append(f"Date: {value}")
                case _Kind.LENGTH:
                    given = value
        if not dated:
            lines.append(self._date_line())
        if method != "HEAD" and has_body(status):
            lines.append(f"Content-Length: {length}")
        else:
            lines += _length_unsent(status, length, given)
        if connection:
            lines.append(f"Connection: {connection}")
        return _encode(lines)

    def _date_line(self) -> str:
        second = int(self._clock())
        if second != self._second:
            self._second = second
            self._date = f"Date: {formatdate(second, usegmt=True)}"
        return self._date

    def _classify(self, name: str) -> _Kind:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a header")
        kind = _SPECIAL.get(name.lower(), _Kind.PLAIN)
        if len(self._kinds) < _MOST_NAMES:
            self._kinds[name] = kind
        return kind


def _length_unsent(status: int, length: int, given: str | None) -> list[str]:
    """The length of a body that is only spoken of (RFC 9110 §8.6)."""
    if status == HTTPStatus.NO_CONTENT or status < 200:
        return []
    if given is None and status == HTTPStatus.NOT_MODIFIED:
        return []
    return [f"Content-Length: {length if given is None else given}"]


def has_body(status: int) -> bool:
    return status >= 200 and status not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


def _encode(lines: list[str]) -> bytes:
    text = "\r\n".join(lines) + "\r\n\r\n"
    breaks = len(lines) + 1
    if text.count("\n") != breaks or text.count("\r") != breaks or "\0" in text:
        raise ValueError("A header of the answer holds a line break or NUL")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return b"\r\n".join(map(_encode_line, lines)) + b"\r\n\r\n"


def _encode_line(line: str) -> bytes:
    try:
        return line.encode("latin-1")
    except UnicodeEncodeError:
        return line.encode("utf-8", "replace")

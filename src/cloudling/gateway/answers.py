"""Writing the head of an answer."""

from __future__ import annotations

import re
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.gateway.messages import Response

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus}
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_MOST_NAMES = 2048


# Those the server writes itself: a handler's are taken into account or dropped.
_OWN = {"date", "content-length", "connection", "keep-alive", "transfer-encoding"}


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
        # Names found to be well formed and not ours.
        self._plain: set[str] = set()

    def write(self, response: Response, length: int, method: str, connection: str) -> bytes:
        """`connection` is the header's value, "" for none; `length` that of the body made.

        A negative length is nobody's to know: the body goes in chunks.
        """
        status = response.status
        lines = [_STATUS_LINES.get(status) or f"HTTP/1.1 {status} "]
        own: dict[str, str] = {}
        plain = self._plain
        for name, value in response.headers:
            if name in plain or not self._is_own(name):
                lines.append(f"{name}: {value}")
            else:
                own[name.lower()] = value
        lines.append(f"Date: {own['date']}" if "date" in own else self._date_line())
        if length < 0:
            lines.append("Transfer-Encoding: chunked")
        elif method != "HEAD" and has_body(status):
            lines.append(f"Content-Length: {length}")
        else:
            lines += _length_unsent(status, length, own.get("content-length"))
        if connection:
            lines.append(f"Connection: {connection}")
        return _encode(lines)

    def _date_line(self) -> str:
        second = int(self._clock())
        if second != self._second:
            self._second = second
            self._date = f"Date: {formatdate(second, usegmt=True)}"
        return self._date

    def _is_own(self, name: str) -> bool:
        if name.lower() in _OWN:
            return True
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a header")
        if len(self._plain) < _MOST_NAMES:
            self._plain.add(name)
        return False


def _length_unsent(status: int, length: int, given: str | None) -> list[str]:
    """The length of a body that is only spoken of (RFC 9110 §8.6)."""
    if status == 204 or status < 200:
        return []
    if given is None and status == 304:
        return []
    return [f"Content-Length: {length if given is None else given}"]


def has_body(status: int) -> bool:
    return status >= 200 and status not in {204, 304}


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

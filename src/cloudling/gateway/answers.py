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
# RFC 9110 §6.4.1: their answers have no body.
BODILESS = frozenset({204, 304})
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_MOST_NAMES = 2048


# Those the server writes itself: a handler's are taken into account or dropped.
_OWN = {"date", "content-length", "connection", "keep-alive", "transfer-encoding"}


class _Ours(dict[str, bool]):
    """Whether a header is the server's own to write; a malformed name is a ValueError."""

    def __missing__(self, name: str) -> bool:
        ours = name.lower() in _OWN
        if not ours and not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a header")
        if len(self) < _MOST_NAMES:
            self[name] = ours
        return ours


_OURS = _Ours()


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

    def write(  # noqa: PLR0915 - hot: each step aside costs more than the step
        self, response: Response, length: int, method: str, connection: str
    ) -> bytes:
        """`connection` is the header's value, "" for none; `length` that of the body made.

        A negative length is nobody's to know: the body goes in chunks.
        """
        status = response.status
        headers, ours = response.headers, _OURS
        lines = [_STATUS_LINES.get(status) or f"HTTP/1.1 {status} "]
        lines += [f"{name}: {value}" for name, value in headers if not ours[name]]
        own: dict[str, str] = {}
        if len(lines) <= len(headers):
            own = {name.lower(): value for name, value in headers if ours[name]}
        if (second := int(self._clock())) != self._second:
            self._renew_date(second)
        lines.append(f"Date: {own['date']}" if "date" in own else self._date)
        if length < 0:
            lines.append("Transfer-Encoding: chunked")
        elif method != "HEAD" and status >= 200 and status not in BODILESS:
            lines.append(f"Content-Length: {length}")
        else:
            lines += _length_unsent(status, length, own.get("content-length"))
        if connection:
            lines.append(f"Connection: {connection}")
        # The head ends with an empty line.
        lines += ("", "")
        text = "\r\n".join(lines)
        breaks = len(lines) - 1
        if text.count("\n") != breaks or text.count("\r") != breaks or "\0" in text:
            raise ValueError("A header of the answer holds a line break or NUL")
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            return b"\r\n".join(map(_encode_line, lines))

    def _renew_date(self, second: int) -> None:
        self._second = second
        self._date = f"Date: {formatdate(second, usegmt=True)}"


def _length_unsent(status: int, length: int, given: str | None) -> list[str]:
    """The length of a body that is only spoken of (RFC 9110 §8.6)."""
    if status == 204 or status < 200:
        return []
    if given is None and status == 304:
        return []
    return [f"Content-Length: {length if given is None else given}"]


def _encode_line(line: str) -> bytes:
    try:
        return line.encode("latin-1")
    except UnicodeEncodeError:
        return line.encode("utf-8", "replace")

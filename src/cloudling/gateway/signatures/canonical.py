"""The parts of a request in the one form that is signed, whatever way the client wrote them.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes, unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_PLAIN_PATH = _UNRESERVED + b"/"
_PLAIN_QUERY = _UNRESERVED + b"=&"

Pair = tuple[str, str]


def single_path(path: bytes) -> str:
    """S3's path: decoded and encoded once, never normalised."""
    if not path.translate(None, _PLAIN_PATH):
        return path.decode("ascii") or "/"
    return quote_from_bytes(unquote_to_bytes(path), safe="/")


def double_path(path: bytes) -> str:
    """All other services' path: dot segments and double slashes resolved, encoded once more."""
    if path == b"/":
        return "/"
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    tail = b"/" if kept and path.endswith((b"/", b"/.", b"/..")) else b""
    return quote_from_bytes(b"/" + b"/".join(kept) + tail, safe="/")


def query(raw: bytes, *, plus: bytes = b"%20", leave_out: str = "") -> str:
    """The query with names and values decoded, encoded and sorted; `uploads` becomes `uploads=`.

    `leave_out` is the lower-case name of the parameter that carries the signature itself.
    """
    if not raw:
        return ""
    if raw.translate(None, _PLAIN_QUERY):
        pairs = [(_encode(name, plus), _encode(value, plus)) for name, value in _split(raw)]
    else:
        pairs = [
            (name.decode("ascii"), value.replace(b"=", b"%3D").decode("ascii"))
            for name, value in _split(raw)
        ]
    return _join(pairs, leave_out)


def raw_query(raw: bytes, *, leave_out: str = "") -> str:
    """The query sorted and otherwise as it came: what clients that encode less have signed."""
    pieces = [piece.partition("=") for piece in raw.decode("latin-1").split("&")]
    return _join([(name, value) for name, _, value in pieces], leave_out)


def parameters(raw: bytes) -> list[Pair]:
    """The decoded names and values of a query, in their order."""
    return [(_decode(name), _decode(value)) for name, value in _split(raw)]


def raw_headers(present: Mapping[str, str], names: Sequence[str]) -> str:
    """`name:value` lines of the signed headers, the values as they came."""
    template, values = signed_lines(tuple(names))
    try:
        return template % values(present)
    except KeyError:
        return ""


@lru_cache(maxsize=256)
def signed_lines(names: tuple[str, ...]) -> tuple[str, Callable[[Mapping[str, str]], object]]:
    """The lines with places for the values, and what takes these out of a request's headers."""
    return "\n".join([f"{name.replace('%', '%%')}:%s" for name in names]), itemgetter(*names)


def headers(present: Mapping[str, str], names: Sequence[str]) -> str:
    """`name:value` lines of the signed headers; one that was not sent has an empty value."""
    return "\n".join([f"{name}:{_trim(present.get(name, ''))}" for name in names])


def _trim(value: str) -> str:
    # Only blanks: str.split() would take the latin-1 non-breaking space of a UTF-8 letter for one.
    return " ".join([part for part in value.strip(" \t").split(" ") if part])


def _split(raw: bytes) -> list[tuple[bytes, bytes]]:
    pairs = [piece.partition(b"=") for piece in raw.split(b"&") if piece]
    return [(name, value) for name, _, value in pairs]


def _join(pairs: list[Pair], leave_out: str) -> str:
    if leave_out:
        pairs = [pair for pair in pairs if pair[0].lower() != leave_out]
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def _encode(part: bytes, plus: bytes) -> str:
    return quote_from_bytes(unquote_to_bytes(part.replace(b"+", plus)), safe="")


def _decode(part: bytes) -> str:
    if b"%" not in part and b"+" not in part:
        return part.decode("utf-8", "replace")
    return unquote_to_bytes(part.replace(b"+", b" ")).decode("utf-8", "replace")

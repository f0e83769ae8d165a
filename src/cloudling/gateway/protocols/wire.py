"""A request as codecs read it, once routing has split it into its parts."""

from __future__ import annotations

import msgspec

from cloudling.kernel.streams import Incoming, Outgoing

Answer = tuple[int, list[tuple[str, str]], bytes | Outgoing]


class WireRequest(msgspec.Struct, eq=False):
    """`labels` and `query` are decoded; `headers` have lower-case names.

    `body` is a stream only for operations that take one. `form` is what routing has parsed of a
    query request already (`query.form`).
    """

    method: str = "POST"
    labels: dict[str, str] = {}
    query: list[tuple[str, str]] = []
    headers: dict[str, str] = {}
    body: bytes | Incoming = b""
    form: dict[str, str] | None = None

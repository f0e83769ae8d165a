"""Where a call came from: what policies and operations may know of the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class Origin(msgspec.Struct, frozen=True):
    """The client's address, whether the connection is TLS, the host it named, and its headers.

    `headers` have lower-case names. `scheme` is how the call was authenticated: "header", "query",
    "anonymous", or "internal" for calls that did not come through the gateway. `body` is a document
    as it came, for services whose headers tell its digest.
    """

    peer: str = ""
    secure: bool = False
    host: str = ""
    headers: Mapping[str, str] = {}
    scheme: str = "internal"
    signature_version: str = ""
    signed_at: float | None = None
    body: bytes = b""


INTERNAL = Origin()

"""Where a call came from: what policies and operations may know of the connection."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
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


class Perimeter(msgspec.Struct, frozen=True):
    """How connections are judged: what policies see of them where that is not their plain truth.

    `source_ip` replaces every caller's address. `loopback_counts_as_tls` makes a plain connection
    of this machine count as encrypted: nobody can listen to it.
    """

    source_ip: str = ""
    loopback_counts_as_tls: bool = False

    def address(self, origin: Origin) -> str:
        """What `aws:SourceIp` tells; "" for calls that came over no connection."""
        return self.source_ip or origin.peer if origin.peer else ""

    def is_secure(self, origin: Origin) -> bool:
        """What `aws:SecureTransport` tells; services talk to each other over TLS."""
        return (
            origin.secure
            or not origin.peer
            or (self.loopback_counts_as_tls and _is_loopback(origin.peer))
        )


@lru_cache(maxsize=1024)
def _is_loopback(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False

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
    as it came, for services whose headers tell its digest. `called_via` names the services that
    call on for somebody, the first one first; `source_arn` and `source_account` the resource for
    which a service calls by itself.
    """

    peer: str = ""
    secure: bool = False
    host: str = ""
    headers: Mapping[str, str] = {}
    scheme: str = "internal"
    signature_version: str = ""
    signed_at: float | None = None
    body: bytes = b""
    called_via: tuple[str, ...] = ()
    source_arn: str = ""
    source_account: str = ""

    def forwarded(self, service: str) -> Origin:
        """Of a call that a service makes with its caller's own rights."""
        return Origin(peer=self.peer, called_via=(*self.called_via, service))


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
        # A socket of both families tells IPv4 addresses so.
        return (self.source_ip or origin.peer.removeprefix("::ffff:")) if origin.peer else ""

    def is_secure(self, origin: Origin) -> bool:
        """What `aws:SecureTransport` tells; services talk to each other over TLS."""
        return (
            origin.secure
            or not origin.peer
            or bool(origin.called_via)
            or (self.loopback_counts_as_tls and is_loopback(origin.peer))
        )


@lru_cache(maxsize=1024)
def is_loopback(peer: str) -> bool:
    """Is this an address of the machine itself?"""
    try:
        return ipaddress.ip_address(peer.removeprefix("::ffff:")).is_loopback
    except ValueError:
        return False

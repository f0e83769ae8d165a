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

    def view(self, peer: str, secure: bool, called_via: tuple[str, ...]) -> tuple[str, bool]:
        """What `aws:SourceIp` and `aws:SecureTransport` tell of a connection, or of none.

        The address is "" for calls that came over no connection. Services talk over TLS.
        """
        if not peer:
            return "", True
        # A socket of both families tells IPv4 addresses so.
        address = self.source_ip or peer.removeprefix("::ffff:")
        by_loopback = self.loopback_counts_as_tls and is_loopback(peer)
        return address, secure or bool(called_via) or by_loopback


@lru_cache(maxsize=1024)
def is_loopback(peer: str) -> bool:
    """Is it an address of this machine's own loopback?"""
    try:
        return ipaddress.ip_address(peer.removeprefix("::ffff:")).is_loopback
    except ValueError:
        return False

"""Keys that signatures of version 4 are made with, kept ready between requests."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudling.gateway.signatures.claims import Scope

_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class SigningKey:
    """The key of one secret for one day, region and service.

    It keeps both halves of the HMAC begun: to copy them costs a third of hmac.digest.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, secret: str, scope: Scope) -> None:
        key = ("AWS4" + secret).encode()
        for part in (scope.date, scope.region, scope.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        padded = key.ljust(_BLOCK, b"\0")
        self._inner = sha256(padded.translate(_INNER))
        self._outer = sha256(padded.translate(_OUTER))

    def sign(self, text: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text)
        outer.update(inner.digest())
        return outer.digest()


known_keys: dict[tuple[str, str], SigningKey] = {}
_MOST_KEYS = 1024


def signing_key(secret: str, scope: Scope) -> SigningKey:
    """The key of a secret in a scope; the last thousand are kept."""
    name = (secret, scope.text)
    key = known_keys.get(name)
    if key is None:
        key = SigningKey(secret, scope)
        if len(known_keys) >= _MOST_KEYS:
            del known_keys[next(iter(known_keys))]
        known_keys[name] = key
    return key

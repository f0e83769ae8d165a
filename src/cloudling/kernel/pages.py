"""Page tokens: sealed, so that nobody can read or forge one, and bound to the call they are for."""

from __future__ import annotations

import base64
import hashlib
import secrets

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class WrongToken(Exception):
    """The token was not made here, or for another operation, caller or filter."""


class Pages:
    """Seals and opens page tokens under one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, position: object, *bound_to: str) -> str:
        """A token for a position; it opens only with the same `bound_to` (account, operation,
        filters)."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._cipher.encrypt(nonce, msgspec.msgpack.encode(position), _bind(bound_to))
        return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def open(self, token: str, *bound_to: str) -> object:
        """The position; raises WrongToken."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
            plain = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], _bind(bound_to))
            position: object = msgspec.msgpack.decode(plain)
        except (ValueError, InvalidTag) as fault:
            raise WrongToken from fault
        return position


def _bind(parts: tuple[str, ...]) -> bytes:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()

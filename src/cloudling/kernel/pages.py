"""Page tokens: sealed, so that nobody can read or forge one, and bound to the call they are for."""

from __future__ import annotations

import hashlib

import msgspec

from cloudling.kernel.sealing import Broken, Seal


class WrongToken(Exception):
    """The token was not made here, or for another operation, caller or filter."""


class Pages:
    """Seals and opens page tokens under one key."""

    def __init__(self, key: bytes) -> None:
        self._seal = Seal(key)

    def seal(self, position: object, *bound_to: str) -> str:
        """A token for a position; it opens only with the same `bound_to` (account, operation,
        filters)."""
        return self._seal.write(msgspec.msgpack.encode(position), _bind(bound_to))

    def open(self, token: str, *bound_to: str) -> object:
        """The position; raises WrongToken."""
        try:
            plain = self._seal.read(token, _bind(bound_to))
        except Broken as fault:
            raise WrongToken from fault
        position: object = msgspec.msgpack.decode(plain)
        return position


def _bind(parts: tuple[str, ...]) -> bytes:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()

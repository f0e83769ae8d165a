"""Session tokens of version 2: sealed, so that they outlive the carrier and nothing is kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

SHORTEST, LONGEST = 1, 21_600
_HEAD = struct.Struct(">Q8s")
_SEAL = 24


class Tokens:
    """Tokens of one key; each serves one machine alone, and until it expires."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, machine: str, expires_at: float) -> str:
        head = _HEAD.pack(int(expires_at), secrets.token_bytes(8))
        return base64.urlsafe_b64encode(head + self._seal(machine, head)).decode()

    def expiry(self, machine: str, token: str) -> float | None:
        """When it expires; None where it was not issued to this machine."""
        try:
            data = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        head, seal = data[: _HEAD.size], data[_HEAD.size :]
        if len(head) != _HEAD.size or not hmac.compare_digest(seal, self._seal(machine, head)):
            return None
        expires_at, _ = _HEAD.unpack(head)
        return float(expires_at)

    def _seal(self, machine: str, head: bytes) -> bytes:
        said = head + machine.encode()
        return hmac.new(self._key, said, hashlib.sha256).digest()[:_SEAL]

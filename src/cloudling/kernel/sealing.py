"""What is handed out to come back unread and unchanged: tokens of pages and sessions, messages."""

from __future__ import annotations

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_TAG = 16
OVERHEAD = _NONCE + _TAG
"""How many bytes a sealed text is longer than the plain one."""


class Broken(Exception):
    """It was not sealed under this key and for this purpose, or was changed."""


class Seal:
    """Seals bytes under one key (AES-GCM); `bound` must be the same when they are opened."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, plain: bytes, bound: bytes | None = None) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, bound)

    def open(self, sealed: bytes, bound: bytes | None = None) -> bytes:
        """The plain bytes; raises Broken."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
        except (ValueError, InvalidTag) as fault:
            raise Broken from fault

    def write(self, plain: bytes, bound: bytes | None = None) -> str:
        """As `close`, in characters that stand in URLs as they are."""
        return base64.urlsafe_b64encode(self.close(plain, bound)).decode().rstrip("=")

    def read(self, text: str, bound: bytes | None = None) -> bytes:
        """What `write` wrote; raises Broken."""
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        except ValueError as fault:
            raise Broken from fault
        return self.open(sealed, bound)

"""Bytes at rest, enciphered under keys that come from the store's master key.

Blobs in files are AES-256-CTR, so that reading can begin anywhere; each has a key of its own, kept
wrapped, and since no key is used twice, the counter begins at zero. Small blobs, always read whole,
share a key and are AES-256-GCM, which is authenticated, each with a random nonce: good for 2**32 of
them (NIST SP 800-38D §8.3).
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from cloudling.store.errors import BlobDamaged

KEY = 32
_NONCE = 12
_BLOCK = 16
_DRAWN = 64  # nonces


class Vault:
    """The master key, and the purposes it serves; each has a key derived from it."""

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._wrapping = AESGCM(self.derive("blob keys", KEY))
        self._sealing = AESGCM(self.derive("small blobs", KEY))
        self._nonces: list[bytes] = []
        # A child process must not draw what its parent will.
        os.register_at_fork(after_in_child=self._nonces.clear)

    def derive(self, purpose: str, length: int) -> bytes:
        """The secret for a purpose: the same whenever this master key is used."""
        info = b"cloudling:" + purpose.encode()
        return HKDFExpand(algorithm=SHA256(), length=length, info=info).derive(self._master)

    def new_key(self, name: str) -> tuple[bytes, bytes]:
        """A fresh key, and itself wrapped, bound to the name of the blob it is for."""
        fresh = os.urandom(_NONCE + KEY)
        nonce, key = fresh[:_NONCE], fresh[_NONCE:]
        return key, nonce + self._wrapping.encrypt(nonce, key, name.encode())

    def unwrap(self, wrapped: bytes, name: str) -> bytes:
        try:
            return self._wrapping.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise BlobDamaged(f"The key of blob {name} does not open with this store's.") from error

    def seal(self, data: bytes, name: str) -> tuple[bytes, bytes]:
        """The nonce of a small blob, and itself enciphered whole, bound to its name."""
        nonce = self._fresh_nonce()
        return nonce, self._sealing.encrypt(nonce, data, name.encode())

    def _fresh_nonce(self) -> bytes:
        """Random bytes, asked of the system many at a time; each is taken once, by any thread."""
        try:
            return self._nonces.pop()
        except IndexError:
            drawn = os.urandom(_NONCE * _DRAWN)
            self._nonces += [drawn[at : at + _NONCE] for at in range(_NONCE, len(drawn), _NONCE)]
            return drawn[:_NONCE]

    def unseal(self, nonce: bytes, data: bytes, name: str) -> bytes:
        try:
            return self._sealing.decrypt(nonce, data, name.encode())
        except (InvalidTag, ValueError) as error:
            raise BlobDamaged(f"The bytes of blob {name} are not what was written.") from error


def stream(key: bytes, offset: int = 0) -> CipherContext:
    """The key stream from `offset` on; it enciphers and deciphers alike."""
    counter = (offset // _BLOCK).to_bytes(_BLOCK, "big")
    context = Cipher(algorithms.AES256(key), modes.CTR(counter)).encryptor()
    if inside := offset % _BLOCK:
        context.update(bytes(inside))
    return context

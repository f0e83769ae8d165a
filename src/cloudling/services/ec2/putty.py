"""PuTTY's key files (version 2, not encrypted).

https://the.earth.li/~sgtatham/putty/0.82/htmldoc/AppendixC.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_WIDTH = 64
_MAC_KEY = hashlib.sha1(b"putty-private-key-file-mac-key", usedforsecurity=False).digest()


def write(key: RSAPrivateKey | Ed25519PrivateKey, comment: str) -> str:
    """The key as a PPK file."""
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    algorithm, encoded = line.split()
    public, private = base64.b64decode(encoded), _private(key)
    told = (algorithm.encode(), b"none", comment.encode(), public, private)
    mac = hmac.new(_MAC_KEY, b"".join(map(_string, told)), "sha1").hexdigest()
    lines = [
        f"PuTTY-User-Key-File-2: {algorithm}",
        "Encryption: none",
        f"Comment: {comment}",
        *_block("Public", public),
        *_block("Private", private),
        f"Private-MAC: {mac}",
    ]
    return "\r\n".join(lines) + "\r\n"


def _private(key: RSAPrivateKey | Ed25519PrivateKey) -> bytes:
    if isinstance(key, RSAPrivateKey):
        numbers = key.private_numbers()
        parts = (numbers.d, numbers.p, numbers.q, numbers.iqmp)
        return b"".join(_number(each) for each in parts)
    return _string(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data


def _number(value: int) -> bytes:
    """SSH's `mpint`: a set first bit would mean a negative number."""
    return _string(value.to_bytes(value.bit_length() // 8 + 1))


def _block(name: str, data: bytes) -> list[str]:
    text = base64.b64encode(data).decode()
    lines = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)]
    return [f"{name}-Lines: {len(lines)}", *lines]

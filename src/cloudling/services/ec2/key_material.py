"""Keys themselves: made in the forms that SSH clients read, read in the forms that are imported.

Fingerprints are EC2's, of which there is one for each way that a key came to be:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-keys.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_ssh_public_key,
)

from cloudling.services.ec2 import putty
from cloudling.services.ec2.errors import InvalidKeyFormat

Private = RSAPrivateKey | Ed25519PrivateKey
Public = RSAPublicKey | Ed25519PublicKey

_BITS = 2048
_IMPORTED_BITS = range(1024, 4096 + 1)
_BEGIN = "---- BEGIN SSH2 PUBLIC KEY ----"
_END = "---- END SSH2 PUBLIC KEY ----"


class Made(NamedTuple):
    """A new key: what its owner gets, its line for `authorized_keys`, and its fingerprint."""

    private: str
    line: str
    fingerprint: str


class Imported(NamedTuple):
    """A public key that was given to us."""

    kind: str
    line: str
    fingerprint: str


def make(kind: str, form: str, comment: str) -> Made:
    """A new key; RSA takes long enough to be called in a thread."""
    key: Private
    if kind == "ed25519":
        key = Ed25519PrivateKey.generate()
        fingerprint = _sha256(key.public_key())
    else:
        key = generate_private_key(65537, _BITS)
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        fingerprint = _colons(hashlib.sha1(der, usedforsecurity=False).digest())
    private = putty.write(key, comment) if form == "ppk" else _pem(key)
    return Made(private, _line(key.public_key()), fingerprint)


def read(material: bytes) -> Imported:
    """A key in one of the forms that can be imported; raises InvalidKeyFormat.

    These are OpenSSH's lines, RFC 4716, and DER in base64.
    """
    try:
        key = _parse(material.decode().strip())
    except (ValueError, UnsupportedAlgorithm, binascii.Error) as fault:
        raise InvalidKeyFormat from fault
    if isinstance(key, Ed25519PublicKey):
        return Imported("ed25519", _line(key), _sha256(key))
    if not isinstance(key, RSAPublicKey) or key.key_size not in _IMPORTED_BITS:
        raise InvalidKeyFormat
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Imported("rsa", _line(key), _colons(hashlib.md5(der, usedforsecurity=False).digest()))


def _parse(text: str) -> object:
    if text.startswith(_BEGIN):
        blob = base64.b64decode("".join(_body(text.splitlines()[1:])), validate=True)
        length = int.from_bytes(blob[:4])
        return load_ssh_public_key(blob[4 : 4 + length] + b" " + base64.b64encode(blob))
    if text.startswith("ssh-"):
        return load_ssh_public_key(text.encode())
    return load_der_public_key(base64.b64decode("".join(text.split()), validate=True))


def _body(lines: list[str]) -> list[str]:
    """The lines between headers and end; a header whose line ends in a backslash goes on."""
    found: list[str] = []
    inside = False
    for line in lines:
        if line.strip() == _END:
            return found
        if inside or ":" in line:
            inside = line.endswith("\\")
        else:
            found.append(line.strip())
    raise ValueError("the key has no end")


def _pem(key: Private) -> str:
    if isinstance(key, Ed25519PrivateKey):
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        return pem.decode()  # OpenSSH wants the final line's end
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return pem.decode().rstrip("\n")


def _line(key: Public) -> str:
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _sha256(key: Public) -> str:
    blob = base64.b64decode(_line(key).split()[1])
    return base64.b64encode(hashlib.sha256(blob).digest()).decode()


def _colons(digest: bytes) -> str:
    return digest.hex(":")

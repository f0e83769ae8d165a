"""Identifiers in AWS's forms, from a seed, so that a seeded run repeats.

Secrets, keys and tokens never come from here but from the operating system (`secrets`).
"""

from __future__ import annotations

import base64
import random  # noqa: TID251 - the one place that makes call.random
from binascii import b2a_base64

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ACCOUNT_SHIFT = 7
_ACCOUNT_MASK = 0x7FFFFFFFFF80


class Ids:
    """Makes resource ids, request ids and the unique ids of IAM."""

    def __init__(self, seed: int | None = None) -> None:
        self.random = random.Random(seed)  # noqa: S311 - names, not secrets

    def hexadecimal(self, prefix: str, digits: int = 17) -> str:
        """Such as `i-0123456789abcdef0`."""
        return f"{prefix}{self.random.getrandbits(digits * 4):0{digits}x}"

    def request_id(self) -> str:
        """A UUID's form, as most services print it."""
        text = f"{self.random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def s3_request_id(self) -> str:
        """`x-amz-request-id`, in S3's form."""
        return f"{self.random.getrandbits(64):016X}"

    def s3_host_id(self) -> str:
        """`x-amz-id-2`: S3's second id, of no meaning to clients."""
        noise = self.random.getrandbits(33 * 8).to_bytes(33, "little")
        return b2a_base64(noise, newline=False).decode()

    def unique_id(self, prefix: str, account: str) -> str:
        """An IAM unique id (`AIDA...`, `AROA...`), 21 characters with its four-letter prefix.

        See IAM identifiers in the IAM User Guide.
        """
        return f"{prefix}{_with_account(account, self.random.getrandbits(35))}"[
            :20
        ] + self.random.choice(_BASE32)


def access_key_id(prefix: str, account: str, noise: int) -> str:
    """A key id (`AKIA...`, `ASIA...`) of 20 characters that names its account, as AWS's do.

    `noise` is 35 random bits; for keys they must come from the operating system.
    """
    return prefix + _with_account(account, noise)


def account_of(key_id: str) -> str | None:
    """The account a key id was made for; None when the id is none of ours or AWS's form."""
    if len(key_id) != 20:
        return None
    try:
        number = int.from_bytes(base64.b32decode(key_id[4:])[:6])
    except ValueError:
        return None
    return f"{(number & _ACCOUNT_MASK) >> _ACCOUNT_SHIFT:012d}"


def _with_account(account: str, noise: int) -> str:
    """16 base32 characters: 40 bits of account after one set bit, the rest noise."""
    number = (1 << 47) | (int(account) << _ACCOUNT_SHIFT) | (noise & 0x7F)
    packed = number.to_bytes(6) + ((noise >> 7) & 0xFFFFFFF).to_bytes(4)
    return base64.b32encode(packed).decode()

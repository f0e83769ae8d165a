"""The policies that AWS publishes, with the documents it published.

The documents stay compressed in blocks of one file and are read when asked for, so that listing
all of them holds no document in memory. `tools/gen_iam.py` writes the file and tells its form.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

_ID_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PATH = Path(__file__).parent / "iam" / "managed.bin"
_AWS_OWNED = "arn:aws:iam::aws:policy"


class ManagedPolicy(NamedTuple):
    """One published policy; times are seconds since the epoch, `default_version` counts from 1.

    AWS publishes no descriptions in a form that could be taken along, so they are empty.
    """

    name: str
    path: str
    default_version: int
    created: float
    updated: float
    block: int
    start: int
    end: int

    @property
    def arn(self) -> str:
        return f"{_AWS_OWNED}{self.path}{self.name}"

    @property
    def id(self) -> str:
        """An id as AWS forms them, the same on every start; not the one the policy has at AWS."""
        digest = hashlib.sha256(self.arn.encode()).digest()
        return "ANPA" + "".join(_ID_DIGITS[byte % 32] for byte in digest[:17])

    @property
    def description(self) -> str:
        return ""

    @property
    def document(self) -> str:
        return _block(self.block)[self.start : self.end].decode()


def find(arn: str) -> ManagedPolicy | None:
    """The policy of this ARN, in whichever partition."""
    name = arn.rpartition("/")[2]
    known = _index().policies.get(name)
    owner = arn.split(":", 5)
    if known is None or len(owner) != 6 or owner[4] != "aws":
        return None
    return known if owner[5] == f"policy{known.path}{known.name}" else None


def names() -> tuple[str, ...]:
    """All names, sorted."""
    return tuple(_index().policies)


def all_policies() -> tuple[ManagedPolicy, ...]:
    """All of them, sorted by name."""
    return tuple(_index().policies.values())


class _Index(NamedTuple):
    policies: dict[str, ManagedPolicy]
    blocks: list[tuple[int, int]]


@lru_cache(maxsize=1)
def _index() -> _Index:
    with _PATH.open("rb") as file:
        (length,) = struct.unpack(">I", file.read(4))
        data = zlib.decompress(file.read(length))
    places, rows = msgspec.json.decode(data, type=tuple[list[tuple[int, int]], list[ManagedPolicy]])
    blocks = [(4 + length + offset, size) for offset, size in places]
    return _Index({row.name: row for row in rows}, blocks)


@lru_cache(maxsize=4)
def _block(number: int) -> bytes:
    offset, size = _index().blocks[number]
    with _PATH.open("rb") as file:
        file.seek(offset)
        return zlib.decompress(file.read(size))

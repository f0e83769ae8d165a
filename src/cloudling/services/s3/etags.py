"""Entity tags: how they are made and compared. They are kept without quotes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def of_parts(tags: Iterable[str]) -> str:
    """The tag of a multipart object: the MD5 of its parts' MD5s, and how many they are."""
    digests = [bytes.fromhex(tag) for tag in tags]
    whole = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
    return f"{whole}-{len(digests)}"


def quoted(tag: str) -> str:
    return f'"{tag}"'


def plain(tag: str) -> str:
    """Without quotes and weakness mark; clients send them with and without."""
    return tag.strip().removeprefix("W/").strip('"')


def matches(header: str, tag: str) -> bool:
    """Whether an If-Match or If-None-Match header's value names the tag."""
    if header.strip() == "*":
        return True
    return any(plain(one) == tag for one in header.split(","))

"""Rules of object keys: their length, their order, and how listings write them."""

from __future__ import annotations

import re
from urllib.parse import quote

from cloudling.services.s3.errors import InvalidURI, KeyTooLongError

LONGEST = 1024
_UNRESERVED = re.compile(r"[A-Za-z0-9_.~/-]*")


def check(key: str) -> None:
    """Refuse keys that are no UTF-8 or over 1024 bytes of it."""
    if key.isascii():
        size = len(key)
    else:
        try:
            size = len(key.encode())
        except UnicodeEncodeError as fault:
            raise InvalidURI(URI=key.encode("utf-8", "backslashreplace").decode()) from fault
    if size > LONGEST:
        raise KeyTooLongError(Size=size, MaxSizeAllowed=LONGEST)


def common_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    """What a listing rolls the key up into: all up to the first delimiter after the prefix."""
    if not delimiter:
        return None
    at = key.find(delimiter, len(prefix))
    return None if at < 0 else key[: at + len(delimiter)]


def encode(text: str) -> str:
    """As `encoding-type=url` writes keys in listings."""
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe="/")

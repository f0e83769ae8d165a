"""User data as cloud-init takes it: scripts to run, and a line for what is not done with it.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
"""

from __future__ import annotations

import email
import zlib
from email import policy
from typing import NamedTuple

_ZIPPED = b"\x1f\x8b"
_WITH_HEADER = 31
# A small text can become a large one; cloud-init knows no bound, we do.
_LARGEST = 1024 * 1024
_SCRIPT = "text/x-shellscript"
_KINDS = {
    b"#cloud-config": "cloud-config",
    b"#cloud-boothook": "a boothook",
    b"#include": "an include file",
    b"#part-handler": "a part handler",
    b"## template": "a template",
}
_MIME = (b"content-type:", b"mime-version:")


class UserData(NamedTuple):
    """What is to be run in this order, and what the console is to say."""

    scripts: tuple[bytes, ...] = ()
    notes: tuple[str, ...] = ()


def read(data: bytes) -> UserData:
    """Never fails: what cannot be understood is told on the console, as cloud-init does."""
    try:
        data = _unzip(data)
    except (zlib.error, ValueError) as fault:
        return UserData(notes=(f"cloud-init: user data cannot be unzipped: {fault}",))
    if not data.strip():
        return UserData()
    if data.lstrip().lower().startswith(_MIME):
        return _read_parts(data)
    return _read_one(data)


def _unzip(data: bytes) -> bytes:
    if not data.startswith(_ZIPPED):
        return data
    unzip = zlib.decompressobj(_WITH_HEADER)
    found = unzip.decompress(data, _LARGEST)
    if unzip.unconsumed_tail:
        raise ValueError(f"it is larger than {_LARGEST} bytes")
    return found


def _read_parts(data: bytes) -> UserData:
    scripts: list[bytes] = []
    notes: list[str] = []
    for part in email.message_from_bytes(data.lstrip(), policy=policy.default).walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        if part.get_content_type() == _SCRIPT:
            scripts.append(content)
            continue
        found = _read_one(content, part.get_content_type())
        scripts += found.scripts
        notes += found.notes
    return UserData(tuple(scripts), tuple(notes))


def _read_one(data: bytes, kind: str = "") -> UserData:
    """Its first line tells what it is."""
    start = data.lstrip()
    if start.startswith(b"#!"):
        return UserData((start,))
    names = (name for mark, name in _KINDS.items() if start.startswith(mark))
    name = next(names, kind.removeprefix("text/") if kind not in {"", "text/plain"} else "")
    if name:
        return UserData(notes=(f"cloudling: user data is {name}, which is not supported: skipped",))
    first = start.splitlines()[0][:60].decode(errors="replace") if start else ""
    return UserData(notes=(f"cloud-init: Unhandled non-multipart userdata starting '{first}'",))

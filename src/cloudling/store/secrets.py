"""The store's master key, and the named secrets that come from it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloudling.store.cipher import KEY
from cloudling.store.errors import FolderRefused
from cloudling.store.folders import write_whole

if TYPE_CHECKING:
    from pathlib import Path


def master_key(file: Path | None) -> bytes:
    """The key in the file, made at the first start; without a file, one that dies with us."""
    if file is None:
        return os.urandom(KEY)
    try:
        key = file.read_bytes()
    except FileNotFoundError:
        key = os.urandom(KEY)
        write_whole(file, key)
    if len(key) != KEY:
        raise FolderRefused(
            f"The key file {file} is damaged. Restore it: without it no stored object can be read."
        )
    return key

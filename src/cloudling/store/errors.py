"""What can go wrong in the store, told so that the CLI can print it as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class StoreError(Exception):
    """Anything the store refuses."""


class StoreFault(StoreError):
    """The database or the disk failed: nothing of this turn was kept, and only reads are served."""


class Conflict(StoreError):
    """The record is not the one that was read: read it again and decide anew."""


class BlobGone(StoreError):
    """The bytes were removed after their record was read."""


class BlobDamaged(StoreError):
    """The bytes, or their key, are not what was written."""


class NewerRecord(StoreError):
    """A record was written by a newer Cloudling."""


class FolderRefused(StoreError):
    """The data folder cannot be used."""


class FolderTaken(FolderRefused):
    """Another process owns the data folder; `pid` is None when it did not say."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        self.folder = folder
        self.pid = pid
        owner = f"process {pid}" if pid else "another process"
        super().__init__(
            f"The data folder {folder} is in use by {owner}. "
            "Stop it, or start with --data and another folder."
        )


class FolderNewer(FolderRefused):
    """The data folder was written by a newer Cloudling."""

    def __init__(self, folder: Path, found: int, known: int) -> None:
        super().__init__(
            f"The data folder {folder} has format {found}, but this Cloudling knows formats up to "
            f"{known}. Install a newer Cloudling, or start with --data and another folder."
        )

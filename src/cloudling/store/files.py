"""The files of blobs: their names, who still needs them, and the removal of those nobody names."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from cloudling.store.errors import BlobGone
from cloudling.store.folders import sync_folder

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

ORPHAN_AGE = 3600.0  # seconds after which a file without a reference was left by a crash

_NAMED = "SELECT 1 FROM blob_refs WHERE id=?1 UNION ALL SELECT 1 FROM blob_removals WHERE id=?1"
_KNOWN = (
    "SELECT id FROM blob_refs WHERE id>=?1 AND id<?2 "
    "UNION ALL SELECT id FROM blob_removals WHERE id>=?1 AND id<?2"
)


class BlobFiles:
    """Files in 256 folders, named by random ids; safe to use from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()  # a reader's finaliser may run while it is held
        self._uploads: set[str] = set()
        self._pins: Counter[str] = Counter()
        self._doomed: list[str] = []
        self._gone: list[str] = []

    def path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def create(self) -> tuple[Path, int]:
        """A new file, open for writing; it counts as an upload until `settled` or `give_up`."""
        name = os.urandom(16).hex()
        path = self.path(name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._uploads.add(name)
        try:
            return path, os.open(path, flags, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            sync_folder(self._folder)
            return path, os.open(path, flags, 0o600)

    def open(self, name: str) -> int:
        try:
            return os.open(self.path(name), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise BlobGone(f"Blob {name} was removed.") from None

    def give_up(self, path: Path) -> None:
        """Remove a file that no record will name."""
        path.unlink(missing_ok=True)
        self._uploads.discard(path.name)

    def settled(self, name: str) -> None:
        """The file's reference is committed."""
        self._uploads.discard(name)

    def pin(self, names: list[str]) -> None:
        """Keep these files until `unpin`, whatever is committed."""
        with self._lock:
            self._pins.update(names)

    def unpin(self, names: list[str]) -> bool:
        """The files may go; True when some are waiting for that."""
        with self._lock:
            self._pins.subtract(names)
            self._pins = +self._pins
            return bool(self._doomed)

    def doom(self, names: list[str]) -> None:
        """The last references are committed as dropped."""
        with self._lock:
            self._doomed += names

    def take_doomed(self) -> list[str]:
        """Those to remove after the next sync."""
        with self._lock:
            free = [name for name in self._doomed if name not in self._pins]
            self._doomed = [name for name in self._doomed if name in self._pins]
        return free

    def remove(self, names: list[str]) -> None:
        for name in names:
            self.path(name).unlink(missing_ok=True)
        with self._lock:
            self._gone += names

    def take_gone(self) -> list[str]:
        """Those removed since the last time: their rows in `blob_removals` can go."""
        if not self._gone:
            return []
        with self._lock:
            gone, self._gone = self._gone, []
        return gone

    def sweep(self, connection: sqlite3.Connection) -> int:
        """Remove the old files that no upload in flight and no row names; how many."""
        removed = 0
        for folder in [entry for entry in self._folder.iterdir() if entry.is_dir()]:
            names = set(os.listdir(folder))  # noqa: PTH208 - there may be a great many
            bounds = (folder.name, folder.name + "g")  # no hexadecimal digit follows f
            names -= {name for (name,) in connection.execute(_KNOWN, bounds)}
            removed += sum(self._is_orphan(folder / name, connection) for name in names)
        return removed

    def _is_orphan(self, path: Path, connection: sqlite3.Connection) -> bool:
        """Whether the file was one, and is removed."""
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime < ORPHAN_AGE:
                return False
            # In this order: an upload stops being one only after its reference is committed.
            if path.name in self._uploads or connection.execute(_NAMED, (path.name,)).fetchone():
                return False
            path.unlink()
            return True
        return False

"""The database's write-ahead log: syncing it, and emptying it while writers wait only briefly."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cloudling.store.sqlite import PAGE, connect_checkpointer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

LIMIT = 64 * 1024 * 1024  # bytes of log after which writers are held to empty it

sync_data = getattr(os, "fdatasync", os.fsync)


class Gate:
    """Where transactions begin; it can be shut, at a turn's boundary, for the log's last pass."""

    def __init__(self) -> None:
        self._writing = threading.Lock()
        self._open = threading.Event()
        self._open.set()

    def enter(self) -> None:
        """A transaction begins."""
        # Without the event a busy writer could take the lock again and again before the holder.
        if not self._open.is_set():
            self._open.wait()
        self._writing.acquire()

    def leave(self) -> None:
        """The transaction is over."""
        self._writing.release()

    @contextmanager
    def held(self) -> Iterator[None]:
        """No transaction is open, and none begins."""
        self._open.clear()
        try:
            with self._writing:
                yield
        finally:
            self._open.set()


class Log:
    """The log, seen from the sync thread, with a connection of its own."""

    def __init__(self, database: Path, gate: Gate, limit: int = LIMIT) -> None:
        self._gate = gate
        self._limit = limit
        self._path = database.with_name(database.name + "-wal")
        self._log = -1
        # Open until all connections are closed: closing it earlier would drop SQLite's locks.
        self._file = os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._database = database
        self.connection: sqlite3.Connection

    def open(self) -> None:
        """After the writer has made the database one with a log: a connection looks only once."""
        self.connection = connect_checkpointer(self._database)

    def sync(self) -> None:
        """What was committed is on the disk when this returns."""
        if self._log < 0:
            self._log = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        sync_data(self._log)

    def backfill(self) -> bool:
        """Copy what the log holds into the database; True when nothing is left to copy.

        Passes beside the writers never catch up with a log that grows meanwhile, and it starts anew
        only when all of it is copied. So a long one is copied and synced first, and the writers
        wait for the last pass: a few pages.
        """
        size, left = self._pass()
        if size > self._limit:
            self.sync()
            self._pass()
            sync_data(self._file)
            with self._gate.held():
                _, left = self._pass()
        return not left

    def close(self) -> None:
        """End the connection; the files stay open for `release`."""
        self.connection.close()

    def release(self) -> None:
        """After the last connection is closed."""
        os.close(self._file)
        if self._log >= 0:
            os.close(self._log)

    def _pass(self) -> tuple[int, int]:
        """One checkpoint that waits for nobody: the bytes in the log, and those left to copy."""
        _, pages, copied = self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return pages * PAGE, (pages - copied) * PAGE

"""The SQLite connections: how they are opened and set, and which of their errors are faults."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

PAGE = 4096
_MEMORY = ":memory:"


class Connection(Protocol):
    """As much of `sqlite3.Connection` as the store uses; tests put faulty ones in its place."""

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, parameters: Sequence[object] = ..., /) -> sqlite3.Cursor: ...

    def executemany(self, sql: str, rows: Sequence[Sequence[object]], /) -> sqlite3.Cursor: ...

    def close(self) -> None: ...


def connect(path: Path | None, schema: Iterable[str] = ()) -> sqlite3.Connection:
    """The one connection that writes; None is a database in memory."""
    connection = _open(path)
    connection.execute("PRAGMA secure_delete=OFF")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA cache_size=-6144")
    if path is not None:
        connection.execute("PRAGMA journal_mode=WAL")
        # A commit is not synced here: the sync thread does that. NORMAL still syncs around
        # checkpoints, without which a power cut could damage the file.
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
    for statement in schema:
        connection.execute(statement)
    return connection


def connect_checkpointer(path: Path) -> sqlite3.Connection:
    """The sync thread's connection: it reads little and writes nothing but checkpoints."""
    connection = _open(path)
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("PRAGMA cache_size=-256")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return connection


def _open(path: Path | None) -> sqlite3.Connection:
    return sqlite3.connect(
        path or _MEMORY,
        isolation_level=None,
        timeout=10,
        check_same_thread=False,
        cached_statements=512,
    )


def is_fault(error: sqlite3.Error) -> bool:
    """Whether SQLite failed; a broken constraint and a misuse found by Python leave it sound."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF != sqlite3.SQLITE_CONSTRAINT

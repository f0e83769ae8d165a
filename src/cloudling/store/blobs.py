"""Blobs: bytes that records refer to, in a table when small, else in files named by random ids.

A file is written first and its reference committed after it; it is removed after the commit that
dropped its last reference, driven by the rows of `blob_removals`, which survive a crash.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from cloudling.store.cache import Cache
from cloudling.store.commits import Turn
from cloudling.store.errors import BlobGone, StoreFault
from cloudling.store.readers import FileReader, JoinedReader, MemoryReader, Reader
from cloudling.store.writers import INLINE, BlobRef, BlobWriter, SmallBlob

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cloudling.store.cipher import Vault
    from cloudling.store.files import BlobFiles
    from cloudling.store.sync import NoSync, Syncer, Work
    from cloudling.store.units import Unit

__all__ = ["SCHEMA", "BlobRef", "BlobWriter", "Blobs", "SmallBlob"]

READ = 4 * 1024 * 1024  # bytes of small blobs that were read lately and are kept in memory

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS blob_bytes("
    "id INTEGER PRIMARY KEY,count INTEGER NOT NULL,bytes BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS blob_refs("
    "id TEXT PRIMARY KEY,count INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS blob_removals(id TEXT PRIMARY KEY) WITHOUT ROWID",
)

_ONE_LESS = "UPDATE blob_bytes SET count=count-1 WHERE id=?"
_REMOVE = "DELETE FROM blob_bytes WHERE id=? AND count=0"


@dataclass(slots=True)
class _Outcome:
    """What a turn's commit means for files; a rolled back unit takes its part out again."""

    turn: Turn
    kept: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)

    def trim(self, kept: int, released: int) -> None:
        del self.kept[kept:]
        del self.released[released:]


class Blobs:
    """All blobs of a store. `keep`, `share` and `release` belong inside a unit."""

    def __init__(
        self, files: BlobFiles, vault: Vault, unit: Unit, sync: Syncer | NoSync, *, encrypt: bool
    ) -> None:
        self.vault = vault if encrypt else None  # for what is written from now on
        self._vault = vault
        self._files = files
        self._unit = unit
        self._commits = unit.commits
        self._sync = sync
        self._outcome = _Outcome(Turn(done=True))
        self._read: Cache[bytes] = Cache(READ)
        # Ascending ids append to the table, which costs far less than inserting anywhere. The clock
        # keeps an id from coming back after its row was removed.
        ((newest,),) = self._commits.fetch("SELECT coalesce(max(id),0) FROM blob_bytes")
        self._ids = itertools.count(max(newest + 1, time.time_ns()))
        files.doom([name for (name,) in self._commits.fetch("SELECT id FROM blob_removals")])
        self._commits.before_commit.append(self._forget_removed)
        sync.add_chore(self._removal)
        sync.wake()

    @property
    def encrypted(self) -> bool:
        """Whether what is written from now on is enciphered."""
        return self.vault is not None

    def writer(self, size_hint: int | None = None) -> BlobWriter:
        """For a blob of about this size."""
        return BlobWriter(self, size_hint)

    def of(self, data: bytes) -> BlobWriter | SmallBlob:
        """A blob of bytes that are at hand, written: as a writer gives it, ready to be kept."""
        if len(data) > INLINE:
            writer = BlobWriter(self, len(data))
            writer.write(data)
            writer.finish()
            return writer
        name = f"{next(self._ids):x}"
        if self.vault is None:
            return SmallBlob(BlobRef(name, len(data), inline=True), data)
        nonce, stored = self.vault.seal(data, name)
        return SmallBlob(BlobRef(name, len(data), nonce, True), stored)

    def reader(self, ref: BlobRef, offset: int = 0, length: int | None = None) -> Reader:
        """A stretch of a blob, by default to its end; whoever asks closes it."""
        count = _checked(ref.size, offset, length)
        if ref.inline:
            return MemoryReader(self._inline(ref)[offset : offset + count])
        return self._open(ref, offset, count)

    def joined(self, refs: Sequence[BlobRef], offset: int = 0, length: int | None = None) -> Reader:
        """A stretch of several blobs, end to end; one file is open at a time, and none of them
        is removed before the reader is closed."""
        if len(refs) == 1 and refs[0].inline:
            ref = refs[0]
            if offset or length != ref.size:
                return self.reader(ref, offset, length)
            known = self._read.get((ref.id, b""))
            return MemoryReader((known and known[0]) or self._inline(ref))
        count = _checked(sum([ref.size for ref in refs]), offset, length)
        pieces = _cut(refs, offset, count)
        if len(pieces) == 1:
            return self.reader(*pieces[0])
        pinned = [ref.id for ref, _, _ in pieces if not ref.inline]
        self._files.pin(pinned)
        try:
            openers = [self._opener(*piece) for piece in pieces]
        except BaseException:
            self._unpin(pinned)
            raise
        return JoinedReader(openers, count, partial(self._unpin, pinned))

    def keep(self, writer: BlobWriter | SmallBlob) -> BlobRef:
        """Commit the first reference to what was written with this unit."""
        ref = writer.finish()
        if ref.inline:
            row = (int(ref.id, 16), writer.stored)
            self._unit.later("INSERT INTO blob_bytes(id,count,bytes) VALUES(?,1,?)", row)
        elif isinstance(writer, BlobWriter):
            self._unit.execute("INSERT INTO blob_refs(id,count) VALUES(?,1)", (ref.id,))
            self._of_this_turn().kept.append(ref.id)
            self._unit.undo.append(writer.hand_over())
        return ref

    def share(self, ref: BlobRef) -> BlobRef:
        """One more record refers to the blob."""
        table, key = _row(ref)
        sql = f"UPDATE {table} SET count=count+1 WHERE id=?"  # noqa: S608 - one of two names
        if not self._unit.execute(sql, (key,)).rowcount:
            raise BlobGone(f"Blob {ref.id} was removed.")
        return ref

    def release(self, ref: BlobRef) -> None:
        """One record less refers to the blob; after the last one it goes."""
        table, key = _row(ref)
        execute = self._unit.execute
        if execute(f"DELETE FROM {table} WHERE id=? AND count=1", (key,)).rowcount:  # noqa: S608
            if not ref.inline:
                execute("INSERT INTO blob_removals(id) VALUES(?)", (key,))
                self._of_this_turn().released.append(ref.id)
            else:
                self._read.drop([(ref.id, b"")])
        elif not execute(
            f"UPDATE {table} SET count=count-1 WHERE id=?",  # noqa: S608
            (key,),
        ).rowcount:
            raise BlobGone(f"Blob {ref.id} was removed.")

    def release_known(self, ref: BlobRef) -> None:
        """As `release`, of a blob that a record of this unit refers to: it is there, so that
        whether it was need not be asked, and it goes with the others at the turn's end."""
        if not ref.inline:
            self.release(ref)
            return
        row = (int(ref.id, 16),)
        self._unit.later(_ONE_LESS, row)
        self._unit.later(_REMOVE, row)
        self._read.drop([(ref.id, b"")])

    def release_all(self) -> None:
        """No record refers to any blob any more."""
        names = [name for (name,) in self._commits.fetch("SELECT id FROM blob_refs")]
        self._unit.execute("INSERT OR IGNORE INTO blob_removals(id) SELECT id FROM blob_refs")
        self._unit.execute("DELETE FROM blob_refs")
        self._unit.execute("DELETE FROM blob_bytes")
        self._read.clear()
        self._of_this_turn().released.extend(names)

    # What a writer needs of the place it writes to; any thread may call these.

    def next_inline(self) -> str:
        return f"{next(self._ids):x}"

    def create(self) -> tuple[Path, int]:
        return self._files.create()

    def written(self, path: Path) -> None:
        self._sync.add_file(path)

    def give_up(self, path: Path) -> None:
        self._files.give_up(path)

    def _of_this_turn(self) -> _Outcome:
        turn = self._commits.barrier()
        if self._outcome.turn is not turn:
            self._outcome = _Outcome(turn)
            turn.when_done(partial(self._over, self._outcome))
        outcome = self._outcome
        self._unit.undo.append(partial(outcome.trim, len(outcome.kept), len(outcome.released)))
        return outcome

    def _over(self, outcome: _Outcome, fault: StoreFault | None) -> None:
        """The turn is committed; after a fault, the next start sees what was kept of it."""
        if fault is not None:
            return
        for name in outcome.kept:
            self._files.settled(name)
        if outcome.released:
            self._files.doom(outcome.released)
            self._sync.wake()

    def _removal(self) -> Work | None:
        """The chore of the sync thread: what may go after the next sync."""
        doomed = self._files.take_doomed()
        return partial(self._files.remove, doomed) if doomed else None

    def _forget_removed(self) -> None:
        for name in self._files.take_gone():
            self._commits.execute("DELETE FROM blob_removals WHERE id=?", (name,))

    def _inline(self, ref: BlobRef) -> bytes:
        place = (ref.id, b"")
        known = self._read.get(place)
        if known is not None and known[0] is not None:
            return known[0]
        data = self._read_inline(ref)
        self._read.put(place, data, len(data))
        return data

    def _read_inline(self, ref: BlobRef) -> bytes:
        rows = self._commits.fetch("SELECT bytes FROM blob_bytes WHERE id=?", (int(ref.id, 16),))
        if not rows:
            raise BlobGone(f"Blob {ref.id} was removed.")
        stored: bytes = rows[0][0]
        if not ref.key:
            return stored
        return self._vault.unseal(ref.key, stored, ref.id)

    def _open(self, ref: BlobRef, offset: int, count: int) -> Reader:
        key = self._vault.unwrap(ref.key, ref.id) if ref.key else b""
        return FileReader(self._files.open(ref.id), key, offset, count)

    def _opener(self, ref: BlobRef, offset: int, count: int) -> Callable[[], Reader]:
        if not ref.inline:
            return partial(self._open, ref, offset, count)
        # Now, on the loop's thread: the reader is used in others, and the row may go meanwhile.
        reader = self.reader(ref, offset, count)
        return lambda: reader

    def _unpin(self, names: list[str]) -> None:
        if self._files.unpin(names):
            self._sync.wake()


def _row(ref: BlobRef) -> tuple[str, str | int]:
    """Where the references to a blob are counted."""
    return ("blob_bytes", int(ref.id, 16)) if ref.inline else ("blob_refs", ref.id)


def _checked(size: int, offset: int, length: int | None) -> int:
    """How many bytes to read."""
    count = size - offset if length is None else length
    if not 0 <= offset <= offset + count <= size:
        raise ValueError(f"There are {size} bytes: no {count} can be read from {offset}.")
    return count


def _cut(refs: Sequence[BlobRef], offset: int, count: int) -> list[tuple[BlobRef, int, int]]:
    """Which stretch of which blob makes up a stretch of them all; never none but for no blobs."""
    pieces: list[tuple[BlobRef, int, int]] = []
    for ref in refs:
        taken = min(ref.size - offset, count) if offset < ref.size else 0
        if taken:
            pieces.append((ref, offset, taken))
        offset = max(0, offset - ref.size)
        count -= taken
    return pieces

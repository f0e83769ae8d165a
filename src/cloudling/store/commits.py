"""Turn commits: all units of one turn of the loop share one transaction, and its fate.

The first write in a turn begins the transaction and schedules its commit for the turn's end.
Answers made meanwhile wait for the turn, which is their barrier.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from cloudling.store.errors import StoreFault
from cloudling.store.sqlite import Connection, is_fault

if TYPE_CHECKING:
    from cloudling.store.cache import Place

log = logging.getLogger(__name__)

Done = Callable[[StoreFault | None], None]

MOST_WAITING = 1024
_ORDER = ("INSERT", "UPDATE", "DELETE")
_FAILED = "The database failed: {}. Free the disk or repair it, then restart."


def _kind(sql: str) -> int:
    """Statements that were put off run in this order."""
    return _ORDER.index(sql[:6])


class Turn:
    """One turn's transaction, seen by those who wait for it."""

    __slots__ = ("_waiting", "done", "fault")

    def __init__(self, *, done: bool = False) -> None:
        self._waiting: list[Done] = []
        self.done = done
        self.fault: StoreFault | None = None

    def when_done(self, callback: Done) -> None:
        """Call back once, with the fault if the commit failed; at once if it is done already."""
        if self.done:
            callback(self.fault)
        else:
            self._waiting.append(callback)

    def finish(self, fault: StoreFault | None) -> None:
        if self.done:
            return
        self.done = True
        self.fault = fault
        waiting, self._waiting = self._waiting, []
        for callback in waiting:
            try:
                callback(fault)
            except Exception:  # one who waits must not keep the others from their answers
                log.exception("store: a callback of a turn failed")


class Sync(Protocol):
    """Who brings committed turns to the disk, and when writers must wait for it."""

    fault: str | None

    def enter(self) -> None:
        """A transaction begins; waits while the log is being emptied."""

    def leave(self) -> None:
        """The transaction is over."""

    def committed(self, turn: Turn) -> bool:
        """A turn was committed; True when it is finished now, False when that comes later."""


class Commits:
    """The transaction of the current turn. Everything here runs on the loop's thread."""

    def __init__(self, connection: Connection, sync: Sync) -> None:
        self.connection = connection
        self.fault: StoreFault | None = None
        self.open = False
        self.poisoned = False  # until the end of the turn in which the fault happened
        self.alone = False  # no loop runs: each unit commits at its end
        self.before_commit: list[Callable[[], None]] = []
        # Writes put off to the turn's end, and the places of which they are: see `Unit.later`.
        self.waiting: list[tuple[str, Sequence[object]]] = []
        self.waiting_places: set[Place] = set()
        self.settle: Callable[[], None] = self.flush  # the unit's way to have them written
        self.forget: Callable[[], None] = lambda: None  # drops what was decoded from this turn
        self._sync = sync
        self.turn = self._earlier = Turn(done=True)  # what an answer made now must wait for
        self._scheduled = False

    @property
    def dirty(self) -> bool:
        """Whether an answer made now must wait."""
        return not self.turn.done

    def barrier(self) -> Turn:
        return self.turn

    def begin(self) -> None:
        """Open the turn's transaction, before its first write."""
        if self.fault is not None:
            raise self.fault
        if self._sync.fault is not None:
            raise self.poison(self._sync.fault)
        self._sync.enter()
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            self._sync.leave()
            raise self.failed(error) from error
        self.open = True
        self._earlier, self.turn = self.turn, Turn()
        self._schedule()

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """Run a statement; what fails, but for a constraint, poisons the turn."""
        try:
            return self.connection.execute(sql, parameters)
        except sqlite3.Error as error:
            raise self.failed(error) from error

    def flush(self, most: int | None = None) -> None:
        """Write the first `most` of what waits, or all; a failure poisons the turn."""
        if most is None:
            waiting, self.waiting = self.waiting, []
            self.waiting_places.clear()
        else:
            waiting, self.waiting = self.waiting[:most], self.waiting[most:]
        rows: dict[str, list[Sequence[object]]] = {}
        for sql, row in waiting:
            rows.setdefault(sql, []).append(row)
        # What is taken away may be among what is put in.
        for sql in sorted(rows, key=_kind):
            try:
                self.connection.executemany(sql, rows[sql])
            except sqlite3.Error as error:
                raise self.poison(_FAILED.format(error)) from error

    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """All rows of a query, so that no reader stays open."""
        if self.waiting:
            self.settle()
        return self.look_up(sql, parameters)

    def look_up(self, sql: str, parameters: Sequence[object]) -> list[Any]:
        """As `fetch`, where nothing that waits to be written can be among the rows."""
        try:
            return self.connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise self.failed(error) from error

    def abandon(self) -> None:
        """Undo the whole transaction: its only unit was rolled back."""
        self.waiting.clear()
        self.execute("ROLLBACK")
        self._close()
        # What was read here may be of an earlier turn that is not on the disk yet (strict).
        self._earlier.when_done(self.turn.finish)

    def commit(self) -> None:
        """Make the turn's writes last; without any, only the turn ends."""
        self._scheduled = self.poisoned = False
        if not self.open:
            return
        try:
            if self.waiting:
                self.flush()
            for prepare in self.before_commit:
                prepare()
            self.execute("COMMIT")
        except StoreFault:
            self.poisoned = False
            return
        self._close()
        turn = self.turn
        if self._sync.committed(turn):
            turn.finish(None)

    def failed(self, error: sqlite3.Error) -> BaseException:
        """What to raise for this error; a fault ends the turn and all writing."""
        if not is_fault(error):
            return error
        return self.poison(_FAILED.format(error))

    def poison(self, text: str) -> StoreFault:
        """Nothing of this turn is kept, nothing more runs in it, nothing more is written."""
        fault = StoreFault(text)
        if self.fault is None:
            self.fault = fault
            log.error("store fault: %s", text)
        self.waiting.clear()
        # FULL, IOERR and NOMEM have ended the transaction by themselves.
        if self.connection.in_transaction:
            try:
                self.connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                log.error("store fault: rollback failed: %s", error)
        if self.open:
            self._close()
        self.forget()
        self.poisoned = True
        self._schedule()
        self.turn.finish(fault)
        return fault

    def _close(self) -> None:
        self.open = False
        self._sync.leave()

    def _schedule(self) -> None:
        if self._scheduled:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.alone = True
            self.poisoned = False
        else:
            self.alone = False
            self._scheduled = True
            loop.call_soon(self.commit)

"""A unit: what one API call writes, kept whole or not at all.

Units never overlap. The first that writes in a turn needs no savepoint: to undo it is to undo the
turn's transaction. Later ones need none while all they write waits for the turn's end: then it is
forgotten. Before the first statement that cannot wait they set a savepoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.store.commits import MOST_WAITING
from cloudling.store.errors import StoreFault

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from cloudling.store.cache import Cache, Place
    from cloudling.store.commits import Commits


class Unit:
    """The store's one unit, entered again and again: `with store.unit(): ...`."""

    __slots__ = (
        "_mark",
        "_nested",
        "_saved",
        "active",
        "afterwards",
        "cache",
        "commits",
        "forgetting",
        "undo",
        "written",
        "written_places",
    )

    def __init__(self, commits: Commits, cache: Cache[Any]) -> None:
        self.commits = commits
        self.cache = cache
        self._nested = False  # another unit has written in this turn before
        self._saved = False  # a savepoint was set
        self._mark = 0  # how much waited to be written when this unit began to
        commits.settle = self.settle
        self.active = False
        self.written = False
        self.written_places: list[Place] = []
        self.forgetting: list[Callable[[], None]] = []  # whenever records may have changed unseen
        self.undo: list[Callable[[], None]] = []  # before a rollback
        self.afterwards: list[Callable[[], None]] = []  # after a rollback, outside the unit

    def __enter__(self) -> Unit:
        if self.active:
            raise RuntimeError("A unit is open already: units do not nest.")
        if self.commits.poisoned:
            assert self.commits.fault is not None  # noqa: S101 - poisoned says so
            raise self.commits.fault
        self.active = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.active = False
        if not self.written:
            return
        self.written = False
        try:
            if kind is not None:
                self._roll_back()
                afterwards, self.afterwards = self.afterwards, []
                for work in afterwards:
                    work()
            elif self.commits.fault is not None:
                # The fault came after the unit's first write, and someone swallowed it.
                self._roll_back()
                raise self.commits.fault
            elif self._saved or self.commits.alone:
                self._keep()
        finally:
            self.written_places.clear()
            self.undo.clear()
            self.afterwards.clear()

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """Write, inside this unit."""
        if not self.written:
            self._begin()
        elif self.commits.fault is not None:
            raise self.commits.fault  # the transaction is gone: this would commit by itself
        self.settle()
        return self.commits.execute(sql, parameters)

    def later(self, sql: str, row: Sequence[object], place: Place | None = None) -> None:
        """Write a row of this unit, at the turn's end if nothing asks before (`Commits.later`)."""
        if not self.written:
            self._begin()
        elif self.commits.fault is not None:
            raise self.commits.fault
        commits = self.commits
        if place is not None:
            commits.waiting_places.add(place)
        commits.waiting.append((sql, row))
        if len(commits.waiting) >= MOST_WAITING:
            self.settle()

    def settle(self) -> None:
        """Write what waits; this unit's part of it behind a savepoint."""
        commits = self.commits
        if self.written and self._nested and not self._saved:
            commits.flush(self._mark)
            commits.execute("SAVEPOINT unit")
            self._saved = True
        if commits.waiting:
            commits.flush()

    def forget_all(self) -> None:
        """Records have changed in other ways than one by one; so they will if this unit fails."""
        self.undo.append(self.forget)
        self.forget()

    def forget(self) -> None:
        """Drop all that was decoded."""
        self.cache.clear()
        for tell in self.forgetting:
            tell()

    def _begin(self) -> None:
        if not self.active:
            raise RuntimeError("Writing needs a unit: with store.unit(): ...")
        commits = self.commits
        if commits.fault is not None:
            raise commits.fault
        self._nested = commits.open
        self._saved = False
        self._mark = len(commits.waiting)
        if not self._nested:
            commits.begin()
        self.written = True

    def _keep(self) -> None:
        if self._saved:
            self.settle()
            self.commits.execute("RELEASE unit")
        elif self.commits.alone:
            self.commits.commit()
            if self.commits.fault is not None:
                raise self.commits.fault

    def _roll_back(self) -> None:
        self.cache.drop(self.written_places)
        for tell in self.forgetting:
            tell()
        for undo in reversed(self.undo):
            undo()
        try:
            if not self.commits.open:
                pass  # a fault has undone the turn already
            elif self._saved:
                self.commits.waiting.clear()
                self.commits.execute("ROLLBACK TO unit")
                self.commits.execute("RELEASE unit")
            elif self._nested:
                del self.commits.waiting[self._mark :]
            else:
                self.commits.abandon()
        except StoreFault:
            pass  # the turn is poisoned; the error that came first is the one to tell

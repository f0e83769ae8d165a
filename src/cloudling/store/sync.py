"""What brings committed writes to the disk: one thread that syncs, empties the log, and tidies up.

Every 100 ms in which something was committed it syncs first the new blob files and their folders,
then the log: so a record on the disk never names bytes that are not there. Only after that does it
remove what the records no longer name.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from cloudling.store.checkpoints import Gate, Log
from cloudling.store.errors import StoreFault
from cloudling.store.folders import sync_folder

if TYPE_CHECKING:
    from pathlib import Path

    from cloudling.store.commits import Turn

log = logging.getLogger(__name__)

INTERVAL = 0.1  # seconds a committed write may wait for its sync
BACKFILL_ROWS = 2000  # rows written after which the log is backfilled at the next sync
BACKFILL_AGE = 1.0  # seconds after which it is backfilled anyway
HOUR = 3600.0

Loop = asyncio.AbstractEventLoop
Work = Callable[[], None]
Hourly = Callable[[sqlite3.Connection], object]
Chore = Callable[[], Work | None]  # called before a sync; what it returns is done after it


class NoSync:
    """For a store in memory: nothing to sync; chores are done when asked for, beside the loop."""

    fault: str | None = None

    def __init__(self) -> None:
        self._chores: list[Chore] = []

    def enter(self) -> None:
        pass

    def leave(self) -> None:
        pass

    def committed(self, turn: Turn) -> bool:
        return True

    def add_file(self, path: Path) -> None:
        pass

    def add_chore(self, chore: Chore) -> None:
        self._chores.append(chore)

    def wake(self) -> None:
        for chore in self._chores:
            if (work := chore()) is not None:
                _beside_the_loop(work)


def _beside_the_loop(work: Work) -> None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        work()
    else:
        loop.run_in_executor(None, work)


class Syncer:
    """The sync thread. `enter`, `leave`, `committed` are for the loop's thread, the rest for any.

    In strict mode turns are finished here, after a sync that all those share who wait for it.
    """

    def __init__(self, database: Path, *, strict: bool) -> None:
        self.fault: str | None = None
        self.gate = Gate()
        self.log = Log(database, self.gate)
        self.enter = self.gate.enter
        self.leave = self.gate.leave
        self._strict = strict
        self._hourly: Hourly = lambda connection: None
        self._changes: Callable[[], int] = lambda: 0
        self._chores: list[Chore] = []
        self._files: list[Path] = []
        self._turns: list[tuple[Turn, Loop | None]] = []
        self._wake = threading.Condition()
        self._work = False
        self._stopping = False
        self._backfilled = (0, 0.0, True)  # rows and moment of the last time; nothing was left
        self._thread = threading.Thread(target=self._run, name="cloudling-sync", daemon=True)

    def start(self, hourly: Hourly, changes: Callable[[], int]) -> None:
        """Begin; `hourly` is done at once and each hour, `changes` counts the rows ever written."""
        self._hourly = hourly
        self._changes = changes
        self.log.open()
        self._thread.start()

    def committed(self, turn: Turn) -> bool:
        """A turn was committed; True when it is finished now, False when that comes later."""
        if not self._strict:
            if not self._work:
                self.wake()
            return True
        with self._wake:
            try:
                self._turns.append((turn, asyncio.get_running_loop()))
            except RuntimeError:
                self._turns.append((turn, None))
            self._work = True
            self._wake.notify_all()
            if self._turns[-1][1] is None:
                self._wake.wait_for(lambda: turn.done)
        return False

    def add_file(self, path: Path) -> None:
        """A blob file was written whole and closed; its record is not committed yet."""
        if self._strict:
            _sync_files([path])
        else:
            with self._wake:
                self._files.append(path)

    def add_chore(self, chore: Chore) -> None:
        self._chores.append(chore)

    def wake(self) -> None:
        """There is something to do at the next sync."""
        with self._wake:
            self._work = True
            self._wake.notify_all()

    def stop(self) -> None:
        """Sync what is left, and end the thread; `log.release` comes after the last connection."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        self._thread.join()
        self.log.close()

    def _run(self) -> None:
        swept = -HOUR
        last = 0.0
        while not self._stopping:
            try:
                if time.monotonic() - swept >= HOUR:
                    swept = time.monotonic()
                    _tidy(partial(self._hourly, self.log.connection))
                self._rest(last, swept + HOUR)
                last = time.monotonic()
                self._pass()
            except (OSError, sqlite3.Error) as error:
                self._fail(error)

    def _rest(self, last: float, until: float) -> None:
        """Wait for work; in fast mode also until the last pass is `INTERVAL` ago."""
        with self._wake:
            patience = until - time.monotonic() if self._backfilled[2] else BACKFILL_AGE
            self._wake.wait_for(lambda: self._work or self._stopping, timeout=patience)
            if not self._strict:
                pause = last + INTERVAL - time.monotonic()
                self._wake.wait_for(lambda: self._stopping, timeout=pause)

    def _pass(self) -> None:
        with self._wake:
            work, self._work = self._work, False
            files, self._files = self._files, []
            turns, self._turns = self._turns, []
        try:
            if work:
                afterwards = [chore() for chore in self._chores]
                _sync_files(files)
                self.log.sync()
        except (OSError, sqlite3.Error) as error:
            self._fail(error)
        self._finish(turns)
        if self.fault is None:
            if work:
                for after in filter(None, afterwards):
                    _tidy(after)
            self._backfill()

    def _backfill(self) -> None:
        rows, moment, empty = self._backfilled
        now, changes = time.monotonic(), self._changes()
        if changes == rows and empty:
            return
        if changes - rows >= BACKFILL_ROWS or now - moment >= BACKFILL_AGE:
            self._backfilled = (changes, now, self.log.backfill())
        else:
            self._backfilled = (rows, moment, False)

    def _finish(self, turns: list[tuple[Turn, Loop | None]]) -> None:
        fault = StoreFault(self.fault) if self.fault else None
        for turn, loop in turns:
            if loop is None:
                with self._wake:
                    turn.finish(fault)
                    self._wake.notify_all()
            else:
                # A loop that is closed has nobody who waits.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(turn.finish, fault)

    def _fail(self, error: Exception) -> None:
        """After a failed sync nobody knows what is on the disk: nothing more is acknowledged."""
        if self.fault is None:
            fault = f"The disk failed: {error}. Free or repair it, then restart."
            # Told before it holds: who sees the fault finds its reason in the log.
            log.error("store fault: %s", fault)
            self.fault = fault


def _tidy(work: Callable[[], object]) -> None:
    """Remove what nobody needs; what cannot be removed harms nobody, and is tried again later."""
    try:
        work()
    except OSError as error:
        log.warning("store: a file that is not needed stays: %s", error)


def _sync_files(paths: list[Path]) -> None:
    for path in paths:
        # A file that is gone was given up, or its object removed.
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    for folder in {path.parent for path in paths}:
        sync_folder(folder)

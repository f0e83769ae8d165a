"""Units, the turns that commit them, and what a fault leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest
from tests.unit.store.examples import THINGS, Thing, run

from cloudling.store.collections import CollectionSpec
from cloudling.store.errors import StoreFault
from cloudling.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cloudling.store.collections import Collection
    from cloudling.store.sqlite import Connection

ONE, TWO = Thing(place="p", name="one"), Thing(place="p", name="two")


class Failing(Exception):
    """What a unit fails with."""


class FaultyConnection:
    """A connection that fails, as SQLite would, at the statements that begin with `at`."""

    def __init__(self, connection: Connection, at: str, code: int) -> None:
        self.connection = connection
        self.at = at
        self.code = code
        self.statements: list[str] = []

    @property
    def in_transaction(self) -> bool:
        return self.connection.in_transaction

    def execute(self, sql: str, parameters: Sequence[object] = (), /) -> sqlite3.Cursor:
        self.statements.append(sql)
        if sql.startswith(self.at):
            error = sqlite3.OperationalError("it broke")
            error.sqlite_errorcode = self.code
            raise error
        return self.connection.execute(sql, parameters)

    def close(self) -> None:
        self.connection.close()


def things_of(store: Store) -> Collection[Thing]:
    return store.table(THINGS).bind("1", "r")


def watch(store: Store, at: str = "nothing", code: int = 0) -> FaultyConnection:
    connection = FaultyConnection(store.commits.connection, at, code)
    store.commits.connection = connection
    return connection


def fail_in_unit(store: Store, *puts: Thing) -> None:
    with pytest.raises(Failing):
        _fail(store, *puts)


def _fail(store: Store, *puts: Thing) -> None:
    with store.unit():
        for thing in puts:
            run(things_of(store).put(thing))
        raise Failing


def test_units_do_not_nest(store: Store) -> None:
    with store.unit(), pytest.raises(RuntimeError, match="do not nest"), store.unit():
        pass


def test_reading_begins_no_transaction(store: Store) -> None:
    things = things_of(store)
    connection = watch(store)

    async def turn() -> None:
        with store.unit():
            assert await things.get("p", "one") is None
            assert await things.page("p") == []
        assert not store.dirty
        assert store.barrier().done

    asyncio.run(turn())
    assert all(sql.startswith("SELECT") for sql in connection.statements)


def test_the_units_of_a_turn_share_one_commit(store: Store) -> None:
    things = things_of(store)
    connection = watch(store)

    async def turns() -> None:
        for thing in (ONE, TWO):
            with store.unit():
                await things.put(thing)
        assert store.dirty
        await store.committed()
        assert not store.dirty

    asyncio.run(turns())
    begun = [sql for sql in connection.statements if not sql.startswith("INSERT")]
    assert begun == ["BEGIN IMMEDIATE", "SAVEPOINT unit", "RELEASE unit", "COMMIT"]


@pytest.mark.parametrize("order", [[ONE, None, TWO], [None, ONE, TWO], [ONE, TWO, None]])
def test_a_failed_unit_takes_nothing_else_with_it(store: Store, order: list[Thing | None]) -> None:
    things = things_of(store)
    lost = Thing(place="p", name="lost")

    async def turn() -> None:
        for thing in order:
            if thing is None:
                fail_in_unit(store, lost, Thing(place="p", name="one", size=99))
            else:
                with store.unit():
                    await things.put(thing)
        await store.committed()

    asyncio.run(turn())
    assert run(things.page("p")) == [ONE, TWO]
    assert run(things.get("p", "lost")) is None
    assert run(things.get("p", "one")) == ONE


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit, asyncio.CancelledError])
def test_any_exception_rolls_back(store: Store, kind: type[BaseException]) -> None:
    async def put_and_fail() -> None:
        with store.unit():
            await things_of(store).put(ONE)
            raise kind

    with pytest.raises(kind):
        run(put_and_fail())
    assert run(things_of(store).get("p", "one")) is None


def test_a_rollback_restores_what_the_cache_told(store: Store) -> None:
    things = things_of(store)
    with store.unit():
        run(things.put(ONE))
    assert run(things.get("p", "two")) is None  # its absence is known, too
    fail_in_unit(store, Thing(place="p", name="one", size=5), TWO)
    assert run(things.get("p", "one")) == ONE
    assert run(things.get("p", "two")) is None


def test_a_table_outlives_the_failed_unit_that_made_it(store: Store) -> None:
    spec = CollectionSpec("late", Thing, key=("name",))

    async def make_and_fail() -> None:
        with store.unit():
            await store.table(spec).bind("1", "r").put(ONE)
            raise Failing

    with pytest.raises(Failing):
        run(make_and_fail())
    late = store.table(spec).bind("1", "r")
    assert run(late.get("one")) is None
    with store.unit():
        run(late.put(ONE))
    assert run(late.get("one")) == ONE


def test_barriers_are_done_with_the_commit_and_not_before(store: Store) -> None:
    things = things_of(store)
    told: list[object] = []

    async def turn() -> None:
        store.barrier().when_done(told.append)
        assert told == [None]  # nothing is open
        with store.unit():
            await things.put(ONE)
        store.barrier().when_done(told.append)
        assert store.dirty
        assert told == [None]
        await store.committed()
        assert told == [None, None]

    asyncio.run(turn())


def test_a_callback_that_fails_keeps_nobody_from_an_answer(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[object] = []

    def fails(fault: object) -> None:
        raise Failing(fault)

    async def turn() -> None:
        with store.unit():
            await things_of(store).put(ONE)
        store.barrier().when_done(fails)
        store.barrier().when_done(told.append)
        await store.committed()

    asyncio.run(turn())
    assert told == [None]
    assert "callback" in caplog.text


def test_without_a_loop_a_unit_commits_at_its_end(disk_store: Store) -> None:
    with disk_store.unit():
        run(things_of(disk_store).put(ONE))
    assert not disk_store.dirty
    assert not disk_store.commits.connection.in_transaction


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("INSERT", sqlite3.SQLITE_IOERR),
        ("SAVEPOINT", sqlite3.SQLITE_NOMEM),
        ("RELEASE", sqlite3.SQLITE_IOERR),
        ("COMMIT", sqlite3.SQLITE_FULL),
        ("SELECT", sqlite3.SQLITE_CORRUPT),
    ],
)
def test_a_fault_poisons_the_turn(
    store: Store, at: str, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    things = things_of(store)
    kept = Thing(place="p", name="kept")
    with store.unit():
        run(things.put(kept))
    told: list[BaseException | None] = []

    async def turn() -> None:
        with store.unit():
            await things.put(ONE)
        store.barrier().when_done(told.append)
        connection = watch(store, at, code)
        with contextlib.suppress(StoreFault):
            await put_and_read(store, TWO)
        connection.at = "nothing"
        assert_nothing_more_runs(store)
        await asyncio.sleep(0)

    asyncio.run(turn())
    assert [type(fault) for fault in told] == [StoreFault]
    assert "it broke" in str(store.fault)
    assert "store fault" in caplog.text
    assert run(things.page("p")) == [kept]  # reads are served
    assert run(things.get("p", "one")) is None
    with pytest.raises(StoreFault), store.unit():
        run(things.put(TWO))


async def put_and_read(store: Store, thing: Thing) -> None:
    with store.unit():
        await things_of(store).put(thing)
        await things_of(store).page("p")
    await store.committed()


def assert_nothing_more_runs(store: Store) -> None:
    """In this turn, if it is not over."""
    assert not store.commits.connection.in_transaction
    if store.commits.poisoned:
        with pytest.raises(StoreFault), store.unit():
            pass


def test_a_swallowed_fault_still_fails_the_unit(store: Store) -> None:
    things = things_of(store)

    async def put_on() -> None:
        with store.unit():
            await things.put(ONE)
            connection = watch(store, "INSERT", sqlite3.SQLITE_FULL)
            with pytest.raises(StoreFault):
                await things.put(TWO)
            connection.at = "nothing"
            with pytest.raises(StoreFault):
                await things.put(TWO)  # it would commit by itself now

    with pytest.raises(StoreFault):
        run(put_on())
    assert run(things.page("p")) == []


def test_a_full_disk_leaves_what_was_committed(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "data")
    try:
        things = things_of(store)
        with store.unit():
            run(things.put(ONE))
        pages = store.commits.connection.execute("PRAGMA page_count").fetchone()[0]
        store.commits.connection.execute(f"PRAGMA max_page_count={pages + 5}")

        async def fill() -> None:
            for number in range(100):
                with store.unit():
                    await things.put(Thing(place="p", name=f"{number}", owner="x" * 4000))

        with pytest.raises(StoreFault, match="full"):
            asyncio.run(fill())
        assert run(things.page("p")) == [ONE]
    finally:
        store.shut()


def test_a_broken_constraint_is_no_fault(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError), store.unit():
        store.unit().execute("INSERT INTO blob_refs(id,count) VALUES('a',1),('a',1)")
    assert store.fault is None
    with store.unit():
        run(things_of(store).put(ONE))

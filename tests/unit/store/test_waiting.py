"""Rows that wait for the turn's end: seen by every reading, and forgotten with their unit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.unit.store.examples import Thing, run

from cloudling.store.collections import CollectionSpec
from cloudling.store.commits import MOST_WAITING

if TYPE_CHECKING:
    from cloudling.store.collections import Collection
    from cloudling.store.store import Store

PLAIN = CollectionSpec(name="plain", record=Thing, key=("place", "name"), scope="world")


class Failing(Exception):
    """What a unit fails with."""


def things_of(store: Store) -> Collection[Thing]:
    return store.table(PLAIN).bind("", "")


def put(store: Store, *names: str, fail: bool = False, read: bool = False) -> None:
    things = things_of(store)
    with store.unit():
        for name in names:
            run(things.put(Thing(place="p", name=name)))
        if read:
            run(things.count("p"))
        if fail:
            raise Failing


def names_in(store: Store) -> list[str]:
    return [thing.name for thing in run(things_of(store).page("p"))]


def test_what_waits_is_read(store: Store) -> None:
    async def turn() -> None:
        put(store, "one")
        put(store, "two")
        assert len(store.commits.waiting) == 2
        assert names_in(store) == ["one", "two"]
        put(store, "three")
        store.commits.forget()
        assert await things_of(store).get("p", "three") is not None
        assert not store.commits.waiting

    asyncio.run(turn())


@pytest.mark.parametrize("read", [False, True])
@pytest.mark.parametrize("before", [(), ("one",)])
def test_a_unit_that_fails_leaves_nothing_behind(
    store: Store, read: bool, before: tuple[str, ...]
) -> None:
    async def turn() -> None:
        things_of(store)
        await store.committed()
        if before:
            put(store, *before)
        with pytest.raises(Failing):
            put(store, "two", "three", fail=True, read=read)
        put(store, "four")
        assert await things_of(store).get("p", "two") is None
        await store.committed()
        assert names_in(store) == sorted([*before, "four"])

    asyncio.run(turn())


def test_many_rows_do_not_all_wait(store: Store) -> None:
    async def turn() -> None:
        things_of(store)
        await store.committed()
        put(store, *(f"{number:04}" for number in range(MOST_WAITING + 1)))
        assert len(store.commits.waiting) == 1

    asyncio.run(turn())


def test_a_unit_outside_a_loop_writes_what_waits(store: Store) -> None:
    put(store, "one")
    assert not store.commits.waiting
    assert not store.dirty
    assert names_in(store) == ["one"]

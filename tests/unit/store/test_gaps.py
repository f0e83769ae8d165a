"""What is known of empty stretches of keys never hides a record."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.store.examples import THINGS, Thing, run

from cloudling.store.collections import CollectionSpec
from cloudling.store.gaps import Gaps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.store.collections import Collection
    from cloudling.store.store import Store

# No index: such records wait for the turn's end.
LOOSE = CollectionSpec("loose", Thing, key=("place", "name"))


def test_a_gap_ends_before_both_its_keys() -> None:
    gaps = Gaps()
    gaps.learn("a", b"d", b"m")
    assert gaps.hold("a", b"e")
    assert not any(gaps.hold("a", key) for key in (b"c", b"d", b"m", b"n"))
    assert not gaps.hold("b", b"e")


def test_a_record_parts_a_gap() -> None:
    gaps = Gaps()
    gaps.learn("a", b"d", None)
    gaps.fill("a", b"k")
    assert not gaps.hold("a", b"k")
    assert gaps.hold("a", b"e")
    assert gaps.hold("a", b"zzz")


def test_only_so_many_are_kept() -> None:
    gaps = Gaps()
    for number in range(100):
        gaps.learn("a", b"%03d" % number, b"%03dx" % number)
    assert gaps.hold("a", b"099a")
    assert not gaps.hold("a", b"000a")


def test_what_an_undone_unit_deleted_is_found_again(store: Store) -> None:
    things = store.table(LOOSE).bind("1", "r")
    with store.unit():
        run(things.put(Thing(place="p", name="m")))

    def undone() -> None:
        with store.unit():
            run(things.delete("p", "m"))
            assert run(things.get("p", "b")) is None
            assert run(things.get("p", "m")) is None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    store.table(LOOSE).cache.clear()
    assert run(things.get("p", "m")) is not None


def test_a_gap_ends_at_what_waits_to_be_written(store: Store) -> None:
    table = store.table(LOOSE)
    things = table.bind("1", "r")
    looked_up: list[str] = []

    async def turn() -> None:
        await store.committed()
        with store.unit():
            await things.put(Thing(place="p", name="m"))
        assert await things.get("p", "d") is None
        table.cache.clear()
        commits = store.commits
        look_up = commits.look_up

        def counted(sql: str, parameters: Sequence[object]) -> list[Any]:
            looked_up.append(sql)
            return look_up(sql, parameters)

        commits.look_up = counted  # type: ignore[method-assign]
        assert commits.waiting
        assert await things.get("p", "e") is None
        assert not looked_up
        assert await things.get("p", "m") is not None
        assert looked_up

    asyncio.run(turn())


def test_of_gaps_that_overlap_none_hides_a_record() -> None:
    gaps = Gaps()
    gaps.learn("a", b"d", b"m")
    gaps.learn("a", b"d", b"m")
    gaps.learn("a", b"b", b"z")
    gaps.fill("a", b"k")
    assert not gaps.hold("a", b"k")
    assert gaps.hold("a", b"e")


class Walk:
    """Random steps on a collection and on the dict that it should be like."""

    def __init__(self, things: Collection[Thing], chance: random.Random) -> None:
        self.things = things
        self.chance = chance
        self.kept: dict[str, int] = {}

    async def unit(self, store: Store) -> None:
        before = dict(self.kept)
        try:
            with store.unit():
                for _ in range(self.chance.randrange(1, 8)):
                    await self._step(f"{self.chance.randrange(40):02}")
                if self.chance.random() < 0.2:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            self.kept = before

    async def _step(self, name: str) -> None:
        what = self.chance.random()
        if what < 0.3:
            made = Thing(place="p", name=name, size=self.chance.randrange(99))
            replaced = await self.things.swap(made)
            assert (replaced.size if replaced else None) == self.kept.get(name)
            self.kept[name] = made.size
        elif what < 0.5:
            there = self.kept.pop(name, None) is not None
            assert await self.things.delete("p", name) == there
        else:
            found = await self.things.get("p", name)
            assert (found.size if found else None) == self.kept.get(name)
        if self.chance.random() < 0.3:
            self.things.table.cache.clear()


@pytest.mark.parametrize("spec", [LOOSE, THINGS])
@pytest.mark.parametrize("seed", range(4))
def test_a_table_tells_what_a_dict_would(
    store: Store, spec: CollectionSpec[Thing], seed: int
) -> None:
    walk = Walk(store.table(spec).bind("1", "r"), random.Random(seed))

    async def turns() -> None:
        for turn in range(150):
            for _ in range(walk.chance.randrange(1, 6)):
                await walk.unit(store)
            if turn % 3:
                await store.committed()

    asyncio.run(turns())

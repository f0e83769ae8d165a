"""What is made of a table's records is kept until any of them may have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.store.examples import THINGS, Thing, run

from cloudling.store.tables import DERIVED

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.store.collections import Collection
    from cloudling.store.store import Store

THING = Thing(place="p", name="one")


class Failing(Exception):
    """What a unit fails with."""


def put(store: Store, things: Collection[Thing]) -> None:
    with store.unit():
        run(things.put(THING))


def delete(store: Store, things: Collection[Thing]) -> None:
    with store.unit():
        run(things.delete("p", "one"))


def fail(store: Store, things: Collection[Thing]) -> None:
    with pytest.raises(Failing):
        _fail(store, things)


def _fail(store: Store, things: Collection[Thing]) -> None:
    with store.unit():
        run(things.put(THING))
        things.remember("page", ["of the unit"])
        raise Failing


def put_elsewhere(store: Store, things: Collection[Thing]) -> None:
    put(store, store.table(THINGS).bind("2", "r"))


@pytest.mark.parametrize("change", [put, delete, fail, put_elsewhere])
def test_a_change_makes_it_forgotten(store: Store, change: Callable[..., None]) -> None:
    things = store.table(THINGS).bind("1", "r")
    put(store, things)
    things.remember("page", ["one"])
    assert things.recall("page") == ["one"]
    change(store, things)
    assert things.recall("page") is None


def test_scopes_and_names_are_apart_and_few_are_kept(store: Store) -> None:
    table = store.table(THINGS)
    for number in range(DERIVED + 1):
        table.bind("1", "r").remember(number, number + 100)
    assert table.bind("2", "r").recall(1) is None
    assert table.bind("1", "r").recall(0) is None
    assert table.bind("1", "r").recall(DERIVED) == DERIVED + 100

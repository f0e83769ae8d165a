"""A collection is a sorted dictionary: whatever is done to both leaves them alike."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.unit.store.examples import THINGS, Thing, run

from cloudling.store.collections import CollectionSpec
from cloudling.store.errors import Conflict, NewerRecord
from cloudling.store.records import Record
from cloudling.store.store import Store

letters = st.text(st.sampled_from("\x00\x01a/~é\U0010ffff"), max_size=3)
places = st.sampled_from(["", "a", "a\x00", "a\x00b", "b", "é"])
owners = st.sampled_from(["ann", "ben"])


class Failing(Exception):
    """What a unit of the model fails with."""


class CollectionMachine(RuleBasedStateMachine):
    """The collection beside a dictionary, also through units that fail."""

    @initialize()
    def begin(self) -> None:
        self.store = Store.open(None)
        self.table = self.store.table(THINGS)
        self.things = self.table.bind("111122223333", "eu-west-1")
        self.model: dict[tuple[str, str], Thing] = {}

    def teardown(self) -> None:
        self.store.shut()

    @rule(place=places, name=letters, owner=owners, size=st.integers(0, 9), fails=st.booleans())
    def put(self, place: str, name: str, owner: str, size: int, *, fails: bool) -> None:
        thing = Thing(place=place, name=name, owner=owner, size=size)
        try:
            with self.store.unit():
                run(self.things.put(thing))
                assert run(self.things.get(place, name)) == thing
                if fails:
                    raise Failing
        except Failing:
            return
        self.model[place, name] = thing

    @rule(place=places, name=letters, fails=st.booleans())
    def delete(self, place: str, name: str, *, fails: bool) -> None:
        try:
            with self.store.unit():
                found = run(self.things.delete(place, name))
                assert found == ((place, name) in self.model)
                assert run(self.things.get(place, name)) is None
                if fails:
                    raise Failing
        except Failing:
            return
        self.model.pop((place, name), None)

    @rule(place=places, name=letters, expect=st.integers(0, 2))
    def change(self, place: str, name: str, expect: int) -> None:
        known = self.model.get((place, name))
        with self.store.unit():
            if known is None or known.revision != expect:
                with pytest.raises(Conflict):
                    run(self.things.change(place, name, expect=expect, size=77))
                return
            changed = run(self.things.change(place, name, expect=expect, size=77))
        assert (changed.revision, changed.size) == (expect + 1, 77)
        self.model[place, name] = changed

    @rule()
    def forget(self) -> None:
        self.store.commits.forget()

    @rule()
    def truncate_in_vain(self) -> None:
        with pytest.raises(Failing), self.store.unit():
            self.truncate_and_fail()

    def truncate_and_fail(self) -> None:
        self.table.truncate()
        assert run(self.things.count()) == 0
        for key in self.model:
            assert run(self.things.get(*key)) is None
        raise Failing

    @rule(place=places, name=letters)
    def get(self, place: str, name: str) -> None:
        assert run(self.things.get(place, name)) == self.model.get((place, name))

    @rule(
        place=places,
        prefix=letters,
        after=st.none() | letters,
        start=st.none() | letters,
        past=st.none() | letters,
        limit=st.none() | st.integers(1, 4),
    )
    def page(
        self,
        *,
        place: str,
        prefix: str,
        after: str | None,
        start: str | None,
        past: str | None,
        limit: int | None,
    ) -> None:
        options = {"prefix": prefix, "after": after, "start": start, "past": past}
        wanted = [t for t in self.sorted() if t.place == place and matches(t.name, options)]
        assert run(self.things.page(place, **options, limit=limit)) == wanted[:limit]

    @rule(prefix=places, after=st.none() | places, start=st.none() | places)
    def page_of_places(self, prefix: str, after: str | None, start: str | None) -> None:
        options = {"prefix": prefix, "after": after, "start": start}
        wanted = [t for t in self.sorted() if matches(t.place, options)]
        assert run(self.things.page(**options)) == wanted

    @rule(place=places)
    def count(self, place: str) -> None:
        assert run(self.things.count(place)) == sum(key[0] == place for key in self.model)

    @rule(owner=owners)
    def find(self, owner: str) -> None:
        wanted = [thing for thing in self.sorted() if thing.owner == owner]
        assert run(self.things.find(owner=owner)) == wanted
        assert run(self.things.find(1, owner=owner)) == wanted[:1]

    @invariant()
    def all_are_there(self) -> None:
        if not hasattr(self, "table"):
            return
        scope = "111122223333/eu-west-1"
        assert list(self.table.all(step=2)) == [(scope, thing) for thing in self.sorted()]

    def sorted(self) -> list[Thing]:
        return sorted(self.model.values(), key=lambda t: (t.place.encode(), t.name.encode()))


def matches(component: str, options: dict[str, str | None]) -> bool:
    """What `page` promises of the component that its options speak of."""
    data = component.encode()
    after, start, past = options.get("after"), options.get("start"), options.get("past")
    return (
        component.startswith(options["prefix"] or "")
        and (after is None or data > after.encode())
        and (start is None or data >= start.encode())
        and (not past or (data > past.encode() and not component.startswith(past)))
    )


TestCollection = CollectionMachine.TestCase


def test_scopes_do_not_see_each_other(store: Store) -> None:
    thing = Thing(place="p", name="n")
    world = store.table(CollectionSpec("worldly", Thing, key=("name",), scope="world"))
    account = store.table(CollectionSpec("own", Thing, key=("name",), scope="account"))
    region = store.table(THINGS)
    with store.unit():
        for table in (world, account, region):
            run(table.bind("111122223333", "eu-west-1").put(thing))

    def seen(account_id: str, region_name: str) -> list[bool]:
        return [
            run(world.bind(account_id, region_name).get("n")) is not None,
            run(account.bind(account_id, region_name).get("n")) is not None,
            run(region.bind(account_id, region_name).get("p", "n")) is not None,
        ]

    assert seen("111122223333", "eu-west-1") == [True, True, True]
    assert seen("111122223333", "us-east-1") == [True, True, False]
    assert seen("444455556666", "eu-west-1") == [True, False, False]
    assert region.scopes() == ["111122223333/eu-west-1"]


def test_writing_without_a_unit_is_refused(store: Store) -> None:
    with pytest.raises(RuntimeError, match="needs a unit"):
        run(store.table(THINGS).bind("1", "r").put(Thing(place="p", name="n")))


def test_a_change_may_not_move_the_record(store: Store) -> None:
    things = store.table(THINGS).bind("1", "r")
    with store.unit():
        run(things.put(Thing(place="p", name="n")))
    with pytest.raises(ValueError, match="may not change its key"), store.unit():
        run(things.change("p", "n", expect=0, name="other"))


@pytest.mark.parametrize("key", [(), ("p",), ("p", "n", "x")])
def test_a_key_has_all_its_components(store: Store, key: tuple[str, ...]) -> None:
    with pytest.raises(TypeError):
        run(store.table(THINGS).bind("1", "r").get(*key))


@pytest.mark.parametrize("name", ["blob_refs", "sqlite_x", "a b", "Things", ""])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        CollectionSpec(name, Thing, key=("name",))


def test_one_name_has_one_declaration(store: Store) -> None:
    store.table(THINGS)
    with pytest.raises(ValueError, match="declared twice"):
        store.table(CollectionSpec("things", Thing, key=("name",)))


def test_changes_move_with_writes_rollbacks_and_resets(store: Store) -> None:
    table = store.table(THINGS)
    things = table.bind("1", "r")
    seen = [table.changes]

    def moved() -> bool:
        seen.append(table.changes)
        return seen[-1] != seen[-2]

    with store.unit():
        run(things.put(Thing(place="p", name="n")))
    assert moved()
    run(things.get("p", "n"))
    assert not moved()

    def delete_and_fail() -> None:
        with store.unit():
            run(things.delete("p", "n"))
            assert moved()
            raise Failing

    with pytest.raises(Failing):
        delete_and_fail()
    assert moved()
    run(store.reset())
    assert moved()


class OldThing(Record, frozen=True, kw_only=True):
    name: str
    weight: str = ""


class NewThing(Record, frozen=True, kw_only=True):
    name: str
    grams: int = 0


OLD = CollectionSpec("upgraded", OldThing, key=("name",))


def with_grams(version: int, fields: dict[str, object]) -> dict[str, object]:
    assert version == 1
    return {"name": fields["name"], "grams": int(str(fields["weight"]))}


NEW = CollectionSpec(
    "upgraded", NewThing, key=("name",), indexes=("grams",), version=2, upgrade=with_grams
)


@given(st.integers(0, 9))
def test_old_records_are_upgraded_when_read(
    tmp_path_factory: pytest.TempPathFactory, n: int
) -> None:
    folder = tmp_path_factory.mktemp("data")
    store = Store.open(folder)
    with store.unit():
        run(store.table(OLD).bind("1", "r").put(OldThing(name="stone", weight=str(n))))
    store.shut()

    store = Store.open(folder)
    try:
        things = store.table(NEW).bind("1", "r")
        upgraded = NewThing(name="stone", grams=n)
        assert run(things.find(grams=n)) == [upgraded]  # the index is new, too
        assert run(things.get("stone")) == upgraded
        with store.unit():
            run(things.put(msgspec.structs.replace(upgraded, grams=70)))
        assert run(things.find(grams=70)) == [NewThing(name="stone", grams=70)]
    finally:
        store.shut()

    store = Store.open(folder)
    try:
        with pytest.raises(NewerRecord, match="version 2"):
            run(store.table(OLD).bind("1", "r").get("stone"))
    finally:
        store.shut()


def test_an_upgrade_is_needed_for_a_later_version() -> None:
    with pytest.raises(ValueError, match="upgrade"):
        CollectionSpec("x", NewThing, key=("name",), version=2)

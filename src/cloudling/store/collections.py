"""Collections: records of one type, as the one who asks sees them in an account and a region."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import msgspec

from cloudling.store import keys
from cloudling.store.errors import Conflict
from cloudling.store.records import Record

if TYPE_CHECKING:
    from cloudling.store.tables import Table

R = TypeVar("R", bound=Record)

Scope = Literal["region", "account", "world"]
Upgrade = Callable[[int, dict[str, Any]], dict[str, Any]]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FEW = 64  # waiting writes, at which every look-up may look
_ABSENT = 16  # bytes that knowing of an absence costs


@dataclass(frozen=True)
class CollectionSpec(Generic[R]):
    """What a collection holds: its record type, the fields that are its key, its indexes.

    `version` counts the record type's shapes. `upgrade(version, fields)` turns what an older
    version wrote into the present shape; it is called whenever such a row is read.
    """

    name: str
    record: type[R]
    key: tuple[str, ...]
    scope: Scope = "region"
    indexes: tuple[str, ...] = ()
    version: int = 1
    upgrade: Upgrade | None = None

    def __post_init__(self) -> None:
        for name in (self.name, *self.indexes):
            if not _NAME.fullmatch(name) or name.startswith(("blob_", "sqlite_")):
                raise ValueError(f"{name!r} cannot name a table or a column.")
        if not self.key:
            raise ValueError(f"The collection {self.name} needs a key.")
        if self.version > 1 and self.upgrade is None:
            raise ValueError(
                f"The collection {self.name} needs an upgrade from its older versions."
            )


class Collection(Generic[R]):
    """A table as one scope sees it. Nothing here ever suspends on SQLite.

    Writing needs an open unit; reading does not.
    """

    __slots__ = ("_cache", "_parts", "_scope", "_space", "table")

    def __init__(self, table: Table[R], scope: str) -> None:
        self.table = table
        self._cache = table.cache
        self._parts = len(table.spec.key)
        self._scope = scope
        self._space = f"{table.spec.name}:{scope}"

    @property
    def changes(self) -> int:
        """A number that moves whenever a record of any scope may have changed."""
        return self.table.changes

    async def get(self, *key: str) -> R | None:
        """The record with this key, None when there is none."""
        # Written out, not by `_whole`: most are found by one name.
        if len(key) == self._parts == 1:
            encoded = key[0].encode()
        else:
            encoded = keys.encode(key) if len(key) == self._parts else self._whole(key)
        place = (self._space, encoded)
        known = self._cache.young.get(place) or self._cache.get(place)
        return self._load(encoded) if known is None else known[0]

    async def put(self, record: R) -> None:
        """Insert the record, or replace the one with its key."""
        self._put(self.table.key_of(record), record)

    async def swap(self, record: R) -> R | None:
        """As `put`; gives back the record that had its key."""
        key = self.table.key_of(record)
        place = (self._space, key)
        known = self._cache.young.get(place) or self._cache.get(place)
        replaced = self._load(key) if known is None else known[0]
        self._put(key, record)
        return replaced

    async def delete(self, *key: str) -> bool:
        """Remove the record; False when there was none."""
        table, encoded = self.table, self._whole(key)
        place = (self._space, encoded)
        known = table.cache.get(place)
        if known is not None and known[0] is None:
            return False
        unit = table.unit
        deleted = unit.execute(table.delete_sql, (self._scope, encoded)).rowcount > 0
        unit.written_places.append(place)
        table.changed(encoded)
        table.cache.put(place, None, _ABSENT)
        return deleted

    async def change(self, *key: str, expect: int, **fields: Any) -> R:
        """Change fields of the record that was read at revision `expect`; else `Conflict`."""
        encoded = self._whole(key)
        record = self._get(encoded)
        if record is None or record.revision != expect:
            found = "gone" if record is None else f"at revision {record.revision}"
            raise Conflict(f"{self.table.spec.name} {key} is {found}, expected {expect}.")
        changed = msgspec.structs.replace(record, **fields, revision=expect + 1)
        if self.table.key_of(changed) != encoded:
            raise ValueError(f"A change of {self.table.spec.name} {key} may not change its key.")
        self._put(encoded, changed)
        return changed

    async def page(
        self,
        *fixed: str,
        prefix: str = "",
        after: str | None = None,
        start: str | None = None,
        past: str | None = None,
        limit: int | None = 1000,
    ) -> list[R]:
        """Records in key order whose leading key components are `fixed`.

        The others speak of the next component: it begins with `prefix`, stands behind `after`
        (all longer keys of that component are skipped too), at or behind `start`, and behind all
        that begin with `past`. Without a `limit`, all of them.
        """
        low, high = self._bounds(fixed, prefix)
        last = len(fixed) + 1 == self._parts
        if after is not None:
            low = max(low, keys.lead(fixed) + keys.behind(after, last=last))
        if start is not None:
            low = max(low, keys.lead(fixed) + self._partial(start, last=last))
        if past:
            behind = keys.successor(keys.lead(fixed) + self._partial(past, last=last))
            low = max(low, behind or low)
        return self._read(low, high, limit)

    async def find(self, limit: int | None = None, **index: object) -> list[R]:
        """Records with this value in one declared index, in key order."""
        ((name, value),) = index.items()
        table = self.table
        sql = table.find_sql[name]
        parameters = (self._scope, value, -1 if limit is None else limit)
        return self._records(table.commits.fetch(sql, parameters))

    def recall(self, name: Hashable) -> Any:
        """What was remembered under the name, if no record of any scope has changed since."""
        return self.table.recall((self._scope, name))

    def remember(self, name: Hashable, made: Any) -> None:
        """Keep what was made of records: one of a few things, until any record changes."""
        self.table.remember((self._scope, name), made)

    async def count(self, *fixed: str) -> int:
        """How many records have these leading key components."""
        low, high = self._bounds(fixed, "")
        sql, parameters = self.table.count_sql, [self._scope, low]
        if high is not None:
            sql, parameters = sql + " AND key<?", [*parameters, high]
        ((found,),) = self.table.commits.fetch(sql, parameters)
        return int(found)

    def _whole(self, key: tuple[str, ...]) -> bytes:
        if len(key) != self._parts:
            raise TypeError(f"A key of {self.table.spec.name} is {self.table.spec.key}.")
        return key[0].encode() if len(key) == 1 else keys.encode(key)

    @staticmethod
    def _partial(component: str, *, last: bool) -> bytes:
        return component.encode() if last else keys.inner(component)

    def _bounds(self, fixed: tuple[str, ...], prefix: str) -> tuple[bytes, bytes | None]:
        parts = self._parts
        if len(fixed) >= parts:
            raise TypeError(f"At least the last of {self.table.spec.key} must be left open.")
        low = keys.lead(fixed) + self._partial(prefix, last=len(fixed) + 1 == parts)
        return low, keys.successor(low)

    def _read(self, low: bytes, high: bytes | None, limit: int | None) -> list[R]:
        table = self.table
        most = -1 if limit is None else limit
        if high is None:
            rows = table.commits.fetch(table.page_sql, (self._scope, low, most))
        else:
            rows = table.commits.fetch(table.range_sql, (self._scope, low, high, most))
        return self._records(rows)

    def _records(self, rows: list[tuple[int, bytes]]) -> list[R]:
        """A list neither asks the cache, which costs as much as decoding, nor fills it: a walk over
        everything would throw out what is used often."""
        current, decode, upgrade = self.table.spec.version, self.table.decode, self.table.upgrade
        return [
            decode(data) if version == current else upgrade(version, data) for version, data in rows
        ]

    def _get(self, key: bytes) -> R | None:
        table = self.table
        known = table.cache.get((self._space, key))
        return self._load(key) if known is None else known[0]

    def _load(self, key: bytes) -> R | None:
        """The record as the database has it, remembered from now on."""
        table, scope = self.table, self._scope
        if table.gaps.hold(scope, key):
            return None
        place = (self._space, key)
        commits = table.commits
        if place in commits.waiting_places:
            rows = commits.fetch(table.get_sql, (scope, key))
        else:
            rows = commits.look_up(table.next_sql, (scope, key))
            if not rows or rows[0][2] != key:
                self._learn_gap(key, rows[0][2] if rows else None)
                rows = []
        if not rows:
            table.cache.put(place, None, _ABSENT)
            return None
        version, data, *_ = rows[0]
        current = version == table.spec.version
        record = table.decode(data) if current else table.upgrade(version, data)
        table.cache.put(place, record, len(data))
        return record

    def _learn_gap(self, key: bytes, following: bytes | None) -> None:
        """No row lies between these keys; what waits to be written is no row yet, but may."""
        space, places = self._space, self.table.commits.waiting_places
        if len(places) > _FEW:
            return  # to look at all of them for each key costs more than it can save
        for within, waiting in places:
            if within == space and key < waiting and (following is None or waiting < following):
                following = waiting
        self.table.gaps.learn(self._scope, key, following)

    def _put(self, key: bytes, record: R) -> None:
        table, unit = self.table, self.table.unit
        data = table.encode(record)
        place = (self._space, key)
        if table.spec.indexes:
            # What an indexed field holds may not fit a column: that must fail here.
            unit.execute(table.put_sql, table.row(self._scope, key, record, data))
        else:
            unit.later(table.put_sql, (self._scope, key, table.spec.version, data), place)
        unit.written_places.append(place)
        table.gaps.fill(self._scope, key)
        table.changed(key)
        table.cache.put(place, record, len(data))

"""Collections: records of one type in one table, seen from one scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from cloudling.store import keys
from cloudling.store.errors import Conflict, NewerRecord
from cloudling.store.records import CollectionSpec, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.store.cache import Cache
    from cloudling.store.units import Unit

R = TypeVar("R", bound=Record)

_ABSENT = 16  # bytes that knowing of an absence costs


class Table(Generic[R]):
    """One collection in all its scopes: its SQL, its codec, its place in the cache."""

    def __init__(self, spec: CollectionSpec[R], unit: Unit) -> None:
        self.spec = spec
        self.unit = unit
        self.commits = unit.commits
        self.cache: Cache[R] = unit.cache
        self.encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(spec.record).decode
        self._bound: dict[str, Collection[R]] = {}
        columns = ("scope", "key", "version", "data", *spec.indexes)
        marks = ",".join("?" * len(columns))
        rows = f"SELECT key,version,data FROM {spec.name} WHERE scope=?"  # noqa: S608 - checked name
        self.put_sql = f"INSERT OR REPLACE INTO {spec.name}({','.join(columns)}) VALUES({marks})"
        self.get_sql = rows + " AND key=?"
        self.page_sql = rows + " AND key>=? ORDER BY key LIMIT ?"
        self.range_sql = rows + " AND key>=? AND key<? ORDER BY key LIMIT ?"
        self.find_sql = {i: f"{rows} AND {i}=? ORDER BY key LIMIT ?" for i in spec.indexes}
        self.delete_sql = f"DELETE FROM {spec.name} WHERE scope=? AND key=?"  # noqa: S608
        self.count_sql = f"SELECT count(*) FROM {spec.name} WHERE scope=? AND key>=?"  # noqa: S608

    def bind(self, account: str, region: str) -> Collection[R]:
        """The collection as this account sees it in this region."""
        match self.spec.scope:
            case "region":
                scope = f"{account}/{region}"
            case "account":
                scope = account
            case _:
                scope = ""
        return self.within(scope)

    def within(self, scope: str) -> Collection[R]:
        """The collection in a scope that `scopes` named."""
        bound = self._bound.get(scope)
        if bound is None:
            bound = self._bound[scope] = Collection(self, scope)
        return bound

    def scopes(self) -> list[str]:
        """All scopes that hold a record."""
        sql = f"SELECT DISTINCT scope FROM {self.spec.name} ORDER BY scope"  # noqa: S608
        return [scope for (scope,) in self.commits.fetch(sql)]

    def all(self, step: int = 1000) -> Iterator[tuple[str, R]]:
        """Every record of every scope with its scope, read in steps: for sweeps."""
        sql = (
            f"SELECT scope,key,version,data FROM {self.spec.name} "  # noqa: S608
            "WHERE (scope,key)>(?,?) ORDER BY scope,key LIMIT ?"
        )
        # A text stands before every blob, so this begins before the empty key.
        rows = self.commits.fetch(sql, ("", "", step))
        while rows:
            for scope, _, version, data in rows:
                yield scope, self.decode(version, data)
            rows = self.commits.fetch(sql, (*rows[-1][:2], step))

    def truncate(self) -> None:
        """Remove all records of all scopes, inside a unit."""
        self.unit.execute(f"DELETE FROM {self.spec.name}")  # noqa: S608
        self.unit.undo.append(self.cache.clear)
        self.cache.clear()

    def create(self) -> None:
        """Make the table and its indexes as far as they are missing, inside a unit."""
        name, indexes = self.spec.name, self.spec.indexes
        there = {row[1] for row in self.commits.fetch(f"PRAGMA table_info({name})")}
        added = [index for index in indexes if index not in there]
        if there and not added:
            return
        wanted = "".join(f",{index}" for index in indexes)
        execute = self.unit.execute
        execute(
            f"CREATE TABLE IF NOT EXISTS {name}(scope TEXT NOT NULL,key BLOB NOT NULL,"
            f"version INTEGER NOT NULL,data BLOB NOT NULL{wanted},PRIMARY KEY(scope,key)) "
            "WITHOUT ROWID"
        )
        for index in added:
            if there:
                execute(f"ALTER TABLE {name} ADD COLUMN {index}")
            execute(f"CREATE INDEX {name}_by_{index} ON {name}(scope,{index})")
        if there:
            self._fill(added)

    def row(self, scope: str, key: bytes, record: R, data: bytes) -> tuple[object, ...]:
        spec = self.spec
        if not spec.indexes:
            return (scope, key, spec.version, data)
        values = [getattr(record, index) for index in spec.indexes]
        return (scope, key, spec.version, data, *values)

    def key_of(self, record: R) -> bytes:
        fields = self.spec.key
        if len(fields) == 1:
            key: bytes = getattr(record, fields[0]).encode()
            return key
        return keys.encode(tuple([getattr(record, field) for field in fields]))

    def decode(self, version: int, data: bytes) -> R:
        spec = self.spec
        if version == spec.version:
            return self._decode(data)
        if version > spec.version or spec.upgrade is None:
            raise NewerRecord(
                f"The collection {spec.name} holds a record of version {version}, but this "
                f"Cloudling knows versions up to {spec.version}. Install a newer Cloudling."
            )
        fields = spec.upgrade(version, msgspec.msgpack.decode(data))
        return self._decode(self.encode(fields))

    def _fill(self, added: list[str]) -> None:
        """Give the rows that were there before an index their values in it."""
        assignments = ",".join(f"{index}=?" for index in added)
        sql = f"UPDATE {self.spec.name} SET {assignments} WHERE scope=? AND key=?"  # noqa: S608
        for scope, record in list(self.all()):
            values = [getattr(record, index) for index in added]
            self.unit.execute(sql, (*values, scope, self.key_of(record)))


class Collection(Generic[R]):
    """A table as one scope sees it. Nothing here ever suspends on SQLite.

    Writing needs an open unit; reading does not.
    """

    __slots__ = ("_scope", "_space", "_table")

    def __init__(self, table: Table[R], scope: str) -> None:
        self._table = table
        self._scope = scope
        self._space = f"{table.spec.name}:{scope}"

    async def get(self, *key: str) -> R | None:
        """The record with this key, None when there is none."""
        return self._get(self._whole(key))

    async def put(self, record: R) -> None:
        """Insert the record, or replace the one with its key."""
        self._put(self._table.key_of(record), record)

    async def delete(self, *key: str) -> bool:
        """Remove the record; False when there was none."""
        table, encoded = self._table, self._whole(key)
        place = (self._space, encoded)
        known = table.cache.get(place)
        if known is not None and known[0] is None:
            return False
        unit = table.unit
        deleted = unit.execute(table.delete_sql, (self._scope, encoded)).rowcount > 0
        unit.written_places.append(place)
        table.cache.put(place, None, _ABSENT)
        return deleted

    async def change(self, *key: str, expect: int, **fields: Any) -> R:
        """Change fields of the record that was read at revision `expect`; else `Conflict`."""
        encoded = self._whole(key)
        record = self._get(encoded)
        if record is None or record.revision != expect:
            found = "gone" if record is None else f"at revision {record.revision}"
            raise Conflict(f"{self._table.spec.name} {key} is {found}, expected {expect}.")
        changed = msgspec.structs.replace(record, **fields, revision=expect + 1)
        if self._table.key_of(changed) != encoded:
            raise ValueError(f"A change of {self._table.spec.name} {key} may not change its key.")
        self._put(encoded, changed)
        return changed

    async def page(
        self,
        *fixed: str,
        prefix: str = "",
        after: str | None = None,
        start: str | None = None,
        past: str | None = None,
        limit: int = 1000,
    ) -> list[R]:
        """Records in key order whose leading key components are `fixed`.

        The others speak of the next component: it begins with `prefix`, stands behind `after`
        (all longer keys of that component are skipped too), at or behind `start`, and behind all
        that begin with `past`.
        """
        low, high = self._bounds(fixed, prefix)
        last = len(fixed) + 1 == len(self._table.spec.key)
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
        table = self._table
        sql = table.find_sql[name]
        parameters = (self._scope, value, -1 if limit is None else limit)
        return self._records(table.commits.fetch(sql, parameters))

    async def count(self, *fixed: str) -> int:
        """How many records have these leading key components."""
        low, high = self._bounds(fixed, "")
        sql, parameters = self._table.count_sql, [self._scope, low]
        if high is not None:
            sql, parameters = sql + " AND key<?", [*parameters, high]
        ((found,),) = self._table.commits.fetch(sql, parameters)
        return int(found)

    def _whole(self, key: tuple[str, ...]) -> bytes:
        if len(key) != len(self._table.spec.key):
            raise TypeError(f"A key of {self._table.spec.name} is {self._table.spec.key}.")
        return key[0].encode() if len(key) == 1 else keys.encode(key)

    @staticmethod
    def _partial(component: str, *, last: bool) -> bytes:
        return component.encode() if last else keys.inner(component)

    def _bounds(self, fixed: tuple[str, ...], prefix: str) -> tuple[bytes, bytes | None]:
        parts = len(self._table.spec.key)
        if len(fixed) >= parts:
            raise TypeError(f"At least the last of {self._table.spec.key} must be left open.")
        low = keys.lead(fixed) + self._partial(prefix, last=len(fixed) + 1 == parts)
        return low, keys.successor(low)

    def _read(self, low: bytes, high: bytes | None, limit: int) -> list[R]:
        table = self._table
        if high is None:
            rows = table.commits.fetch(table.page_sql, (self._scope, low, limit))
        else:
            rows = table.commits.fetch(table.range_sql, (self._scope, low, high, limit))
        return self._records(rows)

    def _records(self, rows: list[tuple[bytes, int, bytes]]) -> list[R]:
        """What is in the cache is taken from there, but a list puts nothing into it: a walk over
        everything would throw out what is used often."""
        look, space, decode = self._table.cache.get, self._space, self._table.decode
        records: list[R] = []
        for key, version, data in rows:
            known = look((space, key))
            record = None if known is None else known[0]
            records.append(decode(version, data) if record is None else record)
        return records

    def _get(self, key: bytes) -> R | None:
        table = self._table
        place = (self._space, key)
        known = table.cache.get(place)
        if known is not None:
            return known[0]
        rows = table.commits.fetch(table.get_sql, (self._scope, key))
        if not rows:
            table.cache.put(place, None, _ABSENT)
            return None
        _, version, data = rows[0]
        record = table.decode(version, data)
        table.cache.put(place, record, len(data))
        return record

    def _put(self, key: bytes, record: R) -> None:
        table, unit = self._table, self._table.unit
        data = table.encode(record)
        place = (self._space, key)
        unit.execute(table.put_sql, table.row(self._scope, key, record, data))
        unit.written_places.append(place)
        table.cache.put(place, record, len(data))

"""Tables: one for each collection, in all its scopes; their SQL, and how records look in them."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from cloudling.store import keys
from cloudling.store.collections import Collection
from cloudling.store.errors import NewerRecord
from cloudling.store.gaps import Gaps
from cloudling.store.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from cloudling.store.cache import Cache
    from cloudling.store.collections import CollectionSpec
    from cloudling.store.units import Unit

R = TypeVar("R", bound=Record)

DERIVED = 8  # things made of a table's records, such as pages of listings, that are kept


class Table(Generic[R]):
    """One collection in all its scopes: its SQL, its codec, its place in the cache."""

    def __init__(self, spec: CollectionSpec[R], unit: Unit) -> None:
        self.spec = spec
        self.unit = unit
        self.commits = unit.commits
        self.cache: Cache[R] = unit.cache
        self.changes = 0  # moves with everything that may change what the table holds
        # Told of each such change: the record's key, None where it may be any record.
        self.watchers: list[Callable[[bytes | None], None]] = []
        self.gaps = Gaps()
        self.encode = msgspec.msgpack.Encoder().encode
        self.decode = msgspec.msgpack.Decoder(spec.record).decode
        self._key: Callable[[R], Any] = attrgetter(*spec.key)
        self._parts = len(spec.key)
        self._bound: dict[str, Collection[R]] = {}
        self._derived: dict[Hashable, Any] = {}
        self._derived_at = 0
        columns = ("scope", "key", "version", "data", *spec.indexes)
        marks = ",".join("?" * len(columns))
        rows = f"SELECT version,data FROM {spec.name} WHERE scope=?"  # noqa: S608 - checked name
        self.put_sql = f"INSERT OR REPLACE INTO {spec.name}({','.join(columns)}) VALUES({marks})"
        self.get_sql = rows + " AND key=?"
        self.next_sql = rows.replace("data", "data,key", 1) + " AND key>=? ORDER BY key LIMIT 1"
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
                current = version == self.spec.version
                yield scope, self.decode(data) if current else self.upgrade(version, data)
            rows = self.commits.fetch(sql, (*rows[-1][:2], step))

    def recall(self, name: Hashable) -> Any:
        """What was remembered under the name, if nothing in the table has changed since."""
        return self._derived.get(name) if self._derived_at == self.changes else None

    def remember(self, name: Hashable, made: Any) -> None:
        """Keep what was made of the table's records; few such things are kept."""
        if self._derived_at != self.changes:
            self._derived.clear()
            self._derived_at = self.changes
        elif len(self._derived) >= DERIVED:
            del self._derived[next(iter(self._derived))]
        self._derived[name] = made

    def touch(self) -> None:
        """What the table holds may be another thing now, without a write: a rollback, a reset."""
        self.changed(None)

    def changed(self, key: bytes | None) -> None:
        """The record with this key, or any, is another one now."""
        self.changes += 1
        if key is None:
            self.gaps.clear()
        for tell in self.watchers:
            tell(key)

    def truncate(self) -> None:
        """Remove all records of all scopes, inside a unit."""
        self.unit.execute(f"DELETE FROM {self.spec.name}")  # noqa: S608
        self.unit.forget_all()

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
        values = [getattr(record, index) for index in spec.indexes]
        return (scope, key, spec.version, data, *values)

    def key_of(self, record: R) -> bytes:
        if self._parts == 1:
            key: bytes = self._key(record).encode()
            return key
        return keys.encode(self._key(record))

    def upgrade(self, version: int, data: bytes) -> R:
        """A record that another version than ours wrote."""
        spec = self.spec
        if version > spec.version or spec.upgrade is None:
            raise NewerRecord(
                f"The collection {spec.name} holds a record of version {version}, but this "
                f"Cloudling knows versions up to {spec.version}. Install a newer Cloudling."
            )
        fields = spec.upgrade(version, msgspec.msgpack.decode(data))
        return self.decode(self.encode(fields))

    def _fill(self, added: list[str]) -> None:
        """Give the rows that were there before an index their values in it."""
        assignments = ",".join(f"{index}=?" for index in added)
        sql = f"UPDATE {self.spec.name} SET {assignments} WHERE scope=? AND key=?"  # noqa: S608
        for scope, record in list(self.all()):
            values = [getattr(record, index) for index in added]
            self.unit.execute(sql, (*values, scope, self.key_of(record)))

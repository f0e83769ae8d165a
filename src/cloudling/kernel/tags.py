"""One tag table for the whole cloud, keyed by ARN.

A service declares the limits and error codes of its own; the rows are here, so that conditions on
`aws:ResourceTag` and tag searches work for every service alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.store.collections import CollectionSpec
from cloudling.store.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cloudling.store.collections import Collection
    from cloudling.store.store import Store

MOST = 50
KEY_LENGTH = 128
VALUE_LENGTH = 256


class TagSet(Record, frozen=True, kw_only=True):
    """All tags of one resource, in the order they were first set."""

    arn: str
    tags: dict[str, str]


SPEC = CollectionSpec(name="kernel_tags", record=TagSet, key=("arn",), scope="world", indexes=())


class Tags:
    """Reads and writes tags inside the caller's unit."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def _sets(self) -> Collection[TagSet]:
        return self._store.table(SPEC).bind("", "")

    async def of(self, arn: str) -> dict[str, str]:
        found = await self._sets.get(arn)
        return dict(found.tags) if found else {}

    async def replace(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set exactly these; none removes the row."""
        if tags:
            await self._sets.put(TagSet(arn=arn, tags=dict(tags)))
        else:
            await self._sets.delete(arn)

    async def add(self, arn: str, tags: Mapping[str, str]) -> None:
        await self.replace(arn, {**await self.of(arn), **tags})

    async def remove(self, arn: str, keys: Iterable[str]) -> None:
        gone = set(keys)
        kept = {key: value for key, value in (await self.of(arn)).items() if key not in gone}
        await self.replace(arn, kept)

    async def move(self, old: str, new: str) -> None:
        """The resource has another name now."""
        if old != new and (tags := await self.of(old)):
            await self.replace(old, {})
            await self.replace(new, tags)

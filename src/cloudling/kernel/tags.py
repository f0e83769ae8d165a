"""One tag table for the whole cloud, keyed by ARN, and the operations that every service has on it.

A service declares its limits and errors (`TagRules`) and, for each kind of resource, the names of
its three operations (`tag_operations`). The rows are here, so that conditions on `aws:ResourceTag`
and tag searches work for every service alike.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel.operations import Function, operation
from cloudling.store.collections import CollectionSpec
from cloudling.store.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudling.kernel.call import Call
    from cloudling.kernel.errors import AwsError
    from cloudling.store.collections import Collection
    from cloudling.store.store import Store

Request = dict[str, Any]
Locate = Callable[[Any, Request], Awaitable[str]]
Answer = Callable[[Any, Request, Mapping[str, str]], Request]

MOST = 50


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

    async def below(self, scope: str) -> list[TagSet]:
        """The tags of all resources whose ARNs begin so, in the ARNs' order."""
        return await self._sets.page(prefix=scope, limit=None)

    async def replace(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set exactly these; none removes the row."""
        if tags:
            await self._sets.put(TagSet(arn=arn, tags=dict(tags)))
        else:
            await self._sets.delete(arn)

    async def move(self, old: str, new: str) -> None:
        """The resource has another name now."""
        if old != new and (tags := await self.of(old)):
            await self.replace(old, {})
            await self.replace(new, tags)


@dataclass(frozen=True, slots=True)
class TagRules:
    """What a service refuses in tags, with functions that make its errors.

    With `folds_case` keys are the same whatever their case, and one that is set again stays where
    it stands.
    """

    duplicate: Callable[[], AwsError]
    reserved: Callable[[], AwsError]
    too_many: Callable[[], AwsError]
    folds_case: bool = False
    most: int = MOST

    def given(self, request: Request) -> dict[str, str]:
        """The tags that a request lists, checked."""
        found: dict[str, str] = {}
        for tag in request.get("Tags", ()):
            if self._same(tag["Key"]) in map(self._same, found):
                raise self.duplicate()
            if tag["Key"].lower().startswith("aws:"):
                raise self.reserved()
            found[tag["Key"]] = tag["Value"]
        return found

    def merged(self, kept: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
        """What there is with the new tags set; too many of them are refused."""
        named = {self._same(key): (key, value) for key, value in kept.items()}
        named |= {self._same(key): (key, value) for key, value in new.items()}
        if len(named) > self.most:
            raise self.too_many()
        return dict(named.values())

    def without(self, kept: Mapping[str, str], keys: Iterable[str]) -> dict[str, str]:
        """What is left; a key that is not there is no error."""
        gone = {self._same(key) for key in keys}
        return {key: value for key, value in kept.items() if self._same(key) not in gone}

    def _same(self, key: str) -> str:
        return key.lower() if self.folds_case else key


class TagOperations(NamedTuple):
    """The three operations on one kind of resource's tags."""

    tag: Function
    untag: Function
    listing: Function


def tag_operations(
    names: tuple[str, str, str],
    rules: TagRules,
    answer: Answer,
    *,
    locate: Locate,
    change: Locate | None = None,
) -> TagOperations:
    """The operations that set, remove and list tags, by their `names`.

    `locate` finds the ARN of the resource that a request names, or raises; `change` does it where
    not all that are listed may be changed. `answer` makes the listing's result.
    """
    changed = change or locate

    @operation(names[0])
    async def tag(call: Call, request: Request) -> Request:
        arn = await changed(call, request)
        new = rules.given(request)
        await call.tags.replace(arn, rules.merged(await call.tags.of(arn), new))
        return {}

    @operation(names[1])
    async def untag(call: Call, request: Request) -> Request:
        arn = await changed(call, request)
        await call.tags.replace(arn, rules.without(await call.tags.of(arn), request["TagKeys"]))
        return {}

    @operation(names[2])
    async def listing(call: Call, request: Request) -> Request:
        return answer(call, request, await call.tags.of(await locate(call, request)))

    return TagOperations(tag, untag, listing)

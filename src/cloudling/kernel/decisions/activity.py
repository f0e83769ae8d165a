"""What each principal has done: actions and resources, how often, first and last.

Access advisor and `cloudling iam suggest` read it. It is bounded: of an action that a principal
does to many resources, only their common beginnings are kept.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from cloudling.store.collections import CollectionSpec
from cloudling.store.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudling.store.collections import Collection
    from cloudling.store.store import Store

MOST_PRINCIPALS = 1000
MOST_RESOURCES = 64
# Taken in at a time after a start.
_STEP = 200


class Deed(Record, frozen=True, kw_only=True):
    """One action on one resource by one principal; times in seconds since the epoch.

    `outcome` is "allowed", "denied" or "observed", as of a decision. A resource that ends with
    "*" stands for all that begin so.
    """

    principal: str
    action: str
    resource: str
    outcome: str
    count: int
    first: float
    last: float


SPEC = CollectionSpec(
    name="kernel_deeds",
    record=Deed,
    key=("principal", "action", "resource", "outcome"),
    scope="world",
    indexes=(),
)


class _Count(msgspec.Struct):
    first: float
    count: int = 0
    last: float = 0.0
    saved: bool = True


_Key = tuple[str, str]
_Of = dict[_Key, dict[str, _Count]]


class Activity:
    """Counts deeds in memory; `save` brings what is new to the store."""

    def __init__(self, store: Store) -> None:
        self._deeds: dict[str, _Of] = {}
        self._unsaved: list[tuple[str, _Key, str, _Count]] = []
        self._table: Collection[Deed] = store.table(SPEC).bind("", "")

    async def load(self) -> None:
        """What earlier runs had seen, under what this one has; others are served meanwhile."""
        for number, deed in enumerate(await self._table.page(limit=None)):
            if number % _STEP == 0:
                await asyncio.sleep(0)  # noqa: TID251 - gives way, and waits for nothing
            of = self._deeds.setdefault(deed.principal, {}).setdefault(
                (deed.action, deed.outcome), {}
            )
            known = of.setdefault(deed.resource, _Count(deed.first))
            known.first = min(known.first, deed.first)
            known.last = max(known.last, deed.last)
            known.count += deed.count

    def note(self, principal: str, action: str, resource: str, outcome: str, at: float) -> None:
        """Count one decision."""
        deeds = self._deeds.get(principal)
        if deeds is None:
            if len(self._deeds) >= MOST_PRINCIPALS:
                del self._deeds[next(iter(self._deeds))]
            deeds = self._deeds[principal] = {}
        key = action, outcome
        of = deeds.get(key)
        if of is None:
            of = deeds[key] = {}
        known = of.get(resource)
        if known is None:
            if len(of) >= MOST_RESOURCES:
                resource = self._pattern(of, resource)
                known = of.get(resource)
            if known is None:
                known = of[resource] = _Count(at)
        known.count += 1
        known.last = at
        if known.saved:
            known.saved = False
            self._unsaved.append((principal, key, resource, known))

    def _pattern(self, of: dict[str, _Count], resource: str) -> str:
        """What a resource counts under where there are too many."""
        pattern = widened(resource)
        return pattern if pattern in of or len(of) < 2 * MOST_RESOURCES else "*"

    def of(self, arn: str) -> Iterable[tuple[str, str, float]]:
        """Each service prefix and action that this principal was allowed, and when last."""
        for (action, outcome), resources in self._deeds.get(arn, {}).items():
            if outcome == "allowed":
                prefix, _, name = action.partition(":")
                yield prefix, name, max(each.last for each in resources.values())

    def deeds(self, principal: str, since: float = 0.0) -> list[Deed]:
        """All that a principal did since a moment."""
        return [
            _deed(principal, key, resource, found)
            for key, resources in self._deeds.get(principal, {}).items()
            for resource, found in resources.items()
            if found.last >= since
        ]

    @property
    def principals(self) -> list[str]:
        return list(self._deeds)

    async def save(self) -> None:
        """Write what has changed, inside the caller's unit."""
        unsaved, self._unsaved = self._unsaved, []
        for principal, key, resource, found in unsaved:
            found.saved = True
            await self._table.put(_deed(principal, key, resource, found))

    def clear(self) -> None:
        self._deeds.clear()
        self._unsaved.clear()


def _deed(principal: str, key: tuple[str, str], resource: str, found: _Count) -> Deed:
    action, outcome = key
    return Deed(
        principal=principal,
        action=action,
        resource=resource,
        outcome=outcome,
        count=found.count,
        first=found.first,
        last=found.last,
    )


def widened(resource: str) -> str:
    """The pattern that stands for the neighbours of a resource as well.

    Of a bucket's objects all, of others those that share what stands before the last part.
    """
    bucket, slash, _ = resource.partition("/")
    if resource.startswith("arn:aws:s3:::") and slash:
        return f"{bucket}/*"
    at = max(resource.rfind("/"), resource.rfind(":"))
    return f"{resource[: at + 1]}*" if at > 0 else "*"

"""The denials that are remembered: packed, the oldest forgotten first, stored many at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from cloudling.kernel.decisions.records import SPEC, DecisionRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.store.store import Store

MOST = 10_000
# Read at a time after a start, while others are served.
_STEP = 200
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(DecisionRecord).decode


class _Packed(NamedTuple):
    """A record's bytes, a third of what it takes otherwise; and what it is looked up by."""

    request_id: str
    principal: str
    number: int
    data: bytes


class Denials:
    """The last ten thousand denials by authorization ID, the newest last."""

    def __init__(self, store: Store) -> None:
        self._table = store.table(SPEC).bind("", "")
        self._kept: dict[str, _Packed] = {}
        self._unsaved: dict[str, DecisionRecord] = {}
        self._stale: list[str] = []

    async def load(self) -> None:
        """What earlier runs have kept, before what this one has."""
        earlier: dict[str, _Packed] = {}
        after: str | None = None
        while page := await self._table.page(after=after, limit=_STEP):
            earlier.update((record.id, _packed(record)) for record in page)
            after = page[-1].id
            await asyncio.sleep(0)  # noqa: TID251 - gives way, and waits for nothing
        ordered = sorted((earlier | self._kept).items(), key=lambda item: item[1].number)
        self._kept = dict(ordered)
        self._forget_oldest()

    def keep(self, record: DecisionRecord) -> None:
        """Remember one now, and store it with the next `save`."""
        self._kept[record.id] = _packed(record)
        self._unsaved[record.id] = record
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        while len(self._kept) > MOST:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            if self._unsaved.pop(oldest, None) is None:
                self._stale.append(oldest)

    async def save(self) -> None:
        """Write what is new and remove what is forgotten, inside the caller's unit."""
        unsaved, self._unsaved = self._unsaved, {}
        stale, self._stale = self._stale, []
        for record in unsaved.values():
            await self._table.put(record)
        for name in stale:
            await self._table.delete(name)

    def clear(self) -> None:
        self._kept.clear()
        self._unsaved.clear()
        self._stale.clear()

    def find(self, name: str) -> DecisionRecord | None:
        """A denial by its authorization ID or its request's id."""
        packed = self._kept.get(name)
        if packed is None:
            newest = reversed(self._kept.values())
            packed = next((each for each in newest if each.request_id == name), None)
        return _decode(packed.data) if packed else None

    def newest(self, principal: str = "") -> Iterator[DecisionRecord]:
        """The newest first; of one principal's where it is named."""
        for packed in reversed(self._kept.values()):
            if not principal or is_of(packed.principal, principal):
                yield _decode(packed.data)


def _packed(record: DecisionRecord) -> _Packed:
    return _Packed(record.request_id, record.principal, record.number, _encode(record))


def is_of(arn: str, principal: str) -> bool:
    """Whether an ARN is the one that is named, by itself, as `user/ann`, or by its last part.

    A role's name stands for all its sessions.
    """
    if principal in (arn, arn.rpartition(":")[2]):
        return True
    kind, *names = arn.rpartition(":")[2].split("/")
    if kind == "assumed-role":
        role = principal.rpartition("/")[2]
        return not principal.startswith("arn:") and role == names[0]
    return bool(names) and principal == names[-1]

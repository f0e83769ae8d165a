"""Decoded records kept in memory, so that what is read often is not read from the database."""

from __future__ import annotations

from typing import Generic, TypeVar

V = TypeVar("V")

Place = tuple[str, bytes]  # the space (collection and scope), and the key
Entry = tuple[V | None, int]  # the record, None when it is known to be absent; and its cost

_OVERHEAD = 200  # bytes an entry costs beside its value


class Cache(Generic[V]):
    """Two generations: an entry lives on when it is used before the younger one is full.

    It knows absent records too, as None. What one unit wrote is forgotten when the unit is rolled
    back: the database is the truth, and the next read asks it.
    """

    __slots__ = ("_limit", "_old", "_room", "young")

    def __init__(self, limit: int) -> None:
        self._limit = limit // 2
        self._room = self._limit
        self.young: dict[Place, Entry[V]] = {}
        self._old: dict[Place, Entry[V]] = {}

    def __len__(self) -> int:
        return len(self.young) + len(self._old)

    def get(self, place: Place) -> Entry[V] | None:
        """What is known of the place; None when that is nothing."""
        entry = self.young.get(place)
        if entry is None and (entry := self._old.pop(place, None)) is not None:
            self._add(place, entry)
        return entry

    def put(self, place: Place, value: V | None, size: int) -> None:
        """Remember a record whose stored form has `size` bytes."""
        cost = size + _OVERHEAD
        if (known := self.young.pop(place, None)) is not None:
            self._room += known[1]
        else:
            self._old.pop(place, None)
        self._room -= cost
        if self._room < 0:
            self._turn_over(cost)
        self.young[place] = value, cost

    def drop(self, places: list[Place]) -> None:
        for place in places:
            if (known := self.young.pop(place, None)) is not None:
                self._room += known[1]
            self._old.pop(place, None)

    def clear(self) -> None:
        self.young.clear()
        self._old.clear()
        self._room = self._limit

    def _add(self, place: Place, entry: Entry[V]) -> None:
        self._room -= entry[1]
        if self._room < 0:
            self._turn_over(entry[1])
        self.young[place] = entry

    def _turn_over(self, cost: int) -> None:
        self._old = self.young
        self.young = {}
        self._room = self._limit - cost

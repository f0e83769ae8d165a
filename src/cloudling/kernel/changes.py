"""Which records of a table have changed: what wakes those who care for its records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.store.tables import Table

_END = b"\x00\x01"
_ZERO = b"\x00\xff"

Place = tuple[str, tuple[str, ...]]


class Changes:
    """Gathers the scope and key of each record that is written; `tell` is called at the first."""

    def __init__(self, table: Table[Any], tell: Callable[[], None]) -> None:
        self._table = table
        self._tell = tell
        self._parts = len(table.spec.key)
        self._prefix = len(table.spec.name) + 1
        self._places: dict[Place, None] = {}
        self._all = True
        table.watchers.append(self._notice)

    def _notice(self, key: bytes | None) -> None:
        if key is None:
            self._all = True
        else:
            # A unit notes each place before it tells of the change.
            space, _ = self._table.unit.written_places[-1]
            self._places[space[self._prefix :], components(key, self._parts)] = None
        self._tell()

    def all(self) -> None:
        """Take every record for changed."""
        self._all = True
        self._tell()

    def take(self) -> tuple[bool, list[Place]]:
        """Whether any record may have changed, and the ones that have; from now on none has."""
        everything, self._all = self._all, False
        places, self._places = list(self._places), {}
        return everything, places


def components(key: bytes, parts: int) -> tuple[str, ...]:
    """What a key was made of (`store.keys`)."""
    *leading, last = key.split(_END, parts - 1)
    return (*(each.replace(_ZERO, b"\x00").decode() for each in leading), last.decode())

"""Stretches of keys that are known to be empty, so that new keys are not looked for.

Whoever writes many records writes keys that were not there, and often in their order: looking each
of them up would cost more than writing it.
"""

from __future__ import annotations

_MOST = 32

Gap = tuple[str, bytes, bytes | None]  # a scope, and two keys, both outside; None is the end


class Gaps:
    """A table's empty stretches as far as they were met; the newest are kept, and asked first."""

    __slots__ = ("_gaps",)

    def __init__(self) -> None:
        self._gaps: list[Gap] = []

    def hold(self, scope: str, key: bytes) -> bool:
        """Is it certain that the database has no record with this key?"""
        for within, low, high in self._gaps:
            if low < key and (high is None or key < high) and within == scope:
                return True
        return False

    def learn(self, scope: str, key: bytes, following: bytes | None) -> None:
        """There is no record with this key, nor any before the one that follows it."""
        self._add((scope, key, following))

    def fill(self, scope: str, key: bytes) -> None:
        """A record with this key will be there: two gaps are left of one."""
        for at, (within, low, high) in enumerate(self._gaps):
            if low < key and (high is None or key < high) and within == scope:
                del self._gaps[at]
                self._add((scope, low, key))
                self._add((scope, key, high))
                return

    def clear(self) -> None:
        self._gaps.clear()

    def _add(self, gap: Gap) -> None:
        if len(self._gaps) >= _MOST:
            self._gaps.pop()
        self._gaps.insert(0, gap)

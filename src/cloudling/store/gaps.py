"""Stretches of keys that are known to be empty, so that new keys are not looked for.

Whoever writes many records writes keys that were not there, and often in their order: looking each
of them up would cost more than writing it.
"""

from __future__ import annotations

_MOST = 16

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
        # No two gaps overlap: what the new one reaches into has become a part of it, mostly.
        apart = [
            gap
            for gap in self._gaps
            if gap[0] != scope
            or (following is not None and following <= gap[1])
            or (gap[2] is not None and gap[2] <= key)
        ]
        self._gaps = [(scope, key, following), *apart[: _MOST - 1]]

    def fill(self, scope: str, key: bytes) -> None:
        """A record with this key will be there: two gaps are left of the one that held it."""
        gaps = self._gaps
        for at, (within, low, high) in enumerate(gaps):
            if low < key and (high is None or key < high) and within == scope:
                # Most go on from here.
                gaps[at : at + 1] = (scope, key, high), (scope, low, key)
                del gaps[_MOST:]
                return

    def clear(self) -> None:
        self._gaps.clear()

"""Time as an object that can be moved; seconds since the epoch, UTC, as floats."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What tells the cloud's time."""

    def now(self) -> float: ...


class RealClock:
    """The machine's own time."""

    # The function itself: nearly every call asks.
    now = staticmethod(time.time)  # noqa: TID251 - the one place that reads it for all others


class ManualClock:
    """A clock that stands still until it is moved; for tests."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward; time never runs backwards."""
        if seconds < 0:
            raise ValueError("A clock cannot be moved backwards.")
        self._now += seconds

"""Connections that are served in one place: they end with it, and nobody has them all."""

from __future__ import annotations

import asyncio
from collections import Counter

# What one address may have open at once: its programs must leave something to others.
MOST = 500


class Guests:
    """Transports of one place; those that have arrived are counted by whom they come from."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._callers: dict[asyncio.BaseTransport, str] = {}
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._callers)

    def enter(self, transport: asyncio.BaseTransport, *, has_arrived: bool = False) -> None:
        """One too many is cut at once."""
        caller = _caller(transport) if has_arrived else ""
        self._callers[transport] = caller
        self._counts[caller] += 1
        if caller and self._counts[caller] > self._most:
            _end(transport)

    def leave(self, transport: asyncio.BaseTransport) -> None:
        caller = self._callers.pop(transport, None)
        if caller is not None:
            self._counts[caller] -= 1
            if not self._counts[caller]:
                del self._counts[caller]

    def close(self) -> None:
        """End them all."""
        for transport in list(self._callers):
            _end(transport)
            self.leave(transport)


def _caller(transport: asyncio.BaseTransport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if peer else ""


def _end(transport: asyncio.BaseTransport) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
    else:
        transport.close()

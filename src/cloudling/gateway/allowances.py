"""How much memory the bodies of those may take who have not yet shown who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.gateway.bodies import RawBody

if TYPE_CHECKING:
    from cloudling.kernel.streams import Incoming

UNPROVEN_BYTES = 64 * 1024 * 1024


class Allowance:
    """A number of bytes that many bodies share, counted while they come."""

    def __init__(self, most: int = UNPROVEN_BYTES) -> None:
        self._most = most
        self.held = 0

    async def read(self, body: Incoming, limit: int) -> bytes:
        """The whole body; `ServiceUnavailable` when all that are under way get too large."""
        if not isinstance(body, RawBody) or body.complete:
            return await body.read(limit)
        taken = 0

        def take(size: int) -> bool:
            nonlocal taken
            taken += size
            self.held += size
            return self.held <= self._most

        try:
            return await body.read_metered(limit, take)
        finally:
            self.held -= taken

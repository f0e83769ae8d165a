"""What the host may see of a public address, and what comes of each of its ports."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from cloudling.kernel.attendance import Publication

LAST_PORT = 65535
Ranges = tuple[tuple[int, int], ...]
# A connection that was made, and the public address and port it was made to.
Accept = Callable[["socket.socket", str, int], None]


class Exposure(NamedTuple):
    """Ports that groups open, ports listened on, and ports that groups name at all."""

    open: Ranges = ()
    listening: frozenset[int] = frozenset()
    named: frozenset[int] = frozenset()

    @property
    def relayed(self) -> frozenset[int]:
        return frozenset(port for port in self.listening if self.is_open(port))

    @property
    def blocked(self) -> frozenset[int]:
        """Ports where something is to be had, or was, that is not for the host."""
        concerned = self.listening | self.named
        return frozenset(port for port in concerned if not self.is_open(port))

    def is_open(self, port: int) -> bool:
        return any(low <= port <= high for low, high in self.open)


def merge(ranges: Ranges) -> Ranges:
    """The same ports, as the fewest ranges, in order; those that are no ports are left out."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        first, last = max(low, 0), min(high, LAST_PORT)
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        elif first <= last:
            merged.append((first, last))
    return tuple(merged)


class Front(Protocol):
    """How the host's own connections to public addresses are met."""

    def show(self, exposures: Mapping[str, Exposure]) -> None:
        """All addresses that there are; what differs from before is changed, at once."""

    def publications(self) -> tuple[Publication, ...]:
        """Where each port that leads somewhere is found."""
        ...

    def pause(self) -> None:
        """Take no further connections: they wait in the kernel."""

    def resume(self) -> None: ...

    def close(self) -> None: ...

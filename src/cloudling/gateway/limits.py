"""How much a client may send, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, counts and seconds; what passes them is refused or cut.

    S3 itself takes 8 KB of head; session tokens and presigned targets of other services need more.
    """

    head_bytes: int = 32 * 1024
    target_bytes: int = 16 * 1024
    headers: int = 256
    pipelined: int = 16
    connections: int = 10_000
    workers: int = 16
    head_seconds: float = 10.0
    idle_seconds: float = 75.0
    body_seconds: float = 20.0
    stall_seconds: float = 60.0
    linger_seconds: float = 5.0

    @property
    def sweep_seconds(self) -> float:
        """How often the connections are looked at: once a second, or as fine as the limits need."""
        shortest = min(
            self.head_seconds,
            self.idle_seconds,
            self.body_seconds,
            self.stall_seconds,
            self.linger_seconds,
        )
        return min(1.0, shortest / 4)

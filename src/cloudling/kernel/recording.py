"""One immutable record of every call, handed to the sinks after the answers have left.

Sinks can never fail or slow a call: records gather in memory and leave in batches. They hold no
secrets, signatures, tokens or bodies.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from cloudling.kernel.identities import Identity
    from cloudling.kernel.ports import RecordSink

log = logging.getLogger(__name__)
_BATCH_SECONDS = 0.5
_MOST_WAITING = 50_000


class CallRecord(msgspec.Struct, frozen=True, gc=False):
    """Who called what, when, and how it ended. `at` is the cloud's time; `seconds` the latency."""

    at: float
    request_id: str
    service: str
    operation: str
    identity: Identity
    region: str
    peer: str
    error: str
    seconds: float

    @property
    def principal(self) -> str:
        return self.identity.arn

    @property
    def account(self) -> str:
        return self.identity.account


class Recorder:
    """Gathers call records and hands them to the sinks twice a second."""

    def __init__(self) -> None:
        self.sinks: list[RecordSink] = []
        self.dropped = 0
        self._waiting: list[CallRecord] = []

    def add(self, record: CallRecord) -> None:
        if not self.sinks:
            return
        waiting = self._waiting
        if not waiting:
            with suppress(RuntimeError):  # no loop at start-up: the next flush takes it
                asyncio.get_running_loop().call_later(_BATCH_SECONDS, self.flush)
        if len(waiting) < _MOST_WAITING:
            waiting.append(record)
        else:
            self.dropped += 1

    def flush(self) -> None:
        """Hand over all that waits; a sink's fault is logged and goes no further."""
        records, self._waiting = self._waiting, []
        for sink in self.sinks if records else ():
            try:
                sink.take(records)
            except Exception:
                log.exception("sink=%s records=%d lost", type(sink).__name__, len(records))

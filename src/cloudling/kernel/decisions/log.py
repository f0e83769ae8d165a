"""The last decisions: ten thousand denials, kept, and a thousand that were allowed, in memory.

A denial is remembered at once and stored within a second, many at a time, so that a flood of
denials is no flood of commits.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from cloudling.kernel.authorize import messages
from cloudling.kernel.authorize.messages import Receipt
from cloudling.kernel.decisions.activity import Activity
from cloudling.kernel.decisions.asked import Asked, Decisions
from cloudling.kernel.decisions.denials import Denials, is_of
from cloudling.kernel.decisions.encoded import Messages, NotReadable
from cloudling.kernel.decisions.records import describe
from cloudling.kernel.units import run_unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.decisions.records import DecisionRecord

log = logging.getLogger(__name__)

MOST_ALLOWED = 1000
DENIAL_SECONDS = 0.5
ACTIVITY_SECONDS = 5.0
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 26


class DecisionLog(Decisions):
    """Hears of every decision and keeps the last ones; the seam's real side."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._denials = Denials(cloud.store)
        self._allowed: deque[tuple[int, Asked]] = deque(maxlen=MOST_ALLOWED)
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None
        self._loading: asyncio.Task[None] | None = None
        self.messages = Messages(cloud.store.secret("authorization messages"))
        self.activity = Activity(cloud.store)
        self.listeners: set[Callable[[DecisionRecord], None]] = set()

    def begin(self) -> None:
        """Load behind the back of those who are served already."""
        self._loading = asyncio.create_task(self.load())

    async def ready(self) -> None:
        """Wait until what earlier runs have kept is known."""
        if self._loading is not None:
            await self._loading

    async def end(self) -> None:
        """Store what is new; nothing is heard after."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])
        self.save()

    async def load(self) -> None:
        """What earlier runs have kept; others are served meanwhile."""
        await self._denials.load()
        await self.activity.load()

    # What is reported

    def refused(self, asked: Asked) -> Receipt:
        """Write a denial down; how it can be found again."""
        outcome = "observed" if self._cloud.iam == "observe" else "denied"
        record = self._describe(asked, outcome)
        self._denials.keep(record)
        self._schedule(DENIAL_SECONDS)
        self._note(asked, outcome)
        self._tell(record)
        sealed = self.messages.seal(record) if messages.is_encoded(asked.called) else ""
        return Receipt(record.id, sealed)

    def allowed(self, asked: Asked) -> None:
        """A yes; it is written down only when somebody asks to see it."""
        self._number += 1
        self._allowed.append((self._number, asked))
        question = asked.question
        self.activity.note(
            question.identity.principal_arn,
            question.action,
            question.resource,
            "allowed",
            question.facts.now,
        )
        if self._timer is None:
            self._schedule(ACTIVITY_SECONDS)
        if self.listeners:
            self._tell(self._describe(asked, "allowed"))

    def _note(self, asked: Asked, outcome: str) -> None:
        question = asked.question
        principal = question.identity.principal_arn
        self.activity.note(
            principal, question.action, question.resource, outcome, question.facts.now
        )
        if self._timer is None:
            self._schedule(ACTIVITY_SECONDS)

    def _describe(self, asked: Asked, outcome: str) -> DecisionRecord:
        # Above all numbers of earlier runs, which may not be loaded yet.
        self._number = max(self._number + 1, int(asked.question.facts.now * 1_000_000))
        name = "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))
        return describe(
            asked, self._earlier(asked), name=name, number=self._number, outcome=outcome
        )

    def _earlier(self, asked: Asked) -> list[Asked]:
        """What the same request was allowed before this."""
        found: list[Asked] = []
        for _, each in reversed(self._allowed):
            if each.call.request_id != asked.call.request_id:
                break
            if each is not asked:
                found.append(each)
        return found[::-1]

    def _tell(self, record: DecisionRecord) -> None:
        for listener in tuple(self.listeners):
            listener(record)

    # What is kept

    def _schedule(self, seconds: float) -> None:
        """Save within so many seconds; sooner where that was asked for already."""
        with suppress(RuntimeError):  # no loop at start-up: what is unsaved goes with the next
            loop = asyncio.get_running_loop()
            wanted = loop.time() + seconds
            if self._timer is not None:
                if self._timer.when() <= wanted:
                    return
                self._timer.cancel()
            self._timer = loop.call_at(wanted, self._save_now)

    def _save_now(self) -> None:
        try:
            self.save()
        except Exception:
            log.exception("decisions could not be stored")

    def save(self) -> None:
        """Store what is new, in one unit."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        with self._cloud.store.unit():
            run_unit(self._save())

    async def _save(self) -> None:
        await self._denials.save()
        await self.activity.save()

    def clear(self) -> None:
        """The cloud was reset: nothing of before is remembered."""
        self._denials.clear()
        self._allowed.clear()
        self.activity.clear()

    # What is asked

    def find(self, name: str) -> DecisionRecord | None:
        """A denial by its authorization ID, its request's id, or its encoded message."""
        if found := self._denials.find(name):
            return found
        try:
            _, number, _ = self.messages.open(name)
        except NotReadable:
            return None
        return self._denials.find(number)

    def last(
        self, count: int, *, principal: str = "", allowed: bool = False
    ) -> list[DecisionRecord]:
        """The last decisions, the newest first; of one principal's where it is named."""
        if not allowed:
            return list(islice(self._denials.newest(principal), count))
        newest = (
            self._allowed_record(number, asked)
            for number, asked in reversed(self._allowed)
            if not principal or is_of(asked.question.identity.arn, principal)
        )
        return list(islice(newest, count))

    def _allowed_record(self, number: int, asked: Asked) -> DecisionRecord:
        return describe(asked, (), name="", number=number, outcome="allowed")

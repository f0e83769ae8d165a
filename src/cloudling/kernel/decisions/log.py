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
from typing import TYPE_CHECKING

from cloudling.kernel.authorize import messages
from cloudling.kernel.authorize.messages import Receipt
from cloudling.kernel.decisions.activity import Activity
from cloudling.kernel.decisions.asked import Asked, Decisions
from cloudling.kernel.decisions.encoded import Messages
from cloudling.kernel.decisions.records import SPEC, DecisionRecord, describe
from cloudling.kernel.units import run_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cloudling.kernel.cloud import Cloud

log = logging.getLogger(__name__)

MOST_DENIALS = 10_000
MOST_ALLOWED = 1000
DENIAL_SECONDS = 0.5
ACTIVITY_SECONDS = 5.0
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 26


class DecisionLog(Decisions):
    """Hears of every decision and keeps the last ones; the seam's real side."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._table = cloud.store.table(SPEC).bind("", "")
        self._denials: dict[str, DecisionRecord] = {}
        self._allowed: deque[tuple[int, Asked]] = deque(maxlen=MOST_ALLOWED)
        self._unsaved: dict[str, DecisionRecord] = {}
        self._stale: list[str] = []
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None
        self.messages = Messages(cloud.store.secret("authorization messages"))
        self.activity = Activity(cloud.store)
        self.listeners: set[Callable[[DecisionRecord], None]] = set()

    async def load(self) -> None:
        """What earlier runs have kept."""
        kept = sorted(await self._table.page(limit=None), key=lambda record: record.number)
        self._denials = {record.id: record for record in kept}
        self._number = kept[-1].number if kept else 0
        await self.activity.load()

    # What is reported

    def refused(self, asked: Asked) -> Receipt:
        """Write a denial down; how it can be found again."""
        outcome = "observed" if self._cloud.iam == "observe" else "denied"
        record = self._describe(asked, outcome)
        self._keep(record)
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
        self._number += 1
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

    def _keep(self, record: DecisionRecord) -> None:
        self._denials[record.id] = self._unsaved[record.id] = record
        if len(self._denials) > MOST_DENIALS:
            oldest = next(iter(self._denials))
            del self._denials[oldest]
            if self._unsaved.pop(oldest, None) is None:
                self._stale.append(oldest)
        self._schedule(DENIAL_SECONDS)

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
        unsaved, self._unsaved = self._unsaved, {}
        stale, self._stale = self._stale, []
        for record in unsaved.values():
            await self._table.put(record)
        for name in stale:
            await self._table.delete(name)
        await self.activity.save()

    def clear(self) -> None:
        """The cloud was reset: nothing of before is remembered."""
        self._denials.clear()
        self._unsaved.clear()
        self._stale.clear()
        self._allowed.clear()
        self.activity.clear()

    # What is asked

    def find(self, name: str) -> DecisionRecord | None:
        """A denial by its authorization ID, its request's id, or its encoded message."""
        found = self._denials.get(name)
        if found is not None:
            return found
        for record in reversed(self._denials.values()):
            if record.request_id == name:
                return record
        try:
            _, number, _ = self.messages.open(name)
        except Exception:  # noqa: BLE001 - it is no message, then
            return None
        return self._denials.get(number)

    def last(
        self, count: int, *, principal: str = "", allowed: bool = False
    ) -> list[DecisionRecord]:
        """The last decisions, the newest first; of one principal's where it is named."""
        found: Iterable[DecisionRecord] = reversed(self._denials.values())
        if allowed:
            found = (self._allowed_record(*each) for each in reversed(self._allowed))
        chosen: list[DecisionRecord] = []
        for record in found:
            if len(chosen) >= count:
                break
            if not principal or is_of(record.principal, principal):
                chosen.append(record)
        return chosen

    def _allowed_record(self, number: int, asked: Asked) -> DecisionRecord:
        return describe(asked, (), name="", number=number, outcome="allowed")


def is_of(arn: str, principal: str) -> bool:
    """Whether an ARN is the one that is named, by itself, as `user/ann`, or by its last part.

    A role's name stands for all its sessions.
    """
    if principal in (arn, arn.rpartition(":")[2]):
        return True
    kind, *names = arn.rpartition(":")[2].split("/")
    if kind == "assumed-role":
        role = principal.rpartition("/")[2]
        return principal.startswith("arn:") is False and role == names[0]
    return bool(names) and principal == names[-1]

"""The outbox: what a change makes others do, written with the change and done after its commit.

Each row waits in a lane, which is a subscription and the resource that the row is about. A lane's
rows are delivered in order and at least once; one that fails holds up its own lane only, and how
often it was tried is kept, so that a restart changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel.changes import Changes
from cloudling.kernel.handles import handle
from cloudling.kernel.scheduler import Wake
from cloudling.kernel.units import run_unit
from cloudling.store.collections import CollectionSpec
from cloudling.store.records import Record

if TYPE_CHECKING:
    from cloudling.kernel.call import Call
    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.scheduler import Scheduler
    from cloudling.store.collections import Collection

log = logging.getLogger(__name__)

Deliver = Callable[[Any, dict[str, Any]], Coroutine[Any, Any, None]]
_NAME = "outbox"
_DIGITS = 20
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 600.0


class Row(Record, frozen=True, kw_only=True):
    """Something that one receiver is still to be told."""

    lane: str
    number: str  # of fixed width: in the order of writing
    receiver: str
    account: str
    region: str
    payload: dict[str, Any]
    posted: float
    attempts: int = 0
    due: float = 0.0
    fault: str = ""


SPEC = CollectionSpec(name="kernel_outbox", record=Row, key=("lane", "number"), scope="world")


class Receiver(NamedTuple):
    """Who is told: by its `name`, as a service, by a function that opens its own units.

    What cannot be delivered within `patience` seconds and so many `attempts` goes to `dead`, or is
    lost and logged. The numbers are EventBridge's:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
    """

    name: str
    service: str
    deliver: Deliver
    dead: Deliver | None = None
    patience: float = 86_400.0
    attempts: int = 185


class Outbox:
    """Writes rows inside the caller's unit, and delivers them after it."""

    def __init__(self, cloud: Cloud, scheduler: Scheduler) -> None:
        self._cloud = cloud
        self._scheduler = scheduler
        self._receivers: dict[str, Receiver] = {}
        self._table = cloud.store.table(SPEC)
        self._number: int | None = None
        self._changes = Changes(self._table, scheduler.notice)
        self.lost = 0
        scheduler.sources.append(self)

    def add(self, receiver: Receiver) -> None:
        """From now on rows can be posted to it; those that wait for it are taken up."""
        self._receivers[receiver.name] = receiver
        self._changes.all()

    async def post(self, call: Call, receiver: str, about: str, payload: dict[str, Any]) -> None:
        """Have the receiver told after the commit, behind all that is `about` the same resource."""
        number = self._last() + 1
        await self._rows.put(
            Row(
                lane=f"{receiver} {about}",
                number=f"{number:0{_DIGITS}}",
                receiver=receiver,
                account=call.account,
                region=call.region,
                payload=payload,
                posted=call.clock.now(),
            )
        )
        self._number = number

    def status(self) -> list[dict[str, Any]]:
        """The lanes in which something waits: how much, and how its first row fares."""
        lanes: dict[str, list[Row]] = {}
        for _, row in self._table.all():
            lanes.setdefault(row.lane, []).append(row)
        return [
            {
                "lane": lane,
                "waiting": len(rows),
                "attempts": rows[0].attempts,
                "due": rows[0].due or None,
                "fault": rows[0].fault or self._absence(rows[0]),
            }
            for lane, rows in sorted(lanes.items())
        ]

    def resync(self) -> None:
        self._changes.all()

    async def look(self) -> None:
        """Stir each lane that has a new row."""
        everything, places = self._changes.take()
        lanes = dict.fromkeys(key[0] for _, key in places)
        if everything:
            lanes |= dict.fromkeys(row.lane for _, row in self._table.all())
        for lane in lanes:
            self._scheduler.stir(_NAME, (lane,), partial(self._drain, lane))

    @property
    def _rows(self) -> Collection[Row]:
        return self._table.bind("", "")

    def _last(self) -> int:
        """The number of the newest row; those that are gone need no place behind them."""
        if self._number is None:
            self._number = max((int(row.number) for _, row in self._table.all()), default=0)
        return self._number

    def _absence(self, row: Row) -> str:
        return "" if row.receiver in self._receivers else "Nobody receives this any more."

    async def _drain(self, lane: str) -> Wake | None:
        """Deliver the lane's rows until there are none, or the first has to wait."""
        while True:
            rows = await self._rows.page(lane, limit=1)
            # In this order: while one waits for a commit, others write rows of the next.
            await self._cloud.store.committed()
            receiver = self._receivers.get(rows[0].receiver) if rows else None
            if receiver is None:
                return None
            if rows[0].due > self._cloud.clock.now():
                return Wake(rows[0].due)
            await self._deliver(receiver, rows[0])

    async def _deliver(self, receiver: Receiver, row: Row) -> None:
        fault = await self._try(receiver.deliver, receiver, row)
        if fault and not self._is_hopeless(receiver, row):
            self._put_off(row, fault)
            return
        if fault:
            await self._bury(receiver, row, fault)
        with self._cloud.store.unit():
            run_unit(self._rows.delete(row.lane, row.number))

    async def _try(self, deliver: Deliver, receiver: Receiver, row: Row) -> str:
        """What went wrong; "" when nothing did."""
        call: Call = handle(self._cloud, receiver.service, row.account, row.region)
        try:
            await deliver(call, row.payload)
            await self._cloud.store.committed()
        except Exception as fault:
            log.exception("outbox lane=%s row=%s failed", row.lane, row.number)
            return f"{type(fault).__name__}: {fault}"
        return ""

    def _is_hopeless(self, receiver: Receiver, row: Row) -> bool:
        waited = self._cloud.clock.now() - row.posted
        return row.attempts + 1 >= receiver.attempts or waited >= receiver.patience

    def _put_off(self, row: Row, fault: str) -> None:
        """A row that a reset has taken meanwhile stays away (`Conflict`)."""
        pause = min(_FIRST_PAUSE * 2 ** min(row.attempts, 10), _LONGEST_PAUSE)
        due = self._cloud.clock.now() + pause
        with self._cloud.store.unit():
            run_unit(
                self._rows.change(
                    row.lane,
                    row.number,
                    expect=row.revision,
                    attempts=row.attempts + 1,
                    due=due,
                    fault=fault,
                )
            )

    async def _bury(self, receiver: Receiver, row: Row, fault: str) -> None:
        if receiver.dead is not None and not await self._try(receiver.dead, receiver, row):
            return
        self.lost += 1
        log.error("outbox lane=%s row=%s lost after %s", row.lane, row.number, fault)

"""What makes written wishes come true: functions that look at a record and act.

A reconciler is called with each record that is in the state it cares for: when one changes, when a
moment it asked for has come, and after a start. It looks at the state, never at an event, so that
it may be called once too often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from cloudling.kernel import followers
from cloudling.kernel.changes import Changes, Place
from cloudling.kernel.events import Events
from cloudling.kernel.followers import Follower, Following
from cloudling.kernel.handles import handle
from cloudling.kernel.outbox import Outbox
from cloudling.kernel.scheduler import Scheduler, Wake
from cloudling.store.errors import Conflict

if TYPE_CHECKING:
    from cloudling.kernel.call import Call
    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.collections import Declared
    from cloudling.kernel.services import Service
    from cloudling.store.collections import CollectionSpec
    from cloudling.store.tables import Table

__all__ = ["Reconciler", "Reconcilers", "Wake", "reconciler"]

Function = Callable[[Any, Any], Coroutine[Any, Any, "Wake | None"]]
F = TypeVar("F", bound=Callable[..., Any])
MARK = "__cloudling_reconciler__"


class Reconciler(NamedTuple):
    """A function, the collection it looks at, and the index and value that pick its records."""

    function: Function
    spec: CollectionSpec[Any]
    column: str
    value: str


def reconciler(records: Declared[Any], **state: str) -> Callable[[F], F]:
    """Make `async (call, record) -> Wake | None` the reconciler of records in one state.

    The state is one of the collection's indexes: `reconciler(Call.jobs, state="RUNNING")`. The
    function opens its own units (`call.unit()`). A failure is logged and tried again later; a
    `Conflict` means that the record is another one now, and is tried again at once.
    """
    ((column, value),) = state.items()

    def mark(function: F) -> F:
        setattr(function, MARK, Reconciler(function, records.spec, column, value))
        return function

    return mark


class Reconcilers:
    """All of them, the outbox and the events, run by one scheduler: `run`, or `settle` in tests."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._names: list[str] = []
        self._adopted: list[Service] = []
        self.scheduler = Scheduler(cloud.clock)
        self.outbox = Outbox(cloud, self.scheduler)
        self._events = Events(cloud, self.outbox)

    @property
    def events(self) -> Events:
        self._take_up()
        return self._events

    def adopt(self, service: Service) -> None:
        """Take a service's reconcilers, followers and subscriptions, from the modules it names.

        They are imported when the first of all is needed: a cloud answers before that.
        """
        self._adopted.append(service)

    def _take_up(self) -> None:
        adopted, self._adopted = self._adopted, []
        for service in adopted:
            for module in service.reconciling_modules:
                for value in vars(module).values():
                    self._take(service, value)
                self._events.adopt(service, module)

    def _take(self, service: Service, value: object) -> None:
        rounds: _Rounds | Following
        mark = getattr(value, MARK, None)
        following = getattr(value, followers.MARK, None)
        if isinstance(mark, Reconciler):
            rounds = _Rounds(self._cloud, service, mark, self.scheduler)
        elif isinstance(following, Follower):
            rounds = Following(self._cloud, service, following, self.scheduler)
        else:
            return
        self._names.append(rounds.name)
        self.scheduler.sources.append(rounds)

    async def run(self) -> None:
        """Do what is due again and again, until cancelled."""
        self._take_up()
        await self.scheduler.run()

    async def settle(self) -> float | None:
        """Do what is due until nothing is; the next moment at which something will be."""
        self._take_up()
        return await self.scheduler.settle()

    def status(self) -> dict[str, Any]:
        """What every reconciler and every lane does, for people."""
        self._take_up()
        jobs = list(self.scheduler.jobs())
        counted = {name: Counter[str]() for name in self._names}
        for job in jobs:
            counted.setdefault(job.name, Counter())[job.state] += 1
        return {
            "reconcilers": [
                {"name": name, **{state: found[state] for state in _STATES}}
                for name, found in sorted(counted.items())
            ],
            "failing": [
                {
                    "name": job.name,
                    "key": "/".join(job.key),
                    "failures": job.failures,
                    "due": job.due,
                    "fault": job.fault,
                }
                for job in jobs
                if job.failures
            ],
            "lanes": self.outbox.status(),
        }


_STATES = ("running", "waiting", "failing")


class _Rounds:
    """One reconciler's rounds over its records."""

    def __init__(
        self, cloud: Cloud, service: Service, mark: Reconciler, scheduler: Scheduler
    ) -> None:
        self.name = f"{service.name}:{mark.function.__name__}"
        self._cloud = cloud
        self._service = service
        self._mark = mark
        self._scheduler = scheduler
        self._table: Table[Any] = cloud.store.table(mark.spec)
        self._field = attrgetter(mark.column)
        self._changes = Changes(self._table, scheduler.notice)
        # Records as they were when last acted on: those that are still so need nothing.
        self._seen: dict[Place, Any] = {}

    def resync(self) -> None:
        self._seen.clear()
        self._changes.all()

    async def look(self) -> None:
        """Stir each record in the state that has changed; those that have left it are let go."""
        everything, places = self._changes.take()
        if everything:
            there = await self._all()
            places = [*there, *(place for place in self._seen if place not in there)]
        for place in places:
            record = await self._find(place)
            if record is None:
                self._seen.pop(place, None)
                self._scheduler.drop(self.name, (place[0], *place[1]))
            elif record != self._seen.get(place):
                work = partial(self._act, place)
                self._scheduler.stir(self.name, (place[0], *place[1]), work)

    async def _all(self) -> dict[Place, None]:
        names, wanted = self._table.spec.key, {self._mark.column: self._mark.value}
        return {
            (scope, tuple(getattr(record, name) for name in names)): None
            for scope in self._table.scopes()
            for record in await self._table.within(scope).find(None, **wanted)
        }

    async def _find(self, place: Place) -> Any:
        """The record as it is now, if it is in the state."""
        record = await self._table.within(place[0]).get(*place[1])
        return record if record is not None and self._field(record) == self._mark.value else None

    async def _kept(self, place: Place) -> Any:
        """The record as a commit has made it last: what follows may reach beyond the store."""
        store = self._cloud.store
        record = await self._find(place)
        while record is not None and store.dirty:
            await store.committed()
            earlier, record = record, await self._find(place)
            if record == earlier:
                break
        return record

    async def _act(self, place: Place) -> Wake | None:
        record = await self._kept(place)
        if record is None:
            return None
        self._seen[place] = record
        try:
            wake = await self._mark.function(self._call(place[0]), record)
            await self._cloud.store.committed()
        except Conflict:
            raise
        except Exception:
            # What it wrote before it failed must not make it hurry.
            self._seen[place] = await self._find(place)
            raise
        return wake

    def _call(self, scope: str) -> Call:
        """A handle in the record's scope."""
        account, _, region = scope.partition("/")
        call: Call = handle(self._cloud, self._service.name, account, region)
        return call

"""What makes written wishes come true: functions that look at a record and act.

A reconciler is called with each record that is in the state it cares for: when one changes, when a
moment it asked for has come, and after a start. It looks at the state, never at an event, so that
it may be called once too often.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from cloudling.kernel.handles import handle

if TYPE_CHECKING:
    from cloudling.kernel.call import Call
    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.collections import Declared
    from cloudling.kernel.services import Service
    from cloudling.store.collections import CollectionSpec
    from cloudling.store.records import Record
    from cloudling.store.tables import Table

log = logging.getLogger(__name__)

Function = Callable[[Any, Any], Coroutine[Any, Any, "Wake | None"]]
F = TypeVar("F", bound=Callable[..., Any])
MARK = "__cloudling_reconciler__"
_SHORTEST_PAUSE = 0.01
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 64.0
_NEVER = float("inf")


class Wake(NamedTuple):
    """Look again at this moment, by the cloud's clock."""

    at: float


class Reconciler(NamedTuple):
    """A function, the collection it looks at, and the index and value that pick its records."""

    function: Function
    spec: CollectionSpec[Any]
    column: str
    value: str


def reconciler(records: Declared[Any], **state: str) -> Callable[[F], F]:
    """Make `async (call, record) -> Wake | None` the reconciler of records in one state.

    The state is one of the collection's indexes: `reconciler(Call.jobs, state="RUNNING")`. The
    function opens its own units (`call.unit()`); a failure is logged and tried again later.
    """
    ((column, value),) = state.items()

    def mark(function: F) -> F:
        setattr(function, MARK, Reconciler(function, records.spec, column, value))
        return function

    return mark


class Reconcilers:
    """All of them, run one record at a time by `run`, or by `settle` where time stands still."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._rounds: list[_Rounds] = []
        self._stirred = asyncio.Event()
        self._turn = asyncio.Lock()

    def adopt(self, service: Service) -> None:
        """Take the reconcilers of a service, from the modules that its manifest names."""
        for module in service.reconciling_modules:
            for value in vars(module).values():
                mark = getattr(value, MARK, None)
                if isinstance(mark, Reconciler):
                    self._rounds.append(_Rounds(self._cloud, service, mark, self._stirred.set))

    async def run(self) -> None:
        """Settle again and again, until cancelled."""
        while True:
            try:
                due = await self.settle()
            except Exception:
                log.exception("reconcilers could not look")
                due = self._cloud.clock.now() + _LONGEST_PAUSE
            pause = None if due is None else max(_SHORTEST_PAUSE, due - self._cloud.clock.now())
            try:
                await asyncio.wait_for(self._stirred.wait(), pause)
            except TimeoutError:
                continue

    async def settle(self) -> float | None:
        """Run what is due until nothing is; the next moment at which something will be."""
        async with self._turn:
            moments = [await rounds.look() for rounds in self._rounds]
            while self._stirred.is_set():
                self._stirred.clear()
                moments = [await rounds.look() for rounds in self._rounds]
        return min((moment for moment in moments if moment is not None), default=None)


class _Waiting(NamedTuple):
    """A record that was looked at, and when to look again if it stays as it is."""

    record: Record
    until: float
    failures: int = 0


class _Rounds:
    """One reconciler's rounds over its records."""

    def __init__(
        self, cloud: Cloud, service: Service, mark: Reconciler, stir: Callable[[], None]
    ) -> None:
        self._cloud = cloud
        self._service = service
        self._mark = mark
        self._stir = stir
        self._table: Table[Any] = cloud.store.table(mark.spec)
        self._key = attrgetter(*self._table.spec.key)
        self._changed = True
        self._waiting: dict[tuple[str, Any], _Waiting] = {}
        self._table.watchers.append(self._notice)

    def _notice(self, _: bytes | None) -> None:
        self._changed = True
        self._stir()

    async def look(self) -> float | None:
        """Act on each record that changed or is due; the next moment to look."""
        now = self._cloud.clock.now()
        if self._changed or any(each.until <= now for each in self._waiting.values()):
            self._changed = False
            self._waiting = {
                place: await self._act(scope, record, self._waiting.get(place))
                for scope, record in await self._found()
                for place in [(scope, self._key(record))]
            }
        moments = (each.until for each in self._waiting.values())
        return min((moment for moment in moments if moment != _NEVER), default=None)

    async def _found(self) -> list[tuple[str, Any]]:
        mark = self._mark
        return [
            (scope, record)
            for scope in self._table.scopes()
            for record in await self._table.within(scope).find(None, **{mark.column: mark.value})
        ]

    async def _act(self, scope: str, record: Record, last: _Waiting | None) -> _Waiting:
        now = self._cloud.clock.now()
        if last is not None and last.record == record and last.until > now:
            return last
        try:
            wake = await self._mark.function(self._call(scope), record)
            await self._cloud.store.committed()
        except Exception:
            failures = last.failures if last is not None and last.record == record else 0
            log.exception("reconciler=%s record=%s failed", self._name, self._key(record))
            pause = min(_FIRST_PAUSE * 2**failures, _LONGEST_PAUSE)
            return _Waiting(record, now + pause, failures + 1)
        return _Waiting(record, wake.at if wake else _NEVER)

    @property
    def _name(self) -> str:
        return f"{self._service.name}:{self._mark.function.__name__}"

    def _call(self, scope: str) -> Call:
        """A handle in the record's scope."""
        account, _, region = scope.partition("/")
        call: Call = handle(self._cloud, self._service.name, account, region)
        return call

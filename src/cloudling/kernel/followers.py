"""Functions that follow whole collections: called for a scope in which anything has changed.

Where a reconciler looks at one record, a follower brings about what many records say together. It
is called once for all changes that came at the same time, and in every scope after a start.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from cloudling.kernel.changes import Changes
from cloudling.kernel.handles import handle

if TYPE_CHECKING:
    from cloudling.kernel.call import Call
    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.collections import Declared
    from cloudling.kernel.scheduler import Scheduler, Wake
    from cloudling.kernel.services import Service
    from cloudling.store.collections import CollectionSpec

Function = Callable[[Any], Coroutine[Any, Any, "Wake | None"]]
F = TypeVar("F", bound=Callable[..., Any])
MARK = "__cloudling_follower__"


class Follower(NamedTuple):
    """A function, and the collections that it looks at."""

    function: Function
    specs: tuple[CollectionSpec[Any], ...]


def follower(*collections: Declared[Any]) -> Callable[[F], F]:
    """Make `async (call) -> Wake | None` follow collections; its module is one that `reconciles`.

    It is called after the commit. A failure is logged and tried again later.
    """

    def mark(function: F) -> F:
        setattr(function, MARK, Follower(function, tuple(each.spec for each in collections)))
        return function

    return mark


class Following:
    """One follower's rounds over the scopes."""

    def __init__(
        self, cloud: Cloud, service: Service, mark: Follower, scheduler: Scheduler
    ) -> None:
        self.name = f"{service.name}:{mark.function.__name__}"
        self._cloud = cloud
        self._service = service
        self._function = mark.function
        self._scheduler = scheduler
        self._tables = [cloud.store.table(spec) for spec in mark.specs]
        self._changes = [Changes(table, scheduler.notice) for table in self._tables]
        # Those that were ever seen: a reset empties scopes without naming them.
        self._scopes: dict[str, None] = {}

    def resync(self) -> None:
        for changes in self._changes:
            changes.all()

    async def look(self) -> None:
        """Stir each scope in which something has changed."""
        scopes: dict[str, None] = {}
        for table, changes in zip(self._tables, self._changes, strict=True):
            everything, places = changes.take()
            if everything:
                self._scopes |= dict.fromkeys(table.scopes())
                scopes |= self._scopes
            scopes |= dict.fromkeys(scope for scope, _ in places)
        self._scopes |= scopes
        for scope in scopes:
            self._scheduler.stir(self.name, (scope,), partial(self._act, scope))

    async def _act(self, scope: str) -> Wake | None:
        # What follows may reach beyond the store.
        await self._cloud.store.committed()
        account, _, region = scope.partition("/")
        call: Call = handle(self._cloud, self._service.name, account, region)
        wake = await self._function(call)
        await self._cloud.store.committed()
        return wake

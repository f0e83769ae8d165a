"""As much of a cloud as the scheduler and the outbox ask for: one room, and a manual clock."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from cloudling.kernel import Call, Record, collection
from cloudling.kernel.clock import ManualClock
from cloudling.kernel.cloud import Cloud
from cloudling.kernel.handles import handle
from cloudling.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

T = TypeVar("T")


class Job(Record, frozen=True, kw_only=True):
    name: str
    part: str = "p"
    state: str = "WAITING"
    count: int = 0


class Jobs(Call):
    jobs = collection(
        Job, name="test_jobs", key=("name", "part"), scope="region", indexes=("state",)
    )


class Room:
    """A service that holds some functions."""

    name = "jobs"
    call_type = Jobs

    def __init__(self, *functions: Callable[..., Any]) -> None:
        module = ModuleType("module")
        for each in functions:
            setattr(module, each.__name__, each)
        self.reconciling_modules = [module]


class House:
    """A cloud whose only room has these functions; in a folder, or in memory."""

    def __init__(self, *functions: Callable[..., Any], folder: Path | None = None) -> None:
        self.clock = ManualClock()
        self.store = Store.open(folder)
        self.cloud = Cloud(self.store, self.clock, [])
        self.runner = asyncio.Runner()
        room: Any = Room(*functions)
        self.cloud.services["jobs"] = room
        self.reconcilers = self.cloud.reconcilers
        self.reconcilers.adopt(room)

    def call(self, account: str = "1", region: str = "r") -> Jobs:
        made: Jobs = handle(self.cloud, "jobs", account, region)
        return made

    def put(self, job: Job, account: str = "1", region: str = "r") -> None:
        async def write() -> None:
            call = self.call(account, region)
            async with call.unit():
                await call.jobs.put(job)

        self.run(write())

    def get(self, name: str, part: str = "p") -> Job | None:
        return self.run(self.call().jobs.get(name, part))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def settle(self) -> float | None:
        return self.run(self.reconcilers.settle())

    def close(self) -> None:
        self.run(self.store.close())
        self.runner.close()

    def __enter__(self) -> House:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

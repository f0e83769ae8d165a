"""Reconcilers: called for what is in their state, when it changes or is due, and until it works."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import Call, Record, collection
from cloudling.kernel.clock import ManualClock
from cloudling.kernel.cloud import Cloud
from cloudling.kernel.reconcilers import Reconcilers, Wake, reconciler
from cloudling.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator


class Job(Record, frozen=True, kw_only=True):
    name: str
    state: str = "WAITING"
    due: float = 0.0


class Jobs(Call):
    jobs = collection(Job, name="test_jobs", key=("name",), scope="account", indexes=("state",))


class Room:
    """As much of a service as reconcilers ask for."""

    name = "jobs"
    call_type = Jobs

    def __init__(self, *functions: Callable[..., Any]) -> None:
        module = type("module", (), {each.__name__: each for each in functions})
        self.reconciling_modules = [module]


class House:
    """A cloud with one reconciler, and what it was called with."""

    def __init__(self, act: Callable[[Jobs, Job], Awaitable[Wake | None]]) -> None:
        self.seen: list[tuple[str, str]] = []
        self.clock = ManualClock()
        self.store = Store.open(None)
        self.cloud = Cloud(self.store, self.clock, [])
        self.runner = asyncio.Runner()
        self.acted = asyncio.Event()

        @reconciler(Jobs.jobs, state="WAITING")
        async def work(call: Jobs, job: Job) -> Wake | None:
            self.seen.append((call.account, job.name))
            self.acted.set()
            return await act(call, job)

        room: Any = Room(work)
        self.cloud.services["jobs"] = room
        self.reconcilers = Reconcilers(self.cloud)
        self.reconcilers.adopt(room)

    def put(self, job: Job, account: str = "1") -> None:
        async def write() -> None:
            with self.store.unit():
                await self.store.table(Jobs.jobs.spec).bind(account, "").put(job)

        self.runner.run(write())

    def settle(self) -> float | None:
        return self.runner.run(self.reconcilers.settle())

    def close(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()


async def finish(call: Jobs, job: Job) -> None:
    async with call.unit():
        await call.jobs.put(Job(name=job.name, state="DONE"))


async def when_due(call: Jobs, job: Job) -> Wake | None:
    if call.clock.now() < job.due:
        return Wake(job.due)
    await finish(call, job)
    return None


@pytest.fixture
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    made = House(getattr(request, "param", when_due))
    yield made
    made.close()


def test_each_record_in_its_own_account(house: House) -> None:
    house.put(Job(name="a"))
    house.put(Job(name="a"), account="2")
    house.put(Job(name="other", state="DONE"))
    assert house.settle() is None
    assert house.seen == [("1", "a"), ("2", "a")]
    house.settle()
    assert len(house.seen) == 2


def test_it_is_called_again_when_it_is_due_and_not_before(house: House) -> None:
    due = house.clock.now() + 10
    house.put(Job(name="a", due=due))
    assert house.settle() == due
    house.clock.advance(9)
    assert house.settle() == due
    assert len(house.seen) == 1
    house.clock.advance(1)
    assert house.settle() is None
    assert len(house.seen) == 2


def test_a_change_is_looked_at_before_the_moment_comes(house: House) -> None:
    house.put(Job(name="a", due=house.clock.now() + 10))
    house.settle()
    house.put(Job(name="a"))
    assert house.settle() is None
    assert len(house.seen) == 2


def test_what_was_left_by_an_earlier_run_is_taken_up(house: House) -> None:
    house.put(Job(name="a"))
    later = Reconcilers(house.cloud)
    room: Any = house.cloud.services["jobs"]
    later.adopt(room)
    house.runner.run(later.settle())
    assert house.seen == [("1", "a")]


def test_a_failure_is_logged_and_tried_again_ever_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(call: Jobs, job: Job) -> Wake | None:
        raise RuntimeError("the disk is on fire")

    house = House(fail)
    house.put(Job(name="a"))
    with caplog.at_level(logging.ERROR):
        start = house.clock.now()
        assert house.settle() == start + 1
        house.clock.advance(1)
        assert house.settle() == start + 3
        house.clock.advance(2)
        assert house.settle() == start + 7
    assert "reconciler=jobs:work record=1/a failed" in caplog.text
    house.close()


def test_the_loop_runs_until_it_is_cancelled(house: House) -> None:
    async def live() -> None:
        task = asyncio.create_task(house.reconcilers.run())
        async with asyncio.timeout(60):
            await house.acted.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    house.put(Job(name="a"))
    house.runner.run(live())

"""Keys are worked on one task at a time and side by side; failures wait, conflicts do not."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.kernel.rooms import House, Job, Jobs

from cloudling.kernel.changes import components
from cloudling.kernel.clock import ManualClock
from cloudling.kernel.reconcilers import Wake, reconciler
from cloudling.kernel.scheduler import Ran, Scheduler
from cloudling.store import keys

if TYPE_CHECKING:
    from collections.abc import Coroutine

PARTS = st.text(st.sampled_from("a\x00\x01ÿ/"), max_size=4)


@given(st.lists(PARTS, min_size=1, max_size=3))
def test_a_key_is_read_as_it_was_written(parts: list[str]) -> None:
    if len(parts) == 1:
        assert components(parts[0].encode(), 1) == (parts[0],)
    assert components(keys.encode(parts), len(parts)) == tuple(parts)


def test_keys_run_side_by_side_and_each_by_one_task() -> None:
    running: Counter[str] = Counter()
    most: Counter[str] = Counter()
    met = asyncio.Event()

    async def work(key: str) -> Wake | None:
        running[key] += 1
        most[key] = max(most[key], running[key])
        if running["a"] and running["b"]:
            met.set()
        await met.wait()
        running[key] -= 1
        return None

    async def live() -> None:
        scheduler = Scheduler(ManualClock())
        for key in "abaab":
            scheduler.stir("w", (key,), lambda key=key: work(key))
        async with asyncio.timeout(60):
            await scheduler.settle()

    asyncio.run(live())
    assert most == {"a": 1, "b": 1}


def test_what_changes_while_it_is_worked_on_is_worked_on_again() -> None:
    runs: list[int] = []
    scheduler = Scheduler(ManualClock())

    async def work() -> Wake | None:
        runs.append(len(runs))
        if len(runs) == 1:
            scheduler.stir("w", ("a",), work)
        return None

    async def live() -> None:
        scheduler.stir("w", ("a",), work)
        await scheduler.settle()

    asyncio.run(live())
    assert runs == [0, 1]
    assert list(scheduler.jobs()) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=30))
def test_moments_come_in_their_order(moments: list[int]) -> None:
    clock = ManualClock(0.0)
    scheduler = Scheduler(clock)
    seen: list[int] = []

    def worker(due: int) -> Coroutine[None, None, Wake | None]:
        async def work() -> Wake | None:
            if clock.now() < due:
                return Wake(due)
            seen.append(due)
            return None

        return work()

    async def live() -> None:
        for number, due in enumerate(moments):
            scheduler.stir("w", (str(number),), lambda due=due: worker(due))
        while (upcoming := await scheduler.settle()) is not None:
            clock.advance(upcoming - clock.now())

    asyncio.run(live())
    assert seen == sorted(moments)


def test_a_conflict_is_tried_again_at_once_and_is_no_failure() -> None:
    raced: list[int] = []

    @reconciler(Jobs.jobs, state="WAITING")
    async def work(call: Jobs, job: Job) -> Wake | None:
        if not raced:
            raced.append(1)
            async with call.unit():
                await call.jobs.change(job.name, job.part, expect=job.revision, count=7)
        async with call.unit():
            await call.jobs.change(job.name, job.part, expect=job.revision, state="DONE")
        return None

    outcomes: list[str] = []
    with House(work) as house:
        house.reconcilers.scheduler.listeners.add(lambda ran: outcomes.append(ran.outcome))
        house.put(Job(name="a"))
        assert house.settle() is None
        found = house.get("a")
        assert found is not None
        assert (found.state, found.count) == ("DONE", 7)
        assert outcomes[0] == "conflict"
        assert "failed" not in outcomes


def test_conflicts_without_end_wait_as_failures_do() -> None:
    @reconciler(Jobs.jobs, state="WAITING")
    async def work(call: Jobs, job: Job) -> Wake | None:
        async with call.unit():
            await call.jobs.change(job.name, job.part, expect=job.revision + 1, state="DONE")
        return None

    with House(work) as house:
        house.put(Job(name="a"))
        assert house.settle() == house.clock.now() + 1


def test_what_a_failing_one_writes_does_not_make_it_hurry(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tries: list[int] = []

    @reconciler(Jobs.jobs, state="WAITING")
    async def work(call: Jobs, job: Job) -> Wake | None:
        tries.append(job.count)
        async with call.unit():
            await call.jobs.put(msgspec.structs.replace(job, count=job.count + 1))
        raise RuntimeError("no machine")

    with House(work) as house:
        start = house.clock.now()
        house.put(Job(name="a"))
        assert house.settle() == start + 1
        assert house.settle() == start + 1
        house.clock.advance(1)
        assert house.settle() == start + 3
        assert tries == [0, 1]
        (failing,) = house.reconcilers.status()["failing"]
        assert (failing["failures"], failing["fault"]) == (2, "RuntimeError: no machine")
        # Whoever else changes it is heard at once.
        house.put(Job(name="a", count=50))
        house.settle()
        assert tries == [0, 1, 50]
    assert "no machine" in caplog.text


def test_a_unit_that_fails_elsewhere_stirs_nobody() -> None:
    seen: list[str] = []

    @reconciler(Jobs.jobs, state="WAITING")
    async def work(call: Jobs, job: Job) -> Wake | None:
        seen.append(job.name)
        return None

    async def fail(call: Jobs) -> None:
        async with call.unit():
            await call.jobs.put(Job(name="b"))
            raise ZeroDivisionError

    with House(work) as house:
        house.put(Job(name="a"))
        house.settle()
        with pytest.raises(ZeroDivisionError):
            house.run(fail(house.call()))
        house.settle()
        assert seen == ["a"]


def test_who_leaves_the_state_is_waited_for_no_more() -> None:
    @reconciler(Jobs.jobs, state="WAITING")
    async def work(call: Jobs, job: Job) -> Wake | None:
        return Wake(call.clock.now() + 100)

    with House(work) as house:
        house.put(Job(name="a"))
        house.put(Job(name="a"), region="s")
        assert house.settle() == house.clock.now() + 100
        assert house.reconcilers.status()["reconcilers"] == [
            {"name": "jobs:work", "running": 0, "waiting": 2, "failing": 0}
        ]
        house.put(Job(name="a", state="DONE"))
        house.put(Job(name="a", state="DONE"), region="s")
        assert house.settle() is None


def test_stopping_ends_the_work_and_keeps_nothing_running() -> None:
    ended: list[bool] = []
    started = asyncio.Event()

    async def work() -> Wake | None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)
        return None

    async def live() -> None:
        scheduler = Scheduler(ManualClock())
        ran: list[Ran] = []
        scheduler.listeners.add(ran.append)
        scheduler.stir("w", ("a",), work)
        task = asyncio.create_task(scheduler.run())
        async with asyncio.timeout(60):
            await started.wait()
            task.cancel()
            await asyncio.wait([task])
        assert task.cancelled()
        assert ran == []

    asyncio.run(live())
    assert ended == [True]


def test_a_source_that_cannot_look_does_not_hold_up_the_others() -> None:
    looks: list[float] = []
    again = asyncio.Event()

    class Blind:
        async def look(self) -> None:
            looks.append(asyncio.get_running_loop().time())
            if len(looks) == 2:
                again.set()
            raise ZeroDivisionError

        def resync(self) -> None:
            scheduler.notice()

    scheduler = Scheduler(ManualClock())
    scheduler.sources.append(Blind())

    async def live() -> None:
        task = asyncio.create_task(scheduler.run())
        done = asyncio.Event()

        async def work() -> Wake | None:
            done.set()
            return None

        async with asyncio.timeout(60):
            await again.wait()
            scheduler.stir("w", ("a",), work)
            await done.wait()
            task.cancel()
            await asyncio.wait([task])

    asyncio.run(live())
    assert looks[1] - looks[0] >= 1

"""Followers: called in a scope in which anything has changed, once, after the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.kernel.rooms import House, Job, Jobs

from cloudling.kernel.followers import follower

if TYPE_CHECKING:
    from pathlib import Path


class Steps:
    """A follower that notes where it was called and how many jobs it saw there."""

    def __init__(self, faults: int = 0) -> None:
        self.seen: list[tuple[str, str, int]] = []

        @follower(Jobs.jobs)
        async def follow(call: Jobs) -> None:
            self.seen.append((call.account, call.region, await call.jobs.count()))
            assert len(self.seen) > faults, "not yet"

        self.function = follow


def test_called_once_in_each_scope_that_changed() -> None:
    steps = Steps()
    with House(steps.function) as house:
        house.settle()
        for name in ("a", "b"):
            house.put(Job(name=name))
        house.put(Job(name="a"), account="2")
        house.settle()
        assert steps.seen == [("1", "r", 2), ("2", "r", 1)]
        house.settle()
        assert len(steps.seen) == 2
        house.put(Job(name="b", count=1))
        house.settle()
        assert steps.seen[2:] == [("1", "r", 2)]


def test_told_of_a_unit_only_when_it_is_kept() -> None:
    steps = Steps()
    with House(steps.function) as house:
        house.put(Job(name="a"))
        house.settle()

        async def fail() -> None:
            call = house.call()
            async with call.unit():
                await call.jobs.put(Job(name="b"))
                raise ZeroDivisionError

        try:
            house.run(fail())
        except ZeroDivisionError:
            house.settle()
        assert {count for *_, count in steps.seen} == {1}


def test_a_failure_is_tried_again() -> None:
    steps = Steps(faults=1)
    with House(steps.function) as house:
        house.put(Job(name="a"))
        assert house.settle() == house.clock.now() + 1
        house.clock.advance(1)
        assert house.settle() is None
        assert len(steps.seen) == 2


def test_every_scope_after_a_start_and_after_a_reset(tmp_path: Path) -> None:
    with House(Steps().function, folder=tmp_path) as house:
        house.put(Job(name="a"))
        house.put(Job(name="a"), region="s")
    steps = Steps()
    with House(steps.function, folder=tmp_path) as house:
        house.settle()
        assert steps.seen == [("1", "r", 1), ("1", "s", 1)]
        house.run(house.store.reset())
        house.settle()
        assert steps.seen[2:] == [("1", "r", 0), ("1", "s", 0)]

"""Requests that are there together take each step together, and none harms another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from cloudling.gateway.messages import Response
from cloudling.gateway.rounds import Rounds
from cloudling.kernel.steps import STEP, step

if TYPE_CHECKING:
    from collections.abc import Coroutine


class Member:
    """Notes what becomes of its handler."""

    def __init__(self, rounds: Rounds, name: str, told: list[str], *, faulty: str = "") -> None:
        self._rounds = rounds
        self._name = name
        self._told = told
        self._faulty = faulty

    async def _handle(self) -> Response:
        self._tell("first")
        await step()
        self._tell("second")
        return Response()

    def _tell(self, what: str) -> None:
        if what == self._faulty:
            raise ZeroDivisionError
        self._told.append(f"{self._name} {what}")

    def begin(self) -> None:
        work = self._handle()
        assert work.send(None) is STEP
        self._rounds.pause(self, work)

    def wait(self, work: Coroutine[Any, Any, Response], waited: object) -> None:
        raise AssertionError("It waits for the others only.")

    def ended(self, end: BaseException) -> None:
        if not isinstance(end, StopIteration):
            raise end
        if not self._rounds.answer(self, end.value):
            self.end(end.value)

    def end(self, response: Response) -> None:
        self._tell("sent")

    def fail(self) -> None:
        self._told.append(f"{self._name} failed")


def told_of(faulty: str = "", count: int = 2) -> list[str]:
    told: list[str] = []

    async def scenario() -> None:
        rounds = Rounds()
        members = [Member(rounds, str(number), told) for number in range(count - 1)]
        for member in (Member(rounds, "a", told, faulty=faulty), *members):
            rounds.join(member)
        await asyncio.sleep(0)

    asyncio.run(scenario())
    return told


def test_each_step_is_taken_by_all() -> None:
    assert told_of() == ["a first", "0 first", "a second", "0 second", "a sent", "0 sent"]


def test_a_fault_is_its_own_members() -> None:
    others = ["0 first", "0 second", "0 sent"]
    assert told_of("first") == ["a failed", *others]
    assert told_of("second") == ["a first", "0 first", "a failed", *others[1:]]
    assert told_of("sent") == ["a first", "0 first", "a second", "0 second", "a failed", "0 sent"]


def test_answers_do_not_wait_for_all_that_is_there() -> None:
    told = told_of(count=100)
    assert len(told) == 300
    assert told.index("a sent") < told.index("98 first")


def test_elsewhere_nobody_pauses() -> None:
    async def scenario() -> str:
        await step()
        return "done"

    assert asyncio.run(scenario()) == "done"

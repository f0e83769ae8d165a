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


def test_a_round_takes_in_who_comes_while_it_is_looked_for_more() -> None:
    told: list[str] = []

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        rounds = Rounds()
        first = [Member(rounds, name, told) for name in "ab"]
        late = [Member(rounds, name, told) for name in "cde"]

        def join(*members: Member) -> None:
            for member in members:
                rounds.join(member)

        # One alone is not kept; after that there are several, so that more are looked for.
        join(first[0])
        await asyncio.sleep(0)
        assert told == ["a first", "a second", "a sent"]
        join(*first)
        await asyncio.sleep(0)
        del told[:]
        join(late[0])
        loop.call_soon(join, late[1])
        await asyncio.sleep(0)
        assert not told
        loop.call_soon(join, late[2])
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(scenario())
    assert told[:4] == ["c first", "d first", "e first", "c second"]


def test_elsewhere_nobody_pauses() -> None:
    async def scenario() -> str:
        await step()
        return "done"

    assert asyncio.run(scenario()) == "done"

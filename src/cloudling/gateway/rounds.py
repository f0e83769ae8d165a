"""Rounds: requests that are there together go through each step of their handling together.

One request after the other through all steps would have the processor fetch each step's code anew
for every request: under load that costs as much as the steps themselves.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import types
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from cloudling.gateway.messages import Response

    Work = Coroutine[Any, Any, Response]

log = logging.getLogger(__name__)

# So many requests at most are handled before the first of their answers leaves.
_TOGETHER = 32
STEP = object()
"""What a handler yields between two steps."""


class _Here(threading.local):
    """Whether handlers run in a round on this thread; elsewhere they are tasks, or nobody's."""

    in_round = False


_here = _Here()


@types.coroutine
def step() -> Generator[object, None, None]:
    """Let the other requests of the round come as far as this one."""
    if _here.in_round:
        yield STEP


class Member(Protocol):
    """A connection, as a round needs it."""

    def begin(self) -> None:
        """Handle what was read."""

    def go_on(self, work: Work) -> None:
        """Take a handler's next step."""

    def end(self, response: Response) -> None:
        """Send the answer."""

    def fail(self) -> None:
        """End after a fault of ours, which is under way."""


class Rounds:
    """The requests that connections of one server have read in this turn of the loop."""

    def __init__(self) -> None:
        self._ready: list[Member] = []
        self._begun: list[tuple[Member, Work]] = []
        self._answered: list[tuple[Member, Response]] = []

    def join(self, member: Member) -> None:
        """Handle what this one has read, once all that is there has been read."""
        if not self._ready:
            asyncio.get_running_loop().call_soon(self._handle)
        self._ready.append(member)

    def pause(self, member: Member, work: Work) -> None:
        """A handler of this round has come to the end of a step."""
        self._begun.append((member, work))

    def answer(self, member: Member, response: Response) -> bool:
        """Send an answer with the others of the round; False outside of one: send it now."""
        if _here.in_round:
            self._answered.append((member, response))
        return _here.in_round

    def _handle(self) -> None:
        ready, self._ready = self._ready, []
        for at in range(0, len(ready), _TOGETHER):
            _here.in_round = True
            try:
                self._take_steps(ready[at : at + _TOGETHER])
            finally:
                _here.in_round = False
            answered, self._answered = self._answered, []
            for member, response in answered:
                try:
                    member.end(response)
                except Exception:  # noqa: BLE001 - the others must not suffer from it
                    member.fail()

    def _take_steps(self, members: list[Member]) -> None:
        for member in members:
            try:
                member.begin()
            except Exception:  # noqa: BLE001 - as above
                member.fail()
        while self._begun:
            begun, self._begun = self._begun, []
            for member, work in begun:
                try:
                    member.go_on(work)
                except Exception:  # noqa: BLE001 - as above
                    member.fail()

"""Rounds: requests that are there together take each step of their handling together.

See `kernel/steps.py` for why. Here is who takes part, and in what order.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from cloudling.kernel.steps import STEP, here

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from cloudling.gateway.messages import Response

    Work = Coroutine[Any, Any, Response]

# So many requests at most are handled before the first of their answers leaves.
_TOGETHER = 32


class Member(Protocol):
    """A connection, as a round needs it."""

    def begin(self) -> None:
        """Handle what was read."""

    def wait(self, work: Work, waited: object) -> None:
        """A handler waits for something else than the others of its round."""

    def ended(self, end: BaseException) -> None:
        """A handler has answered, by a StopIteration, or raised."""

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
        self._seen = 0  # how many were ready when it was last looked
        self._alone = True  # the round before had one member

    def join(self, member: Member) -> None:
        """Handle what this one has read, once all that is there has been read."""
        if not self._ready:
            self._seen = 0
            asyncio.get_running_loop().call_soon(self._gather)
        self._ready.append(member)

    def _gather(self) -> None:
        """Begin, unless requests are still coming: clients write while their answers leave.

        The loop looks for them once more as long as it found some: nothing is waited for.
        """
        count = len(self._ready)
        if self._seen < count < _TOGETHER and not self._alone:
            self._seen = count
            asyncio.get_running_loop().call_soon(self._gather)
        else:
            self._alone = count == 1
            self._handle()

    def pause(self, member: Member, work: Work) -> None:
        """A handler of this round has come to the end of a step."""
        self._begun.append((member, work))

    def answer(self, member: Member, response: Response) -> bool:
        """Send an answer with the others of the round; False outside of one: send it now."""
        if here.in_round:
            self._answered.append((member, response))
        return here.in_round

    def _handle(self) -> None:
        ready, self._ready = self._ready, []
        for at in range(0, len(ready), _TOGETHER):
            here.in_round = True
            try:
                self._take_steps(ready[at : at + _TOGETHER])
            finally:
                here.in_round = False
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
            pause = self._begun.append
            for going in begun:
                # Driven here, as each step would cost two calls more by way of the member.
                member, work = going
                try:
                    if (waited := work.send(None)) is STEP:
                        pause(going)
                    else:
                        member.wait(work, waited)
                except BaseException as end:  # noqa: BLE001 - its member knows what to do
                    _tell(member, end)


def _tell(member: Member, end: BaseException) -> None:
    try:
        member.ended(end)
    except Exception:  # noqa: BLE001 - the others must not suffer from it
        member.fail()

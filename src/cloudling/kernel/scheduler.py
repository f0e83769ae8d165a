"""One heap of moments for the whole cloud, and what is to be done when each has come.

A job is a key that somebody works on. One task at a time has a key, keys are worked on side by
side, and a key whose work failed waits longer each time. Time is the cloud's clock: `run` lives by
it, `settle` does what is due where a test holds it still.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from cloudling.store.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.kernel.clock import Clock

log = logging.getLogger(__name__)

Key = tuple[str, ...]
Work = Callable[[], Coroutine[Any, Any, "Wake | None"]]
_SHORTEST_PAUSE = 0.01
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 64.0
_RESYNC_SECONDS = 600.0
_MOST_CONFLICTS = 10


class Wake(NamedTuple):
    """Look again at this moment, by the cloud's clock."""

    at: float


class Ran(NamedTuple):
    """A piece of work that has ended: `outcome` is "done", "waits", "conflict" or "failed"."""

    at: float
    name: str
    key: Key
    outcome: str
    seconds: float
    due: float | None
    fault: str


class Job:
    """A key that is worked on, or waits for its moment."""

    __slots__ = ("again", "conflicts", "due", "failures", "fault", "key", "name", "task", "work")

    def __init__(self, name: str, key: Key, work: Work) -> None:
        self.name = name
        self.key = key
        self.work = work
        self.due: float | None = None
        self.task: asyncio.Task[None] | None = None
        self.again = False  # something changed while its task ran
        self.failures = 0
        self.conflicts = 0
        self.fault = ""

    @property
    def state(self) -> str:
        if self.task is not None:
            return "running"
        return "failing" if self.failures else "waiting"


class Source(Protocol):
    """What knows of keys that need work."""

    async def look(self) -> None:
        """Stir the keys that have changed since the last look."""

    def resync(self) -> None:
        """Take every key for changed at the next look."""


class Scheduler:
    """Runs what is due, and tells `listeners` of each piece of work."""

    def __init__(self, clock: Clock) -> None:
        self.sources: list[Source] = []
        self.listeners: set[Callable[[Ran], None]] = set()
        self._clock = clock
        self._jobs: dict[tuple[str, Key], Job] = {}
        # Moments that a job has left behind stay here until they come up.
        self._moments: list[tuple[float, int, Job]] = []
        self._order = count()
        # Sources that could not look: until when they are let be, by the loop's time, and for how
        # long.
        self._blind: dict[Source, tuple[float, float]] = {}
        self._stirred = asyncio.Event()

    def notice(self) -> None:
        """A source has something to look at."""
        self._stirred.set()

    def stir(self, name: str, key: Key, work: Work) -> None:
        """Work on this key as soon as may be; once more if it is being worked on."""
        job = self._jobs.get((name, key))
        if job is None:
            job = self._jobs[name, key] = Job(name, key, work)
        if job.task is None:
            self._plan(job, self._clock.now())
        else:
            job.again = True
        self._stirred.set()

    def drop(self, name: str, key: Key) -> None:
        """Nothing is to be done for this key any more; work that has begun goes on."""
        job = self._jobs.get((name, key))
        if job is not None and job.task is None:
            self._forget(job)

    def jobs(self) -> Iterator[Job]:
        """All that run or wait."""
        yield from self._jobs.values()

    async def run(self) -> None:
        """Do what is due again and again, until cancelled."""
        resync = asyncio.get_running_loop().time() + _RESYNC_SECONDS
        try:
            while True:
                self._stirred.clear()
                await self._step()
                # Not `wait_for`: Python 3.11's may swallow that it was cancelled.
                with suppress(TimeoutError):  # a moment has come
                    async with asyncio.timeout(self._pause()):
                        await self._stirred.wait()
                if asyncio.get_running_loop().time() >= resync:
                    resync = asyncio.get_running_loop().time() + _RESYNC_SECONDS
                    for source in self.sources:
                        source.resync()
        finally:
            await self._stop()

    async def settle(self) -> float | None:
        """Do what is due until nothing is; the next moment at which something will be."""
        self._blind.clear()
        await self._step()
        while running := self._running():
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            await self._step()
        self._stirred.set()  # whoever runs must reckon its pause anew
        return self._next()

    async def _step(self) -> None:
        for source in self.sources:
            await self._look(source)
        now = self._clock.now()
        while (due := self._next()) is not None and due <= now:
            job = heapq.heappop(self._moments)[2]
            job.due = None
            job.task = asyncio.create_task(self._work(job))

    async def _look(self, source: Source) -> None:
        loop = asyncio.get_running_loop()
        until, pause = self._blind.get(source, (0.0, _FIRST_PAUSE))
        if loop.time() < until:
            return
        try:
            await source.look()
        except Exception:
            log.exception("source=%s could not look", type(source).__name__)
            # Whatever it stumbled over may be there for good: the others must not wait for it.
            self._blind[source] = loop.time() + pause, min(2 * pause, _LONGEST_PAUSE)
            source.resync()
            loop.call_later(pause, self._stirred.set)
        else:
            self._blind.pop(source, None)

    def _pause(self) -> float:
        due = self._next()
        if due is None:
            return _RESYNC_SECONDS
        return min(max(_SHORTEST_PAUSE, due - self._clock.now()), _RESYNC_SECONDS)

    def _next(self) -> float | None:
        """The first moment that some job still waits for."""
        moments = self._moments
        while moments and moments[0][2].due != moments[0][0]:
            heapq.heappop(moments)
        return moments[0][0] if moments else None

    def _running(self) -> list[asyncio.Task[None]]:
        return [job.task for job in self._jobs.values() if job.task is not None]

    def _plan(self, job: Job, moment: float) -> None:
        if job.due != moment:
            job.due = moment
            heapq.heappush(self._moments, (moment, next(self._order), job))

    def _forget(self, job: Job) -> None:
        job.due = None
        self._jobs.pop((job.name, job.key), None)

    async def _work(self, job: Job) -> None:
        started = perf_counter()
        outcome, wake = "done", None
        try:
            wake = await job.work()
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except Conflict as fault:
            outcome, job.fault = "conflict", str(fault)
        except Exception as fault:
            outcome, job.fault = "failed", f"{type(fault).__name__}: {fault}"
            log.exception("reconciler=%s record=%s failed", job.name, "/".join(job.key))
        finally:
            job.task = None
            if outcome == "cancelled":
                self._forget(job)
            else:
                self._after(job, outcome, wake, perf_counter() - started)

    def _after(self, job: Job, outcome: str, wake: Wake | None, seconds: float) -> None:
        """Decide when the key is worked on next, and tell who listens."""
        now = self._clock.now()
        again, job.again = job.again, False
        job.conflicts = job.conflicts + 1 if outcome == "conflict" else 0
        if outcome == "failed" or job.conflicts > _MOST_CONFLICTS:
            # Not even a change makes it hurry: the change may be its own.
            self._plan(job, now + min(_FIRST_PAUSE * 2**job.failures, _LONGEST_PAUSE))
            job.failures += 1
        elif again or outcome == "conflict":
            self._plan(job, now)
        else:
            job.failures, job.fault = 0, ""
            if wake is None:
                self._forget(job)
            else:
                outcome = "waits"
                self._plan(job, wake.at)
        self._stirred.set()
        for listener in tuple(self.listeners):
            listener(Ran(now, job.name, job.key, outcome, seconds, job.due, job.fault))

    async def _stop(self) -> None:
        running = self._running()
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

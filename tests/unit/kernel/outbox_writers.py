"""Tells of changes until it is killed: `outbox_writers.py <folder> <first number>`.

A line `told <lane> <number>` follows each commit, `heard <lane> <number>` each delivery.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path
from typing import Any

from tests.unit.kernel.rooms import House, Job, Jobs

from cloudling.kernel.events import on

LANES = 4


def say(*words: object) -> None:
    # Straight into the pipe, where it stays whatever becomes of us.
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


@on({"source": ["aws.jobs"]})
async def hear(call: Jobs, event: dict[str, Any]) -> None:
    if random.random() < 0.05:
        await asyncio.sleep(0)
    say("heard", event["resources"][0], event["detail"]["number"])


async def tell(house: House, number: int) -> None:
    lane = f"lane{number % LANES}"
    call = house.call()
    async with call.unit():
        await call.jobs.put(Job(name=lane, count=number))
        await call.emit("aws.jobs", "Told", {"number": number}, [lane])
    await call.committed()
    say("told", lane, number)


async def work(house: House, number: int) -> None:
    running = asyncio.create_task(house.reconcilers.run())
    while not running.done():
        await tell(house, number)
        number += 1


if __name__ == "__main__":
    with House(hear, folder=Path(sys.argv[1])) as opened:
        opened.run(work(opened, int(sys.argv[2])))

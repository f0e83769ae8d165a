"""The program that the crash test kills: writers that tell over standard output what was committed.

What a writer does is a function of its name and a count, so that the test knows what must be there.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path
from typing import NamedTuple

from cloudling.store.blobs import BlobRef  # noqa: TC001 - msgspec reads the annotation
from cloudling.store.collections import CollectionSpec
from cloudling.store.records import Record
from cloudling.store.store import Store

MARK = b"A plain body, which nobody may find. "
KEYS = 3  # of each writer
WRITERS = 8


class Body(Record, frozen=True, kw_only=True):
    key: str
    blob: BlobRef


BODIES = CollectionSpec("bodies", Body, key=("key",), scope="world")


class Step(NamedTuple):
    key: str
    body: bytes | None  # None deletes


def step_of(writer: str, number: int) -> Step:
    """What the writer does as its nth deed."""
    choice = random.Random(f"{writer} {number}")
    key = f"{writer}/{number % KEYS}"
    if choice.random() < 0.25:
        return Step(key, None)
    size = choice.choice([0, 100, 1000, 16_384, 16_385, 60_000, 400_000])
    body = MARK * (size // len(MARK)) + choice.randbytes(size % len(MARK))
    return Step(key, body)


async def put(store: Store, step: Step) -> None:
    bodies = store.table(BODIES).bind("", "")
    writer = None
    if step.body is not None:
        writer = store.blobs.writer(len(step.body))
        await asyncio.to_thread(writer.write, step.body)
        await asyncio.to_thread(writer.finish)
    with store.unit():
        if (old := await bodies.get(step.key)) is not None:
            store.blobs.release(old.blob)
        if writer is None:
            await bodies.delete(step.key)
        else:
            blob = store.blobs.keep(writer)
            await bodies.put(Body(key=step.key, blob=blob))


async def write(store: Store, writer: str) -> None:
    for number in range(1_000_000):
        await put(store, step_of(writer, number))
        await store.committed()
        os.write(1, f"{writer} {number}\n".encode())


async def main(folder: str, durability: str, turn: str) -> None:
    store = Store.open(Path(folder), durability=durability)
    await asyncio.gather(*(write(store, f"{turn}-{n}") for n in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

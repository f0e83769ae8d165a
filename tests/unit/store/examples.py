"""Records and short cuts that the tests of the store share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cloudling.store.collections import CollectionSpec
from cloudling.store.records import Record

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from cloudling.store.blobs import BlobRef
    from cloudling.store.store import Store

T = TypeVar("T")


class Thing(Record, frozen=True, kw_only=True):
    place: str
    name: str
    owner: str = ""
    size: int = 0


THINGS = CollectionSpec("things", Thing, key=("place", "name"), indexes=("owner",))


def run(coroutine: Coroutine[object, object, T]) -> T:
    """Run what never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise AssertionError("It suspended.")


def write_blob(store: Store, data: bytes, step: int = 100_000) -> BlobRef:
    """Keep a blob in a unit of its own."""
    writer = store.blobs.writer(None)
    for begin in range(0, len(data), step):
        writer.write(data[begin : begin + step])
    writer.finish()
    with store.unit():
        return store.blobs.keep(writer)


def read_blob(store: Store, ref: BlobRef, offset: int = 0, length: int | None = None) -> bytes:
    reader = store.blobs.reader(ref, offset, length)
    try:
        return b"".join(iter(lambda: reader.read(70_000), b""))
    finally:
        reader.close()

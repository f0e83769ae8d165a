"""Blobs: every byte back from every offset, kept while a record refers to it, and no longer."""

from __future__ import annotations

import asyncio
import os
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.store.examples import read_blob, run, write_blob

from cloudling.store.errors import BlobDamaged, BlobGone
from cloudling.store.store import Store
from cloudling.store.writers import BUFFER, INLINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cloudling.store.blobs import BlobRef

SIZES = [0, 1, 15, 16, 17, INLINE - 1, INLINE, INLINE + 1, BUFFER - 1, BUFFER, BUFFER + 1, 700_001]
LARGE = os.urandom(INLINE + 300_000)


class Failing(Exception):
    """What a unit fails with."""


@pytest.fixture(params=["encrypted", "plain"])
def any_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    store = Store.open(None, encrypt_objects=request.param == "encrypted")
    yield store
    store.shut()


def files_of(store: Store) -> list[Path]:
    return [path for path in store.blobs._files._folder.rglob("*") if path.is_file()]


def until(condition: Callable[[], bool]) -> bool:
    """Whether the condition comes true soon; the sync thread does that."""
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [1000, 100_000, 1 << 20])
def test_what_is_written_is_read(any_store: Store, size: int, step: int) -> None:
    data = os.urandom(size)
    ref = write_blob(any_store, data, step)
    assert (ref.size, ref.inline) == (size, size <= INLINE)
    assert read_blob(any_store, ref) == data
    assert len(files_of(any_store)) == (size > INLINE)


def test_reading_begins_anywhere(any_store: Store) -> None:
    large, small = write_blob(any_store, LARGE), write_blob(any_store, LARGE[:5000])
    for offset in [*range(34), 4095, 4096, 4097, len(LARGE) - 1, len(LARGE)]:
        for length in (0, 1, 16, 33):
            if offset + length <= len(LARGE):
                assert read_blob(any_store, large, offset, length) == LARGE[offset:][:length]
            if offset + length <= 5000:
                assert read_blob(any_store, small, offset, length) == LARGE[offset:][:length]
        assert read_blob(any_store, large, offset) == LARGE[offset:]


@pytest.mark.parametrize(("offset", "length"), [(-1, 5), (0, 11), (11, None), (5, 6), (5, -1)])
def test_there_is_nothing_beyond_the_bytes(store: Store, offset: int, length: int | None) -> None:
    ref = write_blob(store, b"0123456789")
    with pytest.raises(ValueError, match="10 bytes"):
        store.blobs.reader(ref, offset, length)
    with pytest.raises(ValueError, match="20 bytes"):
        store.blobs.joined([ref, ref], offset + (10 if offset > 0 else 0), 21 if length else -1)


def test_joined_blobs_read_as_one(any_store: Store) -> None:
    parts = [LARGE[:20_000], b"", LARGE[:100], LARGE[5:50_000], LARGE[:17]]
    refs = [write_blob(any_store, part) for part in parts]
    whole = b"".join(parts)
    edges = [0, 1, 19_999, 20_000, 20_001, 20_099, 20_100, 20_117, 70_000, len(whole)]

    for begin, end in [*pairwise(edges), *((edge, len(whole)) for edge in edges)]:
        reader = any_store.blobs.joined(refs, begin, end - begin)
        assert reader.length == end - begin
        assert b"".join(iter(lambda: reader.read(7000), b"")) == whole[begin:end]  # noqa: B023
        reader.close()
    assert any_store.blobs.joined([]).read(1) == b""


def test_plain_bytes_can_be_sent_from_their_file() -> None:
    store = Store.open(None, encrypt_objects=False)
    try:
        ref = write_blob(store, LARGE)
        assert (ref.cipher, store.blobs.encrypted) == ("none", False)
        reader = store.blobs.reader(ref, 100)
        place = reader.plain()
        assert place is not None
        assert os.pread(place[0], 50, place[1]) == LARGE[100:150]
        reader.close()
    finally:
        store.shut()


def test_enciphered_bytes_are_nowhere_plain(store: Store) -> None:
    large, small = write_blob(store, b"secret!!" * 5000), write_blob(store, b"secret!!" * 5)
    assert (large.cipher, small.cipher) == ("aes-256-ctr", "aes-256-gcm")
    assert store.blobs.reader(large).plain() is None
    assert b"secret" not in files_of(store)[0].read_bytes()
    ((stored,),) = store.commits.fetch("SELECT bytes FROM blob_bytes")
    assert b"secret" not in stored


def test_equal_bytes_do_not_look_alike(store: Store) -> None:
    write_blob(store, LARGE)
    write_blob(store, LARGE)
    one, other = [file.read_bytes() for file in files_of(store)]
    assert one[:64] != other[:64]


@pytest.mark.parametrize("size", [100, 100_000])
def test_a_key_opens_only_its_own_blob(store: Store, size: int) -> None:
    one, other = write_blob(store, LARGE[:size]), write_blob(store, LARGE[:size])
    mixed = msgspec.structs.replace(one, key=other.key)
    with pytest.raises(BlobDamaged):
        read_blob(store, mixed)


def test_a_shortened_file_is_noticed(store: Store) -> None:
    ref = write_blob(store, LARGE)
    os.truncate(files_of(store)[0], 1000)
    with pytest.raises(BlobDamaged, match="early"):
        read_blob(store, ref)


@given(st.integers(0, 2**63), st.binary(max_size=40), st.booleans())
def test_refs_are_stored_as_they_are(size: int, key: bytes, inline: bool) -> None:
    from cloudling.store.blobs import BlobRef

    ref = BlobRef("00ff", size, key, inline)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(ref), type=BlobRef) == ref


@pytest.mark.parametrize("size", [100, 100_000])
def test_bytes_go_with_their_last_reference(store: Store, size: int) -> None:
    ref = write_blob(store, LARGE[:size])
    with store.unit():
        store.blobs.share(ref)
    with store.unit():
        store.blobs.release(ref)
    assert read_blob(store, ref) == LARGE[:size]
    with store.unit():
        store.blobs.release(ref)
    assert files_of(store) == []
    with pytest.raises(BlobGone):
        store.blobs.reader(ref)
    for use in (store.blobs.share, store.blobs.release):
        with pytest.raises(BlobGone), store.unit():
            use(ref)


def _keep(store: Store, data: bytes) -> BlobRef:
    return store.blobs.keep(store.blobs.of(data))


@pytest.mark.parametrize("size", [100, 100_000])
def test_bytes_known_to_be_there_go_at_the_end_of_the_turn(store: Store, size: int) -> None:
    async def turn() -> tuple[BlobRef, BlobRef]:
        with store.unit():
            first = _keep(store, LARGE[:size])
        with pytest.raises(Failing), store.unit():
            _use_and_fail(store.blobs.release_known, first)
        with store.unit():
            store.blobs.release_known(first)
            second = _keep(store, LARGE[:size])
        with store.unit():
            # Put in and taken away in one turn, whichever of the two was first put off.
            store.blobs.release_known(second)
            third = _keep(store, LARGE[:size])
        await store.committed()
        return first, third

    first, third = asyncio.run(turn())
    assert read_blob(store, third) == LARGE[:size]
    with pytest.raises(BlobGone):
        store.blobs.reader(first)
    rows = store.commits.fetch("SELECT count FROM blob_bytes UNION ALL SELECT count FROM blob_refs")
    assert rows == [(1,)]


@pytest.mark.parametrize("size", [100, 100_000])
def test_shared_bytes_outlive_the_one_known_to_refer_to_them(store: Store, size: int) -> None:
    ref = write_blob(store, LARGE[:size])
    with store.unit():
        store.blobs.share(ref)
    with store.unit():
        store.blobs.release_known(ref)
    assert read_blob(store, ref) == LARGE[:size]
    with store.unit():
        store.blobs.release_known(ref)
    with pytest.raises(BlobGone):
        store.blobs.reader(ref)


@pytest.mark.parametrize("size", [100, 100_000])
def test_a_failed_unit_changes_no_reference(store: Store, size: int) -> None:
    ref = write_blob(store, LARGE[:size])
    for use in (store.blobs.share, store.blobs.release):
        with pytest.raises(Failing), store.unit():
            _use_and_fail(use, ref)
    assert read_blob(store, ref) == LARGE[:size]
    with store.unit():
        store.blobs.release(ref)
    with pytest.raises(BlobGone):
        store.blobs.reader(ref)


def _use_and_fail(use: Callable[[BlobRef], object], ref: BlobRef) -> None:
    use(ref)
    raise Failing


def test_a_failed_unit_of_a_turn_releases_nothing_with_the_others(disk_store: Store) -> None:
    kept, released = write_blob(disk_store, LARGE), write_blob(disk_store, LARGE)

    async def turn() -> None:
        with disk_store.unit():
            disk_store.blobs.release(released)
        with pytest.raises(Failing), disk_store.unit():
            _use_and_fail(disk_store.blobs.release, kept)
        await disk_store.committed()

    asyncio.run(turn())
    assert until(lambda: len(files_of(disk_store)) == 1)
    assert read_blob(disk_store, kept) == LARGE


@pytest.mark.parametrize("size", [100, 100_000])
def test_a_writer_can_be_given_up_at_any_time(store: Store, size: int) -> None:
    for finished in (False, True):
        writer = store.blobs.writer(None)
        writer.write(LARGE[:size])
        if finished:
            writer.finish()
        writer.abort()
        writer.abort()
    assert files_of(store) == []


@pytest.mark.parametrize("size", [100, 100_000])
def test_giving_up_after_keeping_harms_nothing(store: Store, size: int) -> None:
    async def turn() -> BlobRef:
        writer = store.blobs.writer(None)
        writer.write(LARGE[:size])
        with store.unit():
            ref = store.blobs.keep(writer)
        writer.abort()  # as in `finally`, before the turn's commit
        await store.committed()
        writer.abort()
        return ref

    assert read_blob(store, asyncio.run(turn())) == LARGE[:size]


@pytest.mark.parametrize("size", [100, 100_000])
def test_keeping_can_be_tried_again(store: Store, size: int) -> None:
    writer = store.blobs.writer(None)
    writer.write(LARGE[:size])
    with pytest.raises(Failing), store.unit():
        _use_and_fail(store.blobs.keep, writer)  # type: ignore[arg-type] # a writer is kept, too
    with store.unit():
        ref = store.blobs.keep(writer)
    assert read_blob(store, ref) == LARGE[:size]


def test_a_dropped_writer_gives_up(store: Store) -> None:
    writer = store.blobs.writer(None)
    writer.write(LARGE)
    assert len(files_of(store)) == 1
    del writer
    assert files_of(store) == []


def test_a_file_that_cannot_be_removed_harms_nobody(
    disk_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    ref = write_blob(disk_store, LARGE)
    (file,) = files_of(disk_store)
    file.unlink()
    file.mkdir()  # which unlink refuses, also for root
    with disk_store.unit():
        disk_store.blobs.release(ref)
    assert until(lambda: "is not needed stays" in caplog.text)
    assert read_blob(disk_store, write_blob(disk_store, LARGE)) == LARGE
    assert disk_store.fault is None


def test_open_readers_outlive_their_blob(disk_store: Store) -> None:
    refs = [write_blob(disk_store, LARGE), write_blob(disk_store, LARGE)]
    one, joined = disk_store.blobs.reader(refs[0]), disk_store.blobs.joined(refs)
    assert joined.read(10) == LARGE[:10]
    with disk_store.unit():
        for ref in refs:
            disk_store.blobs.release(ref)
    assert until(lambda: not disk_store.blobs._files._doomed or len(files_of(disk_store)) == 2)
    assert one.read(len(LARGE)) == LARGE
    one.close()
    assert b"".join(iter(lambda: joined.read(1 << 20), b"")) == (LARGE + LARGE)[10:]
    joined.close()
    assert until(lambda: files_of(disk_store) == [])


def test_removals_are_forgotten_once_done(disk_store: Store) -> None:
    def rows() -> int:
        return int(disk_store.commits.fetch("SELECT count(*) FROM blob_removals")[0][0])

    ref = write_blob(disk_store, LARGE)
    with disk_store.unit():
        disk_store.blobs.release(ref)
    assert rows() == 1
    assert until(lambda: bool(disk_store.blobs._files._gone))
    write_blob(disk_store, b"the next commit")
    assert rows() == 0


def test_removals_are_resumed_at_the_next_start(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "data")
    ref = write_blob(store, LARGE)
    with store.unit():  # as a crash between the commit and the removal leaves it
        store.unit().execute("DELETE FROM blob_refs")
        store.unit().execute("INSERT INTO blob_removals(id) VALUES(?)", (ref.id,))
    store.shut()

    store = Store.open(tmp_path / "data")
    try:
        assert until(lambda: files_of(store) == [])
    finally:
        store.shut()


def test_the_sweep_takes_only_old_files_that_nobody_names(disk_store: Store) -> None:
    kept = write_blob(disk_store, LARGE)
    upload = disk_store.blobs.writer(None)
    upload.write(LARGE)
    files = disk_store.blobs._files
    orphans = [files.create() for _ in range(2)]
    for path, descriptor in orphans:
        os.close(descriptor)
        files.settled(path.name)  # no upload names it any more
    for path in files_of(disk_store):
        if path != orphans[1][0]:
            os.utime(path, (1, 1))

    removed = files.sweep(disk_store.commits.connection)  # type: ignore[arg-type] # it is SQLite's

    assert removed == 1
    assert not orphans[0][0].exists()
    assert orphans[1][0].exists()  # it is young
    with disk_store.unit():
        ref = disk_store.blobs.keep(upload)
    assert read_blob(disk_store, ref) == read_blob(disk_store, kept) == LARGE


def test_reset_empties_everything(disk_store: Store) -> None:
    refs = [write_blob(disk_store, LARGE), write_blob(disk_store, b"small")]
    run(disk_store.reset())
    assert until(lambda: files_of(disk_store) == [])
    for ref in refs:
        with pytest.raises(BlobGone):
            disk_store.blobs.reader(ref)
    assert read_blob(disk_store, write_blob(disk_store, b"again")) == b"again"

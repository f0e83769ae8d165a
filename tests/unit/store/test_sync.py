"""What the sync thread promises: order, durability, a log that stays small, and honest failures."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from tests.unit.store.examples import THINGS, Thing, run, write_blob

from cloudling.store import sync as sync_module
from cloudling.store.checkpoints import Gate
from cloudling.store.errors import StoreFault
from cloudling.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cloudling.store.sync import Syncer

ONE = Thing(place="p", name="one")


@pytest.fixture
def strict_store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "data", durability="strict")
    store.table(THINGS)
    yield store
    store.shut()


def syncer_of(store: Store) -> Syncer:
    assert store._sync is not None
    return store._sync  # type: ignore[return-value] # the tests here open folders


def put(store: Store, name: str, owner: str = "") -> None:
    with store.unit():
        run(store.table(THINGS).bind("1", "r").put(Thing(place="p", name=name, owner=owner)))


def test_files_are_synced_before_the_log(
    disk_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    seen = threading.Event()
    descriptors: dict[int, str] = {}
    opened, fsync, log_sync = os.open, os.fsync, syncer_of(disk_store).log.sync

    def recording_open(path: object, *arguments: int, **options: int) -> int:
        descriptor = opened(path, *arguments, **options)  # type: ignore[arg-type] # as it came
        descriptors[descriptor] = str(path)
        return descriptor

    def recording_fsync(descriptor: int) -> None:
        done.append(descriptors.get(descriptor, "?"))
        fsync(descriptor)

    def recording_log_sync() -> None:
        log_sync()
        done.append("log")
        seen.set()

    monkeypatch.setattr(os, "open", recording_open)
    writer = disk_store.blobs.writer(None)
    writer.write(b"x" * 50_000)
    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(syncer_of(disk_store).log, "sync", recording_log_sync)
    writer.finish()
    with disk_store.unit():
        ref = disk_store.blobs.keep(writer)
    assert seen.wait(10)

    path = disk_store.blobs._files.path(ref.id)
    assert done[:3] == [str(path), str(path.parent), "log"]


def test_strict_answers_wait_for_the_disk(
    strict_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncer = syncer_of(strict_store)
    may_sync, synced = threading.Event(), 0
    log_sync = syncer.log.sync

    def slow_sync() -> None:
        nonlocal synced
        assert may_sync.wait(10)
        log_sync()
        synced += 1

    monkeypatch.setattr(syncer.log, "sync", slow_sync)

    async def turns() -> None:
        for name in ("one", "two", "three"):
            put(strict_store, name)
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not strict_store.commits.connection.in_transaction
        # Committed, but a reader must not show yet what a power cut could take.
        assert strict_store.dirty
        with pytest.raises(ZeroDivisionError):
            _fail(strict_store)
        assert strict_store.dirty
        may_sync.set()
        await strict_store.committed()
        assert not strict_store.dirty
        assert 1 <= synced <= 2  # turns share a sync

    asyncio.run(turns())


def _fail(store: Store) -> None:
    with store.unit():
        run(store.table(THINGS).bind("1", "r").put(ONE))
        raise ZeroDivisionError


def test_strict_works_without_a_loop(strict_store: Store) -> None:
    put(strict_store, "one")
    write_blob(strict_store, b"x" * 50_000)
    assert not strict_store.dirty


@pytest.mark.parametrize("durability", ["fast", "strict"])
def test_after_a_failed_sync_nothing_is_acknowledged(
    tmp_path: Path,
    durability: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> None:
        raise OSError(5, "Input/output error")

    async def turn() -> None:
        if durability == "fast":
            # The thread may have found the fault already, with what was written before.
            with contextlib.suppress(StoreFault):
                put(store, "one")
            return
        put(store, "one")
        with pytest.raises(StoreFault, match="Input/output"):
            await store.committed()

    store = Store.open(tmp_path / "data", durability=durability)
    put(store, "before")
    monkeypatch.setattr(syncer_of(store).log, "sync", broken)
    try:
        asyncio.run(turn())
        assert until(lambda: store.fault is not None)
        with pytest.raises(StoreFault, match="Input/output"):
            put(store, "two")
        assert run(store.table(THINGS).bind("1", "r").get("p", "before")) is not None
        assert "store fault" in caplog.text
    finally:
        store.shut()


def until(condition: Callable[[], bool]) -> bool:
    """Whether the condition comes true soon; the sync thread does that."""
    end = time.monotonic() + 120
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


def test_a_busy_writer_does_not_let_the_log_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_module, "INTERVAL", 0.001)
    monkeypatch.setattr(sync_module, "BACKFILL_ROWS", 50)
    store = Store.open(tmp_path / "data")
    log = syncer_of(store).log
    log._limit = 1 << 20
    checkpoint, sizes = log._pass, [0]

    def watched_pass() -> tuple[int, int]:
        size, left = checkpoint()
        sizes.append(size)
        return size, left

    def fresh_starts() -> int:
        return sum(later < earlier for earlier, later in pairwise(sizes))

    monkeypatch.setattr(log, "_pass", watched_pass)
    try:
        end = time.monotonic() + 120
        number = 0
        while fresh_starts() < 5 and time.monotonic() < end:
            number += 1
            put(store, f"{number % 100}", owner="x" * 4000)
        assert fresh_starts() >= 5
    finally:
        store.shut()


def test_an_idle_log_is_copied_to_its_end(disk_store: Store) -> None:
    for number in range(20):
        put(disk_store, f"{number}", owner="x" * 5000)
    assert until(lambda: syncer_of(disk_store)._backfilled[2] and not syncer_of(disk_store)._work)
    assert until(lambda: syncer_of(disk_store)._backfilled[0] >= 20)


def test_the_gate_is_shut_between_transactions_only() -> None:
    gate = Gate()
    events: list[str] = []
    shut, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with gate.held():
            events.append("held")
            shut.set()
            assert leave.wait(10)
            events.append("free")

    gate.enter()
    holder = threading.Thread(target=hold)
    holder.start()
    events.append("writes")
    gate.leave()
    assert shut.wait(10)
    writer = threading.Thread(target=lambda: (gate.enter(), events.append("writes again")))
    writer.start()
    leave.set()
    writer.join(10)
    holder.join(10)
    assert events == ["writes", "held", "free", "writes again"]

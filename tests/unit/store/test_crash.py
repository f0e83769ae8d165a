"""`kill -9` at random moments loses nothing that was acknowledged, and brings nothing back."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.store import crash_writers
from tests.unit.store.crash_writers import BODIES, KEYS, MARK, step_of
from tests.unit.store.examples import read_blob, run

from cloudling.store.store import Store

ROOT = Path(__file__).parents[3]


def write_and_be_killed(folder: Path, durability: str, turn: int, deeds: int) -> dict[str, int]:
    """Per writer, the number of its last acknowledged deed; after so many deeds it is killed."""
    program = [sys.executable, crash_writers.__file__, str(folder), durability, str(turn)]
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}
    ) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(deeds)]
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL
    acknowledged = dict.fromkeys((f"{turn}-{n}" for n in range(crash_writers.WRITERS)), -1)
    for line in lines:
        writer, number = line.decode().split()
        acknowledged[writer] = max(acknowledged[writer], int(number))
    return acknowledged


def state_after(writer: str, last: int) -> dict[str, bytes]:
    """What the writer's deeds up to that one leave behind."""
    bodies: dict[str, bytes] = {}
    for number in range(max(0, last + 1 - KEYS), last + 1):
        step = step_of(writer, number)
        if step.body is not None:
            bodies[step.key] = step.body
    return bodies


def bodies_of(store: Store) -> dict[str, bytes]:
    bodies = run(store.table(BODIES).bind("", "").page(limit=None))
    return {body.key: read_blob(store, body.blob) for body in bodies}


def check_nothing_is_plain(folder: Path) -> None:
    """No body is found in the folder; to be called while no store is open."""
    for path in folder.rglob("*"):
        assert path.is_dir() or MARK not in path.read_bytes()


def check_files(store: Store, folder: Path) -> None:
    """Only files that records name are left by a sweep."""
    for path in (folder / "blobs").rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # the sync thread removes some meanwhile
            os.utime(path, (1, 1))
    store.blobs._files.sweep(store.commits.connection)  # type: ignore[arg-type] # it is SQLite's
    left = {path.name for path in (folder / "blobs").rglob("*") if path.is_file()}
    named = {row[0] for row in store.commits.fetch("SELECT id FROM blob_refs")}
    doomed = {row[0] for row in store.commits.fetch("SELECT id FROM blob_removals")}
    assert named <= left <= named | doomed
    inline = {row[0] for row in store.commits.fetch("SELECT id FROM blob_bytes")}
    bodies = run(store.table(BODIES).bind("", "").page(limit=None))
    assert named == {body.blob.id for body in bodies if not body.blob.inline}
    assert inline == {int(body.blob.id, 16) for body in bodies if body.blob.inline}


@pytest.mark.slow
@pytest.mark.parametrize(("durability", "kills"), [("fast", 6), ("strict", 3)])
def test_nothing_acknowledged_is_lost(tmp_path: Path, durability: str, kills: int) -> None:
    folder = tmp_path / "data"
    known: dict[str, int] = {}
    for turn in range(kills):
        known |= write_and_be_killed(folder, durability, turn, random.randint(1, 300))
        check_nothing_is_plain(folder)
        store = Store.open(folder)
        try:
            found = bodies_of(store)
            for writer, last in known.items():
                own = {key: body for key, body in found.items() if key.startswith(f"{writer}/")}
                # The deed after the last acknowledged one may have been committed, too.
                assert own in (state_after(writer, last), state_after(writer, last + 1))
                if own != state_after(writer, last):
                    known[writer] = last + 1
            check_files(store, folder)
        finally:
            store.shut()

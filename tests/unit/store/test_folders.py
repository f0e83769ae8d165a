"""The data folder: one owner, one format, nobody else's business."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from tests.unit.store.examples import THINGS, Thing, read_blob, run, write_blob

from cloudling.store.errors import FolderNewer, FolderRefused, FolderTaken
from cloudling.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path


def test_nobody_else_may_look_in(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = Store.open(tmp_path / "deep" / "data")
        write_blob(store, b"x" * 20_000)
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode) & 0o077
            for path in [tmp_path / "deep" / "data", *(tmp_path / "deep" / "data").rglob("*")]
        }
        store.shut()
    finally:
        os.umask(before)
    assert {"data", "master.key", "records.sqlite", "records.sqlite-wal", "blobs"} <= modes.keys()
    assert not any(modes.values()), modes


def test_a_second_owner_is_refused(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    try:
        with pytest.raises(FolderTaken, match=f"in use by process {os.getpid()}") as refused:
            Store.open(tmp_path)
        assert refused.value.pid == os.getpid()
        with store.unit():  # and the first is unharmed
            run(store.table(THINGS).bind("1", "r").put(Thing(place="p", name="n")))
    finally:
        store.shut()
    Store.open(tmp_path).shut()


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    Store.open(tmp_path).shut()
    (tmp_path / "format").write_text("2\n")
    with pytest.raises(FolderNewer, match=r"has format 2, .* up to 1\. Install a newer"):
        Store.open(tmp_path)
    (tmp_path / "format").write_text("1\n")
    Store.open(tmp_path).shut()  # the refusal left no lock


@pytest.mark.parametrize(("file", "text"), [("format", "one"), ("master.key", "short")])
def test_a_damaged_folder_is_refused(tmp_path: Path, file: str, text: str) -> None:
    Store.open(tmp_path).shut()
    (tmp_path / file).write_text(text)
    with pytest.raises(FolderRefused, match="is damaged"):
        Store.open(tmp_path)


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("my life")
    tmp_path.chmod(0o755)
    with pytest.raises(FolderRefused, match="holds other files"):
        Store.open(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderRefused, match="cannot be used"):
        Store.open(tmp_path / "file")


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    refs = [write_blob(store, b"a" * 50_000), write_blob(store, b"b" * 50)]
    secret = store.secret("pages")
    with store.unit():
        run(store.table(THINGS).bind("1", "r").put(Thing(place="p", name="n", size=7)))
    store.shut()
    assert not (tmp_path / "records.sqlite-wal").exists()

    store = Store.open(tmp_path, encrypt_objects=False)  # which is of what is written from now on
    try:
        assert [len(read_blob(store, ref)) for ref in refs] == [50_000, 50]
        assert read_blob(store, write_blob(store, b"c" * 50_000)) == b"c" * 50_000
        thing = run(store.table(THINGS).bind("1", "r").get("p", "n"))
        assert thing == Thing(place="p", name="n", size=7)
        assert store.secret("pages") == secret
    finally:
        store.shut()


def test_secrets_differ_by_name_length_and_store(store: Store) -> None:
    other = Store.open(None)
    try:
        secrets = [store.secret("a"), store.secret("b"), other.secret("a")]
        assert len({*secrets}) == 3
        assert store.secret("a") == secrets[0]
        assert len(store.secret("a", 100)) == 100
    finally:
        other.shut()


def test_memory_leaves_nothing(store: Store) -> None:
    other = Store.open(None)
    folder = other.blobs._files._folder
    write_blob(other, b"x" * 50_000)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    other.shut()
    assert not folder.exists()


def test_durability_is_fast_or_strict(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fast or strict"):
        Store.open(tmp_path, durability="perhaps")

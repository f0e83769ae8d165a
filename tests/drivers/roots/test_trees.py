"""Trees: names are followed inside, owners shifted once, what others own is never touched."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from cloudling.drivers.roots.trees import BadTree, Tree, delete, size_of

if TYPE_CHECKING:
    from pathlib import Path

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="Only root gives files away.")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    (tmp_path / "tree").mkdir()
    return Tree(tmp_path / "tree")


def test_links_are_followed_as_the_machine_would(tree: Tree) -> None:
    tree.make("usr/lib")
    tree.symlink("lib", "usr/lib")
    tree.symlink("outside", "/usr/lib")
    tree.symlink("up", "../../../../usr")
    tree.write("lib/a", "1")
    tree.write("outside/b", "2")
    tree.write("up/lib/c", "3")

    assert tree.names("usr/lib") == ["a", "b", "c"]
    assert tree.read("lib/b") == "2"


@pytest.mark.parametrize("name", ["../x", "a/../../x", ".."])
def test_no_name_leads_out(tree: Tree, name: str) -> None:
    with pytest.raises(BadTree, match="leads out"):
        tree.write(name, "")


def test_a_file_replaces_a_link_and_not_what_it_leads_to(tree: Tree, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("untouched")
    tree.symlink("name", str(other))

    tree.write("name", "new")

    assert other.read_text() == "untouched"
    assert tree.read("name") == "new"


def test_circles_end(tree: Tree) -> None:
    tree.symlink("a", "b")
    tree.symlink("b", "a")

    with pytest.raises(BadTree, match="circles"):
        tree.write("a/x", "")


def test_a_folder_is_not_replaced_by_a_file(tree: Tree) -> None:
    tree.make("folder/inner")

    with pytest.raises(BadTree, match="folder already"):
        tree.write("folder", "")


@needs_root
def test_owners_are_shifted_once_and_keep_their_rights(tree: Tree) -> None:
    tree.write("sudo", "", 0o4755)
    tree.write("mine", "", 0o640, 1000, 42)
    tree.symlink("link", "mine", 1000, 1000)

    assert owner(tree, "sudo") == (100_000, 100_000, 0o4755)
    assert owner(tree, "mine") == (101_000, 100_042, 0o640)
    assert owner(tree, "link")[:2] == (101_000, 101_000)


def test_without_ids_to_give_all_is_ones_own_and_nothing_takes_its_owners_rights(
    tmp_path: Path,
) -> None:
    own = Tree(tmp_path, -1)
    own.write("sudo", "", 0o6755, 1000, 1000)

    assert owner(own, "sudo") == (os.geteuid(), os.getegid(), 0o755)


def test_ids_that_no_machine_has_are_refused(tree: Tree) -> None:
    with pytest.raises(BadTree, match="whom no machine has"):
        tree.write("a", "", 0o644, 65_536)


def test_a_file_with_two_names_counts_once(tree: Tree) -> None:
    tree.write("a", b"x" * 100_000)
    before = size_of(tree.folder)
    tree.hardlink("b", "a")

    assert before >= 100_000
    assert size_of(tree.folder) == before


def test_a_tree_that_may_not_be_written_can_be_deleted(tree: Tree) -> None:
    tree.write("a/b/c", "")
    (tree.folder / "a" / "b").chmod(0o500)
    (tree.folder / "a").chmod(0o000)

    delete(tree.folder)

    assert not tree.folder.exists()


def owner(tree: Tree, name: str) -> tuple[int, int, int]:
    found = tree.place(name).lstat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)

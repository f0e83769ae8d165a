"""Wheels kept with a root: those that suit its Python, or a word about why there are none."""

from __future__ import annotations

import importlib.util
import platform
import zipfile
from typing import TYPE_CHECKING

import pytest

from cloudling.drivers.roots import wheels
from cloudling.drivers.roots.furnishing import WHEELS
from cloudling.drivers.roots.trees import Tree

if TYPE_CHECKING:
    from pathlib import Path

needs_pip = pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="pip is not here.")


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place that pip may look at."""
    folder = tmp_path / "source"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    (tmp_path / "root" / "tree").mkdir(parents=True)
    return Tree(tmp_path / "root" / "tree")


def write_wheel(folder: Path, name: str, needs: str = "", tag: str = "py3-none-any") -> None:
    info = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as archive:
        archive.writestr(f"{info}/METADATA", metadata + (f"Requires-Dist: {needs}\n" * bool(needs)))
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")


@needs_pip
def test_wheels_suit_the_roots_python_and_not_ours(source: Path, tree: Tree) -> None:
    write_wheel(source, "flask", needs="native")
    write_wheel(source, "boto3")
    machine = platform.machine()
    for python in ("cp313", "cp312"):
        write_wheel(source, "native", tag=f"{python}-{python}-manylinux2014_{machine}")
    told: list[str] = []

    wheels.keep(tree, "3.13", told.append)

    assert told == ["downloading flask and boto3"]
    assert tree.names(WHEELS) == [
        "boto3-1.0-py3-none-any.whl",
        "flask-1.0-py3-none-any.whl",
        f"native-1.0-cp313-cp313-manylinux2014_{machine}.whl",
    ]


@needs_pip
def test_without_a_source_there_are_none_and_it_is_said(source: Path, tree: Tree) -> None:
    told: list[str] = []

    wheels.keep(tree, "3.13", told.append)

    assert list(source.iterdir()) == []
    assert tree.names(WHEELS) == []
    assert told[-1].startswith("no wheels are kept: No matching distribution found for ")
    assert [path.name for path in tree.folder.parent.iterdir()] == ["tree"]


def test_pip_comes_from_pythons_own_wheel(tree: Tree) -> None:
    if not wheels.add_pip(tree, "usr/local/lib/python3.13/site-packages"):
        pytest.skip("This Python brings no wheel of pip.")

    assert tree.has("usr/local/lib/python3.13/site-packages/pip/__main__.py")

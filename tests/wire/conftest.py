"""A cloud for each module of clients, a folder for each test, and a tree of files to send."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from tests.wire.programs import MIB, Program

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        yield running


@pytest.fixture
def program(cloud: RunningCloud, tmp_path: Path) -> Callable[..., Program]:
    def make(*command: str, **variables: str) -> Program:
        return Program(command, tmp_path, cloud.endpoint, variables)

    return make


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Small files with odd names, and one that goes up in parts."""
    folder = tmp_path / "tree"
    (folder / "sub").mkdir(parents=True)
    (folder / "a b+c&d.txt").write_text("plus")
    (folder / "sub" / "ü €.txt").write_text("umlaut")
    (folder / "😀").write_text("emoji")
    (folder / "empty").touch()
    (folder / "large.bin").write_bytes(random.Random(1).randbytes(9 * MIB))
    return folder

"""restic, by minio-go: chunks signed one by one, listings in URL encoding."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.wire.programs import find_program, read_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.wire.programs import Program


@pytest.fixture
def restic(program: Callable[..., Program]) -> Program:
    made: Program = program(find_program("restic"), "--no-cache", RESTIC_PASSWORD="secret")
    made.variables["RESTIC_REPOSITORY"] = f"s3:{made.endpoint}/restic/deep/repository"
    return made


def test_restic_restores_what_it_backed_up(restic: Program, tree: Path) -> None:
    restic.print("init")
    restic.print("backup", "tree")
    (tree / "empty").write_text("no more")
    restic.print("backup", "tree")
    assert "no errors were found" in restic.print("check", "--read-data")
    assert len(json.loads(restic.print("snapshots", "--json"))) == 2
    restic.print("forget", "--keep-last=1", "--prune")
    restic.print("restore", "latest", "--target=back")
    assert read_tree(restic.folder / "back" / "tree") == read_tree(tree)


def test_restic_tells_a_wrong_key(restic: Program) -> None:
    assert "Access Denied" in restic.fail("init", AWS_SECRET_ACCESS_KEY="wrong")

"""rclone: parallel parts, hashes compared, server-side copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.wire.programs import find_program, read_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.wire.programs import Program

PARTS = ("--s3-upload-cutoff=5M", "--s3-chunk-size=5M")


@pytest.fixture
def rclone(program: Callable[..., Program]) -> Program:
    command = (find_program("rclone"), "--config=none", "--retries=1", "--low-level-retries=1")
    made: Program = program(
        *command,
        RCLONE_CONFIG_C_TYPE="s3",
        RCLONE_CONFIG_C_PROVIDER="Other",
        RCLONE_CONFIG_C_ENV_AUTH="true",
        RCLONE_CONFIG_C_REGION="us-east-1",
        RCLONE_CONFIG_C_FORCE_PATH_STYLE="true",
    )
    made.variables["RCLONE_CONFIG_C_ENDPOINT"] = made.endpoint
    (made.folder / "none").touch()
    return made


def test_rclone_keeps_a_tree(rclone: Program, tree: Path) -> None:
    rclone.print("mkdir", "c:rclone")
    rclone.print("copy", *PARTS, tree, "c:rclone/tree")
    rclone.print("check", "--download", tree, "c:rclone/tree")
    assert "0 differences found" in rclone.run("check", tree, "c:rclone/tree").stderr
    rclone.print("copyto", "c:rclone/tree/large.bin", "c:rclone/copy")
    rclone.print("moveto", "c:rclone/copy", "c:rclone/moved")
    assert rclone.print("cat", "--offset=1", "--count=3", "c:rclone/tree/a b+c&d.txt") == "lus"
    rclone.print("rcat", "c:rclone/streamed", given="streamed")
    rclone.print("sync", "c:rclone/tree", "back")
    assert read_tree(rclone.folder / "back") == read_tree(tree)
    listed = rclone.print("lsf", "--recursive", "--files-only", "c:rclone")
    kept = {f"tree/{path}" for path in read_tree(tree)}
    assert set(listed.splitlines()) == kept | {"moved", "streamed"}
    rclone.print("purge", "c:rclone")
    assert rclone.print("lsf", "c:") == ""


def test_rclone_tells_a_wrong_key(rclone: Program) -> None:
    said = rclone.fail("lsf", "c:", AWS_SECRET_ACCESS_KEY="wrong")
    assert "SignatureDoesNotMatch" in said

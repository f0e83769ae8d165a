"""s3cmd: signs for the region "US" until told otherwise, keeps hashes in metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.wire.programs import find_program, read_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.wire.programs import Program

CONFIGURATION = """[default]
access_key = test
secret_key = test
host_base = {authority}
host_bucket = {authority}
use_https = False
"""


@pytest.fixture
def s3cmd(program: Callable[..., Program]) -> Program:
    made: Program = program(find_program("s3cmd"), "--no-progress", "--config", "s3cfg")
    authority = made.endpoint.removeprefix("http://")
    (made.folder / "s3cfg").write_text(CONFIGURATION.format(authority=authority))
    return made


def test_s3cmd_keeps_a_tree(s3cmd: Program, tree: Path) -> None:
    s3cmd.print("mb", "s3://s3cmd")
    parts = "--multipart-chunk-size-mb=5"
    s3cmd.print("sync", parts, f"{tree}/", "s3://s3cmd/tree/")
    assert s3cmd.print("sync", parts, f"{tree}/", "s3://s3cmd/tree/") == ""
    s3cmd.print("sync", "s3://s3cmd/tree/", "back/")
    assert read_tree(s3cmd.folder / "back") == read_tree(tree)
    told = s3cmd.print("info", "s3://s3cmd/tree/large.bin")
    assert f"File size: {9 * 1024 * 1024}" in told
    assert "md5:" in told
    assert "Location:  us-east-1" in s3cmd.print("info", "s3://s3cmd")
    s3cmd.print("del", "--recursive", "--force", "s3://s3cmd")
    s3cmd.print("rb", "s3://s3cmd")


def test_s3cmd_takes_odd_keys_and_another_region(s3cmd: Program) -> None:
    s3cmd.print("mb", "--bucket-location=eu-west-1", "s3://s3cmd-odd")
    for key in ("a//b", "../../x", "x%00y", "😀"):
        s3cmd.print("put", "-", f"s3://s3cmd-odd/{key}", given=key)
        assert s3cmd.print("get", f"s3://s3cmd-odd/{key}", "-") == key
    listed = s3cmd.print("ls", "--recursive", "s3://s3cmd-odd")
    assert [line.split("s3://")[1] for line in listed.splitlines()] == [
        f"s3cmd-odd/{key}" for key in ("../../x", "a//b", "x%00y", "😀")
    ]


def test_s3cmd_signs_with_version_2_too(s3cmd: Program) -> None:
    s3cmd.print("--signature-v2", "mb", "s3://s3cmd-v2")
    s3cmd.print("--signature-v2", "put", "s3cfg", "s3://s3cmd-v2/a b")
    assert "host_base" in s3cmd.print("--signature-v2", "get", "s3://s3cmd-v2/a b", "-")


def test_s3cmd_tells_refusals(s3cmd: Program) -> None:
    assert "SignatureDoesNotMatch" in s3cmd.fail("--secret_key=wrong", "ls")
    assert "NoSuchBucket" in s3cmd.fail("ls", "s3://there-is-none")

"""The AWS CLI, version 1 and Debian's version 2, from `s3 mb` to `s3 rb`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.wire.programs import WRONG, find_program, read_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.wire.programs import Program

ODD_KEYS = ("a//b", "../../x", "x%00y")


def _version_1() -> str:
    found = Path(sys.executable).with_name("aws")
    if not found.exists():
        pytest.skip("The test environment has no awscli.")
    return str(found)


def _version_2() -> str:
    found = Path("/usr/bin/aws")
    if not found.exists():
        pytest.skip("This machine has no AWS CLI of the system (/usr/bin/aws).")
    return str(found)


@pytest.fixture(params=[_version_1, _version_2], ids=["v1", "v2"])
def aws(request: pytest.FixtureRequest, program: Callable[..., Program]) -> Program:
    bare: Program = program(request.param())
    return program(*bare.command, "--endpoint-url", bare.endpoint)


def test_the_cli_keeps_a_tree(aws: Program, tree: Path, request: pytest.FixtureRequest) -> None:
    bucket = f"cli-{request.node.callspec.id}"
    aws.print("s3", "mb", f"s3://{bucket}")
    aws.print("s3", "sync", tree, f"s3://{bucket}/tree", "--no-progress")
    aws.print("s3", "cp", f"s3://{bucket}/tree/large.bin", f"s3://{bucket}/copy", "--no-progress")
    aws.print("s3", "sync", f"s3://{bucket}/tree", "back", "--no-progress")
    assert read_tree(aws.folder / "back") == read_tree(tree)
    listed = aws.print("s3", "ls", f"s3://{bucket}", "--recursive")
    sizes = {line[31:]: int(line.split()[2]) for line in listed.splitlines()}
    assert sizes["copy"] == sizes["tree/large.bin"] == (tree / "large.bin").stat().st_size
    assert set(sizes) == {"copy"} | {f"tree/{path}" for path in read_tree(tree)}
    assert aws.print("s3", "sync", tree, f"s3://{bucket}/tree") == ""
    assert "remove_bucket" in aws.print("s3", "rb", f"s3://{bucket}", "--force")


def test_the_cli_takes_odd_keys(aws: Program, request: pytest.FixtureRequest) -> None:
    named = ("--bucket", f"odd-{request.node.callspec.id}")
    (aws.folder / "body").write_text("hello")
    aws.print("s3api", "create-bucket", *named)
    for key in ODD_KEYS:
        aws.print("s3api", "put-object", *named, "--key", key, "--body", "body")
    listed = json.loads(aws.print("s3api", "list-objects-v2", *named))
    assert {found["Key"] for found in listed["Contents"]} == set(ODD_KEYS)
    last = ("--key", ODD_KEYS[1], "--range", "bytes=1-3", "part")
    answer = json.loads(aws.print("s3api", "get-object", *named, *last))
    assert answer["ContentRange"] == "bytes 1-3/5"
    assert (aws.folder / "part").read_text() == "ell"


def test_the_cli_tells_refusals(aws: Program) -> None:
    assert "SignatureDoesNotMatch" in aws.fail("s3", "ls", **WRONG)
    assert "(NoSuchBucket)" in aws.fail("s3", "ls", "s3://there-is-none")
    head = ("s3api", "head-object", "--bucket", "there-is-none", "--key", "k")
    assert "(404)" in aws.fail(*head)
    told = aws.print("sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    assert told == "arn:aws:iam::000000000000:root\n"


def test_a_curl_fetches_what_the_cli_presigned(aws: Program) -> None:
    curl = find_program("curl")
    bucket = f"presign-{Path(aws.command[0]).parent.name}"
    (aws.folder / "file").write_text("hello")
    aws.print("s3", "mb", f"s3://{bucket}")
    aws.print("s3", "cp", "file", f"s3://{bucket}/a b")
    url = aws.print("s3", "presign", f"s3://{bucket}/a b", "--expires-in", "600").strip()
    fetch = type(aws)((curl, "-sS"), aws.folder, aws.endpoint)
    assert fetch.print(url) == "hello"
    assert "SignatureDoesNotMatch" in fetch.print(url.replace("a%20b", "other"))

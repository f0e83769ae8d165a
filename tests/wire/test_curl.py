"""curl signs by itself (`--aws-sigv4`); 7.88 wants to be given the hash of the payload for S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.wire.programs import MIB, find_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.wire.programs import Program

UNSIGNED = ("--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD")
SIGNED = ("--aws-sigv4", "aws:amz:us-east-1:s3", "--path-as-is", *UNSIGNED)
IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15"


@pytest.fixture
def curl(program: Callable[..., Program]) -> Program:
    made: Program = program(find_program("curl"), "-sS")
    if "--aws-sigv4" not in made.print("--help", "all"):
        pytest.skip("This curl does not sign.")
    return made


def test_curl_keeps_objects(curl: Program) -> None:
    as_root = (*SIGNED, "--user", "test:test")
    bucket = f"{curl.endpoint}/curl"
    (curl.folder / "small").write_text("hello")
    (curl.folder / "large").write_bytes(bytes(6 * MIB))
    curl.print(*as_root, "--fail", "--request", "PUT", bucket)
    for key in ("a//b", "%F0%9F%98%80", "plain"):
        curl.print(*as_root, "--fail", "--upload-file", "small", f"{bucket}/{key}")
        assert curl.print(*as_root, "--range", "1-3", f"{bucket}/{key}") == "ell"
    curl.print(*as_root, "--fail", "--upload-file", "large", f"{bucket}/large")
    curl.print(*as_root, "--fail", "--output", "back", f"{bucket}/large")
    assert (curl.folder / "back").read_bytes() == bytes(6 * MIB)
    copied = ("--header", "x-amz-copy-source: /curl/plain", "--request", "PUT")
    assert "CopyObjectResult" in curl.print(*as_root, *copied, f"{bucket}/copy")
    listed = curl.print(*as_root, f"{bucket}?list-type=2")
    assert "<KeyCount>5</KeyCount>" in listed
    assert "<Key>a//b</Key>" in listed
    assert " 404 " in curl.print(*as_root, "--head", f"{bucket}/none")
    curl.print(*as_root, "--fail", "--request", "DELETE", f"{bucket}/copy")
    assert "<Code>NoSuchKey</Code>" in curl.print(*as_root, f"{bucket}/copy")
    assert "<Code>SignatureDoesNotMatch</Code>" in curl.print(
        *SIGNED, "--user", "test:wrong", f"{bucket}/plain"
    )


def test_curl_asks_who_it_is(curl: Program) -> None:
    signed = ("--aws-sigv4", "aws:amz:us-east-1:sts", "--user", "test:test")
    posted = curl.print(*signed, "--data", IDENTITY, f"{curl.endpoint}/")
    assert "<Account>000000000000</Account>" in posted
    asked = curl.print(*signed, f"{curl.endpoint}/?{IDENTITY}")
    assert "<Account>000000000000</Account>" in asked


def test_curl_may_leave_the_hash_out(curl: Program) -> None:
    signed = ("--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "test:test")
    curl.print(*signed, "--fail", "--request", "PUT", f"{curl.endpoint}/curl-bare")
    assert "<Name>curl-bare</Name>" in curl.print(*signed, f"{curl.endpoint}/")

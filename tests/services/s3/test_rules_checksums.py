"""Checksums: known values, what requests say of them, and combining those of parts."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.kernel import AwsError
from cloudling.services.s3 import checksums
from cloudling.services.s3.checksums import Wanted

CHECK = b"123456789"


def refusal(function: Any, *given: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as refused:
        function(*given)
    return refused.value.error_code, refused.value.text


@pytest.mark.parametrize(
    ("algorithm", "value"),
    [
        # The check values of the catalogue of parametrised CRC algorithms (reveng).
        ("CRC32", "cbf43926"),
        ("CRC32C", "e3069283"),
        ("CRC64NVME", "ae8b14860a799888"),
        # xxHash's own sanity values of "123456789".
        ("XXHASH64", "8cb841db40e6ae83"),
        ("SHA1", hashlib.sha1(CHECK, usedforsecurity=False).hexdigest()),
        ("SHA512", hashlib.sha512(CHECK).hexdigest()),
    ],
)
def test_known_values(algorithm: str, value: str) -> None:
    assert base64.b64decode(checksums.compute(algorithm, CHECK)).hex() == value


@pytest.mark.parametrize("algorithm", checksums.SIZES)
def test_every_algorithm_hashes_in_pieces(algorithm: str) -> None:
    made = checksums.new_hash(algorithm)
    made.update(CHECK[:4])
    made.update(memoryview(CHECK)[4:])
    assert len(made.digest()) == checksums.SIZES[algorithm]
    assert checksums.encode(made.digest()) == checksums.compute(algorithm, CHECK)


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=6))
@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME"])
def test_crcs_of_parts_combine_to_that_of_the_whole(algorithm: str, parts: list[bytes]) -> None:
    values = [(checksums.compute(algorithm, part), len(part)) for part in parts]
    made = checksums.of_parts(algorithm, "FULL_OBJECT", values)
    assert made.value == checksums.compute(algorithm, b"".join(parts))


def test_composite_checksums_hash_the_parts_digests() -> None:
    values = [(checksums.compute("SHA256", part), len(part)) for part in (b"a", b"b")]
    joined = hashlib.sha256(b"a").digest() + hashlib.sha256(b"b").digest()
    made = checksums.of_parts("SHA256", "COMPOSITE", values)
    assert made.value == base64.b64encode(hashlib.sha256(joined).digest()).decode() + "-2"


@pytest.mark.parametrize(
    ("algorithm", "asked", "kind"),
    [
        ("CRC64NVME", None, "FULL_OBJECT"),
        ("CRC32", None, "COMPOSITE"),
        ("CRC32", "FULL_OBJECT", "FULL_OBJECT"),
        ("CRC32C", "COMPOSITE", "COMPOSITE"),
        ("SHA256", None, "COMPOSITE"),
    ],
)
def test_types_of_uploads(algorithm: str, asked: str | None, kind: str) -> None:
    assert checksums.type_of_upload(algorithm, asked) == kind


def test_types_that_do_not_go_together() -> None:
    assert refusal(checksums.type_of_upload, "SHA1", "FULL_OBJECT")[0] == "InvalidRequest"
    assert refusal(checksums.type_of_upload, "CRC64NVME", "COMPOSITE")[0] == "InvalidRequest"


def test_what_requests_carry() -> None:
    crc = base64.b64encode(zlib.crc32(b"x").to_bytes(4)).decode()
    assert checksums.requested({}, {}) is None
    assert checksums.requested({"ChecksumCRC32": crc}, {}) == Wanted("CRC32", crc)
    trailer = {"x-amz-trailer": "x-amz-checksum-crc32c"}
    assert checksums.requested({}, trailer) == Wanted("CRC32C", trailer="x-amz-checksum-crc32c")


def test_what_requests_may_not_carry() -> None:
    crc = "AAAAAA=="
    assert refusal(checksums.requested, {"ChecksumCRC32": crc, "ChecksumCRC32C": crc}, {}) == (
        "InvalidRequest",
        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    )
    for bad in ("bad", "AAAA", "????", "é"):
        assert refusal(checksums.requested, {"ChecksumSHA256": bad}, {}) == (
            "InvalidRequest",
            "Value for x-amz-checksum-sha256 header is invalid.",
        )
    trailer = {"x-amz-trailer": "x-amz-checksum-adler32"}
    assert refusal(checksums.requested, {}, trailer)[0] == "InvalidRequest"


def test_an_announced_checksum_must_come() -> None:
    named = {"ChecksumAlgorithm": "SHA256"}
    assert refusal(checksums.check_announced, named, None)[0] == "InvalidRequest"
    assert refusal(checksums.check_announced, named, Wanted("CRC32", "x"))[0] == "InvalidRequest"
    assert refusal(checksums.check_announced, {"ChecksumAlgorithm": "X"}, None)[0] == (
        "InvalidRequest"
    )
    checksums.check_announced(named, Wanted("SHA256", "x"))


def test_content_md5() -> None:
    right = base64.b64encode(hashlib.md5(b"x", usedforsecurity=False).digest()).decode()
    checksums.check_md5_form(right)
    checksums.check_md5(right, hashlib.md5(b"x", usedforsecurity=False).hexdigest())
    assert (
        refusal(checksums.check_md5, right, hashlib.md5(b"y", usedforsecurity=False).hexdigest())[0]
        == "BadDigest"
    )
    for bad in ("", "x", "AAAA", "é"):
        assert refusal(checksums.check_md5_form, bad)[0] == "InvalidDigest"

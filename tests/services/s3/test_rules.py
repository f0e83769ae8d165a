"""S3's pure rules: names, keys, ranges, conditions, tags, ETags."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.kernel import AwsError
from cloudling.services.s3 import (
    conditions,
    contents,
    copies,
    etags,
    keys,
    names,
    ranges,
    tagging,
    versions,
)
from cloudling.services.s3.records import Object

ETAG = "5d41402abc4b2a76b9719d911017c592"
FOUND = Object(bucket="b", key="k", etag=ETAG, size=5, modified=1000.7)


def code(function: Any, *given: Any, **named: Any) -> str:
    """The code of the error that a call raises; "" when it raises none."""
    try:
        function(*given, **named)
    except AwsError as refused:
        return refused.error_code
    return ""


@pytest.mark.parametrize("name", ["abc", "a" * 63, "my.bucket-1", "1.2.3", "module02-042"])
def test_good_bucket_names(name: str) -> None:
    assert names.is_valid(name)


@pytest.mark.parametrize(
    "name",
    [
        *("ab", "a" * 64, "Abc", "a_b", "-abc", "abc-", ".abc", "abc.", "a..b", "192.168.5.4"),
        *("xn--abc", "sthree-x", "amzn-s3-demo-x", "x-s3alias", "x--ol-s3", "x.mrap", "x--x-s3"),
        *("", "a b", "é23", "abc\n"),
    ],
)
def test_bad_bucket_names(name: str) -> None:
    assert not names.is_valid(name)


def test_keys_are_measured_in_bytes() -> None:
    keys.check("k" * 1024)
    keys.check("é" * 512)
    assert code(keys.check, "k" * 1025) == "KeyTooLongError"
    assert code(keys.check, "é" * 512 + "k") == "KeyTooLongError"
    assert code(keys.check, "\udcff") == "InvalidURI"


def test_listings_encode_keys_as_aws_prints_them() -> None:
    assert keys.encode("a b+c/é~(3)") == "a%20b%2Bc/%C3%A9~%283%29"


@pytest.mark.parametrize(
    ("header", "size", "span"),
    [
        ("bytes=0-4", 10, (0, 5)),
        ("bytes=5-", 10, (5, 5)),
        ("bytes=-3", 10, (7, 3)),
        ("bytes=-30", 10, (0, 10)),
        ("bytes=5-99", 10, (5, 5)),
        ("Bytes=0-0", 10, (0, 1)),
    ],
)
def test_ranges(header: str, size: int, span: tuple[int, int]) -> None:
    assert ranges.find(header, size) == span


@pytest.mark.parametrize("header", ["bytes=5-3", "bytes=-", "bytes=0-1,4-5", "lines=1-2", "x", ""])
def test_ranges_that_s3_ignores(header: str) -> None:
    assert ranges.find(header, 10) is None


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)])
def test_ranges_outside(header: str, size: int) -> None:
    with pytest.raises(AwsError) as refused:
        ranges.find(header, size)
    assert refused.value.http_status == 416
    assert refused.value.headers == {"Content-Range": f"bytes */{size}"}


@given(st.binary(min_size=1, max_size=50), st.integers(0, 60), st.integers(0, 60))
def test_a_range_is_a_slice(data: bytes, first: int, last: int) -> None:
    try:
        span = ranges.find(f"bytes={first}-{last}", len(data))
    except AwsError:
        assert first >= len(data)
        return
    if span is None:
        assert last < first
        return
    assert data[span.offset : span.offset + span.length] == data[first : last + 1]


def test_ranges_of_copies_must_lie_inside() -> None:
    assert ranges.of_copy("bytes=0-9", 10) == (0, 10)
    for header in ("bytes=0-10", "bytes=-5", "bytes=5-", "bytes=5-4", "0-5", "bytes=0-1,3-4"):
        assert code(ranges.of_copy, header, 10) == "InvalidArgument", header


READS = [
    ({}, ""),
    ({"IfMatch": f'"{ETAG}"'}, ""),
    ({"IfMatch": ETAG}, ""),
    ({"IfMatch": "*"}, ""),
    ({"IfMatch": f'"x", "{ETAG}"'}, ""),
    ({"IfMatch": '"x"'}, "PreconditionFailed"),
    ({"IfNoneMatch": f'"{ETAG}"'}, "NotModified"),
    ({"IfNoneMatch": '"x"'}, ""),
    ({"IfModifiedSince": 1000}, "NotModified"),
    ({"IfModifiedSince": 999}, ""),
    ({"IfUnmodifiedSince": 1000}, ""),
    ({"IfUnmodifiedSince": 999}, "PreconditionFailed"),
    # RFC 9110 13.2.2: the entity tag decides where both are given.
    ({"IfMatch": ETAG, "IfUnmodifiedSince": 999}, ""),
    ({"IfNoneMatch": '"x"', "IfModifiedSince": 1000}, ""),
    ({"IfNoneMatch": ETAG, "IfModifiedSince": 999}, "NotModified"),
]


@pytest.mark.parametrize(("request_", "expected"), READS)
def test_conditions_of_reads(request_: dict[str, Any], expected: str) -> None:
    assert code(conditions.check_read, request_, FOUND) == expected


@pytest.mark.parametrize(("request_", "expected"), READS)
def test_conditions_of_sources(request_: dict[str, Any], expected: str) -> None:
    request = {f"CopySource{name}": value for name, value in request_.items()}
    assert code(conditions.check_source, request, FOUND) == (expected and "PreconditionFailed")


@pytest.mark.parametrize(
    ("condition", "current", "expected"),
    [
        ({"IfNoneMatch": "*"}, None, ""),
        ({"IfNoneMatch": "*"}, FOUND, "PreconditionFailed"),
        ({"IfNoneMatch": '"x"'}, None, "NotImplemented"),
        ({"IfMatch": f'"{ETAG}"'}, FOUND, ""),
        ({"IfMatch": "x"}, FOUND, "PreconditionFailed"),
        ({"IfMatch": "x"}, None, "NoSuchKey"),
    ],
)
def test_conditions_of_writes(
    condition: dict[str, str], current: Object | None, expected: str
) -> None:
    assert code(conditions.check_write, {"Key": "k", **condition}, current) == expected


@pytest.mark.parametrize(
    ("condition", "current", "expected"),
    [
        ({}, None, ""),
        ({"IfMatch": "*"}, FOUND, ""),
        ({"IfMatch": "*"}, None, "NoSuchKey"),
        ({"IfMatch": "x"}, FOUND, "PreconditionFailed"),
        ({"IfMatchSize": 5}, FOUND, "NotImplemented"),
        ({"IfMatchLastModifiedTime": 5.0}, FOUND, "NotImplemented"),
    ],
)
def test_conditions_of_deletions(
    condition: dict[str, Any], current: Object | None, expected: str
) -> None:
    assert code(conditions.check_delete, {"Key": "k", **condition}, current) == expected


def test_tags_of_a_header() -> None:
    assert tagging.from_header("a=1&b=x%20y&c=") == {"a": "1", "b": "x y", "c": ""}
    assert code(tagging.from_header, "a=1&a=2") == "InvalidArgument"
    assert code(tagging.from_header, "%FF=1") == "InvalidArgument"
    assert code(tagging.from_header, "&".join(f"k{n}=v" for n in range(11))) == "BadRequest"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("k", "v", ""),
        ("k" * 128, "v" * 256, ""),
        ("Größe 1+1=2 a.b:c/d@e-f_g", "", ""),
        ("", "v", "InvalidTag"),
        ("k" * 129, "v", "InvalidTag"),
        ("k", "v" * 257, "InvalidTag"),
        ("aws:k", "v", "InvalidTag"),
        ("k?", "v", "InvalidTag"),
        ("k", "v*", "InvalidTag"),
    ],
)
def test_tags(key: str, value: str, expected: str) -> None:
    assert code(tagging.from_set, [{"Key": key, "Value": value}]) == expected


def test_a_key_tags_once() -> None:
    twice = [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]
    assert code(tagging.from_set, twice) == "InvalidTag"


def test_metadata_is_bounded() -> None:
    assert contents.checked({"A": "b"}) == {"a": "b"}
    contents.checked({"k": "v" * 2047})
    assert code(contents.checked, {"k": "v" * 2048}) == "MetadataTooLarge"


def test_chunking_is_no_encoding_of_the_object() -> None:
    request = {"ContentEncoding": "aws-chunked,gzip"}
    assert contents.headers_of(request) == {"ContentEncoding": "gzip"}
    assert contents.headers_of({"ContentEncoding": "aws-chunked"}) == {}


def test_etags_of_parts() -> None:
    parts = ["b1946ac92492d2347c6235b4d2611184", "591785b794601e212b260e25925636fd"]
    # echo "b1946ac92492d2347c6235b4d2611184591785b794601e212b260e25925636fd" | xxd -r -p | md5sum
    assert etags.of_parts(parts) == "8e7f49323f5c66d08d276743b43ae446-2"


def test_copy_sources() -> None:
    assert copies.parse("/b/a%20b%2Fc") == ("b", "a b/c", None)
    assert copies.parse("b/k?versionId=null") == ("b", "k", "null")
    assert copies.parse("b/k+x%3FversionId=y") == ("b", "k+x?versionId=y", None)
    assert code(copies.parse, "bucket") == "InvalidArgument"
    assert code(copies.parse, "/bucket/") == "InvalidArgument"
    assert code(copies.parse, "arn:aws:s3:eu-west-1:1:accesspoint/a/object/k") == "NotImplemented"


def test_version_ids() -> None:
    assert versions.check(None)
    assert versions.check("null")
    assert not versions.check("a" * 32)
    assert code(versions.check, "") == "InvalidArgument"
    assert code(versions.check, "short") == "InvalidArgument"

"""Listings through the in-process client."""

from __future__ import annotations

from typing import Any

import pytest

from cloudling.kernel import AwsError

KEYS = ["a b", "dir/1", "dir/2", "dir/sub/3", "é", "z"]


@pytest.fixture
def filled(s3: Any) -> Any:
    for key in KEYS:
        s3.put_object(Bucket="shelf", Key=key, Body=b"x")
    return s3


def names(told: dict[str, Any]) -> list[str]:
    return [one["Key"] for one in told.get("Contents", [])]


def prefixes(told: dict[str, Any]) -> list[str]:
    return [one["Prefix"] for one in told.get("CommonPrefixes", [])]


def code(function: Any, **request: Any) -> str:
    with pytest.raises(AwsError) as refused:
        function(Bucket="shelf", **request)
    return refused.value.error_code


def test_all_keys_in_the_order_of_their_bytes(filled: Any) -> None:
    told = filled.list_objects_v2(Bucket="shelf")
    assert names(told) == ["a b", "dir/1", "dir/2", "dir/sub/3", "z", "é"]
    assert (told["KeyCount"], told["IsTruncated"], told["MaxKeys"]) == (6, False, 1000)
    assert "Owner" not in told["Contents"][0]
    owned = filled.list_objects_v2(Bucket="shelf", FetchOwner=True)["Contents"][0]
    assert len(owned["Owner"]["ID"]) == 64
    assert owned["ChecksumAlgorithm"] == ["CRC64NVME"]


def test_delimiters_roll_up(filled: Any) -> None:
    told = filled.list_objects_v2(Bucket="shelf", Delimiter="/")
    assert (names(told), prefixes(told), told["KeyCount"]) == (["a b", "z", "é"], ["dir/"], 4)
    inner = filled.list_objects_v2(Bucket="shelf", Delimiter="/", Prefix="dir/")
    assert (names(inner), prefixes(inner)) == (["dir/1", "dir/2"], ["dir/sub/"])


def test_pages_of_the_second_version(filled: Any) -> None:
    seen: list[str] = []
    more: dict[str, str] = {}
    while True:
        told = filled.list_objects_v2(Bucket="shelf", MaxKeys=2, Delimiter="/", **more)
        seen += names(told) + prefixes(told)
        if not told["IsTruncated"]:
            break
        assert told["KeyCount"] == 2
        more = {"ContinuationToken": told["NextContinuationToken"]}
    assert seen == ["a b", "dir/", "z", "é"]
    assert told["ContinuationToken"] == more["ContinuationToken"]


def test_pages_of_the_first_version(filled: Any) -> None:
    told = filled.list_objects(Bucket="shelf", MaxKeys=2, Delimiter="/")
    assert (told["NextMarker"], told["Marker"]) == ("dir/", "")
    rest = filled.list_objects(Bucket="shelf", Delimiter="/", Marker="dir/")
    assert (names(rest), prefixes(rest)) == (["z", "é"], [])
    assert "NextMarker" not in filled.list_objects(Bucket="shelf", MaxKeys=2)
    assert "Owner" in told["Contents"][0]


def test_start_after(filled: Any) -> None:
    told = filled.list_objects_v2(Bucket="shelf", StartAfter="dir/1")
    assert names(told) == ["dir/2", "dir/sub/3", "z", "é"]
    assert told["StartAfter"] == "dir/1"
    assert names(filled.list_objects_v2(Bucket="shelf", StartAfter="zz")) == ["é"]


def test_encoding(filled: Any) -> None:
    told = filled.list_objects_v2(Bucket="shelf", EncodingType="url", Delimiter="r/", Prefix="")
    assert names(told) == ["a%20b", "z", "%C3%A9"]
    assert (told["EncodingType"], told["Delimiter"]) == ("url", "r/")
    assert code(filled.list_objects_v2, EncodingType="x") == "InvalidArgument"


def test_odd_requests(filled: Any) -> None:
    empty = filled.list_objects_v2(Bucket="shelf", MaxKeys=0)
    assert (empty["KeyCount"], empty["IsTruncated"]) == (0, False)
    assert filled.list_objects(Bucket="shelf", MaxKeys=5000)["MaxKeys"] == 1000
    assert code(filled.list_objects, MaxKeys=-1) == "InvalidArgument"
    assert code(filled.list_objects_v2, ContinuationToken="x") == "InvalidArgument"
    assert code(filled.list_object_versions, VersionIdMarker="null") == "InvalidArgument"
    attributes = {"OptionalObjectAttributes": ["Colour"]}
    assert code(filled.list_objects_v2, **attributes) == "InvalidArgument"


def test_tokens_belong_to_their_bucket(filled: Any) -> None:
    filled.create_bucket(Bucket="other")
    token = filled.list_objects_v2(Bucket="shelf", MaxKeys=1)["NextContinuationToken"]
    with pytest.raises(AwsError, match="InvalidArgument"):
        filled.list_objects_v2(Bucket="other", ContinuationToken=token)


def test_versions(filled: Any) -> None:
    told = filled.list_object_versions(Bucket="shelf", MaxKeys=2)
    assert [(one["Key"], one["VersionId"], one["IsLatest"]) for one in told["Versions"]] == [
        ("a b", "null", True),
        ("dir/1", "null", True),
    ]
    assert (told["NextKeyMarker"], told["NextVersionIdMarker"]) == ("dir/1", "null")
    rest = filled.list_object_versions(
        Bucket="shelf", KeyMarker="dir/1", VersionIdMarker="null", Delimiter="/"
    )
    assert [one["Key"] for one in rest["Versions"]] == ["z", "é"]

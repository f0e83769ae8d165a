"""Multipart uploads through the in-process client."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

MIB = 1024 * 1024
LARGE = bytes(range(256)) * (5 * MIB // 256)


def refused(function: Any, **request: Any) -> AwsError:
    with pytest.raises(AwsError) as found:
        function(**{"Bucket": "shelf", "Key": "k", **request})
    return found.value


class Upload:
    """One upload of the key "k", and how to go on with it."""

    def __init__(self, s3: Any, **request: Any) -> None:
        self.s3 = s3
        self.id = s3.create_multipart_upload(Bucket="shelf", Key="k", **request)["UploadId"]
        self.name = {"Bucket": "shelf", "Key": "k", "UploadId": self.id}

    def part(self, number: int, body: bytes, **request: Any) -> dict[str, Any]:
        told = self.s3.upload_part(**self.name, PartNumber=number, Body=body, **request)
        checksums = {name: told[name] for name in told if name.startswith("Checksum")}
        return {"PartNumber": number, "ETag": told["ETag"], **checksums}

    def complete(self, parts: list[dict[str, Any]], **request: Any) -> Any:
        request["MultipartUpload"] = {"Parts": parts}
        return self.s3.complete_multipart_upload(**self.name, **request)

    def refuses(self, parts: list[dict[str, Any]], **request: Any) -> AwsError:
        with pytest.raises(AwsError) as found:
            self.complete(parts, **request)
        return found.value


def content(s3: Any, **request: Any) -> bytes:
    body = s3.get_object(Bucket="shelf", Key="k", **request)["Body"]
    data = body.data if body.data is not None else b"".join(iter(lambda: body.read(MIB), b""))
    body.close()
    return bytes(data)


def test_parts_become_an_object(local: LocalCloud, s3: Any) -> None:
    upload = Upload(s3, Metadata={"a": "b"}, ContentType="text/plain", Tagging="t=1")
    local.clock.advance(100)
    parts = [upload.part(2, b"end"), upload.part(1, LARGE)]
    told = upload.complete(parts[::-1])
    digests = [hashlib.md5(body, usedforsecurity=False).digest() for body in (LARGE, b"end")]
    whole = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
    assert told["ETag"] == f'"{whole}-2"'
    assert told["ChecksumType"] == "FULL_OBJECT"
    assert content(s3) == LARGE + b"end"
    assert content(s3, Range=f"bytes={5 * MIB - 2}-{5 * MIB + 1}") == LARGE[-2:] + b"en"
    head = s3.head_object(Bucket="shelf", Key="k")
    assert (head["Metadata"], head["ContentType"], head["TagCount"]) == (
        {"a": "b"},
        "text/plain",
        1,
    )
    assert head["LastModified"] == int(local.clock.now()) - 100
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="shelf")


def test_completing_again_answers_the_same(s3: Any) -> None:
    upload = Upload(s3)
    parts = [upload.part(1, b"x")]
    assert upload.complete(parts) == upload.complete(parts)
    s3.put_object(Bucket="shelf", Key="k", Body=b"other")
    assert upload.refuses(parts).error_code == "NoSuchUpload"


def test_single_parts_can_be_read(s3: Any) -> None:
    upload = Upload(s3, ChecksumAlgorithm="SHA256")
    parts = [upload.part(1, LARGE), upload.part(7, b"end")]
    upload.complete(parts)
    second = s3.get_object(Bucket="shelf", Key="k", PartNumber=2, ChecksumMode="ENABLED")
    assert second["PartsCount"] == 2
    assert second["ContentRange"] == f"bytes {5 * MIB}-{5 * MIB + 2}/{5 * MIB + 3}"
    assert second["ChecksumSHA256"] == parts[1]["ChecksumSHA256"]
    assert content(s3, PartNumber=2) == b"end"
    assert refused(s3.get_object, PartNumber=3).http_status == 416


def test_lists_that_are_refused(s3: Any) -> None:
    upload = Upload(s3)
    one, two = upload.part(1, b"small"), upload.part(2, b"end")
    small = upload.refuses([one, two])
    assert small.error_code == "EntityTooSmall"
    assert small.fields == {
        "ProposedSize": 5,
        "MinSizeAllowed": 5 * MIB,
        "PartNumber": 1,
        "ETag": one["ETag"].strip('"'),
    }
    assert upload.refuses([two, one]).error_code == "InvalidPartOrder"
    assert upload.refuses([one, one]).error_code == "InvalidPartOrder"
    assert upload.refuses([]).error_code == "MalformedXML"
    assert upload.refuses([{"PartNumber": 1}]).error_code == "MalformedXML"
    assert upload.refuses([{"PartNumber": 3, "ETag": one["ETag"]}]).error_code == "InvalidPart"
    assert upload.refuses([{"PartNumber": 1, "ETag": '"x"'}]).error_code == "InvalidPart"
    assert upload.refuses([two], MpuObjectSize=9).error_code == "InvalidRequest"
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")
    assert upload.refuses([two], IfNoneMatch="*").error_code == "PreconditionFailed"
    upload.complete([two], MpuObjectSize=3)


def test_parts_are_replaced_and_left_out(s3: Any) -> None:
    upload = Upload(s3)
    old = upload.part(1, b"old")
    new = upload.part(1, b"new")
    upload.part(2, b"left out")
    assert upload.refuses([old]).error_code == "InvalidPart"
    upload.complete([new])
    assert content(s3) == b"new"


def test_refused_parts(s3: Any) -> None:
    upload = Upload(s3)
    for number in (0, 10_001):
        bad = refused(s3.upload_part, UploadId=upload.id, PartNumber=number, Body=b"")
        assert bad.error_code == "InvalidArgument"
    missing = refused(s3.upload_part, UploadId="none", PartNumber=1, Body=b"")
    assert (missing.error_code, missing.http_status) == ("NoSuchUpload", 404)
    other = refused(s3.upload_part, UploadId=upload.id, PartNumber=1, Body=b"", Key="other")
    assert other.error_code == "NoSuchUpload"


def test_aborting(s3: Any) -> None:
    upload = Upload(s3)
    part = upload.part(1, LARGE)
    s3.abort_multipart_upload(**upload.name)
    assert upload.refuses([part]).error_code == "NoSuchUpload"
    assert refused(s3.abort_multipart_upload, UploadId=upload.id).error_code == "NoSuchUpload"
    assert refused(s3.get_object).error_code == "NoSuchKey"


def test_checksums_of_parts(s3: Any) -> None:
    upload = Upload(s3, ChecksumAlgorithm="CRC32")
    part = upload.part(1, b"x")
    assert "ChecksumCRC32" in part
    bare = {"PartNumber": 1, "ETag": part["ETag"]}
    assert upload.refuses([bare]).error_code == "InvalidRequest"
    assert upload.refuses([{**part, "ChecksumCRC32": "AAAAAA=="}]).error_code == "InvalidPart"
    assert upload.refuses([part], ChecksumCRC32="AAAAAA==-1").error_code == "BadDigest"
    assert upload.refuses([part], ChecksumType="FULL_OBJECT").error_code == "InvalidRequest"
    mixed = {"UploadId": upload.id, "PartNumber": 1, "Body": b"x", "ChecksumAlgorithm": "SHA1"}
    assert refused(s3.upload_part, **mixed).text == (
        "Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum Type: sha1"
    )
    told = upload.complete([part])
    assert told["ChecksumCRC32"].endswith("-1")
    assert told["ChecksumType"] == "COMPOSITE"


def test_checksums_of_the_whole(s3: Any) -> None:
    upload = Upload(s3, ChecksumAlgorithm="CRC32C", ChecksumType="FULL_OBJECT")
    parts = [upload.part(1, LARGE), upload.part(2, b"end")]
    value = upload.complete(parts)["ChecksumCRC32C"]
    s3.put_object(Bucket="shelf", Key="k", Body=LARGE + b"end", ChecksumCRC32C=value)
    alone = refused(s3.create_multipart_upload, ChecksumType="FULL_OBJECT")
    assert alone.error_code == "InvalidRequest"


def test_copied_parts(s3: Any) -> None:
    s3.put_object(Bucket="shelf", Key="source", Body=b"0123456789")
    upload = Upload(s3)
    copied = s3.upload_part_copy(
        **upload.name, PartNumber=1, CopySource="shelf/source", CopySourceRange="bytes=2-4"
    )["CopyPartResult"]
    upload.complete([{"PartNumber": 1, "ETag": copied["ETag"]}])
    assert content(s3) == b"234"
    again = Upload(s3)
    outside = {"UploadId": again.id, "PartNumber": 1, "CopySource": "shelf/source"}
    bad = refused(s3.upload_part_copy, **outside, CopySourceRange="bytes=2-10")
    assert bad.error_code == "InvalidArgument"
    s3.upload_part_copy(**again.name, PartNumber=2, CopySource="shelf/source")
    assert s3.list_parts(**again.name)["Parts"][0]["Size"] == 10


def test_copies_of_multipart_objects_are_one_piece(s3: Any) -> None:
    upload = Upload(s3)
    upload.complete([upload.part(1, LARGE), upload.part(2, b"end")])
    s3.copy_object(Bucket="shelf", Key="copy", CopySource="shelf/k")
    digest = hashlib.md5(LARGE + b"end", usedforsecurity=False).hexdigest()
    assert s3.head_object(Bucket="shelf", Key="copy")["ETag"] == f'"{digest}"'


def test_parts_are_listed_in_pages(s3: Any) -> None:
    upload = Upload(s3)
    for number in (1, 2, 10):
        upload.part(number, b"x" * number)
    first = s3.list_parts(**upload.name, MaxParts=2)
    assert [part["PartNumber"] for part in first["Parts"]] == [1, 2]
    assert (first["IsTruncated"], first["NextPartNumberMarker"]) == (True, 2)
    second = s3.list_parts(**upload.name, MaxParts=2, PartNumberMarker=2)
    assert [(part["PartNumber"], part["Size"]) for part in second["Parts"]] == [(10, 10)]
    assert not second["IsTruncated"]
    bad = refused(s3.list_parts, UploadId=upload.id, MaxParts=-1)
    assert bad.error_code == "InvalidArgument"


def test_uploads_are_listed_in_order(local: LocalCloud, s3: Any) -> None:
    begun: list[tuple[str, str]] = []
    for key in ("b", "a", "a", "c/1", "c/2"):
        told = s3.create_multipart_upload(Bucket="shelf", Key=key)
        begun.append((key, told["UploadId"]))
        local.clock.advance(1)
    expected = sorted(begun[:3])
    told = s3.list_multipart_uploads(Bucket="shelf", Delimiter="/")
    assert [(one["Key"], one["UploadId"]) for one in told["Uploads"]] == expected
    assert told["CommonPrefixes"] == [{"Prefix": "c/"}]
    pages: list[tuple[str, str]] = []
    marker: dict[str, str] = {}
    while True:
        page = s3.list_multipart_uploads(Bucket="shelf", MaxUploads=1, **marker)
        pages += [(one["Key"], one["UploadId"]) for one in page["Uploads"]]
        if not page["IsTruncated"]:
            break
        marker = {
            "KeyMarker": page["NextKeyMarker"],
            "UploadIdMarker": page["NextUploadIdMarker"],
        }
    assert pages == sorted(begun)


def test_attributes_list_the_parts(s3: Any) -> None:
    upload = Upload(s3, ChecksumAlgorithm="SHA1")
    parts = [upload.part(1, LARGE), upload.part(2, b"end")]
    whole = upload.complete(parts)["ChecksumSHA1"]
    assert whole.endswith("-2")
    short = s3.get_object_attributes(Bucket="shelf", Key="k", ObjectAttributes=["Checksum"])
    assert short["Checksum"] == {"ChecksumSHA1": whole[:-2], "ChecksumType": "COMPOSITE"}
    request = {"Bucket": "shelf", "Key": "k", "ObjectAttributes": ["ObjectParts"], "MaxParts": 1}
    told = s3.get_object_attributes(**request)["ObjectParts"]
    assert (told["TotalPartsCount"], told["IsTruncated"], told["NextPartNumberMarker"]) == (
        2,
        True,
        1,
    )
    assert told["Parts"] == [
        {"PartNumber": 1, "Size": 5 * MIB, "ChecksumSHA1": parts[0]["ChecksumSHA1"]}
    ]
    rest = s3.get_object_attributes(**request, PartNumberMarker=1)["ObjectParts"]
    assert [part["PartNumber"] for part in rest["Parts"]] == [2]

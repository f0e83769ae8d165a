"""Objects through the in-process client: put, get, head, delete, copy, tag."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

NAMES = ["../../x", "a//b", ".", "\x00", "%00", "\U0001f600", "é", "k" * 1024, "a b+c?d&e", "/"]


def refused(function: Any, **request: Any) -> AwsError:
    with pytest.raises(AwsError) as found:
        function(**{"Bucket": "shelf", "Key": "k", **request})
    return found.value


def put(s3: Any, body: bytes = b"hello", **request: Any) -> Any:
    return s3.put_object(**{"Bucket": "shelf", "Key": "k", "Body": body, **request})


def content(s3: Any, **request: Any) -> bytes:
    body = s3.get_object(**{"Bucket": "shelf", "Key": "k", **request})["Body"]
    try:
        if body.data is not None:
            return bytes(body.data)
        return b"".join(iter(lambda: body.read(65536), b""))
    finally:
        body.close()


@pytest.mark.parametrize("key", NAMES)
def test_any_key_comes_back(s3: Any, key: str) -> None:
    put(s3, key.encode(), Key=key)
    assert content(s3, Key=key) == key.encode()
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="shelf")["Contents"]] == [key]
    s3.delete_object(Bucket="shelf", Key=key)
    assert refused(s3.get_object, Key=key).error_code == "NoSuchKey"


@pytest.mark.parametrize("size", [0, 1, 16384, 16385, 65536, 65537, 3_000_000])
def test_any_size_comes_back(s3: Any, size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    told = put(s3, body[:size])
    assert told["ETag"] == f'"{hashlib.md5(body[:size], usedforsecurity=False).hexdigest()}"'
    assert content(s3) == body[:size]
    assert s3.head_object(Bucket="shelf", Key="k")["ContentLength"] == size
    if size > 10:
        assert content(s3, Range=f"bytes=5-{size - 2}") == body[5 : size - 1]


def test_what_is_told_of_an_object(local: LocalCloud, s3: Any) -> None:
    headers = {
        "CacheControl": "no-cache",
        "ContentDisposition": "inline",
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "ContentType": "text/plain",
        "Expires": "Thu, 01 Dec 2033 16:00:00 GMT",
        "WebsiteRedirectLocation": "/other",
    }
    put(s3, Metadata={"A": "b/c:d"}, Tagging="x=1&y=2", **headers)
    told = s3.head_object(Bucket="shelf", Key="k")
    assert {name: told[name] for name in headers} == headers
    assert told["Metadata"] == {"a": "b/c:d"}
    assert told["TagCount"] == 2
    assert told["ServerSideEncryption"] == "AES256"
    assert told["AcceptRanges"] == "bytes"
    assert told["LastModified"] == int(local.clock.now())
    assert "StorageClass" not in told


def test_a_plain_object_has_the_default_type(s3: Any) -> None:
    put(s3)
    assert s3.head_object(Bucket="shelf", Key="k")["ContentType"] == "binary/octet-stream"


def test_answers_can_be_given_other_headers(s3: Any) -> None:
    put(s3, ContentType="text/plain")
    told = s3.get_object(
        Bucket="shelf", Key="k", ResponseContentType="text/html", ResponseCacheControl="no-store"
    )
    assert (told["ContentType"], told["CacheControl"]) == ("text/html", "no-store")


def test_checksums_are_checked_and_told(s3: Any) -> None:
    value = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
    assert put(s3, ChecksumSHA256=value)["ChecksumSHA256"] == value
    told = s3.get_object(Bucket="shelf", Key="k", ChecksumMode="ENABLED")
    assert (told["ChecksumSHA256"], told["ChecksumType"]) == (value, "FULL_OBJECT")
    assert "ChecksumSHA256" not in s3.get_object(Bucket="shelf", Key="k")
    ranged = s3.get_object(Bucket="shelf", Key="k", ChecksumMode="ENABLED", Range="bytes=0-1")
    assert "ChecksumSHA256" not in ranged
    wrong = refused(s3.put_object, Body=b"other", ChecksumSHA256=value)
    assert wrong.error_code == "BadDigest"
    assert wrong.text == "The SHA256 you specified did not match the calculated checksum."
    assert content(s3) == b"hello"


def test_s3_adds_a_checksum_of_its_own(s3: Any) -> None:
    assert "ChecksumCRC64NVME" in put(s3)
    assert "ChecksumSHA1" in put(s3, ChecksumAlgorithm="SHA1")


def test_large_bodies_are_checked_and_nothing_stays_of_a_bad_one(
    local: LocalCloud, s3: Any
) -> None:
    wrong = base64.b64encode(bytes(16)).decode()
    bad = refused(s3.put_object, Body=bytes(200_000), ContentMD5=wrong)
    assert bad.error_code == "BadDigest"
    assert refused(s3.get_object).error_code == "NoSuchKey"
    assert refused(s3.put_object, Body=b"x", ContentMD5="x").error_code == "InvalidDigest"


def test_conditional_writes(s3: Any) -> None:
    etag = put(s3, IfNoneMatch="*")["ETag"]
    again = refused(s3.put_object, Body=b"x", IfNoneMatch="*")
    assert (again.http_status, again.fields) == (412, {"Condition": "If-None-Match"})
    assert refused(s3.put_object, Body=b"x", IfMatch='"x"').http_status == 412
    put(s3, b"new", IfMatch=etag)
    assert content(s3) == b"new"
    assert refused(s3.put_object, Key="none", IfMatch=etag).error_code == "NoSuchKey"


def test_conditional_reads(s3: Any) -> None:
    etag = put(s3)["ETag"]
    assert content(s3, IfMatch=etag) == b"hello"
    same = refused(s3.get_object, IfNoneMatch=etag)
    assert (same.http_status, same.headers["ETag"]) == (304, etag)
    assert refused(s3.head_object, IfMatch='"x"').http_status == 412


def test_conditional_deletions(s3: Any) -> None:
    etag = put(s3)["ETag"]
    assert refused(s3.delete_object, IfMatch='"x"').http_status == 412
    s3.delete_object(Bucket="shelf", Key="k", IfMatch=etag)
    assert refused(s3.delete_object, IfMatch=etag).error_code == "NoSuchKey"


def test_deleting_what_is_not_there_is_fine(s3: Any) -> None:
    assert s3.delete_object(Bucket="shelf", Key="none") == {}


def test_batches_of_deletions(s3: Any) -> None:
    for key in ("a", "b"):
        put(s3, Key=key)
    wanted = [
        {"Key": "a"},
        {"Key": "none"},
        {"Key": "b", "ETag": '"x"'},
        {"Key": "b", "VersionId": "odd"},
    ]
    told = s3.delete_objects(Bucket="shelf", Delete={"Objects": wanted})
    assert told["Deleted"] == [{"Key": "a"}, {"Key": "none"}]
    assert [(one["Key"], one["Code"]) for one in told["Errors"]] == [
        ("b", "PreconditionFailed"),
        ("b", "InvalidArgument"),
    ]
    quiet = {"Objects": [{"Key": "b", "VersionId": "null"}], "Quiet": True}
    assert s3.delete_objects(Bucket="shelf", Delete=quiet) == {}
    assert "Contents" not in s3.list_objects(Bucket="shelf")


def test_batches_are_bounded(s3: Any) -> None:
    for count in (0, 1001):
        keys = [{"Key": f"k{number}"} for number in range(count)]
        with pytest.raises(AwsError, match="MalformedXML"):
            s3.delete_objects(Bucket="shelf", Delete={"Objects": keys})
    many = [{"Key": f"k{number}"} for number in range(1000)]
    assert len(s3.delete_objects(Bucket="shelf", Delete={"Objects": many})["Deleted"]) == 1000


def test_the_null_version(s3: Any) -> None:
    put(s3)
    assert s3.get_object(Bucket="shelf", Key="k", VersionId="null")["VersionId"] == "null"
    assert "VersionId" not in s3.head_object(Bucket="shelf", Key="k")
    assert refused(s3.get_object, VersionId="odd").error_code == "InvalidArgument"
    unknown = refused(s3.get_object, VersionId="a" * 32)
    assert (unknown.error_code, unknown.http_status) == ("NoSuchVersion", 404)
    s3.delete_object(Bucket="shelf", Key="k", VersionId="a" * 32)
    assert content(s3) == b"hello"
    assert s3.delete_object(Bucket="shelf", Key="k", VersionId="null") == {"VersionId": "null"}
    assert refused(s3.head_object).error_code == "NoSuchKey"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"ServerSideEncryption": "aws:kms"}, "NotImplemented"),
        ({"ServerSideEncryption": "rot13"}, "InvalidArgument"),
        ({"SSEKMSKeyId": "x", "ServerSideEncryption": "aws:kms"}, "NotImplemented"),
        ({"SSEKMSKeyId": "x"}, "InvalidArgument"),
        ({"SSEKMSKeyId": "x", "ServerSideEncryption": "AES256"}, "InvalidArgument"),
        ({"SSEKMSEncryptionContext": "e30="}, "InvalidArgument"),
        ({"SSECustomerAlgorithm": "AES256"}, "NotImplemented"),
        ({"BucketKeyEnabled": True}, "NotImplemented"),
        ({"StorageClass": "GLACIER"}, "NotImplemented"),
        ({"StorageClass": "COLD"}, "InvalidStorageClass"),
        ({"ObjectLockMode": "GOVERNANCE"}, "NotImplemented"),
        ({"ACL": "public-read"}, "AccessControlListNotSupported"),
        ({"ACL": "everybody"}, "InvalidArgument"),
        ({"GrantRead": "id=1"}, "AccessControlListNotSupported"),
        ({"RequestPayer": "me"}, "InvalidArgument"),
        ({"WriteOffsetBytes": 5}, "NotImplemented"),
        ({"WebsiteRedirectLocation": "x"}, "InvalidRedirectLocation"),
        ({"Metadata": {"k": "v" * 3000}}, "MetadataTooLarge"),
        ({"Tagging": "aws:a=b"}, "InvalidTag"),
        ({"Tagging": "aws:a=b&" + "&".join(f"k{n}=" for n in range(11))}, "InvalidTag"),
        ({"Key": "k" * 1025}, "KeyTooLongError"),
        ({"Bucket": "none"}, "NoSuchBucket"),
    ],
)
def test_refused_writes(s3: Any, request_: dict[str, Any], code: str) -> None:
    found = refused(s3.put_object, Body=b"x", **request_)
    assert found.error_code == code
    if code == "NotImplemented":
        assert found.fields["Header"].startswith("x-amz-")


def test_accepted_writes(s3: Any) -> None:
    put(
        s3,
        ServerSideEncryption="AES256",
        StorageClass="STANDARD",
        ACL="bucket-owner-full-control",
        RequestPayer="requester",
        BucketKeyEnabled=False,
    )
    told = s3.head_object(Bucket="shelf", Key="k")
    assert told["ServerSideEncryption"] == "AES256"


def test_unknown_parts_of_plain_objects(s3: Any) -> None:
    put(s3)
    told = s3.get_object(Bucket="shelf", Key="k", PartNumber=1)
    assert told["ContentRange"] == "bytes 0-4/5"
    assert "PartsCount" not in told
    assert refused(s3.get_object, PartNumber=2).http_status == 416
    assert refused(s3.get_object, PartNumber=0).error_code == "InvalidArgument"
    both = refused(s3.get_object, PartNumber=1, Range="bytes=0-1")
    assert both.error_code == "InvalidRequest"


def test_tags(s3: Any) -> None:
    put(s3, Tagging="a=1")
    assert s3.get_object_tagging(Bucket="shelf", Key="k")["TagSet"] == [{"Key": "a", "Value": "1"}]
    new = [{"Key": "b", "Value": "2"}]
    s3.put_object_tagging(Bucket="shelf", Key="k", Tagging={"TagSet": new})
    assert s3.get_object_tagging(Bucket="shelf", Key="k", VersionId="null") == {
        "TagSet": new,
        "VersionId": "null",
    }
    s3.delete_object_tagging(Bucket="shelf", Key="k")
    assert s3.get_object_tagging(Bucket="shelf", Key="k")["TagSet"] == []
    assert refused(s3.get_object_tagging, Key="none").error_code == "NoSuchKey"
    assert refused(s3.put_object_tagging, Tagging={}).error_code == "MalformedXML"


def test_replacing_and_deleting_gives_the_bytes_back(local: LocalCloud, s3: Any) -> None:
    for _ in range(3):
        put(s3, bytes(100_000))
    s3.copy_object(Bucket="shelf", Key="copy", CopySource="shelf/k")
    s3.delete_object(Bucket="shelf", Key="k")
    assert content(s3, Key="copy") == bytes(100_000)


def test_copies(local: LocalCloud, s3: Any) -> None:
    etag = put(s3, Metadata={"a": "1"}, ContentType="text/plain", Tagging="t=1")["ETag"]
    told = s3.copy_object(Bucket="shelf", Key="c é", CopySource="/shelf/k?versionId=null")
    assert told["CopyObjectResult"]["ETag"] == etag
    assert told["CopySourceVersionId"] == "null"
    copy = s3.head_object(Bucket="shelf", Key="c é")
    assert (copy["Metadata"], copy["ContentType"], copy["TagCount"]) == (
        {"a": "1"},
        "text/plain",
        1,
    )
    s3.copy_object(
        Bucket="shelf",
        Key="d",
        CopySource="shelf/c%20%C3%A9",
        MetadataDirective="REPLACE",
        TaggingDirective="REPLACE",
        ChecksumAlgorithm="SHA256",
    )
    replaced = s3.head_object(Bucket="shelf", Key="d", ChecksumMode="ENABLED")
    assert "Metadata" not in replaced
    assert "TagCount" not in replaced
    value = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
    assert replaced["ChecksumSHA256"] == value


def test_refused_copies(s3: Any) -> None:
    put(s3)
    own = refused(s3.copy_object, CopySource="shelf/k")
    assert own.error_code == "InvalidRequest"
    s3.copy_object(Bucket="shelf", Key="k", CopySource="shelf/k", MetadataDirective="REPLACE")
    assert content(s3) == b"hello"
    assert refused(s3.copy_object, CopySource="shelf/none").error_code == "NoSuchKey"
    assert refused(s3.copy_object, CopySource="none/k").error_code == "NoSuchBucket"
    assert refused(s3.copy_object, CopySource="k").error_code == "InvalidArgument"
    odd = refused(s3.copy_object, Key="c", CopySource="shelf/k", MetadataDirective="MOVE")
    assert odd.error_code == "InvalidArgument"
    stale = refused(s3.copy_object, Key="c", CopySource="shelf/k", CopySourceIfMatch='"x"')
    assert stale.fields == {"Condition": "x-amz-copy-source-If-Match"}
    taken = refused(
        s3.copy_object, CopySource="shelf/k", MetadataDirective="REPLACE", IfNoneMatch="*"
    )
    assert taken.error_code == "PreconditionFailed"


def test_attributes_of_a_plain_object(s3: Any) -> None:
    put(s3)
    wanted = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    told = s3.get_object_attributes(Bucket="shelf", Key="k", ObjectAttributes=wanted)
    assert told["ETag"] == "5d41402abc4b2a76b9719d911017c592"
    assert (told["ObjectSize"], told["StorageClass"]) == (5, "STANDARD")
    assert told["Checksum"]["ChecksumType"] == "FULL_OBJECT"
    assert "ObjectParts" not in told
    odd = refused(s3.get_object_attributes, ObjectAttributes=["Colour"])
    assert odd.error_code == "InvalidArgument"

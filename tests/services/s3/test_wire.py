"""Every operation once by boto3 over HTTP, and what only the wire shows."""

from __future__ import annotations

import http.client
import io
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1024 * 1024
REGION = "eu-west-1"


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        yield running


@pytest.fixture(scope="module")
def s3(cloud: RunningCloud) -> Iterator[Any]:
    client = boto3.client(
        "s3",
        endpoint_url=cloud.endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield client
    client.close()


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    name = request.node.name.replace("_", "-").lower()[:60].strip("-")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def refused(function: Any, **request: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as found:
        function(**request)
    response = found.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def raw(cloud: RunningCloud, url: str, method: str = "GET") -> http.client.HTTPResponse:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0)
    connection.request(method, f"{parts.path}?{parts.query}")
    response = connection.getresponse()
    response.body = response.read()  # type: ignore[attr-defined]  # kept for the test
    connection.close()
    return response


def test_buckets(s3: Any, bucket: str) -> None:
    assert bucket in [one["Name"] for one in s3.list_buckets()["Buckets"]]
    head = s3.head_bucket(Bucket=bucket)
    assert head["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/xml"
    assert head["BucketRegion"] == REGION
    assert head["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == REGION
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == REGION
    again = {"Bucket": bucket, "CreateBucketConfiguration": {"LocationConstraint": REGION}}
    assert refused(s3.create_bucket, **again) == (409, "BucketAlreadyOwnedByYou")
    s3.delete_bucket(Bucket=bucket)
    assert refused(s3.head_bucket, Bucket=bucket) == (404, "404")


@pytest.mark.parametrize(
    "key", ["../../x", "a//b", ".", "..", "%00", "\x00", "\U0001f600/é", "k" * 1024, "a b+c?&=#"]
)
def test_keys(s3: Any, key: str) -> None:
    name = {"Bucket": "keys-of-all-kinds", "Key": key}
    if "keys-of-all-kinds" not in [one["Name"] for one in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(
            Bucket=name["Bucket"], CreateBucketConfiguration={"LocationConstraint": REGION}
        )
    s3.put_object(**name, Body=key.encode())
    assert s3.get_object(**name)["Body"].read() == key.encode()
    listed = s3.list_objects_v2(Bucket=name["Bucket"])["Contents"]
    assert [one["Key"] for one in listed] == [key]
    s3.delete_object(**name)


def test_objects(s3: Any, bucket: str) -> None:
    name = {"Bucket": bucket, "Key": "k"}
    body = bytes(range(256)) * 1000
    etag = s3.put_object(**name, Body=body, Metadata={"a": "b"}, ContentType="text/x")["ETag"]
    got = s3.get_object(**name, ChecksumMode="ENABLED")
    assert got["Body"].read() == body
    assert (got["ETag"], got["Metadata"], got["ContentType"]) == (etag, {"a": "b"}, "text/x")
    assert got["ChecksumType"] == "FULL_OBJECT"
    assert s3.head_object(**name)["ContentLength"] == len(body)
    part = s3.get_object(**name, Range="bytes=-8")
    assert part["Body"].read() == body[-8:]
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert part["ContentRange"] == "bytes 255992-255999/256000"
    assert refused(s3.get_object, **name, Range="bytes=999999-") == (416, "InvalidRange")
    assert refused(s3.get_object, **name, IfNoneMatch=etag) == (304, "304")
    assert refused(s3.put_object, **name, IfNoneMatch="*") == (412, "PreconditionFailed")
    s3.copy_object(Bucket=bucket, Key="c é", CopySource=name)
    assert s3.get_object(Bucket=bucket, Key="c é")["Body"].read() == body
    told = s3.get_object_attributes(**name, ObjectAttributes=["ETag", "ObjectSize"])
    assert (told["ETag"], told["ObjectSize"]) == (etag.strip('"'), len(body))
    s3.delete_object(**name)
    assert refused(s3.get_object, **name) == (404, "NoSuchKey")
    wanted = {"Objects": [{"Key": "c é"}]}
    assert s3.delete_objects(Bucket=bucket, Delete=wanted)["Deleted"] == [{"Key": "c é"}]


def test_tags(s3: Any, bucket: str) -> None:
    name = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**name, Tagging="a=1")
    tags = [{"Key": "b", "Value": "2"}]
    s3.put_object_tagging(**name, Tagging={"TagSet": tags})
    assert s3.get_object_tagging(**name)["TagSet"] == tags
    s3.delete_object_tagging(**name)
    assert s3.get_object_tagging(**name)["TagSet"] == []


def test_listings(s3: Any, bucket: str) -> None:
    for key in ("a\x01", "d/1", "d/2", "é"):
        s3.put_object(Bucket=bucket, Key=key)
    told = s3.list_objects_v2(Bucket=bucket, Delimiter="/", FetchOwner=True)
    assert [one["Key"] for one in told["Contents"]] == ["a\x01", "é"]
    assert told["CommonPrefixes"] == [{"Prefix": "d/"}]
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 1}
    )
    assert [one["Key"] for page in pages for one in page["Contents"]] == [
        "a\x01",
        "d/1",
        "d/2",
        "é",
    ]
    pages = s3.get_paginator("list_objects").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 3}
    )
    assert [one["Key"] for page in pages for one in page["Contents"]] == [
        "a\x01",
        "d/1",
        "d/2",
        "é",
    ]
    versions = s3.list_object_versions(Bucket=bucket, Prefix="d/")["Versions"]
    assert [(one["Key"], one["VersionId"]) for one in versions] == [
        ("d/1", "null"),
        ("d/2", "null"),
    ]


def test_uploads(s3: Any, bucket: str) -> None:
    body = bytes(range(256)) * (9 * MIB // 256)
    s3.upload_fileobj(io.BytesIO(body), bucket, "whole")
    head = s3.head_object(Bucket=bucket, Key="whole", PartNumber=2)
    assert (head["PartsCount"], head["ContentLength"]) == (2, MIB)
    got = io.BytesIO()
    s3.download_fileobj(bucket, "whole", got)
    assert got.getvalue() == body
    name = {"Bucket": bucket, "Key": "k"}
    upload = {**name, "UploadId": s3.create_multipart_upload(**name)["UploadId"]}
    assert s3.list_multipart_uploads(Bucket=bucket)["Uploads"][0]["Key"] == "k"
    s3.upload_part(**upload, PartNumber=1, Body=body[: 5 * MIB])
    source = {"Bucket": bucket, "Key": "whole"}
    s3.upload_part_copy(**upload, PartNumber=2, CopySource=source, CopySourceRange="bytes=0-9")
    listed = s3.list_parts(**upload)["Parts"]
    assert [part["Size"] for part in listed] == [5 * MIB, 10]
    parts = [{"PartNumber": one["PartNumber"], "ETag": one["ETag"]} for one in listed]
    told = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert told["Location"].endswith(f"/{bucket}/k")
    assert s3.get_object(**name)["Body"].read() == body[: 5 * MIB] + body[:10]
    aborted = {**name, "UploadId": s3.create_multipart_upload(**name)["UploadId"]}
    s3.abort_multipart_upload(**aborted)
    assert refused(s3.list_parts, **aborted) == (404, "NoSuchUpload")


def test_a_damaged_body_is_not_kept(s3: Any, bucket: str) -> None:
    name = {"Bucket": bucket, "Key": "k"}
    wrong = refused(s3.put_object, **name, Body=b"x", ChecksumCRC32="AAAAAA==")
    assert wrong == (400, "BadDigest")
    assert refused(s3.head_object, **name) == (404, "404")


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_links(cloud: RunningCloud, s3: Any, version: str) -> None:
    name = {"Bucket": f"linked-{version}", "Key": "a b+é"}
    s3.create_bucket(
        Bucket=name["Bucket"], CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    s3.put_object(**name, Body=b"hello")
    signer = boto3.client(
        "s3",
        endpoint_url=cloud.endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(signature_version=version),
    )
    given = {**name, "ResponseContentType": "text/html"}
    got = raw(cloud, signer.generate_presigned_url("get_object", given))
    assert (got.status, got.body) == (200, b"hello")  # type: ignore[attr-defined]  # as above
    assert got.headers["content-type"] == "text/html"
    head = raw(cloud, signer.generate_presigned_url("head_object", name), "HEAD")
    assert (head.status, head.headers["content-length"]) == (200, "5")
    signer.close()
    unsigned = raw(cloud, f"{cloud.endpoint}/{name['Bucket']}/x")
    assert unsigned.status == 403
    assert b"<Code>AccessDenied</Code>" in unsigned.body  # type: ignore[attr-defined]  # as above


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_headers_in_a_presigned_link_count(cloud: RunningCloud, s3: Any, version: str) -> None:
    """boto3 writes them there with version 2, the SDKs of JavaScript and Java with version 4."""
    name = {"Bucket": f"told-{version}", "Key": "k"}
    s3.create_bucket(
        Bucket=name["Bucket"], CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    signer = boto3.client(
        "s3",
        endpoint_url=cloud.endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(signature_version=version),
    )
    told = {"Metadata": {"colour": "red"}, "Tagging": "a=b"}
    written = {"x-amz-meta-colour": "red", "x-amz-tagging": "a=b"}

    def link(members: dict[str, Any], parameters: dict[str, str]) -> str:
        def add(request: Any, **_: object) -> None:
            request.url += ("&" if "?" in request.url else "?") + urlencode(parameters)

        if version == "s3":
            made: str = signer.generate_presigned_url("put_object", name | members)
            return made
        signer.meta.events.register("before-sign.s3.PutObject", add, unique_id="add")
        made = signer.generate_presigned_url("put_object", name)
        signer.meta.events.unregister("before-sign.s3.PutObject", unique_id="add")
        return made

    wrong = link(told | {"ChecksumSHA1": "x"}, written | {"X-Amz-Checksum-Sha1": "x"})
    assert raw(cloud, wrong, "PUT").status == 400
    right = link(told, written)
    assert raw(cloud, right, "PUT").status == 200
    assert s3.head_object(**name)["Metadata"] == {"colour": "red"}
    assert s3.get_object_tagging(**name)["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert raw(cloud, right.replace("colour=red", "colour=blue"), "PUT").status == 403
    signer.close()


def test_making_a_bucket_looks_only_where_it_is_asked_to(cloud: RunningCloud, s3: Any) -> None:
    s3.create_bucket(Bucket="taken", CreateBucketConfiguration={"LocationConstraint": REGION})
    for region in ("us-east-1", "ap-northeast-1"):
        client = boto3.client(
            "s3",
            endpoint_url=cloud.endpoint,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        asked = {} if region == "us-east-1" else where
        found = refused(client.create_bucket, Bucket="taken", **asked)
        assert found == (409, "BucketAlreadyOwnedByYou")
        client.close()


def test_a_feature_that_is_not_here_names_its_header(s3: Any, bucket: str) -> None:
    with pytest.raises(ClientError, match="x-amz-storage-class") as found:
        s3.put_object(Bucket=bucket, Key="k", Body=b"", StorageClass="GLACIER")
    assert found.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_plain_chunks_are_refused_as_aws_does(cloud: RunningCloud, s3: Any, bucket: str) -> None:
    link = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"})
    parts = urlsplit(link)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0)
    connection.request("PUT", f"{parts.path}?{parts.query}", body=iter([b"ab", b"c"]))
    response = connection.getresponse()
    text = response.read()
    connection.close()
    assert response.status == 501
    assert b"<Header>Transfer-Encoding</Header>" in text

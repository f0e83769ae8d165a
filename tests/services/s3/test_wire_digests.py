"""Documents whose digest is wrong are refused, and bucket links of Signature version 2 open."""

from __future__ import annotations

import base64
import hashlib
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

TAGS = {"TagSet": [{"Key": "a", "Value": "b"}]}


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        running.client("s3").create_bucket(Bucket="shelf")
        yield running


def put_tags(cloud: RunningCloud, **digests: Any) -> int:
    client = cloud.client("s3", config=Config(request_checksum_calculation="when_required"))
    answer = client.put_bucket_tagging(Bucket="shelf", Tagging=TAGS, **digests)
    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status


def test_a_right_checksum_passes(cloud: RunningCloud) -> None:
    assert put_tags(cloud, ChecksumAlgorithm="SHA256") == 204


def test_a_wrong_md5_is_refused(cloud: RunningCloud) -> None:
    wrong = base64.b64encode(hashlib.md5(b"else", usedforsecurity=False).digest()).decode()
    with pytest.raises(ClientError, match="BadDigest"):
        put_tags(cloud, ContentMD5=wrong)


def test_a_wrong_checksum_is_refused(cloud: RunningCloud) -> None:
    client = cloud.client("s3")

    def spoil(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["x-amz-checksum-crc32"] = "AAAAAA=="

    client.meta.events.register("before-call.s3.DeleteObjects", spoil)
    with pytest.raises(ClientError, match="BadDigest"):
        client.delete_objects(Bucket="shelf", Delete={"Objects": [{"Key": "x"}]})


@pytest.mark.parametrize("method", ["list_objects_v2", "get_bucket_acl", "list_objects"])
def test_version_2_links_of_a_bucket(cloud: RunningCloud, method: str) -> None:
    client = cloud.client("s3", config=Config(signature_version="s3"))
    url = client.generate_presigned_url(method, Params={"Bucket": "shelf"}, ExpiresIn=60)
    assert "AWSAccessKeyId" in url
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - our own
        assert answer.status == 200

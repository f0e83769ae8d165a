"""Keys that look like paths, and every way in which a bucket's name may stand in a host's."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

import pytest
from tests.raw import Draft, ask, presigned, signed

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS = [
    "../../x",
    "../../../../../../../../etc/passwd",
    "a//b",
    "//",
    ".",
    "..",
    "./.",
    "a/../b",
    "%00",
    "%2e%2e%2f",
    "\x01\x7f",
    "a\\..\\b",
    "C:\\x",
    "a b+c&d=e?f#g;h",
    "\N{PARTY POPPER}\N{ZERO WIDTH JOINER}\u0301",
    "caf\u00e9",
    "cafe\u0301",
    "k" * 1024,
    "\u20ac" * 341 + "x",
    "trailing/",
    "-rf",
    "~",
    "\r\n",
    "<&>\"'",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outer") / "middle" / "data"


@pytest.fixture(scope="module")
def cloud(data: Path) -> Iterator[RunningCloud]:
    with RunningCloud(memory=False, data=data) as running:
        for bucket in (b"raw", b"sdk", b"hosted"):
            assert ask(running.port, signed(Draft("PUT", b"/" + bucket))).status == 200
        yield running


def outside(data: Path) -> set[str]:
    """What lies beside the data folder, and in the folder we run in."""
    outer = data.parents[1]
    return {str(path) for path in outer.rglob("*") if data not in path.parents} | set(
        os.listdir(".")  # noqa: PTH208 - names alone
    )


def check_paths(data: Path) -> None:
    """Every file's name is one of ours."""
    for path in data.rglob("*"):
        assert re.fullmatch(r"[a-z0-9.-]+", path.name), path


@pytest.mark.parametrize("key", KEYS, ids=ascii)
@pytest.mark.parametrize("size", [10, 200_000])
def test_keys_round_trip_through_plain_http(
    cloud: RunningCloud, data: Path, key: str, size: int
) -> None:
    before = outside(data)
    body = hashlib.sha256(key.encode()).digest() * (size // 32 + 1)
    # Unreserved characters may stand as they are, and some clients leave them.
    path = b"/raw/" + quote(key, safe="/~.").encode()
    assert ask(cloud.port, signed(Draft("PUT", path, body=body))).status == 200
    answer = ask(cloud.port, signed(Draft("GET", path)))
    assert (answer.status, answer.body) == (200, body)
    assert ask(cloud.port, presigned(Draft("GET", path))).body == body
    assert listed(cloud, "raw") == [key]
    check_paths(data)
    assert outside(data) == before
    assert ask(cloud.port, signed(Draft("DELETE", path))).status == 204
    assert ask(cloud.port, signed(Draft("GET", path))).status == 404
    assert listed(cloud, "raw") == []


def listed(cloud: RunningCloud, bucket: str) -> list[str]:
    """The keys as the list says them, encoded, since XML cannot hold them all."""
    query = b"encoding-type=url&list-type=2"
    answer = ask(cloud.port, signed(Draft("GET", f"/{bucket}".encode(), query)))
    return [unquote_plus(key.decode()) for key in re.findall(rb"<Key>([^<]*)</Key>", answer.body)]


@pytest.mark.parametrize("key", KEYS, ids=ascii)
def test_keys_round_trip_through_boto3(cloud: RunningCloud, data: Path, key: str) -> None:
    s3 = cloud.client("s3")
    body = key.encode() * 3
    s3.put_object(Bucket="sdk", Key=key, Body=body)
    assert s3.get_object(Bucket="sdk", Key=key)["Body"].read() == body
    assert s3.head_object(Bucket="sdk", Key=key)["ContentLength"] == len(body)
    contents = s3.list_objects_v2(Bucket="sdk")["Contents"]
    assert [each["Key"] for each in contents] == [key]
    s3.copy_object(Bucket="sdk", Key="copy", CopySource={"Bucket": "sdk", "Key": key})
    told = s3.delete_objects(Bucket="sdk", Delete={"Objects": [{"Key": "copy"}], "Quiet": True})
    assert "Errors" not in told
    s3.delete_object(Bucket="sdk", Key=key)
    assert s3.list_objects_v2(Bucket="sdk")["KeyCount"] == 0
    check_paths(data)


@pytest.mark.parametrize("key", ["k" * 1025, "\u20ac" * 342])
def test_longer_keys_are_refused(cloud: RunningCloud, key: str) -> None:
    answer = ask(cloud.port, signed(Draft("PUT", b"/raw/" + quote(key).encode(), body=b"x")))
    assert (answer.status, answer.code) == (400, "KeyTooLongError")


@pytest.mark.parametrize("path", [b"/raw/%FF%FE", b"/raw/%C0%AF", b"/raw/%ED%A0%80"])
def test_keys_that_are_no_text_are_refused(cloud: RunningCloud, path: bytes) -> None:
    answer = ask(cloud.port, signed(Draft("PUT", path, body=b"x")))
    assert (answer.status, answer.code) == (400, "InvalidURI")


@pytest.mark.parametrize("bucket", ["..", "%2e%2e", ".", "a/../b", "%00", "A", "x" * 64])
def test_buckets_are_never_paths(cloud: RunningCloud, data: Path, bucket: str) -> None:
    before = outside(data)
    answer = ask(cloud.port, signed(Draft("PUT", f"/{bucket}".encode())))
    assert 400 <= answer.status < 500
    assert outside(data) == before


HOSTS = [
    "hosted.localhost",
    "HOSTED.LocalHost",
    "hosted.localhost:PORT",
    "hosted.localhost.",
    "hosted.s3.localhost",
    "hosted.s3.us-east-1.localhost",
    "hosted.s3.localhost.localstack.cloud",
    "hosted.s3.localhost.localstack.cloud:PORT",
    "hosted.s3.us-east-1.localhost.localstack.cloud",
    "hosted.s3.amazonaws.com",
    "hosted.s3.us-east-1.amazonaws.com",
    "hosted.s3-us-east-1.amazonaws.com",
    "hosted.s3.dualstack.us-east-1.amazonaws.com",
    "hosted.s3-external-1.amazonaws.com",
]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("sign", [signed, presigned])
def test_a_bucket_may_stand_in_the_hosts_name(
    cloud: RunningCloud, host: str, sign: type[object]
) -> None:
    name = host.replace("PORT", str(cloud.port)).encode()
    for path in (b"/a//b", b"/../x", b"/hosted/key"):
        body = b"by " + name
        assert ask(cloud.port, sign(Draft("PUT", path, body=body, host=name))).status == 200
        assert ask(cloud.port, sign(Draft("GET", path, host=name))).body == body
        by_path = ask(cloud.port, signed(Draft("GET", b"/hosted" + path)))
        assert by_path.body == body
        assert ask(cloud.port, sign(Draft("DELETE", path, host=name))).status == 204
    listing = ask(cloud.port, sign(Draft("GET", b"/", host=name)))
    assert b"<Name>hosted</Name>" in listing.body


@pytest.mark.parametrize(
    "host",
    [
        "s3.localhost",
        "s3.localhost.localstack.cloud",
        "s3.us-east-1.amazonaws.com",
        "s3.amazonaws.com",
        "s3-us-east-1.amazonaws.com",
        "localhost",
        "[::1]",
    ],
)
def test_a_service_name_has_the_bucket_in_the_path(cloud: RunningCloud, host: str) -> None:
    draft = Draft("PUT", b"/hosted/by-path", body=b"x", host=host.encode())
    assert ask(cloud.port, signed(draft)).status == 200
    listing = ask(cloud.port, signed(Draft("GET", b"/", host=host.encode())))
    assert b"<ListAllMyBucketsResult" in listing.body


def test_a_bucket_in_another_region_and_with_dots(cloud: RunningCloud) -> None:
    body = (
        b"<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint>"
        b"</CreateBucketConfiguration>"
    )
    host = b"my.dotted.bucket.s3.eu-west-1.amazonaws.com"
    made = Draft("PUT", b"/", body=body, host=host, region="eu-west-1")
    assert ask(cloud.port, signed(made)).status == 200
    put = Draft("PUT", b"/key", body=b"x", host=host, region="eu-west-1")
    assert ask(cloud.port, signed(put)).status == 200
    wrong = Draft("GET", b"/key", host=b"my.dotted.bucket.s3.amazonaws.com")
    answer = ask(cloud.port, signed(wrong))
    assert (answer.status, answer.code) == (400, "AuthorizationHeaderMalformed")
    assert b"<Region>eu-west-1</Region>" in answer.body

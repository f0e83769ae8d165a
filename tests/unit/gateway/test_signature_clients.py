"""Whole requests of boto3, caught before they leave, are admitted with their bodies."""

from __future__ import annotations

import io
import time
from hashlib import sha256

import boto3
import pytest
from botocore.config import Config
from tests.unit.gateway.signature_requests import (
    ENDPOINT,
    KEY_ID,
    ODD_KEYS,
    REGION,
    SECRET,
    admit,
    make_request,
    run,
)

from cloudling.gateway.signatures.bodies import open_body

CREDENTIALS = {
    "aws_access_key_id": KEY_ID,
    "aws_secret_access_key": SECRET,
    "region_name": REGION,
}


class Caught(BaseException):
    """Ends a call before anything is sent."""


@pytest.fixture
def session(monkeypatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    return boto3.session.Session(**CREDENTIALS)


def catch(client, operation, **arguments):
    """The request that the call would have sent."""
    caught = []

    def keep(request, **_):
        body = request.body or b""
        data = body.read() if hasattr(body, "read") else body
        headers = {
            name: value.decode("latin-1") if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        data = data.encode() if isinstance(data, str) else bytes(data)
        caught.append(make_request(request.method, request.url, headers, data))
        raise Caught

    client.meta.events.register("before-send.*", keep)
    with pytest.raises(Caught):
        getattr(client, operation)(**arguments)
    client.close()
    return caught[0]


def receive(request, **options):
    claim = admit(request, now=time.time(), **options)
    body = open_body(request, claim, SECRET)
    return run(body.read(1 << 20)), body.trailers


@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_put_object(session, version, style):
    config = Config(signature_version=version, s3={"addressing_style": style})
    endpoint = ENDPOINT if style == "path" else "http://localhost:4566"
    for key in (key for key in ODD_KEYS if key not in (".", "..")):
        client = session.client("s3", endpoint_url=endpoint, config=config)
        request = catch(client, "put_object", Bucket="bucket", Key=key, Body=b"data", ACL="private")
        bucket = "bucket" if request.headers["host"].startswith("bucket.") else ""
        assert bool(bucket) == (style == "virtual")
        assert receive(request, bucket=bucket)[0] == b"data"


def test_streams_over_https_carry_a_trailer(session):
    client = session.client("s3", endpoint_url="https://127.0.0.1:4566")
    request = catch(client, "put_object", Bucket="bucket", Key="k", Body=io.BytesIO(b"a" * 100_000))
    assert request.headers["x-amz-content-sha256"] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    data, trailers = receive(request)
    assert data == b"a" * 100_000
    assert set(trailers) == {"x-amz-checksum-crc32"}


@pytest.mark.parametrize("version", ["s3v4", "s3", None])
@pytest.mark.parametrize("operation", ["get_object", "put_object", "head_object"])
def test_presigned_urls(session, version, operation):
    client = session.client("s3", endpoint_url=ENDPOINT, config=Config(signature_version=version))
    for key in ODD_KEYS:
        extra = {"ResponseContentType": "a/b; c", "VersionId": "null"}
        params = {"Bucket": "bucket", "Key": key} | (extra if operation == "get_object" else {})
        url = client.generate_presigned_url(operation, Params=params, ExpiresIn=600)
        method = operation.partition("_")[0].upper()
        claim = admit(make_request(method, url, {}), now=time.time())
        # boto3 presigns in version 2 where the region's endpoint data lists it.
        assert claim.scheme == ("v4-query" if version == "s3v4" else "v2-query")
    client.close()


def test_query_services(session):
    client = session.client("iam", endpoint_url=ENDPOINT)
    request = catch(client, "get_user", UserName="a b+c")
    hashed = sha256(request.body.data).hexdigest()
    now = time.time()
    admit(request, now=now, service="iam", region=None, payload_hash=hashed)
    client = session.client("sts", endpoint_url=ENDPOINT)
    url = client.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    hashed = sha256(b"").hexdigest()
    admit(make_request("GET", url, {}), now=now, service="sts", region=None, payload_hash=hashed)
    client.close()

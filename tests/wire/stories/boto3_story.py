"""What a program with boto3 does, old or new; run by the interpreter that has it.

Reads ENDPOINT and BUCKET; prints the version of boto3 when all went as it must.
"""

import io
import os
import sys
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["ENDPOINT"]
BUCKET = os.environ["BUCKET"]
KEYS = ["a//b", "../../x", "x%00y", "+ &=?#", "😀/ü", "dir/", "."]
MIB = 1024 * 1024


def client(service, secret=None, **options):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key=secret or "test",
        **options,
    )


def code_of(function, **request):
    try:
        function(**request)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def keep_odd_keys(s3):
    for key in KEYS:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode(), Metadata={"a": "b"})
        found = s3.get_object(Bucket=BUCKET, Key=key, Range="bytes=0-2")
        assert found["Body"].read() == key.encode()[:3], key
        assert found["Metadata"] == {"a": "b"}
    for style in ("list_objects", "list_objects_v2"):
        pages = s3.get_paginator(style).paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 2})
        listed = [each["Key"] for page in pages for each in page["Contents"]]
        assert listed == sorted(KEYS, key=str.encode), listed


def keep_large(s3):
    body = bytes(range(256)) * (9 * MIB // 256)
    parts = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(body), BUCKET, "large", Config=parts)
    s3.copy({"Bucket": BUCKET, "Key": "large"}, BUCKET, "copy", Config=parts)
    back = io.BytesIO()
    s3.download_fileobj(BUCKET, "copy", back, Config=parts)
    assert back.getvalue() == body
    assert s3.head_object(Bucket=BUCKET, Key="copy")["ETag"].endswith('-2"')
    s3.put_object(Bucket=BUCKET, Key="empty", Body=io.BytesIO())
    assert s3.get_object(Bucket=BUCKET, Key="empty")["Body"].read() == b""


def fetch_presigned(s3):
    for version in ("s3", "s3v4"):
        signer = client("s3", config=Config(signature_version=version))
        asked = {"Bucket": BUCKET, "Key": "a//b", "ResponseContentType": "text/x"}
        url = signer.generate_presigned_url("get_object", Params=asked)
        with urllib.request.urlopen(url) as answer:  # noqa: S310 - an http URL of ours
            assert answer.headers["Content-Type"] == "text/x"
            assert answer.read() == b"a//b"


def be_refused(s3):
    assert code_of(s3.get_object, Bucket=BUCKET, Key="none") == "NoSuchKey"
    assert code_of(s3.head_object, Bucket=BUCKET, Key="none") == "404"
    assert code_of(s3.list_objects_v2, Bucket=BUCKET + "-none") == "NoSuchBucket"
    assert code_of(s3.delete_bucket, Bucket=BUCKET) == "BucketNotEmpty"
    wrong = client("s3", secret="wrong")
    assert code_of(wrong.list_buckets) == "SignatureDoesNotMatch"
    elsewhere = boto3.client(
        "sts",
        endpoint_url=ENDPOINT,
        region_name="eu-west-1",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="x",
    )
    assert code_of(elsewhere.get_caller_identity) == "InvalidClientTokenId"


def remove_all(s3):
    keys = [{"Key": each["Key"]} for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert len(s3.delete_objects(Bucket=BUCKET, Delete={"Objects": keys})["Deleted"]) == len(keys)
    s3.delete_bucket(Bucket=BUCKET)


def main():
    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.get_waiter("bucket_exists").wait(Bucket=BUCKET)
    keep_odd_keys(s3)
    keep_large(s3)
    fetch_presigned(s3)
    be_refused(s3)
    remove_all(s3)
    assert client("sts").get_caller_identity()["Account"] == "000000000000"
    sys.stdout.write(boto3.__version__)


main()

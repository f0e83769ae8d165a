"""What the storage API does with its bucket.

No key stands here: boto3 takes temporary credentials of the role from the profile, on an instance
from its metadata, and the endpoint from AWS_ENDPOINT_URL where that is set (on AWS it is not).
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from pathlib import Path

LINK_LIFETIME = 120
ROLE = "s3_access"


@cache
def client() -> Any:
    """The S3 client; made at the first call, so that importing this asks nobody for credentials."""
    session = boto3.Session()
    if "AWS_PROFILE" not in os.environ and ROLE in session.available_profiles:
        session = boto3.Session(profile_name=ROLE)
    return session.client("s3")


def list_files(bucket: str) -> list[str]:
    """The names of all files, however many pages they fill."""
    pages = client().get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def upload_file(bucket: str, path: Path) -> None:
    """Store a file under its own name; boto3 sends a large one in parallel parts."""
    with path.open("rb") as body:
        client().upload_fileobj(body, bucket, path.name)


def has_file(bucket: str, name: str) -> bool:
    """Whether the bucket has it; without s3:ListBucket S3 says 403 of a missing file, not 404."""
    try:
        client().head_object(Bucket=bucket, Key=name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True


def presigned_url(bucket: str, name: str) -> str:
    """A link that fetches the file without credentials, for two minutes."""
    url: str = client().generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": name}, ExpiresIn=LINK_LIFETIME
    )
    return url

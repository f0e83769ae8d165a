"""A pytest plugin that opens the buckets of ceph's s3-tests for public policies.

The suite is older than April 2023, since when S3 makes every bucket with Block Public Access on:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html.
Its tests of policies mean buckets without; on AWS, too, whoever runs them has to switch it off.
"""

from __future__ import annotations

from typing import Any

from botocore.client import BaseClient

_call = BaseClient._make_api_call


def _and_unblock(client: Any, operation: str, request: dict[str, Any]) -> Any:
    answer = _call(client, operation, request)
    if operation == "CreateBucket":
        _call(client, "DeletePublicAccessBlock", {"Bucket": request["Bucket"]})
    return answer


def pytest_configure() -> None:
    BaseClient._make_api_call = _and_unblock

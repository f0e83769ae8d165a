"""Policies of buckets: who else may use them, and who may not.

They are the business of the bucket's own account, whose root can always read and repair them.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from cloudling.kernel import operation
from cloudling.services.s3 import bodies, buckets, checksums, policy_documents
from cloudling.services.s3.errors import AccessDenied, MethodNotAllowed, NoSuchBucketPolicy

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.records import Bucket

Request = dict[str, Any]

_METHODS = {"PutBucketPolicy": "PUT", "GetBucketPolicy": "GET", "DeleteBucketPolicy": "DELETE"}


@operation("PutBucketPolicy")
async def put_bucket_policy(call: S3Call, request: Request) -> None:
    headers = call.origin.headers
    if "content-md5" in headers or checksums.in_headers(headers):
        bodies.require_digest(call)
    bucket = await _own(call, request)
    found = await policy_documents.accept(call, bucket, request.get("Policy") or "")
    if found.public and bucket.refuses_public:
        raise _blocked(call, bucket)
    await call.buckets.put(replace(bucket, policy=found.text, public=found.public))


@operation("GetBucketPolicy")
async def get_bucket_policy(call: S3Call, request: Request) -> Request:
    bucket = await _own(call, request)
    kept = _require(bucket)
    return {
        "Policy": await policy_documents.shown(call, kept),
        "ContentType": "application/json",
    }


@operation("DeleteBucketPolicy")
async def delete_bucket_policy(call: S3Call, request: Request) -> None:
    bucket = await _own(call, request)
    if bucket.policy is not None:
        await call.buckets.put(replace(bucket, policy=None, public=False))


@operation("GetBucketPolicyStatus")
async def get_bucket_policy_status(call: S3Call, request: Request) -> Request:
    bucket = await buckets.of_request(call, request)
    _require(bucket)
    return {"PolicyStatus": {"IsPublic": bucket.public}}


async def _own(call: S3Call, request: Request) -> Bucket:
    """The bucket; for callers of its account only, whomever the policy lets in."""
    bucket = await buckets.of_request(call, request)
    if call.identity.account != bucket.owner and call.identity.kind != "service":
        raise MethodNotAllowed(Method=_METHODS[call.operation.name], ResourceType="BUCKETPOLICY")
    return bucket


def _require(bucket: Bucket) -> str:
    if bucket.policy is None:
        raise NoSuchBucketPolicy(BucketName=bucket.name)
    return bucket.policy


def _blocked(call: S3Call, bucket: Bucket) -> AccessDenied:
    return AccessDenied(
        f"User: {call.identity.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "
        f'"{call.bucket_arn(bucket.name)}" because public policies are prevented by the '
        "BlockPublicPolicy setting in S3 Block Public Access."
    )

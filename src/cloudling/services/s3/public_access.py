"""Block Public Access of buckets; a bucket made today has all four settings on.

What it blocks of policies holds; ACLs are off in every bucket so far.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from cloudling.kernel import operation
from cloudling.services.s3 import bodies, buckets
from cloudling.services.s3.errors import (
    InvalidRequest,
    MalformedXML,
    NoSuchPublicAccessBlockConfiguration,
)
from cloudling.services.s3.records import PublicAccessBlock

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call

Request = dict[str, Any]


@operation("GetPublicAccessBlock")
async def get_public_access_block(call: S3Call, request: Request) -> Request:
    bucket = await buckets.of_request(call, request)
    block = bucket.block
    if block is None:
        raise NoSuchPublicAccessBlockConfiguration(BucketName=bucket.name)
    return {
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": block.block_public_acls,
            "IgnorePublicAcls": block.ignore_public_acls,
            "BlockPublicPolicy": block.block_public_policy,
            "RestrictPublicBuckets": block.restrict_public_buckets,
        }
    }


@operation("PutPublicAccessBlock")
async def put_public_access_block(call: S3Call, request: Request) -> None:
    bodies.require_digest(call)
    wanted = request.get("PublicAccessBlockConfiguration")
    if wanted is None:
        raise MalformedXML
    bucket = await buckets.of_request(call, request)
    if not wanted:
        raise InvalidRequest("Must specify at least one configuration.")
    block = PublicAccessBlock(
        block_public_acls=wanted.get("BlockPublicAcls", False),
        ignore_public_acls=wanted.get("IgnorePublicAcls", False),
        block_public_policy=wanted.get("BlockPublicPolicy", False),
        restrict_public_buckets=wanted.get("RestrictPublicBuckets", False),
    )
    await call.buckets.put(replace(bucket, block=block))


@operation("DeletePublicAccessBlock")
async def delete_public_access_block(call: S3Call, request: Request) -> None:
    bucket = await buckets.of_request(call, request)
    await call.buckets.put(replace(bucket, block=None))

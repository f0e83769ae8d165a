"""Tags of buckets. They lie in the kernel's table under the bucket's ARN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.s3 import bodies, buckets, tagging
from cloudling.services.s3.errors import MalformedXML, NoSuchTagSet

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call

Request = dict[str, Any]


@operation("GetBucketTagging")
async def get_bucket_tagging(call: S3Call, request: Request) -> Request:
    bucket = await buckets.of_request(call, request)
    tags = await call.tags.of(call.bucket_arn(bucket.name))
    if not tags:
        raise NoSuchTagSet(BucketName=bucket.name)
    return {"TagSet": tagging.to_set(tags)}


@operation("PutBucketTagging")
async def put_bucket_tagging(call: S3Call, request: Request) -> None:
    bodies.require_digest(call)
    bucket = await buckets.of_request(call, request)
    wanted = (request.get("Tagging") or {}).get("TagSet")
    if wanted is None:
        raise MalformedXML
    tags = tagging.from_set(wanted, most=tagging.BUCKET_MOST)
    await call.tags.replace(call.bucket_arn(bucket.name), tags)


@operation("DeleteBucketTagging")
async def delete_bucket_tagging(call: S3Call, request: Request) -> None:
    bucket = await buckets.of_request(call, request)
    await call.tags.replace(call.bucket_arn(bucket.name), {})

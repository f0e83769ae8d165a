"""Access control lists: as in every bucket made today they are off and only to be read.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.s3 import buckets, features, objects, owners
from cloudling.services.s3.errors import AccessControlListNotSupported
from cloudling.services.s3.partial import REFUSED, UNCONFIGURED

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.records import Bucket

Request = dict[str, Any]


@operation("GetBucketAcl", partial=UNCONFIGURED)
async def get_bucket_acl(call: S3Call, request: Request) -> Request:
    return _of_owner(await buckets.of_request(call, request))


@operation("PutBucketAcl", partial=REFUSED)
async def put_bucket_acl(call: S3Call, request: Request) -> None:
    await buckets.of_request(call, request)
    # AWS refuses even the ACL that is in force, and the canned ACL of that meaning.
    raise AccessControlListNotSupported


@operation("GetObjectAcl", partial=UNCONFIGURED)
async def get_object_acl(call: S3Call, request: Request) -> Request:
    features.check(request)
    bucket = await buckets.of_request(call, request)
    await objects.require(call, bucket, request["Key"], request.get("VersionId"))
    return _of_owner(bucket)


@operation("PutObjectAcl", partial=REFUSED)
async def put_object_acl(call: S3Call, request: Request) -> Request:
    features.check(request)
    bucket = await buckets.of_request(call, request)
    await objects.require(call, bucket, request["Key"], request.get("VersionId"))
    raise AccessControlListNotSupported


def _of_owner(bucket: Bucket) -> Request:
    owner = owners.owner(bucket.owner)
    grantee = {"Type": "CanonicalUser", **owner}
    return {"Owner": owner, "Grants": [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]}

"""Object Lock, which no bucket here can have yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from cloudling.kernel import operation
from cloudling.services.s3 import bodies, buckets, features, objects
from cloudling.services.s3.errors import InvalidRequest, ObjectLockConfigurationNotFoundError
from cloudling.services.s3.partial import REFUSED, UNCONFIGURED

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call

Request = dict[str, Any]


@operation("GetObjectLockConfiguration", partial=UNCONFIGURED)
async def get_object_lock_configuration(call: S3Call, request: Request) -> Request:
    bucket = await buckets.of_request(call, request)
    raise ObjectLockConfigurationNotFoundError(BucketName=bucket.name)


@operation("GetObjectRetention", partial=UNCONFIGURED)
async def get_object_retention(call: S3Call, request: Request) -> Request:
    await _refuse(call, request)


@operation("PutObjectRetention", partial=REFUSED)
async def put_object_retention(call: S3Call, request: Request) -> Request:
    bodies.require_digest(call)
    await _refuse(call, request)


@operation("GetObjectLegalHold", partial=UNCONFIGURED)
async def get_object_legal_hold(call: S3Call, request: Request) -> Request:
    await _refuse(call, request)


@operation("PutObjectLegalHold", partial=REFUSED)
async def put_object_legal_hold(call: S3Call, request: Request) -> Request:
    bodies.require_digest(call)
    await _refuse(call, request)


async def _refuse(call: S3Call, request: Request) -> NoReturn:
    features.check(request)
    bucket = await buckets.of_request(call, request)
    await objects.require(call, bucket, request["Key"], request.get("VersionId"))
    raise InvalidRequest("Bucket is missing Object Lock Configuration")

"""Tags of objects. They lie with the object, so that a listing or a GET needs no second look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from cloudling.kernel import operation
from cloudling.services.s3 import bodies, buckets, features, objects, tagging, versions
from cloudling.services.s3.errors import MalformedXML

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.records import Object

Request = dict[str, Any]


async def _require(call: S3Call, request: Request) -> Object:
    features.check(request)
    bucket = await buckets.of_request(call, request)
    return await objects.require(call, bucket, request["Key"], request.get("VersionId"))


@operation("GetObjectTagging")
async def get_object_tagging(call: S3Call, request: Request) -> Request:
    found = await _require(call, request)
    tags = dict(sorted(found.tags.items()))
    return {"TagSet": tagging.to_set(tags), **versions.told(request.get("VersionId"))}


@operation("PutObjectTagging")
async def put_object_tagging(call: S3Call, request: Request) -> Request:
    bodies.require_digest(call)
    wanted = (request.get("Tagging") or {}).get("TagSet")
    if wanted is None:
        raise MalformedXML
    tags = tagging.from_set(wanted)
    found = await _require(call, request)
    await call.objects.put(replace(found, tags=tags))
    return versions.told(request.get("VersionId"))


@operation("DeleteObjectTagging")
async def delete_object_tagging(call: S3Call, request: Request) -> Request:
    found = await _require(call, request)
    if found.tags:
        await call.objects.put(replace(found, tags={}))
    return versions.told(request.get("VersionId"))

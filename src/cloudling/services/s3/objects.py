"""Objects: putting, getting, heading and deleting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import AwsError, operation, step
from cloudling.services.s3 import (
    bodies,
    buckets,
    checksums,
    conditions,
    contents,
    features,
    keys,
    permissions,
    ranges,
    removal,
    versions,
)
from cloudling.services.s3.errors import (
    InvalidArgument,
    InvalidPartNumber,
    InvalidRequest,
    MalformedXML,
    NoSuchKey,
    NoSuchVersion,
)
from cloudling.services.s3.ranges import Span
from cloudling.services.s3.records import Checksum, Object

if TYPE_CHECKING:
    from cloudling.kernel.streams import Outgoing
    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.records import Bucket

Request = dict[str, Any]

MOST_DELETED = 1000
MOST_PARTS = 10_000
# The members of a request that names an object and says no more.
_PLAIN = len(("Bucket", "Key"))
# Deletions of one unit; between units other calls have their turn.
_STEP = 100


async def require(call: S3Call, bucket: Bucket, key: str, version: str | None = None) -> Object:
    """The object; who may not list the bucket does not learn whether it exists."""
    found = await call.objects.get(bucket.id, key) if versions.check(version) else None
    if found is not None:
        return found
    await permissions.require(call, bucket, "s3:ListBucket", Prefix=key)
    if version is None:
        raise NoSuchKey(Key=key)
    raise NoSuchVersion(Key=key, VersionId=version)


@operation("PutObject", transaction=False)
async def put_object(call: S3Call, request: Request) -> Request:
    bucket = await buckets.of_request(call, request)
    # Whether it is there still is asked only if anything has become of any bucket.
    table = call.buckets.table
    seen = table.changes
    await step()
    key = request["Key"]
    keys.check(key)
    features.check(request)
    described = contents.from_request(request)
    wanted = bodies.expect(call, request)
    if "IfMatch" in request or "IfNoneMatch" in request:
        conditions.check_write(request, await call.objects.get(bucket.id, key))
    taken = await bodies.take(call, request, wanted)
    checksum = taken.checksum(taken.named or checksums.DEFAULT)
    try:
        await step()
        async with call.unit(final=True):
            if table.changes != seen:
                await buckets.still(call, bucket)
            await replace(
                call,
                request,
                Object(
                    bucket=bucket.id,
                    key=key,
                    etag=taken.md5,
                    size=taken.size,
                    modified=call.clock.now(),
                    blobs=taken.keep(call),
                    checksum=checksum,
                    metadata=described.metadata,
                    headers=described.headers,
                    tags=described.tags,
                ),
            )
    except BaseException:
        taken.abort()
        raise
    return {
        "ETag": f'"{taken.md5}"',
        **call.encryption,
        **checksums.members(checksum),
    }


async def replace(call: S3Call, request: Request, made: Object) -> None:
    """Put the object in place of what its key held, if the write's conditions hold."""
    if "IfMatch" in request or "IfNoneMatch" in request:
        conditions.check_write(request, await call.objects.get(made.bucket, made.key))
    current = await call.objects.swap(made)
    if current is not None:
        for blob in current.blobs:
            call.blobs.release_known(blob)


@operation("GetObject", transaction=False)
async def get_object(call: S3Call, request: Request) -> Request:
    if call.known_bucket is not None:
        await buckets.pause(call, call.known_bucket)
    result, found, span = await _read(call, request)
    offset, length = span or (0, found.size)
    result["Body"] = call.cloud.store.blobs.joined(found.blobs, offset, length)
    return result


@operation("HeadObject")
async def head_object(call: S3Call, request: Request) -> Request:
    result, _, _ = await _read(call, request)
    return result


def body(call: S3Call, found: Object, span: Span) -> Outgoing:
    """A stretch of the object's bytes; whoever asks closes it."""
    return call.blobs.joined(found.blobs, span.offset, span.length)


def whole(found: Object) -> Span:
    return Span(0, found.size)


async def _read(call: S3Call, request: Request) -> tuple[Request, Object, Span | None]:
    """What GET and HEAD have in common: all of the answer but the body; the span, None for all."""
    features.check_read(call, request)
    if len(request) > _PLAIN:
        return await _read_as_asked(call, request)
    # Mostly no more is asked for than the object: nothing to compare, to cut or to replace.
    bucket = call.known_bucket or await buckets.of_request(call, request)
    key = request["Key"]
    found = await call.objects.get(bucket.id, key) or await require(call, bucket, key)
    return _told(call, found, found.size), found, None


async def _read_as_asked(call: S3Call, request: Request) -> tuple[Request, Object, Span]:
    overrides = contents.overrides(request)
    if overrides and call.origin.scheme == "anonymous":
        raise InvalidRequest(
            "Request specific response headers cannot be used for anonymous GET requests."
        )
    bucket = await buckets.of_request(call, request)
    version = request.get("VersionId")
    found = await require(call, bucket, request["Key"], version)
    conditions.check_read(request, found)
    span, partial = _span(request, found)
    result = _told(call, found, span.length)
    return {**result, **partial, **overrides, **versions.told(version)}, found, span


def _told(call: S3Call, found: Object, length: int) -> Request:
    """What the answer tells of the object and its sender's words about it."""
    result: Request = {
        "LastModified": int(found.modified),
        "ETag": f'"{found.etag}"',
        "AcceptRanges": "bytes",
        "ContentLength": length,
        **call.encryption,
        "ContentType": contents.DEFAULT_TYPE,
        **found.headers,
    }
    if found.metadata:
        result["Metadata"] = found.metadata
    if found.tags:
        result["TagCount"] = len(found.tags)
    return result


def _span(request: Request, found: Object) -> tuple[Span, Request]:
    """Which bytes to send, and what the answer tells of it and of their checksum."""
    enabled = request.get("ChecksumMode", "").upper() == "ENABLED"
    number = request.get("PartNumber")
    header = request.get("Range")
    if number is not None:
        if header is not None:
            raise InvalidRequest("Cannot specify both Range header and partNumber query parameter")
        return _part(found, number, enabled=enabled)
    asked = ranges.find(header, found.size) if header is not None else None
    if asked is not None:
        return asked, {"ContentRange": asked.content_range(found.size)}
    return whole(found), checksums.members(found.checksum) if enabled else {}


def _part(found: Object, number: int, *, enabled: bool) -> tuple[Span, Request]:
    if not 1 <= number <= MOST_PARTS:
        raise InvalidArgument(
            f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=number,
        )
    if number > max(len(found.parts), 1):
        raise InvalidPartNumber(
            PartNumberRequested=number, ActualPartCount=max(len(found.parts), 1)
        )
    if not found.parts:
        span, checksum, told = whole(found), found.checksum, Request()
    else:
        part = found.parts[number - 1]
        span = Span(sum(earlier.size for earlier in found.parts[: number - 1]), part.size)
        told = {"PartsCount": len(found.parts)}
        checksum = found.checksum and Checksum(
            algorithm=found.checksum.algorithm, value=part.checksum, type=found.checksum.type
        )
    if span.length:
        told["ContentRange"] = span.content_range(found.size)
    return span, {**told, **(checksums.members(checksum) if enabled else {})}


@operation("DeleteObject")
async def delete_object(call: S3Call, request: Request) -> Request:
    bucket = await buckets.of_request(call, request)
    features.check(request)
    version = request.get("VersionId")
    if versions.check(version):
        found = await call.objects.get(bucket.id, request["Key"])
        conditions.check_delete(request, found)
        if found is not None:
            await removal.drop_object(call, found)
    return versions.told(version)


@operation("DeleteObjects", transaction=False)
async def delete_objects(call: S3Call, request: Request) -> Request:
    bodies.require_digest(call)
    bucket = await buckets.of_request(call, request)
    # Unlike DeleteObject, AWS takes this header for a bucket without Object Lock (s3-tests, which
    # run against AWS, send it with every batch).
    features.check({**request, "BypassGovernanceRetention": False})
    wanted = request["Delete"].get("Objects") or []
    if not 1 <= len(wanted) <= MOST_DELETED:
        raise MalformedXML
    deleted: list[Request] = []
    failed: list[Request] = []
    for at in range(0, len(wanted), _STEP):
        async with call.unit(final=at + _STEP >= len(wanted)):
            await buckets.still(call, bucket)
            for one in wanted[at : at + _STEP]:
                try:
                    deleted.append(await _delete_one(call, bucket, one))
                except AwsError as refused:
                    failed.append(
                        {
                            "Key": one["Key"],
                            **versions.told(one.get("VersionId")),
                            "Code": refused.error_code,
                            "Message": refused.text,
                        }
                    )
        await call.committed()
    result: Request = {}
    if failed:
        result["Errors"] = failed
    if not request["Delete"].get("Quiet"):
        result["Deleted"] = deleted
    return result


async def _delete_one(call: S3Call, bucket: Bucket, one: Request) -> Request:
    key, version = one["Key"], one.get("VersionId")
    keys.check(key)
    action = "s3:DeleteObject" if version is None else "s3:DeleteObjectVersion"
    await permissions.require(call, bucket, action, key, **{**one, **_conditions(one)})
    if versions.check(version):
        found = await call.objects.get(bucket.id, key)
        conditions.check_delete(_conditions(one), found)
        if found is not None:
            await removal.drop_object(call, found)
    return {"Key": key, **versions.told(version)}


def _conditions(one: Request) -> Request:
    """A deletion's elements as the headers of DeleteObject that they stand for."""
    named = {
        "ETag": "IfMatch",
        "Size": "IfMatchSize",
        "LastModifiedTime": "IfMatchLastModifiedTime",
    }
    found = {header: one[element] for element, header in named.items() if element in one}
    return {"Key": one["Key"], **found}

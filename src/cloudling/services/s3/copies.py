"""Copying objects, and finding what is to be copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from cloudling.kernel import operation
from cloudling.services.s3 import (
    bodies,
    buckets,
    checksums,
    conditions,
    contents,
    etags,
    features,
    keys,
    objects,
    permissions,
    tagging,
    versions,
)
from cloudling.services.s3.contents import Description
from cloudling.services.s3.errors import InvalidArgument, InvalidRequest, OperationAborted, not_here
from cloudling.services.s3.records import Object

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.records import Bucket, Checksum

Request = dict[str, Any]


class Source(NamedTuple):
    """What a copy reads."""

    bucket: Bucket
    found: Object
    version: str | None

    async def require_unchanged(self, call: S3Call) -> None:
        """After a wait, inside the unit that shares its blobs."""
        again = await call.objects.get(self.bucket.id, self.found.key)
        if again is None or again.blobs != self.found.blobs:
            raise OperationAborted


async def find_source(call: S3Call, request: Request) -> Source:
    """The source that x-amz-copy-source names; the caller must be allowed to read it."""
    name, key, version = parse(request["CopySource"])
    bucket = await buckets.require(call, name, request.get("ExpectedSourceBucketOwner"))
    action = "s3:GetObject" if version is None else "s3:GetObjectVersion"
    asked = {} if version is None else {"VersionId": version}
    await permissions.require(call, bucket, action, key, **asked)
    found = await objects.require(call, bucket, key, version)
    conditions.check_source(request, found)
    return Source(bucket, found, version)


def parse(source: str) -> tuple[str, str, str | None]:
    """Bucket, key and version id of an x-amz-copy-source header."""
    path, has_version, version = source.partition("?versionId=")
    path = unquote(path, errors="surrogateescape").removeprefix("/")
    if path.startswith("arn:"):
        raise not_here("x-amz-copy-source", "Copying through an access point")
    bucket, _, key = path.partition("/")
    if not bucket or not key:
        raise InvalidArgument(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            ArgumentName="x-amz-copy-source",
            ArgumentValue=source,
        )
    keys.check(key)
    return bucket, key, version if has_version else None


@operation("CopyObject", transaction=False)
async def copy_object(call: S3Call, request: Request) -> Request:
    bucket = await buckets.of_request(call, request)
    keys.check(request["Key"])
    features.check(request)
    source = await find_source(call, request)
    _check(bucket, request, source)
    described = await _describe(call, bucket, request, source)
    etag, checksum = await _digests(call, request, source.found)
    async with call.unit(final=True):
        await buckets.still(call, bucket)
        await source.require_unchanged(call)
        copy = Object(
            bucket=bucket.id,
            key=request["Key"],
            etag=etag,
            size=source.found.size,
            modified=call.clock.now(),
            blobs=tuple(call.blobs.share(blob) for blob in source.found.blobs),
            checksum=checksum,
            metadata=described.metadata,
            headers=described.headers,
            tags=described.tags,
        )
        await objects.replace(call, request, copy)
    told: Request = {
        "CopyObjectResult": {
            "ETag": etags.quoted(etag),
            "LastModified": int(copy.modified),
            **checksums.members(checksum),
        },
        **call.encryption,
    }
    if source.version is not None:
        told["CopySourceVersionId"] = versions.NULL
    return told


def _check(bucket: Bucket, request: Request, source: Source) -> None:
    for member, header in (
        ("MetadataDirective", "x-amz-metadata-directive"),
        ("TaggingDirective", "x-amz-tagging-directive"),
    ):
        if request.get(member, "COPY") not in ("COPY", "REPLACE"):
            raise InvalidArgument(
                f"Unknown {header.removeprefix('x-amz-').replace('-', ' ')}.",
                ArgumentName=header,
                ArgumentValue=request[member],
            )
    if source.found.size > bodies.LARGEST:
        raise InvalidRequest(
            "The specified copy source is larger than the maximum allowable size for a copy "
            f"source: {bodies.LARGEST}"
        )
    onto_itself = source.bucket.id == bucket.id and source.found.key == request["Key"]
    changes = ("StorageClass", "WebsiteRedirectLocation", "ServerSideEncryption")
    if (
        onto_itself
        and request.get("MetadataDirective") != "REPLACE"
        and not any(member in request for member in changes)
    ):
        raise InvalidRequest(
            "This copy request is illegal because it is trying to copy an object to itself "
            "without changing the object's metadata, storage class, website redirect location or "
            "encryption attributes."
        )


async def _describe(call: S3Call, bucket: Bucket, request: Request, source: Source) -> Description:
    """Metadata and tags of the copy: each from the source, or from the request."""
    found = source.found
    if request.get("MetadataDirective") == "REPLACE":
        metadata = contents.checked(request.get("Metadata") or {})
        headers = contents.headers_of(request)
    else:
        metadata = found.metadata
        # The redirect is not copied along.
        headers = {name: text for name, text in found.headers.items() if name != contents.REDIRECT}
        if contents.REDIRECT in request:
            headers[contents.REDIRECT] = request[contents.REDIRECT]
    if request.get("TaggingDirective") == "REPLACE":
        tags = tagging.from_header(request.get("Tagging") or "")
    else:
        tags = found.tags
        if tags:
            await _authorize_tags(call, bucket, request, source)
    return Description(metadata, headers, tags)


async def _authorize_tags(call: S3Call, bucket: Bucket, request: Request, source: Source) -> None:
    await permissions.require(call, source.bucket, "s3:GetObjectTagging", source.found.key)
    await permissions.require(call, bucket, "s3:PutObjectTagging", request["Key"])


async def _digests(call: S3Call, request: Request, found: Object) -> tuple[str, Checksum | None]:
    """ETag and checksum of the copy, which is one piece even where the source was many."""
    asked = request.get("ChecksumAlgorithm")
    algorithm = found.checksum.algorithm if found.checksum else checksums.DEFAULT
    if asked:
        algorithm = checksums.named(asked).algorithm
    same = found.checksum is not None and found.checksum.algorithm == algorithm
    if same and not found.parts:
        return found.etag, found.checksum
    body = objects.body(call, found, objects.whole(found))
    taken = await bodies.digest(body, [algorithm], None)
    return taken.md5, taken.checksum(algorithm)

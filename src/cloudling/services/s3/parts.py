"""Parts of multipart uploads: uploading, copying and listing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.s3 import (
    bodies,
    buckets,
    checksums,
    copies,
    etags,
    features,
    objects,
    owners,
    ranges,
    versions,
)
from cloudling.services.s3.errors import InvalidArgument, InvalidRequest, NoSuchUpload
from cloudling.services.s3.records import Part

if TYPE_CHECKING:
    from cloudling.services.s3.bodies import Taken
    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.checksums import Wanted
    from cloudling.services.s3.records import Bucket, Upload

Request = dict[str, Any]

_MOST_LISTED = 1000


async def require_upload(call: S3Call, bucket: Bucket, request: Request) -> Upload:
    """The upload in progress that a request names."""
    upload_id = request["UploadId"]
    found = await call.uploads.get(bucket.id, request["Key"], upload_id)
    if found is None:
        raise NoSuchUpload(UploadId=upload_id)
    return found


def encode_number(number: int) -> str:
    """A part's number as its key: sorted as numbers are."""
    return f"{number:05d}"


@operation("UploadPart", transaction=False)
async def upload_part(call: S3Call, request: Request) -> Request:
    bucket = await buckets.of_request(call, request)
    features.check(request)
    _check_number(request["PartNumber"])
    upload = await require_upload(call, bucket, request)
    wanted = bodies.expect(call, request)
    _check_algorithm(call, upload, wanted)
    also = upload.algorithm or checksums.DEFAULT
    taken = await bodies.take(call, request, wanted, also)
    await _keep(call, bucket, request, taken, also)
    told = checksums.members(taken.checksum(taken.named or also), with_type=False)
    return {"ETag": etags.quoted(taken.md5), **call.encryption, **told}


def _check_number(number: int) -> None:
    if not 1 <= number <= objects.MOST_PARTS:
        raise InvalidArgument(
            f"Part number must be an integer between 1 and {objects.MOST_PARTS}, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=number,
        )


def _check_algorithm(call: S3Call, upload: Upload, wanted: Wanted | None) -> None:
    """An upload that was begun with an algorithm takes no part without it, or with another."""
    if not upload.algorithm or (wanted is None and call.origin.scheme == "internal"):
        return
    named = wanted.algorithm if wanted else None
    if named != upload.algorithm:
        raise InvalidRequest(
            "Checksum Type mismatch occurred, expected checksum Type: "
            f"{upload.algorithm.lower()}, actual checksum Type: "
            f"{named.lower() if named else 'null'}"
        )


async def _keep(
    call: S3Call, bucket: Bucket, request: Request, taken: Taken, algorithm: str
) -> Part:
    """Store the part in place of one of the same number, if the upload is still going on."""
    number = encode_number(request["PartNumber"])
    try:
        async with call.unit(final=True):
            upload = await require_upload(call, bucket, request)
            earlier = await call.parts.get(upload.id, number)
            part = Part(
                upload=upload.id,
                number=number,
                etag=taken.md5,
                size=taken.size,
                modified=call.clock.now(),
                blobs=taken.keep(call),
                checksum=taken.checksum(algorithm),
            )
            await call.parts.put(part)
            for blob in earlier.blobs if earlier else ():
                call.blobs.release(blob)
    except BaseException:
        taken.abort()
        raise
    return part


@operation("UploadPartCopy", transaction=False)
async def upload_part_copy(call: S3Call, request: Request) -> Request:
    bucket = await buckets.of_request(call, request)
    features.check(request)
    _check_number(request["PartNumber"])
    upload = await require_upload(call, bucket, request)
    source = await copies.find_source(call, request)
    asked = request.get("CopySourceRange")
    span = ranges.of_copy(asked, source.found.size) if asked else objects.whole(source.found)
    if span.length > bodies.LARGEST:
        raise InvalidRequest(
            "The specified copy source is larger than the maximum allowable size for a copy "
            f"source: {bodies.LARGEST}"
        )
    algorithm = upload.algorithm or checksums.DEFAULT
    body = objects.body(call, source.found, span)
    writer = call.blobs.writer(span.length) if span.length else None
    taken = await bodies.digest(body, [algorithm], writer)
    part = await _keep(call, bucket, request, taken, algorithm)
    checksum = part.checksum if upload.algorithm else None
    told: Request = {
        "CopyPartResult": {
            "ETag": etags.quoted(part.etag),
            "LastModified": int(part.modified),
            **checksums.members(checksum, with_type=False),
        },
        **call.encryption,
    }
    if source.version is not None:
        told["CopySourceVersionId"] = versions.NULL
    return told


@operation("ListParts")
async def list_parts(call: S3Call, request: Request) -> Request:
    bucket = await buckets.of_request(call, request)
    features.check(request)
    upload = await require_upload(call, bucket, request)
    most = _limit(request.get("MaxParts", _MOST_LISTED), "max-parts")
    marker = _limit(request.get("PartNumberMarker", 0), "part-number-marker", cap=None)
    found: list[Part] = []
    if marker <= objects.MOST_PARTS:
        found = await call.parts.page(upload.id, after=encode_number(marker), limit=most + 1)
    truncated = len(found) > most > 0
    found = found[:most]
    told: Request = {
        "Bucket": bucket.name,
        "Key": upload.key,
        "UploadId": upload.id,
        "PartNumberMarker": marker,
        "NextPartNumberMarker": int(found[-1].number) if found else 0,
        "MaxParts": most,
        "IsTruncated": truncated,
        "Parts": [_describe(part, upload) for part in found],
        "Initiator": {"ID": upload.initiator, "DisplayName": upload.initiator_name},
        "Owner": owners.owner(bucket.owner),
        "StorageClass": "STANDARD",
    }
    if upload.algorithm:
        told["ChecksumAlgorithm"] = upload.algorithm
        told["ChecksumType"] = upload.checksum_type
    return told


def _limit(value: int, name: str, *, cap: int | None = _MOST_LISTED) -> int:
    if not 0 <= value <= 2**31 - 1:
        raise InvalidArgument(
            f"Argument {name} must be an integer between 0 and 2147483647",
            ArgumentName=name,
            ArgumentValue=value,
        )
    return value if cap is None else min(value, cap)


def _describe(part: Part, upload: Upload) -> Request:
    checksum = part.checksum if upload.algorithm else None
    return {
        "PartNumber": int(part.number),
        "LastModified": int(part.modified),
        "ETag": etags.quoted(part.etag),
        "Size": part.size,
        **checksums.members(checksum, with_type=False),
    }

"""Multipart uploads: beginning, completing and aborting them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cloudling.kernel import operation
from cloudling.services.s3 import (
    buckets,
    checksums,
    contents,
    etags,
    features,
    keys,
    objects,
    owners,
    parts,
    removal,
)
from cloudling.services.s3.errors import (
    BadDigest,
    EntityTooSmall,
    InvalidPart,
    InvalidPartOrder,
    InvalidRequest,
    MalformedXML,
    NoSuchUpload,
    UnsupportedHeader,
)
from cloudling.services.s3.records import Object, PartOf, Upload

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.records import Bucket, Checksum, Part

Request = dict[str, Any]

SMALLEST_PART = 5 * 1024 * 1024


@operation("CreateMultipartUpload")
async def create_multipart_upload(call: S3Call, request: Request) -> Request:
    bucket = await buckets.of_request(call, request)
    keys.check(request["Key"])
    features.check(request)
    described = contents.from_request(request)
    algorithm, asked = request.get("ChecksumAlgorithm") or "", request.get("ChecksumType")
    if algorithm:
        algorithm = checksums.named(algorithm).algorithm
    elif asked is not None:
        raise InvalidRequest(
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm "
            "header."
        )
    now = call.clock.now()
    initiator, name = owners.initiator(call.identity)
    upload = Upload(
        bucket=bucket.id,
        key=request["Key"],
        # Begins with the time, so that uploads of one key are listed in the order they began.
        id=f"{int(now * 1e6):014x}{call.secret_bytes(25).hex()}",
        initiated=now,
        initiator=initiator,
        initiator_name=name,
        algorithm=algorithm,
        checksum_type=checksums.type_of_upload(algorithm or checksums.DEFAULT, asked),
        metadata=described.metadata,
        headers=described.headers,
        tags=described.tags,
    )
    await call.uploads.put(upload)
    told: Request = {
        "Bucket": bucket.name,
        "Key": upload.key,
        "UploadId": upload.id,
        **call.encryption,
    }
    if algorithm:
        told["ChecksumAlgorithm"] = algorithm
        told["ChecksumType"] = upload.checksum_type
    return told


@operation("AbortMultipartUpload")
async def abort_multipart_upload(call: S3Call, request: Request) -> Request:
    if "IfMatchInitiatedTime" in request:
        # As on AWS, where only directory buckets take it.
        raise UnsupportedHeader(Header="x-amz-if-match-initiated-time")
    bucket = await buckets.of_request(call, request)
    features.check(request)
    await removal.drop_upload(call, await parts.require_upload(call, bucket, request))
    return {}


@operation("CompleteMultipartUpload")
async def complete_multipart_upload(call: S3Call, request: Request) -> Request:
    bucket = await buckets.of_request(call, request)
    features.check(request)
    upload = await call.uploads.get(bucket.id, request["Key"], request["UploadId"])
    if upload is None:
        return _told(call, bucket, await _completed_before(call, bucket, request))
    listed = (request.get("MultipartUpload") or {}).get("Parts") or []
    _check_list(listed)
    stored = await _stored(call, upload)
    chosen = [_choose(one, stored, upload) for one in listed]
    _check_sizes(chosen)
    made = _assemble(upload, chosen)
    _check_whole(request, upload, made)
    if upload.algorithm and upload.checksum_type == "COMPOSITE":
        _check_told(listed, upload)
    await objects.replace(call, request, made)
    used = {part.number for part in chosen}
    for part in stored.values():
        await removal.drop_part(call, part, keep_bytes=part.number in used)
    await call.uploads.delete(upload.bucket, upload.key, upload.id)
    return _told(call, bucket, made)


async def _completed_before(call: S3Call, bucket: Bucket, request: Request) -> Object:
    """Completing an upload again answers the same, as long as its object is there."""
    found = await call.objects.get(bucket.id, request["Key"])
    if found is None or found.upload != request["UploadId"]:
        raise NoSuchUpload(UploadId=request["UploadId"])
    return found


def _check_list(listed: list[Request]) -> None:
    if not listed or len(listed) > objects.MOST_PARTS:
        raise MalformedXML
    numbers = [one.get("PartNumber", 0) for one in listed]
    if any(not one.get("ETag") for one in listed) or min(numbers) < 1:
        raise MalformedXML
    if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
        raise InvalidPartOrder


async def _stored(call: S3Call, upload: Upload) -> dict[str, Part]:
    """All parts of the upload by number."""
    found: dict[str, Part] = {}
    page = await call.parts.page(upload.id)
    while page:
        found.update((part.number, part) for part in page)
        page = await call.parts.page(upload.id, after=page[-1].number)
    return found


def _choose(one: Request, stored: dict[str, Part], upload: Upload) -> Part:
    """The uploaded part that an entry of the list means."""
    part = stored.get(parts.encode_number(one["PartNumber"]))
    if part is None or part.etag != etags.plain(one["ETag"]):
        raise _invalid(one, upload)
    if part.checksum is not None:
        told = one.get(checksums.MEMBERS[part.checksum.algorithm])
        if told is not None and told != part.checksum.value:
            raise _invalid(one, upload)
    return part


def _invalid(one: Request, upload: Upload) -> InvalidPart:
    return InvalidPart(
        UploadId=upload.id, PartNumber=one["PartNumber"], ETag=etags.plain(one["ETag"])
    )


def _check_sizes(chosen: list[Part]) -> None:
    for part in chosen[:-1]:
        if part.size < SMALLEST_PART:
            raise EntityTooSmall(
                ProposedSize=part.size,
                MinSizeAllowed=SMALLEST_PART,
                PartNumber=int(part.number),
                ETag=part.etag,
            )


def _assemble(upload: Upload, chosen: list[Part]) -> Object:
    values = [(part.checksum.value, part.size) for part in chosen if part.checksum]
    algorithm = upload.algorithm or checksums.DEFAULT
    return Object(
        bucket=upload.bucket,
        key=upload.key,
        etag=etags.of_parts(part.etag for part in chosen),
        size=sum(part.size for part in chosen),
        # AWS dates such objects by the beginning of their upload.
        modified=upload.initiated,
        blobs=tuple(blob for part in chosen for blob in part.blobs),
        checksum=checksums.of_parts(algorithm, upload.checksum_type, values),
        parts=tuple(
            PartOf(
                number=int(part.number),
                size=part.size,
                checksum=part.checksum.value if part.checksum else "",
            )
            for part in chosen
        ),
        upload=upload.id,
        metadata=upload.metadata,
        headers=upload.headers,
        tags=upload.tags,
    )


def _check_whole(request: Request, upload: Upload, made: Object) -> None:
    """The digest, checksum type and size that the client says of the whole object."""
    asked = request.get("ChecksumType")
    if asked is not None and asked != upload.checksum_type:
        raise InvalidRequest(
            f"The upload was created using the {upload.checksum_type} checksum mode. The complete "
            "request must use the same checksum mode."
        )
    size = request.get("MpuObjectSize")
    if size is not None and size != made.size:
        raise InvalidRequest(
            f"The provided 'x-amz-mp-object-size' header value {size} does not match what was "
            f"computed: {made.size}"
        )
    for algorithm, member in checksums.MEMBERS.items():
        claimed = request.get(member)
        if claimed is not None:
            _check_claim(algorithm, claimed, made.checksum)


def _check_claim(algorithm: str, claimed: str, checksum: Checksum | None) -> None:
    if checksum is None or checksum.algorithm != algorithm:
        raise BadDigest(f"The {algorithm.lower()} you specified did not match what we received.")
    # Clients write a composite one with or without the number of parts.
    computed = checksum.value if "-" in claimed else checksum.value.partition("-")[0]
    checksums.check_equal(algorithm.lower(), claimed, computed)


def _check_told(listed: list[Request], upload: Upload) -> None:
    member = checksums.MEMBERS[upload.algorithm]
    for one in listed:
        if member not in one:
            name = upload.algorithm.lower()
            raise InvalidRequest(
                f"The upload was created using a {name} checksum. The complete request must "
                f"include the checksum for each part. It was missing for part {one['PartNumber']} "
                "in the request."
            )


def _told(call: S3Call, bucket: Bucket, made: Object) -> Request:
    host = call.origin.host or f"s3.{bucket.region}.amazonaws.com"
    scheme = "https" if call.origin.secure else "http"
    return {
        "Location": f"{scheme}://{host}/{bucket.name}/{quote(made.key, safe='')}",
        "Bucket": bucket.name,
        "Key": made.key,
        "ETag": etags.quoted(made.etag),
        **call.encryption,
        **checksums.members(made.checksum),
    }

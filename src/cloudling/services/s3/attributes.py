"""GetObjectAttributes: what is known of an object, without its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.s3 import buckets, checksums, features, objects, versions
from cloudling.services.s3.errors import InvalidArgument

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.records import Object, PartOf

Request = dict[str, Any]

_NAMES = {"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}
_MOST_PARTS = 1000


@operation("GetObjectAttributes")
async def get_object_attributes(call: S3Call, request: Request) -> Request:
    asked = request.get("ObjectAttributes") or []
    if not asked or not _NAMES.issuperset(asked):
        raise InvalidArgument(
            "Invalid attribute name specified.",
            ArgumentName="x-amz-object-attributes",
            ArgumentValue=",".join(asked),
        )
    features.check(request)
    bucket = await buckets.of_request(call, request)
    version = request.get("VersionId")
    found = await objects.require(call, bucket, request["Key"], version)
    known: Request = {
        "ETag": found.etag,
        "Checksum": _checksum(found),
        "ObjectParts": _parts(found, request) if found.parts else None,
        "StorageClass": "STANDARD",
        "ObjectSize": found.size,
    }
    told = {name: known[name] for name in asked if known[name] is not None}
    return {"LastModified": int(found.modified), **versions.told(version), **told}


def _checksum(found: Object) -> Request:
    told: Request = checksums.members(found.checksum)
    # Here, unlike everywhere else, AWS leaves out how many parts a composite checksum is made of.
    return {name: value.partition("-")[0] for name, value in told.items()}


def _parts(found: Object, request: Request) -> Request:
    most = min(max(request.get("MaxParts", _MOST_PARTS), 0), _MOST_PARTS)
    marker = max(request.get("PartNumberMarker", 0), 0)
    later = [part for part in found.parts if part.number > marker]
    shown = later[:most]
    told: Request = {
        "TotalPartsCount": len(found.parts),
        "PartNumberMarker": marker,
        "NextPartNumberMarker": shown[-1].number if shown else 0,
        "MaxParts": most,
        "IsTruncated": len(later) > most,
    }
    # AWS lists parts only where the client chose a checksum for them.
    if found.checksum is not None and found.checksum.algorithm != checksums.DEFAULT:
        member = checksums.MEMBERS[found.checksum.algorithm]
        told["Parts"] = [_describe(part, member) for part in shown]
    return told


def _describe(part: PartOf, member: str) -> Request:
    return {"PartNumber": part.number, "Size": part.size, member: part.checksum}

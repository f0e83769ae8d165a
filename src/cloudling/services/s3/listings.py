"""Listing objects, their versions and uploads in progress, by prefix and delimiter.

A listing is a walk over key ranges: what lies under a common prefix is skipped, not read.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from cloudling.kernel import operation
from cloudling.kernel.lasting import Lasting
from cloudling.kernel.pages import WrongToken
from cloudling.services.s3 import buckets, etags, features, keys, owners, versions
from cloudling.services.s3.errors import InvalidArgument

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.records import Bucket, Object, Upload

Request = dict[str, Any]


class Keyed(Protocol):
    @property
    def key(self) -> str: ...


K = TypeVar("K", bound=Keyed)
Read = Callable[..., Awaitable[list[K]]]

MOST = 1000
# How many records to read at once where most of what is read may get skipped.
_FEW = 32
_FEWEST = 4


class Walk(NamedTuple):
    """What to list: keys after the marker, rolled up at the delimiter, `most` of both together."""

    prefix: str
    delimiter: str
    marker: str
    most: int

    def begin(self) -> dict[str, str]:
        """The first position; a common prefix before the marker has been listed already."""
        if self.marker.startswith(self.prefix):
            group = keys.common_prefix(self.marker, self.prefix, self.delimiter)
            if group is not None:
                return {"past": group}
        return {"after": self.marker} if self.marker else {}


class Found(Generic[K]):
    """What a walk has found; `last` is the last key or common prefix: the next walk's marker."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.items: list[K] = []
        self.prefixes: list[str] = []
        self.last = ""
        self.truncated = False

    def take(self, records: list[K]) -> str:
        """Add records in order; the common prefix that the last one was rolled up into."""
        prefix, delimiter, most = self.walk.prefix, self.walk.delimiter, self.walk.most
        group = ""
        for record in records:
            if group and record.key.startswith(group):
                continue
            group = keys.common_prefix(record.key, prefix, delimiter) or ""
            if len(self.items) + len(self.prefixes) == most:
                self.truncated = True
                break
            if group:
                self.prefixes.append(group)
            else:
                self.items.append(record)
            self.last = group or record.key
        return group


async def collect(read: Read[K], walk: Walk) -> Found[K]:
    """Walk over the keys in order. `read` takes `after`, `past` and `limit`, as `page` does."""
    found = Found[K](walk)
    position, whole = walk.begin(), walk.most + 1
    size = min(_FEW, whole) if walk.delimiter else whole
    while walk.most:
        records = await read(**position, limit=size)
        group = found.take(records)
        if found.truncated or len(records) < size:
            break
        position = {"past": group} if group else {"after": records[-1].key}
        # Long groups are seen by their first keys, short ones and plain keys by long reads.
        size = min(max(size // 2, _FEWEST) if group else size * 2, whole)
    return found


class Names:
    """How a listing writes keys: as they are, or for URLs."""

    def __init__(self, request: Request) -> None:
        self.encoding: str | None = request.get("EncodingType")
        if self.encoding not in (None, "url"):
            raise InvalidArgument(
                "Invalid Encoding Method specified in Request",
                ArgumentName="encoding-type",
                ArgumentValue=self.encoding,
            )
        self.write = keys.encode if self.encoding else str

    def members(self, **texts: str | None) -> Request:
        """Members of a result that are keys or parts of such."""
        told: Request = {name: self.write(text) for name, text in texts.items() if text is not None}
        if self.encoding:
            told["EncodingType"] = self.encoding
        return told

    def prefixes(self, found: Found[Any]) -> Request:
        if not found.prefixes:
            return {}
        return {"CommonPrefixes": [{"Prefix": self.write(one)} for one in found.prefixes]}


def _limit(request: Request, member: str, name: str) -> int:
    value: int = request.get(member, MOST)
    if not 0 <= value <= 2**31 - 1:
        raise InvalidArgument(
            f"Argument {name} must be an integer between 0 and 2147483647",
            ArgumentName=name,
            ArgumentValue=value,
        )
    return min(value, MOST)


def _reader(call: S3Call, bucket: Bucket, prefix: str) -> Read[Object]:
    async def read(**position: Any) -> list[Object]:
        return await call.objects.page(bucket.id, prefix=prefix, **position)

    return read


def _attributes(request: Request) -> None:
    """Restore status, the one optional attribute, belongs to archived objects: none are here."""
    for name in request.get("OptionalObjectAttributes") or ():
        if name != "RestoreStatus":
            raise InvalidArgument(
                ArgumentName="x-amz-optional-object-attributes", ArgumentValue=name
            )


def _describe(found: Object, names: Names, owner: Request | None) -> Request:
    told: Request = {
        "Key": names.write(found.key),
        "LastModified": int(found.modified),
        "ETag": etags.quoted(found.etag),
        "Size": found.size,
        "StorageClass": "STANDARD",
    }
    if found.checksum is not None:
        told["ChecksumAlgorithm"] = [found.checksum.algorithm]
        told["ChecksumType"] = found.checksum.type
    if owner is not None:
        told["Owner"] = owner
    return told


@operation("ListObjects")
async def list_objects(call: S3Call, request: Request) -> Request:
    bucket, names, walk = await _begin(call, request, "Marker")
    found, contents = await _collected(call, bucket, walk, names, with_owner=True)
    told = {
        "Name": bucket.name,
        "MaxKeys": walk.most,
        "IsTruncated": found.truncated,
        **names.members(
            Prefix=walk.prefix,
            Marker=walk.marker,
            Delimiter=walk.delimiter or None,
            NextMarker=found.last if found.truncated and walk.delimiter else None,
        ),
        **names.prefixes(found),
    }
    if contents:
        told["Contents"] = contents.copy()
    return told


@operation("ListObjectsV2")
async def list_objects_v2(call: S3Call, request: Request) -> Request:
    bucket, names, walk = await _begin(call, request, "StartAfter")
    token = request.get("ContinuationToken")
    if token is not None:
        walk = walk._replace(marker=_open(call, bucket, token))
    with_owner = bool(request.get("FetchOwner"))
    found, contents = await _collected(call, bucket, walk, names, with_owner=with_owner)
    told = {
        "Name": bucket.name,
        "MaxKeys": walk.most,
        "KeyCount": len(contents) + len(found.prefixes),
        "IsTruncated": found.truncated,
        **names.members(
            Prefix=walk.prefix,
            StartAfter=request.get("StartAfter") or None,
            Delimiter=walk.delimiter or None,
        ),
        **names.prefixes(found),
    }
    if token is not None:
        told["ContinuationToken"] = token
    if found.truncated:
        told["NextContinuationToken"] = call.pages.seal(found.last, "ListObjectsV2", bucket.id)
    if contents:
        told["Contents"] = contents.copy()
    return told


async def _collected(
    call: S3Call, bucket: Bucket, walk: Walk, names: Names, *, with_owner: bool
) -> tuple[Found[Object], list[Lasting]]:
    """What there is to list and how it is told; made anew only after objects have changed."""
    place = (bucket.id, walk, names.encoding, with_owner)
    known: tuple[Found[Object], list[Lasting]] | None = call.objects.recall(place)
    if known is not None:
        return known
    found = await collect(_reader(call, bucket, walk.prefix), walk)
    owner = owners.owner(bucket.owner) if with_owner else None
    contents = [Lasting(_describe(one, names, owner)) for one in found.items]
    found.items = []  # they are told now, and need not be kept twice
    call.objects.remember(place, (found, contents))
    return found, contents


def _open(call: S3Call, bucket: Bucket, token: str) -> str:
    try:
        return str(call.pages.open(token, "ListObjectsV2", bucket.id))
    except WrongToken as fault:
        raise InvalidArgument(
            "The continuation token provided is incorrect",
            ArgumentName="continuation-token",
            ArgumentValue=token,
        ) from fault


async def _begin(call: S3Call, request: Request, marker: str) -> tuple[Bucket, Names, Walk]:
    features.check(request)
    _attributes(request)
    walk = Walk(
        request.get("Prefix") or "",
        request.get("Delimiter") or "",
        request.get(marker) or "",
        _limit(request, "MaxKeys", "max-keys"),
    )
    return await buckets.of_request(call, request), Names(request), walk


@operation("ListObjectVersions")
async def list_object_versions(call: S3Call, request: Request) -> Request:
    if request.get("VersionIdMarker") and not request.get("KeyMarker"):
        raise InvalidArgument(
            "A version-id marker cannot be specified without a key marker.",
            ArgumentName="version-id-marker",
            ArgumentValue=request["VersionIdMarker"],
        )
    bucket, names, walk = await _begin(call, request, "KeyMarker")
    found = await collect(_reader(call, bucket, walk.prefix), walk)
    owner = owners.owner(bucket.owner)
    told = {
        "Name": bucket.name,
        "MaxKeys": walk.most,
        "IsTruncated": found.truncated,
        "VersionIdMarker": request.get("VersionIdMarker") or "",
        **names.members(
            Prefix=walk.prefix,
            KeyMarker=walk.marker,
            Delimiter=walk.delimiter or None,
            NextKeyMarker=found.last if found.truncated else None,
        ),
        **names.prefixes(found),
    }
    if found.truncated and found.items and found.items[-1].key == found.last:
        told["NextVersionIdMarker"] = versions.NULL
    if found.items:
        told["Versions"] = [
            {**_describe(one, names, owner), "VersionId": versions.NULL, "IsLatest": True}
            for one in found.items
        ]
    return told


@operation("ListMultipartUploads")
async def list_multipart_uploads(call: S3Call, request: Request) -> Request:
    features.check(request)
    names = Names(request)
    bucket = await buckets.of_request(call, request)
    walk = Walk(
        request.get("Prefix") or "",
        request.get("Delimiter") or "",
        request.get("KeyMarker") or "",
        _limit(request, "MaxUploads", "max-uploads"),
    )
    id_marker = (request.get("UploadIdMarker") or "") if walk.marker else ""
    found = await collect_uploads(call, bucket, walk, id_marker)
    told = {
        "Bucket": bucket.name,
        "MaxUploads": walk.most,
        "IsTruncated": found.truncated,
        "UploadIdMarker": id_marker,
        **names.members(
            Prefix=walk.prefix,
            KeyMarker=walk.marker,
            Delimiter=walk.delimiter or None,
            NextKeyMarker=found.last if found.truncated else None,
        ),
        **names.prefixes(found),
    }
    if found.truncated and found.items and found.items[-1].key == found.last:
        told["NextUploadIdMarker"] = found.items[-1].id
    if found.items:
        told["Uploads"] = [_describe_upload(one, bucket, names) for one in found.items]
    return told


async def collect_uploads(
    call: S3Call, bucket: Bucket, walk: Walk, id_marker: str
) -> Found[Upload]:
    """As `collect`; a key may have several uploads, and the walk may begin between them."""
    found: Found[Upload] = Found(walk)
    if walk.most == 0:
        return found
    if id_marker and walk.marker.startswith(walk.prefix):
        found.take(
            await call.uploads.page(bucket.id, walk.marker, after=id_marker, limit=walk.most + 1)
        )

    async def read(**position: Any) -> list[Upload]:
        return await call.uploads.page(bucket.id, prefix=walk.prefix, **position)

    left = walk.most - len(found.items)
    if not found.truncated:
        rest = await collect(read, walk._replace(most=left or 1))
        found.truncated = rest.truncated if left else bool(rest.last)
        if left:
            found.items += rest.items
            found.prefixes += rest.prefixes
            found.last = rest.last or found.last
    return found


def _describe_upload(upload: Upload, bucket: Bucket, names: Names) -> Request:
    told: Request = {
        "UploadId": upload.id,
        "Key": names.write(upload.key),
        "Initiated": int(upload.initiated),
        "StorageClass": "STANDARD",
        "Owner": owners.owner(bucket.owner),
        "Initiator": {"ID": upload.initiator, "DisplayName": upload.initiator_name},
    }
    if upload.algorithm:
        told["ChecksumAlgorithm"] = upload.algorithm
        told["ChecksumType"] = upload.checksum_type
    return told

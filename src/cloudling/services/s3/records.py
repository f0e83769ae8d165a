"""What S3 keeps: buckets, objects, uploads in progress and their parts."""

from __future__ import annotations

from typing import Literal

import msgspec

from cloudling.kernel import BlobRef, Record

ChecksumType = Literal["COMPOSITE", "FULL_OBJECT"]


class Bucket(Record, frozen=True, kw_only=True):
    """A bucket. `id` is random, so that a bucket made again never sees the rows of the old one."""

    name: str
    id: str
    owner: str
    region: str
    created: float


class Checksum(msgspec.Struct, frozen=True, kw_only=True):
    """A checksum in Base64 as S3 prints it; `value` of a composite ends in `-N`."""

    algorithm: str
    value: str
    type: ChecksumType = "FULL_OBJECT"


class PartOf(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a finished object: its number, its size, and its own checksum's value."""

    number: int
    size: int
    checksum: str = ""


class Content(Record, frozen=True, kw_only=True):
    """What a client says of an object besides its bytes.

    `headers` are system metadata under the names of their members (`ContentType`, ...).
    """

    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    tags: dict[str, str] = msgspec.field(default_factory=dict)


class Object(Content, frozen=True, kw_only=True):
    """The current object of a key. `etag` has no quotes; `blobs` are its bytes in order.

    `upload` is the multipart upload that made it: completing that again answers the same.
    """

    bucket: str
    key: str
    etag: str
    size: int
    modified: float
    blobs: tuple[BlobRef, ...] = ()
    checksum: Checksum | None = None
    parts: tuple[PartOf, ...] = ()
    upload: str = ""


class Upload(Content, frozen=True, kw_only=True):
    """A multipart upload in progress. Without `algorithm` S3 adds its default by itself."""

    bucket: str
    key: str
    id: str
    initiated: float
    initiator: str
    initiator_name: str = ""
    algorithm: str = ""
    checksum_type: ChecksumType = "FULL_OBJECT"


class Part(Record, frozen=True, kw_only=True):
    """An uploaded part. `number` has five digits, so that parts sort by it.

    `checksum` is in the upload's algorithm, or S3's default where the client named none.
    """

    upload: str
    number: str
    etag: str
    size: int
    modified: float
    blobs: tuple[BlobRef, ...] = ()
    checksum: Checksum | None = None

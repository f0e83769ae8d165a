"""What S3 keeps: buckets, objects, uploads in progress and their parts."""

from __future__ import annotations

from typing import Literal

import msgspec

from cloudling.kernel import BlobRef, Record

ChecksumType = Literal["COMPOSITE", "FULL_OBJECT"]


class PublicAccessBlock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bucket's Block Public Access; all four hold in a bucket made today."""

    block_public_acls: bool = True
    ignore_public_acls: bool = True
    block_public_policy: bool = True
    restrict_public_buckets: bool = True


class Bucket(Record, frozen=True, kw_only=True):
    """A bucket. `id` is random, so that a bucket made again never sees the rows of the old one.

    `policy` is the text of its policy with users and roles by unique id, `public` whether that is
    public as AWS understands it. `block` is None once it was deleted.
    """

    name: str
    id: str
    owner: str
    region: str
    created: float
    policy: str | None = None
    public: bool = False
    block: PublicAccessBlock | None = PublicAccessBlock()

    @property
    def refuses_public(self) -> bool:
        """Is a public policy refused?"""
        return self.block is not None and self.block.block_public_policy

    @property
    def restricts_public(self) -> bool:
        """Does a public policy hold for the account and AWS's services only?"""
        return self.block is not None and self.block.restrict_public_buckets


class Checksum(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A checksum in Base64 as S3 prints it; `value` of a composite ends in `-N`."""

    algorithm: str
    value: str
    type: ChecksumType = "FULL_OBJECT"


class PartOf(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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

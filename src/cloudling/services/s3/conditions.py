"""Conditional requests: reads, the sources of copies, and writes.

Precedence as in RFC 9110 §13.2.2 and in S3's tables for GetObject and CopyObject.
"""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from cloudling.services.s3 import etags
from cloudling.services.s3.errors import (
    NoSuchKey,
    NotModified,
    PreconditionFailed,
    UnsupportedHeader,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.services.s3.records import Object

READ_HEADERS = ("IfMatch", "IfNoneMatch", "IfModifiedSince", "IfUnmodifiedSince")
_READING = frozenset(READ_HEADERS)
_SOURCE = "CopySource"


def check_read(request: Mapping[str, Any], found: Object) -> None:
    """For GET and HEAD: 412 or 304 unless the object is what the client expects."""
    if _READING.isdisjoint(request):
        return
    failed = _failed(request, "", found)
    if failed in ("If-None-Match", "If-Modified-Since"):
        raise NotModified(
            headers={
                "ETag": etags.quoted(found.etag),
                "Last-Modified": formatdate(int(found.modified), usegmt=True),
            }
        )
    if failed:
        raise PreconditionFailed(Condition=failed)


def check_source(request: Mapping[str, Any], source: Object) -> None:
    """For copies: every x-amz-copy-source-if-… that fails is a 412."""
    if failed := _failed(request, _SOURCE, source):
        raise PreconditionFailed(Condition=f"x-amz-copy-source-{failed}")


def check_write(request: Mapping[str, Any], current: Object | None) -> None:
    """For PutObject, CopyObject and CompleteMultipartUpload, against what the write replaces."""
    absent = request.get("IfNoneMatch")
    if absent is not None:
        if absent.strip() != "*":
            raise UnsupportedHeader(Header="If-None-Match")
        if current is not None:
            raise PreconditionFailed(Condition="If-None-Match")
    wanted = request.get("IfMatch")
    if wanted is not None:
        if current is None:
            raise NoSuchKey(Key=request["Key"])
        if not etags.matches(wanted, current.etag):
            raise PreconditionFailed(Condition="If-Match")


def check_delete(request: Mapping[str, Any], current: Object | None) -> None:
    """For DeleteObject; S3 takes the size and time conditions in directory buckets only."""
    if "IfMatchSize" in request:
        raise UnsupportedHeader(Header="x-amz-if-match-size")
    if "IfMatchLastModifiedTime" in request:
        raise UnsupportedHeader(Header="x-amz-if-match-last-modified-time")
    wanted = request.get("IfMatch")
    if wanted is None:
        return
    if current is None:
        raise NoSuchKey(Key=request["Key"])
    if not etags.matches(wanted, current.etag):
        raise PreconditionFailed(Condition="If-Match")


def _failed(request: Mapping[str, Any], prefix: str, found: Object) -> str:
    """The header of the condition that does not hold; "" when all do."""
    modified = int(found.modified)  # HTTP dates have whole seconds
    match = request.get(f"{prefix}IfMatch")
    unmodified = request.get(f"{prefix}IfUnmodifiedSince")
    if match is not None:
        if not etags.matches(match, found.etag):
            return "If-Match"
    elif unmodified is not None and modified > unmodified:
        return "If-Unmodified-Since"
    none_match = request.get(f"{prefix}IfNoneMatch")
    since = request.get(f"{prefix}IfModifiedSince")
    if none_match is not None:
        return "If-None-Match" if etags.matches(none_match, found.etag) else ""
    return "If-Modified-Since" if since is not None and modified <= since else ""

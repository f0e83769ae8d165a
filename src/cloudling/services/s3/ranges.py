"""Byte ranges of GET, HEAD and UploadPartCopy."""

from __future__ import annotations

import re
from typing import NamedTuple

from cloudling.services.s3.errors import InvalidArgument, InvalidRange

_FORM = re.compile(r"bytes=\s*(\d*)\s*-\s*(\d*)\s*", re.ASCII | re.IGNORECASE)
_COPY_FORM = re.compile(r"bytes=(\d+)-(\d+)", re.ASCII)


class Span(NamedTuple):
    """Where to begin and how many bytes to send."""

    offset: int
    length: int

    def content_range(self, size: int) -> str:
        return f"bytes {self.offset}-{self.offset + self.length - 1}/{size}"


def find(header: str, size: int) -> Span | None:
    """The span a Range header asks for; None where S3 ignores the header and sends all.

    S3 ignores what it cannot read, several ranges, and ranges that end before they begin
    (RFC 9110 §14.2); a range wholly outside raises InvalidRange.
    """
    found = _FORM.fullmatch(header.strip())
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        length = min(int(found[2]), size)
        return _satisfiable(size - length, length, header, size)
    first = int(found[1])
    last = int(found[2]) if found[2] else size - 1
    if found[2] and last < first:
        return None
    return _satisfiable(first, min(last, size - 1) - first + 1, header, size)


def of_copy(header: str, size: int) -> Span:
    """The span of x-amz-copy-source-range, which must be whole and inside the source."""
    found = _COPY_FORM.fullmatch(header)
    if found is None or int(found[1]) > int(found[2]):
        raise InvalidArgument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first "
            "and last are the zero-based offsets of the first and last bytes to copy",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=header,
        )
    first, last = int(found[1]), int(found[2])
    if last >= size:
        raise InvalidArgument(
            f"Range specified is not valid for source object of size: {size}",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=header,
        )
    return Span(first, last - first + 1)


def _satisfiable(offset: int, length: int, header: str, size: int) -> Span:
    if length <= 0 or offset >= size:
        raise InvalidRange(
            headers={"Content-Range": f"bytes */{size}"},
            RangeRequested=header,
            ActualObjectSize=size,
        )
    return Span(offset, length)

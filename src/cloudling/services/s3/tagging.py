"""Rules of object and bucket tags, and the `x-amz-tagging` header.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import regex  # type: ignore[import-untyped]  # it has none

from cloudling.kernel import AwsError
from cloudling.services.s3.errors import InvalidArgument, InvalidTag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OBJECT_MOST = 10
BUCKET_MOST = 50
_ALLOWED = regex.compile(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")


class BadRequest(AwsError):
    """More tags than S3 keeps; it has no better code for it."""


def from_header(header: str) -> dict[str, str]:
    """The tags of an `x-amz-tagging` header, which is written as a query string."""
    try:
        pairs = parse_qsl(header, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as fault:
        raise _bad_header(header) from fault
    if len(pairs) != len(dict(pairs)):
        raise _bad_header(header)
    # AWS has words of its own for this here, and looks at names before anything else.
    if any(key.lower().startswith("aws:") for key, _ in pairs):
        raise InvalidTag("Your TagKey cannot be prefixed with aws:")
    return checked(pairs, most=OBJECT_MOST)


def from_set(tags: Iterable[Mapping[str, str]], *, most: int = OBJECT_MOST) -> dict[str, str]:
    """The tags of a `TagSet`, checked."""
    return checked([(tag.get("Key", ""), tag.get("Value", "")) for tag in tags], most=most)


def to_set(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def checked(pairs: list[tuple[str, str]], *, most: int) -> dict[str, str]:
    """Refuse what AWS refuses, in its order: the number, then each tag."""
    if len(pairs) > most:
        kind = "Object" if most == OBJECT_MOST else "Bucket"
        raise BadRequest(f"{kind} tags cannot be greater than {most}")
    tags: dict[str, str] = {}
    for key, value in pairs:
        _check(key, value)
        if key in tags:
            raise InvalidTag("Cannot provide multiple Tags with the same key", TagKey=key)
        tags[key] = value
    return tags


def _check(key: str, value: str) -> None:
    if not 1 <= len(key) <= 128 or _ALLOWED.fullmatch(key) is None:
        raise InvalidTag("The TagKey you have provided is invalid", TagKey=key)
    if key.lower().startswith("aws:"):
        raise InvalidTag("System tags cannot be added/updated by requester", TagKey=key)
    if len(value) > 256 or _ALLOWED.fullmatch(value) is None:
        raise InvalidTag("The TagValue you have provided is invalid", TagKey=key, TagValue=value)


def _bad_header(header: str) -> InvalidArgument:
    return InvalidArgument(
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "
        "parameters without tag name duplicates.",
        ArgumentName="x-amz-tagging",
        ArgumentValue=header,
    )

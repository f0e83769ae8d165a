"""What a client says of an object besides its bytes: metadata, system headers, tags."""

from __future__ import annotations

from typing import Any

import msgspec

from cloudling.services.s3 import tagging
from cloudling.services.s3.errors import MetadataTooLarge

Request = dict[str, Any]

DEFAULT_TYPE = "binary/octet-stream"
MOST_METADATA = 2048
# Kept with the object and told by GET and HEAD, under the names of their members.
SYSTEM = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
)
_OVERRIDES = tuple((f"Response{member}", member) for member in SYSTEM)
_OVERRIDING = frozenset(wanted for wanted, _ in _OVERRIDES)
REDIRECT = "WebsiteRedirectLocation"
_DESCRIBING = frozenset((*SYSTEM, REDIRECT))


class Description(msgspec.Struct, frozen=True):
    """The fields of `Content`."""

    metadata: dict[str, str]
    headers: dict[str, str]
    tags: dict[str, str]


# Most requests say nothing; records share what is never changed.
_NOTHING = Description({}, {}, {})


def from_request(request: Request) -> Description:
    """Metadata, system headers and tags as a writing request gives them."""
    tagged, metadata = request.get("Tagging"), request.get("Metadata")
    plain = _DESCRIBING.isdisjoint(request)
    if plain and not tagged and not metadata:
        return _NOTHING
    return Description(
        checked(metadata) if metadata else {},
        {} if plain else headers_of(request),
        tagging.from_header(tagged) if tagged else {},
    )


def headers_of(request: Request) -> dict[str, str]:
    headers = {member: request[member] for member in SYSTEM if request.get(member)}
    encoding = headers.get("ContentEncoding")
    if encoding is not None and "aws-chunked" in encoding:
        # That was the way it came, and is no property of the object.
        kept = [part for part in encoding.split(",") if part.strip().lower() != "aws-chunked"]
        headers["ContentEncoding"] = ",".join(kept).strip()
        if not headers["ContentEncoding"]:
            del headers["ContentEncoding"]
    if request.get(REDIRECT):
        headers[REDIRECT] = request[REDIRECT]
    return headers


def checked(metadata: dict[str, str]) -> dict[str, str]:
    """User metadata with lower-case names; names and values together may be 2 KB."""
    if not metadata:
        return {}
    size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
    if size > MOST_METADATA:
        raise MetadataTooLarge(Size=size, MaxSizeAllowed=MOST_METADATA)
    return {name.lower(): value for name, value in metadata.items()}


def overrides(request: Request) -> Request:
    """The `response-…` parameters of a GET or HEAD, as the members they replace."""
    if _OVERRIDING.isdisjoint(request):
        return {}
    return {member: request[wanted] for wanted, member in _OVERRIDES if wanted in request}

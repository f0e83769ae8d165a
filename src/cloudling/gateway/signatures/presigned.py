"""What a presigned link says in its query that another request says in headers.

The SDKs of Java and JavaScript, and boto3 with signature version 2, write `x-amz-` headers into
the link: the signature covers them there, and S3 takes them for headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.gateway.signatures.claims import Claim

# These make up the signature itself.
_OF_SIGNATURE = {
    "x-amz-algorithm",
    "x-amz-content-sha256",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
}


def headers(
    claim: Claim | None, sent: dict[str, str], pairs: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """The request's headers with those of its link; a header that was sent wins."""
    if claim is None or not claim.scheme.endswith("-query"):
        return sent
    moved = {
        name: value
        for name, value in ((name.lower(), value) for name, value in pairs)
        if name.startswith("x-amz-") and name not in _OF_SIGNATURE
    }
    return {**moved, **sent} if moved else sent

"""Signature version 2 as S3 takes it still: in the header and in presigned URLs.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes, unquote_to_bytes

from cloudling.gateway.signatures import canonical
from cloudling.gateway.signatures.refusals import Refusal
from cloudling.gateway.signatures.version4 import signed_strings

if TYPE_CHECKING:
    from cloudling.gateway.messages import Request
    from cloudling.gateway.signatures.claims import Claim

# The regions whose endpoint data lists version 2 (botocore's endpoints.json, `signatureVersions`).
REGIONS = frozenset(
    {
        "us-east-1",
        "us-west-1",
        "us-west-2",
        "eu-west-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-northeast-1",
        "sa-east-1",
        "s3-external-1",
        "us-gov-east-1",
        "us-gov-west-1",
    }
)

# Query parameters that are part of the resource; all others are not signed.
_SUBRESOURCES = frozenset(
    b"accelerate acl analytics cors defaultObjectAcl delete inventory lifecycle location logging "
    b"metrics notification object-lock partNumber policy replication requestPayment "
    b"response-cache-control response-content-disposition response-content-encoding "
    b"response-content-language response-content-type response-expires restore select select-type "
    b"storageClass tagging torrent uploadId uploads versionId versioning versions website".split()
)


def verify(claim: Claim, request: Request, secret: str, bucket: str) -> None:
    """Raise `mismatch` unless the secret's owner signed this.

    `bucket` is the bucket's name when it came in the host's name, else "".
    """
    headers = request.headers
    head = "\n".join(
        [
            request.method,
            headers.get("content-md5", ""),
            headers.get("content-type", ""),
            claim.stamp,
            *_amazon_headers(request),
            "",
        ]
    ).encode("latin-1", "replace")
    first = b""
    for resource in _resources(request, bucket):
        text = head + resource
        digest = hmac.digest(secret.encode(), text, "sha1")
        if hmac.compare_digest(digest, claim.signature):
            return
        first = first or text
    to_sign = first.decode("utf-8", "replace")
    raise Refusal("mismatch", signed_strings(claim, to_sign, claim.signature_text))


def _amazon_headers(request: Request) -> list[str]:
    # Presigned URLs carry as parameters what the client signed as headers, the token above all.
    found = {
        name: value.encode().decode("latin-1")
        for name, value in canonical.parameters(request.query)
        if name.startswith("x-amz-")
    }
    found |= {name: value for name, value in request.headers.items() if name.startswith("x-amz-")}
    # A decoded line feed must not begin a second header.
    return [f"{name}:{found[name].strip()}".replace("\n", " ") for name in sorted(found)]


def _resources(request: Request, bucket: str) -> list[bytes]:
    prefix = f"/{bucket}".encode() if bucket else b""
    pairs = [piece.split(b"=", 1) for piece in request.query.split(b"&")]
    pairs = sorted([pair for pair in pairs if pair[0] in _SUBRESOURCES], key=lambda pair: pair[0])
    sent = [b"=".join([pair[0], *map(unquote_to_bytes, pair[1:])]) for pair in pairs]
    short = [part.removesuffix(b"=") for part in sent]
    path = request.path
    encoded = quote_from_bytes(unquote_to_bytes(path), safe="/").encode()
    # botocore signs a bucket itself as `/bucket/`, however it then writes the path.
    alone = path.count(b"/") == 1 and len(path) > 1 and not bucket
    found = [
        prefix + where + (b"?" + b"&".join(parts) if parts else b"")
        for where in (path, encoded, *((path + b"/",) if alone else ()))
        for parts in (sent, short)
    ]
    return list(dict.fromkeys(found))

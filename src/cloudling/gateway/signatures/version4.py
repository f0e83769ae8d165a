"""Signature version 4: the string that was signed, the key it was signed with.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING

from cloudling.gateway.signatures import canonical
from cloudling.gateway.signatures.claims import ALGORITHM, UNSIGNED, Claim, Scope
from cloudling.gateway.signatures.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.gateway.messages import Request

# They sign the path encoded once and never normalised.
S3_SERVICES = frozenset({"s3", "s3express", "s3-outposts", "s3-object-lambda"})

_keys: dict[tuple[str, str, str, str], bytes] = {}
_KEYS = 1024


def signing_key(secret: str, scope: Scope) -> bytes:
    """The key of one secret for one day, region and service; the last thousand are kept."""
    name = (secret, scope.date, scope.region, scope.service)
    key = _keys.get(name)
    if key is None:
        key = ("AWS4" + secret).encode()
        for part in (scope.date, scope.region, scope.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        if len(_keys) >= _KEYS:
            del _keys[next(iter(_keys))]
        _keys[name] = key
    return key


def verify(claim: Claim, request: Request, secret: str, payload_hash: str) -> None:
    """Raise `mismatch` unless the secret's owner signed this very request.

    `payload_hash` is the hash of the body for services that take no other statement about it.
    """
    scope = claim.scope
    key = signing_key(secret, scope)
    payload = claim.payload
    if scope.service not in S3_SERVICES and (claim.scheme == "v4-query" or payload != UNSIGNED):
        payload = payload_hash
    headers = canonical.headers(request.headers, scope.signed_headers)
    tail = f"{headers}\n\n{scope.signed_text}\n{payload}"
    first = ""
    for path, query in _spellings(claim, request):
        text = f"{request.method}\n{path}\n{query}\n{tail}"
        digest = sha256(text.encode("latin-1", "replace")).hexdigest()
        to_sign = f"{ALGORITHM}\n{claim.stamp}\n{scope.text}\n{digest}"
        if hmac.compare_digest(hmac.digest(key, to_sign.encode(), "sha256"), claim.signature):
            return
        first = first or text
    raise _mismatch(claim, first)


def _spellings(claim: Claim, request: Request) -> Iterator[tuple[str, str]]:
    """The path and query as AWS canonicalises them, then as they came, for clients that sign that.

    Whichever it is says the same path and query, so that none widens what a signature allows.
    """
    leave_out = "x-amz-signature" if claim.scheme == "v4-query" else ""
    raw = request.query
    single = claim.scope.service in S3_SERVICES
    path = canonical.single_path(request.path) if single else canonical.double_path(request.path)
    query = canonical.query(raw, leave_out=leave_out)
    yield path, query
    sent = request.path.decode("latin-1") if single else path
    sent_query = canonical.raw_query(raw, leave_out=leave_out) if raw else ""
    if (sent, sent_query) != (path, query):
        yield sent, sent_query
    if b"+" in raw:
        yield path, canonical.query(raw, plus=b"%2B", leave_out=leave_out)


def _mismatch(claim: Claim, text: str) -> Refusal:
    digest = sha256(text.encode("latin-1", "replace")).hexdigest()
    to_sign = f"{ALGORITHM}\n{claim.stamp}\n{claim.scope.text}\n{digest}"
    return Refusal(
        "mismatch",
        {
            **signed_strings(claim, to_sign, claim.signature_text),
            "CanonicalRequest": text,
            "CanonicalRequestBytes": text.encode("latin-1", "replace").hex(" "),
        },
    )


def signed_strings(claim: Claim, to_sign: str, provided: str) -> dict[str, str]:
    """What S3 tells about a signature that does not match, so that clients find their mistake."""
    return {
        "AWSAccessKeyId": claim.access_key_id,
        "StringToSign": to_sign,
        "SignatureProvided": provided,
        "StringToSignBytes": to_sign.encode("utf-8", "replace").hex(" "),
    }

"""Signature version 4: the string that was signed, the key it was signed with.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING

from cloudling.gateway.signatures import canonical
from cloudling.gateway.signatures.claims import ALGORITHM, UNSIGNED, Claim
from cloudling.gateway.signatures.keys import known_keys, signing_key
from cloudling.gateway.signatures.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.gateway.messages import Request

# They sign the path encoded once and never normalised.
S3_SERVICES = frozenset({"s3", "s3express", "s3-outposts", "s3-object-lambda"})


def verify(claim: Claim, request: Request, secret: str, payload_hash: str) -> None:
    """Raise `mismatch` unless the secret's owner signed this very request.

    `payload_hash` is the hash of the body, which other services than S3 compute themselves.
    """
    scope = claim.scope
    key = known_keys.get((secret, scope.text)) or signing_key(secret, scope)
    single = scope.service in S3_SERVICES
    payload = claim.payload
    if not single and (claim.scheme == "v4-query" or payload != UNSIGNED):
        payload = payload_hash
    start = f"{ALGORITHM}\n{claim.stamp}\n{scope.text}\n"
    tail = f"\n\n{scope.signed_text}\n{payload}"
    if not request.query and (single or request.path == b"/"):
        # What came is mostly canonical already.
        template, values = canonical.signed_lines(scope.signed_headers)
        try:
            lines = template % values(request.headers)
        except KeyError:
            lines = ""
        text = f"{request.method}\n{request.path.decode('latin-1') or '/'}\n\n{lines}{tail}"
        digest = sha256(text.encode("latin-1", "replace")).hexdigest()
        if hmac.compare_digest(key.sign((start + digest).encode()), claim.signature):
            return
    for text in _canonical_requests(claim, request, tail, single=single):
        digest = sha256(text.encode("latin-1", "replace")).hexdigest()
        if hmac.compare_digest(key.sign((start + digest).encode()), claim.signature):
            return
    raise _mismatch(claim, text)


def _canonical_requests(
    claim: Claim, request: Request, tail: str, *, single: bool
) -> Iterator[str]:
    """The request as it came, which costs least and mostly is canonical; last comes AWS's form.

    Clients differ in what they leave unencoded. All say the same path, query and headers, so that
    none widens what a signature allows.
    """
    raw, present, names = request.query, request.headers, claim.scope.signed_headers
    leave_out = "x-amz-signature" if claim.scheme == "v4-query" else ""
    path = request.path.decode("latin-1") if single else canonical.double_path(request.path)
    query = canonical.raw_query(raw, leave_out=leave_out) if raw else ""
    head = f"{request.method}\n{path or '/'}\n{query}\n"
    yield f"{head}{canonical.raw_headers(present, names)}{tail}"
    headers = canonical.headers(present, names) + tail
    yield head + headers
    if single:
        path = canonical.single_path(request.path)
    if b"+" in raw:
        query = canonical.query(raw, plus=b"%2B", leave_out=leave_out)
        yield f"{request.method}\n{path}\n{query}\n{headers}"
    query = canonical.query(raw, leave_out=leave_out)
    yield f"{request.method}\n{path}\n{query}\n{headers}"


def _mismatch(claim: Claim, text: str) -> Refusal:
    digest = sha256(text.encode("latin-1", "replace")).hexdigest()
    to_sign = f"{ALGORITHM}\n{claim.stamp}\n{claim.scope.text}\n{digest}"
    strings = signed_strings(claim, to_sign, claim.signature_text)
    strings["CanonicalRequest"] = text
    strings["CanonicalRequestBytes"] = text.encode("latin-1", "replace").hex(" ")
    return Refusal("mismatch", strings)


def signed_strings(claim: Claim, to_sign: str, provided: str) -> dict[str, str]:
    """What S3 tells about a signature that does not match, so that clients find their mistake."""
    return {
        "AWSAccessKeyId": claim.access_key_id,
        "StringToSign": to_sign,
        "SignatureProvided": provided,
        "StringToSignBytes": to_sign.encode("utf-8", "replace").hex(" "),
    }

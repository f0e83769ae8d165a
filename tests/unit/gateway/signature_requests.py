"""Requests signed by botocore's own signers, as our server would hand them on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from urllib.parse import quote, urlsplit

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cloudling.gateway.messages import Request
from cloudling.gateway.signatures import claims, verification
from cloudling.gateway.signatures.refusals import Refusal
from cloudling.kernel.streams import Bytes

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
NOW = datetime(2026, 11, 21, 2, 0, 0, tzinfo=UTC).timestamp()
REGION = "eu-west-1"
ENDPOINT = "http://127.0.0.1:4566"

ODD_KEYS = [
    "plain.txt",
    "../../x",
    "a//b",
    ".",
    "..",
    "%00",
    "%2F",
    "\x00",
    "\N{PARTY POPPER} caf\u00e9",
    "a+b c",
    "~tilde_-.",
    "q?x=1&y#z",
    "!'()*;:@$,[]{}\"<>|\\^`",
    "a" * 1024,
]


def make_request(
    method: str, url: str, headers: dict[str, str], body: bytes = b"", host: str = ""
) -> Request:
    """The request the server would make of these, header names in lower case."""
    parts = urlsplit(url)
    lower = {name.lower(): value for name, value in headers.items()}
    lower.setdefault("host", host or parts.netloc)
    return Request(
        method, parts.path.encode(), parts.query.encode(), lower, Bytes(body), received_at=NOW
    )


def path_of(key: str) -> str:
    return "/bucket/" + quote(key.encode("utf-8", "surrogatepass"), safe="/~")


def sign(
    signer: type[auth.BaseSigner],
    method: str = "PUT",
    url: str = ENDPOINT + "/bucket/key",
    *,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    now: float = NOW,
    service: str = "s3",
    region: str = REGION,
    secret: str = SECRET,
    token: str | None = None,
    auth_path: str | None = None,
    **options: Any,
) -> Request:
    """A request signed by one of botocore's signers at `now`."""
    request = AWSRequest(method=method, url=url, headers=headers or {}, data=body)
    request.auth_path = auth_path
    credentials = Credentials(KEY_ID, secret, token)
    moment = datetime.fromtimestamp(now, UTC)
    if issubclass(signer, auth.HmacV1Auth):
        made = signer(credentials, **options)
    else:
        made = signer(credentials, service, region, **options)
    with (
        mock.patch("botocore.auth.get_current_datetime", return_value=moment.replace(tzinfo=None)),
        mock.patch("botocore.auth.time.time", return_value=now),
        mock.patch("botocore.auth.formatdate", return_value=_http_date(moment)),
    ):
        made.add_auth(request)
    # Of a version 2 URL nothing but the URL is sent, whatever the signer has written elsewhere.
    sent = headers or {} if signer is auth.HmacV1QueryAuth else dict(request.headers.items())
    return make_request(method, request.url, sent, body)


def _http_date(moment: datetime) -> str:
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


def admit(
    request: Request,
    *,
    now: float = NOW,
    service: str = "s3",
    region: str | None = REGION,
    secret: str = SECRET,
    payload_hash: str = "",
    bucket: str = "",
) -> claims.Claim:
    """The claim of a request that passes all checks; a `Refusal` otherwise."""
    claim = claims.read_claim(request)
    if claim is None:
        raise Refusal("anonymous")
    if claim.access_key_id != KEY_ID:
        raise Refusal("unknown-key")
    verification.check(claim, request, verification.Expected(now, service, region))
    verification.verify(claim, request, secret, payload_hash=payload_hash, bucket=bucket)
    return claim


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)

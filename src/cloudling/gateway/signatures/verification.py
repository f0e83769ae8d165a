"""Whether a claim may be made here and now, and whether it is true."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.gateway.signatures import times, version2, version4
from cloudling.gateway.signatures.claims import ALGORITHM, UNSIGNED, Claim
from cloudling.gateway.signatures.refusals import Refusal

if TYPE_CHECKING:
    from cloudling.gateway.messages import Request

SKEW = 900.0
STREAMING = frozenset(
    {
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    }
)
_ASYMMETRIC_STREAMING = frozenset(
    {
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
    }
)
# Signed names and sent ones that go together: a client's requests have the same all day.
_complete: set[tuple[frozenset[str], tuple[str, ...]]] = set()
_MOST_COMPLETE = 256
_LONGEST_NAMES = 1024
# Names that were found to have a region's form.
_regions: set[str] = set()
_MOST_REGIONS = 256
_LONGEST_REGION = 64
_HEX = frozenset("0123456789abcdefABCDEF")
# What is expected of a scope whose region is none; s3cmd writes US and learns from the refusal.
_FIRST_REGION = "us-east-1"
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+", re.ASCII)


class Expected(msgspec.Struct, frozen=True):
    """Where a claim must belong: the time now, the service, and the region (None: any one).

    For S3 the region is the bucket's, None where there is none; version 2 takes that as us-east-1.
    """

    now: float
    service: str
    region: str | None = None


def check(claim: Claim, request: Request, expected: Expected) -> None:
    """Raise what AWS refuses before it looks for the key: time, scope, unsigned headers."""
    scope, payload = claim.scope, claim.payload
    # Nearly always all is plainly as it must be; what is not, is looked at in turn.
    if not (
        claim.scheme == "v4-header"
        and -SKEW <= expected.now - claim.signed_at <= SKEW
        and scope.service == expected.service
        and scope.date == claim.stamp[:8]
        and scope.terminal == "aws4_request"
        and (
            scope.region == expected.region
            and ((len(payload) == 64 and _HEX.issuperset(payload)) or payload == UNSIGNED)
            and (scope.signed, tuple(request.headers)) in _complete
            if expected.service in version4.S3_SERVICES
            else expected.region is None and scope.region in _regions and "host" in scope.signed
        )
    ):
        _check_all(claim, request, expected)


def _check_all(claim: Claim, request: Request, expected: Expected) -> None:
    if claim.scheme[1] == "2":
        return _check_version_2(claim, expected)
    simple_storage = expected.service in version4.S3_SERVICES
    presigned = claim.scheme == "v4-query"
    if simple_storage:
        _check_payload(claim)
    if presigned and simple_storage:
        _check_presigned_time(claim, expected.now)
    elif not -SKEW <= expected.now - claim.signed_at <= SKEW:
        raise _skewed(claim, expected.now)
    _check_scope(claim, expected, "query-" if presigned else "")
    return _check_signed_headers(claim, request, strict=simple_storage)


def verify(
    claim: Claim, request: Request, secret: str, *, payload_hash: str = "", bucket: str = ""
) -> None:
    """Raise `mismatch` unless this request is what the secret's owner signed.

    `payload_hash` is the hash of the body, for services other than S3; `bucket` the name of a
    bucket that came in the host's name, for version 2.
    """
    if claim.scheme[1] == "4":
        version4.verify(claim, request, secret, payload_hash)
    else:
        version2.verify(claim, request, secret, bucket)


def _check_payload(claim: Claim) -> None:
    payload = claim.payload
    if (len(payload) == 64 and _HEX.issuperset(payload)) or payload == UNSIGNED:
        return
    # S3 does not read the value of a presigned request; it only signs it.
    if payload in STREAMING or claim.scheme == "v4-query":
        return
    if not payload:
        raise Refusal("missing-hash")
    if payload in _ASYMMETRIC_STREAMING:
        raise Refusal("asymmetric", {"algorithm": payload})
    argument = {"ArgumentName": "x-amz-content-sha256", "ArgumentValue": payload}
    raise Refusal("malformed-hash", argument)


def _check_presigned_time(claim: Claim, now: float) -> None:
    if claim.expires is None:
        raise Refusal("missing-parameters", {"parameter": "X-Amz-Expires"})
    end = claim.signed_at + claim.expires
    if claim.signed_at - SKEW <= now <= end:
        return
    details = {
        "X-Amz-Expires": str(claim.expires),
        "X-Amz-Date": claim.stamp,
        "Expires": _extended(end),
        "ServerTime": times.write_extended(now),
    }
    raise Refusal("query-expired" if now > end else "query-early", details)


def _skewed(claim: Claim, now: float) -> Refusal:
    early = claim.signed_at > now
    details = {
        "RequestTime": claim.date_sent,
        "ServerTime": times.write_extended(now),
        "MaxAllowedSkewMilliseconds": "900000",
        "stamp": claim.stamp,
        "clock": times.write_basic(now),
        "limit": times.write_basic(now + SKEW if early else now - SKEW),
    }
    return Refusal("early" if early else "late", details)


def _check_scope(claim: Claim, expected: Expected, place: str) -> None:
    scope = claim.scope
    day = claim.stamp[:8]
    if (
        scope.date == day
        and scope.service == expected.service
        and _is_region(scope.region, expected.region)
        and scope.terminal == "aws4_request"
    ):
        return
    details: dict[str, Any] = {
        "date": scope.date,
        "day": day,
        "stamp": claim.stamp,
        "region": scope.region,
        "Region": expected.region or _FIRST_REGION,
        "service": scope.service,
        "expected": expected.service,
        "terminal": scope.terminal,
    }
    raise Refusal(place + _wrong_part(claim, expected), details)


def _is_region(region: str, expected: str | None) -> bool:
    if expected is not None:
        return region == expected
    found = _REGION.fullmatch(region) is not None
    if found and len(_regions) < _MOST_REGIONS and len(region) < _LONGEST_REGION:
        _regions.add(region)
    return found


def _wrong_part(claim: Claim, expected: Expected) -> str:
    """Which part of the scope is told of when several are wrong: S3's order."""
    scope = claim.scope
    if times.read_basic(scope.date + "T000000Z") is None:
        return "scope-date-format"
    if not scope.region:
        return "scope-no-region"
    if not _is_region(scope.region, expected.region):
        return "scope-region"
    if scope.service != expected.service:
        return "scope-service"
    return "scope-terminal" if scope.terminal != "aws4_request" else "scope-date"


def _check_signed_headers(claim: Claim, request: Request, *, strict: bool) -> None:
    signed = claim.scope.signed
    if not strict:
        if "host" not in signed:
            raise Refusal("not-signed", {"HeadersNotSigned": "host"})
        return
    sent = tuple(request.headers)
    if (signed, sent) in _complete:
        return
    missing = [
        name
        for name in request.headers.keys() - signed
        if name[:6] == "x-amz-" or name in ("host", "content-md5")
    ]
    # S3 takes x-amz-content-sha256 unsigned, for the signature covers its value anyway.
    missing = [name for name in missing if name != "x-amz-content-sha256"]
    if "host" not in signed and "host" not in missing:
        missing.append("host")
    if missing:
        raise Refusal("not-signed", {"HeadersNotSigned": ", ".join(sorted(missing))})
    if len(_complete) >= _MOST_COMPLETE:
        _complete.clear()
    if sum(map(len, (*sent, *signed))) <= _LONGEST_NAMES:
        _complete.add((signed, sent))


def _check_version_2(claim: Claim, expected: Expected) -> None:
    if expected.service != "s3" or (expected.region or "us-east-1") not in version2.REGIONS:
        raise Refusal("version-2", {"algorithm": ALGORITHM})
    if claim.expires is None:
        if not -SKEW <= expected.now - claim.signed_at <= SKEW:
            raise _skewed(claim, expected.now)
    elif expected.now > claim.expires:
        details = {
            "Expires": _extended(claim.expires),
            "ServerTime": times.write_extended(expected.now),
        }
        raise Refusal("version-2-expired", details)


def _extended(moment: float) -> str:
    """The moment in words; one that no calendar has is told as its number."""
    try:
        return times.write_extended(moment)
    except (ValueError, OverflowError, OSError):
        return str(int(moment))

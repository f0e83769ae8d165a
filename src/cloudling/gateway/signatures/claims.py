"""What a request says about who signed it, read from its head and not yet believed.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING, Literal

import msgspec

from cloudling.gateway.signatures import canonical, times
from cloudling.gateway.signatures.refusals import Refusal

if TYPE_CHECKING:
    from cloudling.gateway.messages import Request

Scheme = Literal["v4-header", "v4-query", "v2-header", "v2-query"]

ALGORITHM = "AWS4-HMAC-SHA256"
ASYMMETRIC = "AWS4-ECDSA-P256-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"

# S3 reads X-Amz-Expires as a number of 64 bits.
_LARGEST = 2**63 - 1
_INTEGER = re.compile(r"[+-]?0*([0-9]{1,19})")
_COMPONENT = re.compile(r"[ \t]*(Credential|SignedHeaders|Signature)[ \t]*=[ \t]*([^, \t]*)[ \t]*")


class Scope(msgspec.Struct, frozen=True):
    """What stays the same from request to request of one client on one day."""

    access_key_id: str
    date: str = ""
    region: str = ""
    service: str = "s3"
    terminal: str = "aws4_request"
    text: str = ""
    signed_headers: tuple[str, ...] = ()
    signed_text: str = ""
    signed: frozenset[str] = frozenset()


class Claim(msgspec.Struct, frozen=True):
    """Who a request says has signed it, and how.

    `stamp` is the time as it is signed (version 2: the text of its date line), `date_sent` as it
    came; `expires` is seconds after `signed_at`, in version 2 the moment itself. `payload` is the
    value that stands for the body in the signature: `x-amz-content-sha256`, "" when there is none.
    """

    scheme: Scheme
    scope: Scope
    signature: bytes
    signature_text: str
    signed_at: float
    stamp: str
    date_sent: str
    token: str = ""
    payload: str = ""
    expires: int | None = None

    @property
    def access_key_id(self) -> str:
        return self.scope.access_key_id

    @property
    def region(self) -> str:
        return self.scope.region

    @property
    def service(self) -> str:
        return self.scope.service


# By the beginning of an Authorization header, up to the signature: clients repeat it all day.
_scopes: dict[str, Scope] = {}
_SCOPES = 1024
_LONGEST_KEPT = 1024


def read_claim(request: Request) -> Claim | None:
    """The request's claim; None when it is anonymous. What cannot be read is a `Refusal`."""
    header = request.headers.get("authorization")
    query = request.query
    if not query or (b"X-Amz-Algorithm=" not in query and b"Signature=" not in query):
        return _read_header(request, header) if header else None
    parameters: dict[str, str] = {}
    for name, value in canonical.parameters(query):
        parameters.setdefault(name, value)
    versions = ("X-Amz-Algorithm" in parameters) + ("Signature" in parameters)
    if versions and (header is not None or versions == 2):
        raise Refusal("two-mechanisms", _authorization(header) if header is not None else None)
    if "X-Amz-Algorithm" in parameters:
        return _read_query(request, parameters)
    if "Signature" in parameters:
        return _read_old_query(request, parameters)
    return _read_header(request, header) if header else None


def _read_header(request: Request, header: str) -> Claim:
    head, _, signature = header.rpartition("Signature=")
    scope = _scopes.get(head)
    if scope is None:
        algorithm, space, rest = header.partition(" ")
        if not space:
            raise Refusal("one-space", _authorization(header))
        if algorithm.upper() == "AWS":
            return _read_old_header(request, header, rest)
        if algorithm.upper() != ALGORITHM:
            raise _other_algorithm(algorithm, header)
        scope, signature = _read_components(header, rest)
        if header == f"{head}Signature={signature}":
            _remember(head, scope)
    headers = request.headers
    stamp = headers.get("x-amz-date")
    sent = stamp if stamp is not None else headers.get("date", "")
    signed_at = times.known_stamps.get(sent) or times.read_basic(sent)
    if signed_at is None:
        stamp, signed_at = _read_date(sent, header)
    try:
        raw = bytes.fromhex(signature) if len(signature) == 64 else b""
    except ValueError:
        raw = b""
    return Claim(
        "v4-header",
        scope,
        raw,
        signature,
        signed_at,
        stamp or sent,
        sent,
        headers.get("x-amz-security-token", ""),
        headers.get("x-amz-content-sha256", ""),
    )


def _other_algorithm(algorithm: str, header: str) -> Refusal:
    if algorithm.upper() == ASYMMETRIC:
        return Refusal("asymmetric", {"algorithm": ASYMMETRIC})
    return Refusal("unsupported-scheme", _authorization(header))


def _read_components(header: str, rest: str) -> tuple[Scope, str]:
    found: dict[str, str] = {}
    for piece in rest.split(","):
        if match := _COMPONENT.fullmatch(piece):
            found[match[1]] = match[2]
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not found.get(name)]
    if missing:
        lines = [f"Authorization header requires '{name}' parameter." for name in missing]
        raise Refusal("missing-components", _authorization(header) | {"missing": " ".join(lines)})
    return _read_scope(found["Credential"], found["SignedHeaders"], ""), found["Signature"]


def _read_scope(credential: str, signed_headers: str, place: str) -> Scope:
    name = f"{credential}\n{signed_headers}"
    scope = _scopes.get(name)
    if scope is None:
        parts = credential.split("/")
        if len(parts) != 5:
            raise Refusal(place + "malformed-credential", {"credential": credential})
        names = tuple(signed_headers.lower().split(";"))
        key_id, date, region, service, terminal = parts
        text = credential.partition("/")[2]
        signed = frozenset(names)
        scope = Scope(key_id, date, region, service, terminal, text, names, signed_headers, signed)
        _remember(name, scope)
    return scope


def _remember(name: str, scope: Scope) -> None:
    if len(name) > _LONGEST_KEPT:
        return
    if len(_scopes) >= _SCOPES:
        del _scopes[next(iter(_scopes))]
    _scopes[name] = scope


def _read_date(sent: str, header: str) -> tuple[str, float]:
    if not sent:
        raise Refusal("missing-date", _authorization(header))
    seconds = times.read_http(sent)
    if seconds is None:
        raise Refusal("malformed-date", {"date": sent})
    # The string to sign has the basic format even where the header has RFC 1123's.
    try:
        return times.write_basic(seconds), seconds
    except (ValueError, OverflowError, OSError):
        raise Refusal("malformed-date", {"date": sent}) from None


def _read_query(request: Request, parameters: dict[str, str]) -> Claim:
    algorithm = parameters["X-Amz-Algorithm"]
    if algorithm == ASYMMETRIC:
        raise Refusal("asymmetric", {"algorithm": ASYMMETRIC})
    if algorithm != ALGORITHM:
        raise Refusal("query-algorithm", {"algorithm": algorithm})
    for name in ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders"):
        if name not in parameters:
            raise Refusal("missing-parameters", {"parameter": name})
    stamp = parameters["X-Amz-Date"]
    signed_at = times.read_basic(stamp)
    if signed_at is None:
        raise Refusal("query-date", {"date": stamp})
    signature = parameters["X-Amz-Signature"]
    hashed = request.headers.get("x-amz-content-sha256") or parameters.get("X-Amz-Content-Sha256")
    return Claim(
        "v4-query",
        _read_scope(parameters["X-Amz-Credential"], parameters["X-Amz-SignedHeaders"], "query-"),
        _from_hex(signature),
        signature,
        signed_at,
        stamp,
        stamp,
        parameters.get("X-Amz-Security-Token", "")
        or request.headers.get("x-amz-security-token", ""),
        hashed or UNSIGNED,
        _read_expires(parameters.get("X-Amz-Expires")),
    )


def _read_expires(text: str | None) -> int | None:
    if text is None:
        return None
    seconds = _integer(text)
    if seconds is None:
        raise Refusal("expires-number")
    if seconds < 0:
        raise Refusal("expires-negative")
    if seconds > 604800:
        raise Refusal("expires-week")
    return seconds


def _read_old_header(request: Request, header: str, rest: str) -> Claim:
    if rest.startswith(" "):
        raise Refusal("one-space", _authorization(header))
    access_key_id, _, signature = rest.partition(":")
    if not signature or ":" in signature:
        raise Refusal("version-2-header", _authorization(header))
    headers = request.headers
    stamp = headers.get("x-amz-date")
    sent = stamp if stamp is not None else headers.get("date", "")
    signed_at = times.read_http(sent)
    if signed_at is None:
        raise Refusal("missing-date", _authorization(header))
    return Claim(
        "v2-header",
        Scope(access_key_id),
        _from_base64(signature),
        signature,
        signed_at,
        "" if stamp is not None else sent,
        sent,
        headers.get("x-amz-security-token", ""),
    )


def _read_old_query(request: Request, parameters: dict[str, str]) -> Claim:
    if "SignatureVersion" in parameters:
        raise Refusal("version-2")
    if "Expires" not in parameters or "AWSAccessKeyId" not in parameters:
        raise Refusal("version-2-parameters")
    sent = parameters["Expires"]
    expires = _integer(sent)
    # Measured by others on S3: seconds up to an int32's largest.
    if expires is None or expires >= 2**31:
        raise Refusal("version-2-expires", {"expires": sent})
    # A "+" that was not encoded is part of the Base64, not a blank.
    signature = parameters["Signature"].replace(" ", "+")
    return Claim(
        "v2-query",
        Scope(parameters["AWSAccessKeyId"]),
        _from_base64(signature),
        signature,
        0.0,
        sent,
        sent,
        parameters.get("x-amz-security-token", "")
        or request.headers.get("x-amz-security-token", ""),
        expires=expires,
    )


def _integer(text: str) -> int | None:
    if not text.isascii() or len(text) > 100 or not (match := _INTEGER.fullmatch(text)):
        return None
    number = -int(match[1]) if text[0] == "-" else int(match[1])
    return number if -_LARGEST <= number <= _LARGEST else None


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text) if len(text) == 64 else b""
    except ValueError:
        return b""


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _authorization(header: str) -> dict[str, str]:
    digest = hashlib.sha256(header.encode("utf-8", "replace")).digest()
    return {
        "ArgumentName": "Authorization",
        "ArgumentValue": header,
        "hashed": base64.b64encode(digest).decode(),
    }

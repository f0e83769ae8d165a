"""Security rule 1: what a browser may make of a cloud whose keys everybody knows.

The gateway asks twice. `admit` looks at the head alone, before routing and authentication: it
refuses foreign names (*Host*) and pages at the admin paths (*Pages*), else it says whom it trusts.
`review` follows once the operation and the key are known, before anything runs: it decides what
that trust is good for (*Pages*, *Links*); it may be left out where `needs_review` is false.
An OPTIONS request ends in `preflight_headers`, and each answer to a `Trust.TRUSTED_PAGE` (that one
and errors too) carries `cors_headers`. A `Refusal` is answered at once, the body unread, and goes
to the `RefusalLog`.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from cloudling.gateway import hosts
from cloudling.gateway.messages import Request, Response
from cloudling.kernel.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

logger = logging.getLogger(__name__)

_PRIVATE_PATHS = (b"/_cloudling", b"/_localstack")
_READING = frozenset({"GET", "HEAD"})
_HARMLESS_LEVELS = frozenset({"Read", "List"})
_LINKABLE = frozenset({"query", "none"})
_SHOWN = frozenset({"image", "audio", "video"})
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[^/\s:@,?#\[\]]+)(?::(\d{1,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Without any of these no browser is at work.
_TELLING = frozenset({"origin", "sec-fetch-site", "accept-language"})
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_PAGE_LIFETIME = "600"

Signed = Literal["none", "header", "query", "form"]


class Trust(Enum):
    """Who sends a request, as far as its head tells."""

    CLIENT = "a program, or a link clicked where browsers say nothing"
    LINK = "a browser that cannot say which page it shows"
    TRUSTED_PAGE = "a page of the user's own"
    SHOWING = "an untrusted page that links here or shows an image, a sound or a film"
    PAGE = "an untrusted page"


@dataclass(frozen=True, slots=True)
class Origin:
    """A page's origin; `port` is the scheme's own where none is written."""

    scheme: str
    name: str
    port: int | None


@dataclass(frozen=True, slots=True)
class Doors:
    """What the settings open: our names, the trusted origins, and the ports we listen on."""

    names: hosts.AcceptedNames = field(default_factory=hosts.AcceptedNames)
    origins: frozenset[Origin] = frozenset()
    ports: frozenset[int] = frozenset({4566})

    @classmethod
    def of(
        cls, names: hosts.AcceptedNames, allow_origin: Iterable[str], ports: Iterable[int]
    ) -> Doors:
        origins = set()
        for text in allow_origin:
            origin = _parse_origin(text.strip().removesuffix("/"))
            if origin is None:
                raise ValueError(
                    f"The origin {text!r} cannot be allowed, because it is not one web origin. "
                    "Give scheme, name and port, such as https://app.example.test:8443."
                )
            origins.add(origin)
        return cls(names, frozenset(origins), frozenset(ports))


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a request turned out to be.

    `access_level` is IAM's word for the operation (Read, List, Write, …). `own_cors`: the path is
    a data path with CORS rules of its own (S3, API Gateway, …). `reads_object`: S3's GetObject or
    HeadObject. `secret_token`: an unsigned call proves its right by a token inside.
    """

    operation: str
    method: str
    access_level: str
    signed: Signed
    well_known_key: bool = False
    own_cors: bool = False
    reads_object: bool = False
    secret_token: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no of ours, not of AWS's: 403 in plain text, with the rule and the setting that helps."""

    rule: Literal["Host", "Pages", "Links"]
    name: str
    reason: str
    remedy: str

    @property
    def text(self) -> str:
        return f"Refused by Cloudling's rule {self.rule}: {self.reason} {self.remedy}\n"

    def response(self) -> Response:
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        return Response(403, headers, self.text.encode(), close=True)


class RefusalLog:
    """Tells each refused name once, and stops when someone makes up names without end."""

    def __init__(self, limit: int = 256) -> None:
        self._limit = limit
        self._told: set[tuple[str, str]] = set()

    def note(self, refusal: Refusal) -> None:
        key = (refusal.rule, refusal.name)
        if key in self._told or len(self._told) >= self._limit:
            return
        self._told.add(key)
        logger.warning(
            "refused rule=%s name=%s reason=%r remedy=%r",
            refusal.rule,
            refusal.name,
            refusal.reason,
            refusal.remedy,
        )


class AccessForbidden(AwsError):
    """S3's answer to the preflight of a page that no rule lets in."""

    message = "CORSResponse: CORS is not enabled for this bucket."
    status = 403


class BadRequest(AwsError):
    """S3's answer to an OPTIONS request that is no preflight."""

    message = "Insufficient information. Origin request header needed."


def admit(request: Request, doors: Doors) -> Trust | Refusal:
    """Judge a head: refuse it, or say whom it comes from."""
    headers = request.headers
    host = hosts.parse_host(headers.get("host", ""))
    if host.harmless and host.kind != "console" and _TELLING.isdisjoint(headers):
        return Trust.CLIENT
    return _judge(request, host, doors)


def _judge(request: Request, host: hosts.Host, doors: Doors) -> Trust | Refusal:
    headers = request.headers
    # HTTP/1.0 has no Host, and no browser speaks it; the server refuses HTTP/1.1 without one.
    if not hosts.is_accepted(host, doors.names) and "host" in headers:
        return _refuse_name(host.name)
    if host.kind == "console" and not is_private_path(request.path):
        return Refusal(
            "Host",
            host.name,
            "Nothing that users stored is served from the console's own origin.",
            "Send AWS's calls to http://127.0.0.1, or to a name given with --hostname.",
        )
    if "origin" not in headers and headers.get("sec-fetch-site", "none") == "none":
        return Trust.LINK if _is_link(request, host) else Trust.CLIENT
    if _is_trusted(headers, host, doors):
        return Trust.TRUSTED_PAGE
    if is_private_path(request.path):
        return _refuse_page(headers, "may not use /_cloudling and /_localstack")
    return Trust.SHOWING if _only_shows(request) else Trust.PAGE


def needs_review(trust: Trust, method: str, signed: Signed) -> bool:
    """Could `review` refuse such a request at all? False for nearly all that programs send."""
    if trust is Trust.CLIENT or trust is Trust.TRUSTED_PAGE:
        return method in _READING and signed in _LINKABLE
    return True


def review(trust: Trust, attempt: Attempt, headers: Mapping[str, str]) -> Refusal | None:
    """Judge an operation by who asks for it and with which key."""
    if trust is Trust.PAGE or trust is Trust.SHOWING:
        if attempt.well_known_key and not (trust is Trust.SHOWING and attempt.reads_object):
            return _refuse_page(headers, "may not use the well-known keys")
        if not attempt.well_known_key and not attempt.own_cors:
            return _refuse_page(headers, f"may not call {attempt.operation}")
    # No link carries an Authorization header: this is the script of a page that someone stored.
    if trust is Trust.LINK and attempt.well_known_key and attempt.signed == "header":
        return _refuse_link(attempt, "A page may not use the well-known keys.")
    return _review_link(attempt)


def is_private_path(path: bytes) -> bool:
    """Does the raw path belong to Cloudling itself?"""
    return path.startswith(_PRIVATE_PATHS) and path.split(b"/", 2)[1] in (
        b"_cloudling",
        b"_localstack",
    )


def preflight_headers(trust: Trust, headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Answer a preflight: granted to trusted pages, else S3's words for a bucket without CORS.

    The grant is a development door of ours (`--allow-origin`, loopback front ends). A preflight
    carries no credentials and so names no service, wherefore S3 answers for all.
    """
    if "origin" not in headers:
        raise BadRequest
    method = headers.get("access-control-request-method")
    if not method:
        raise BadRequest("Invalid Access-Control-Request-Method: null")
    if trust is not Trust.TRUSTED_PAGE:
        raise AccessForbidden(Method=method, ResourceType="BUCKET")
    granted = [
        ("Access-Control-Allow-Methods", "DELETE, GET, HEAD, PATCH, POST, PUT"),
        ("Access-Control-Max-Age", _PAGE_LIFETIME),
    ]
    # A star would not cover Authorization, so the names are echoed.
    if wanted := headers.get("access-control-request-headers"):
        granted.append(("Access-Control-Allow-Headers", wanted))
    if headers.get("access-control-request-private-network") == "true":
        granted.append(("Access-Control-Allow-Private-Network", "true"))
    return granted


def cors_headers(origin: str) -> list[tuple[str, str]]:
    """What lets a trusted page read an answer; without cookies, for nothing here uses any."""
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Expose-Headers", "*"),
        ("Vary", "Origin"),
    ]


def _is_link(request: Request, host: hosts.Host) -> bool:
    """Browsers say nothing of pages over plain HTTP to names outside loopback.

    Accept-Language they send always and scripts cannot remove it; of programs only Node's fetch
    sends it, together with Sec-Fetch-Mode.
    """
    return (
        "accept-language" in request.headers
        and "sec-fetch-mode" not in request.headers
        and not request.secure
        and not _is_loopback(host.name)
    )


def _is_loopback(name: str) -> bool:
    return hosts.is_loopback(f"[{name}]" if ":" in name else name)


def _is_trusted(headers: Mapping[str, str], host: hosts.Host, doors: Doors) -> bool:
    if headers.get("sec-fetch-site") == "same-origin":
        return False
    origin = _parse_origin(headers.get("origin", ""))
    if origin is None or _is_ours(origin, headers.get("host", ""), host, doors):
        return False
    at_home = origin.scheme in _DEFAULT_PORTS and _is_loopback(origin.name)
    return at_home or origin in doors.origins


def _is_ours(origin: Origin, host_header: str, host: hosts.Host, doors: Doors) -> bool:
    """Does the origin serve what users stored here? The port may be a forwarded one."""
    port = host_header.rpartition(":")[2]
    reached = {int(port)} if port.isascii() and port.isdigit() else {80, 443}
    if origin.port not in doors.ports | reached:
        return False
    name = origin.name
    return (
        _is_loopback(name)
        or name in doors.names.exact
        or hosts.is_under(name, host.name)
        or hosts.is_under(host.name, name)
        or hosts.is_under(name, hosts.LOCALSTACK_SUFFIX)
        or any(hosts.is_under(name, suffix) for suffix in hosts.AWS_SUFFIXES)
    )


@lru_cache(maxsize=1024)
def _parse_origin(text: str) -> Origin | None:
    found = _ORIGIN.fullmatch(text.lower())
    if found is None or "*" in text:
        return None
    scheme, name, port = found.groups()
    number = int(port) if port else _DEFAULT_PORTS.get(scheme)
    return Origin(scheme, hosts.parse_host(name).name, number)


def _only_shows(request: Request) -> bool:
    mode = request.headers.get("sec-fetch-mode")
    shows = mode == "no-cors" and request.headers.get("sec-fetch-dest") in _SHOWN
    return request.method in _READING and (mode == "navigate" or shows)


def _review_link(attempt: Attempt) -> Refusal | None:
    if attempt.method not in _READING or attempt.access_level in _HARMLESS_LEVELS:
        return None
    if attempt.signed == "query" and attempt.well_known_key:
        return _refuse_link(attempt, "A link signed with a well-known key may only read.")
    if attempt.signed == "none" and not attempt.secret_token:
        return _refuse_link(attempt, "A link without a signature may only read.")
    return None


def _refuse_name(name: str) -> Refusal:
    name = _printable(name) or "(none)"
    return Refusal(
        "Host",
        name,
        f"This cloud does not answer to the name {name}, behind which a web page may hide.",
        f"If the name is yours, start with --hostname {name}, or use http://127.0.0.1.",
    )


def _refuse_page(headers: Mapping[str, str], what: str) -> Refusal:
    origin = _printable(headers.get("origin", ""))
    name = origin or f"a {_printable(headers.get('sec-fetch-site', 'none'))} page"
    return Refusal(
        "Pages",
        name,
        f"The web page ({name}) {what}.",
        "If the page is yours, serve it from another port of localhost, or start with "
        "--allow-origin and its origin.",
    )


def _refuse_link(attempt: Attempt, why: str) -> Refusal:
    return Refusal(
        "Links",
        attempt.operation,
        f"{why} {attempt.operation} asks for more.",
        "Send it by POST with an Authorization header, or sign with an access key of a user or "
        "role (--development-keys off does without the well-known ones).",
    )


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("?", text)[:120]

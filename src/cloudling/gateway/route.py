"""Which service and protocol a request is for: a pure function over its head.

The credential scope decides first, then `X-Amz-Target`, the host's name, and what the request
looks like; unsigned requests have only the latter. What is left is S3's, as on AWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cloudling.kernel.errors import NotImplementedHere

if TYPE_CHECKING:
    from collections.abc import Container

    from cloudling.gateway.hosts import Host
    from cloudling.gateway.messages import Request
    from cloudling.gateway.signatures.words import Dialect

# Protocol of each served model; others join with their services.
PROTOCOLS = {
    "ec2": "ec2",
    "iam": "query",
    "organizations": "json",
    "s3": "rest-xml",
    "ssm": "json",
    "sts": "query",
}
# What `X-Amz-Target` begins with, up to the dot.
_TARGET_PREFIXES = {"AWSOrganizationsV20161128": "organizations", "AmazonSSM": "ssm"}
# Versions that unsigned or hand-written query calls name.
_QUERY_VERSIONS = {b"2010-05-08": "iam", b"2011-06-15": "sts", b"2016-11-15": "ec2"}
_DIALECTS: dict[str, Dialect] = {"rest-xml": "s3", "query": "query", "ec2": "ec2"}
_FORM = "application/x-www-form-urlencoded"


class Target(NamedTuple):
    """The model's name and the wire protocol; `known` is False when nothing serves it."""

    model: str
    protocol: str
    known: bool = True

    @property
    def dialect(self) -> Dialect:
        """Whose words refusals before the operation use."""
        return _DIALECTS.get(self.protocol, "json")


_TARGETS = {name: Target(name, protocol) for name, protocol in PROTOCOLS.items()}


def find_target(request: Request, host: Host, signed_for: str, served: Container[str]) -> Target:
    """The target of a request whose credential scope names `signed_for` ("" without one)."""
    name = signed_for or _by_look(request, host)
    if name in served and (known := _TARGETS.get(name)) is not None:
        return known
    return Target(name, _guess_protocol(request), known=False)


def _by_look(request: Request, host: Host) -> str:
    target = request.headers.get("x-amz-target")
    if target:
        prefix = target.partition(".")[0]
        return _TARGET_PREFIXES.get(prefix) or prefix.partition("_")[0].lower()
    if host.service and host.kind == "service":
        return host.service
    for version, name in _QUERY_VERSIONS.items():
        if b"Version=" + version in request.query:
            return name
    if request.path == b"/" and request.headers.get("content-type", "").startswith(_FORM):
        return "sts"
    return "s3"


def _guess_protocol(request: Request) -> str:
    """How to tell a client of a service we do not have that we do not have it."""
    if "x-amz-target" in request.headers or "json" in request.headers.get("content-type", ""):
        return "json"
    return "query" if request.path == b"/" else "rest-json"


def refuse_unknown(target: Target) -> NotImplementedHere:
    return NotImplementedHere(
        f"The service {target.model} is not implemented in Cloudling yet. "
        "See `cloudling coverage` for what is."
    )

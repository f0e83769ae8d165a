"""What the Host header says: which service, region, bucket or account a name stands for, and
whether this cloud answers to the name at all.

A web page that is rebound to 127.0.0.1 brings a name of its own, so names that nobody promised to
serve are refused (`is_accepted`). The name is only a hint for routing: most requests come to
`127.0.0.1:4566` and say in their credential scope where they belong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Kind = Literal[
    "plain", "console", "service", "s3", "s3-bucket", "s3-website", "s3-control", "s3-accesspoint"
]

# The DNS suffixes of every partition in botocore's partitions.json, and the function URLs' own.
AWS_SUFFIXES = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "on.aws",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "api.aws.ic.gov",
    "sc2s.sgov.gov",
    "api.aws.scloud",
    "csp.hci.ic.gov",
    "api.aws.hci.ic.gov",
    "cloud.adc-e.uk",
    "api.cloud-aws.adc-e.uk",
)
LOCALSTACK_SUFFIX = "localhost.localstack.cloud"
_PRIVATE_SUFFIXES = ("localhost", "internal", "cluster.local")
_CONSOLE = "console.localhost"

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PORT = re.compile(r":[0-9]{0,5}$")
_PATTERN = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
_REGION = r"(?P<region>[a-z]{2,4}(?:-[a-z]+){1,2}-\d{1,2})"

# What stands before an AWS suffix. A bucket's name may hold dots and even `s3`, so the longest one
# that leaves an endpoint behind it wins.
_ENDPOINTS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "s3-bucket",
        re.compile(
            r"(?:(?P<bucket>.+)\.)?s3(?:"
            rf"(?:-fips)?(?:\.dualstack)?(?:\.{_REGION})?"
            r"|-accelerate(?:\.dualstack)?|-external-1"
            rf"|(?:-fips)?-{_REGION.replace('region', 'dashed')})"
        ),
    ),
    ("s3-website", re.compile(rf"(?:(?P<bucket>.+)\.)?s3-website(?:[.-]{_REGION})?")),
    (
        "s3-control",
        re.compile(
            rf"(?:(?P<account>\d{{12}})\.)?s3-control(?:-fips)?(?:\.dualstack)?(?:\.{_REGION})?"
        ),
    ),
    (
        "s3-accesspoint",
        re.compile(
            r"(?P<bucket>[a-z0-9-]+)-(?P<account>\d{12})"
            rf"\.s3-accesspoint(?:-fips)?(?:\.dualstack)?\.{_REGION}"
        ),
    ),
    (
        "service",
        re.compile(
            r"(?:.+\.)?(?!dualstack\.)(?P<service>[a-z0-9-]+?)(?:-fips)?"
            rf"(?:\.dualstack)?\.{_REGION}"
        ),
    ),
    ("service", re.compile(rf"(?:.+\.)?{_REGION}\.(?P<service>[a-z0-9-]+)")),
    ("service", re.compile(r"(?P<service>[a-z0-9-]+?)(?:-fips)?")),
)
# `bucket.s3.name` and `bucket.s3.region.name` under a name of the user's own.
_ELSEWHERE = re.compile(rf"(?:(?P<bucket>.+)\.)?s3(?:\.{_REGION})?\..+")
# Endpoint names that no model of AWS's bears.
_SERVICE_NAMES = {"queue": "sqs", "ddb": "dynamodb"}


@dataclass(frozen=True, slots=True)
class Host:
    """A name taken apart.

    `name` is lower-case, without port, final dot and brackets. `service` is AWS's endpoint prefix.
    `harmless`: no web page can be rebound to it, so it is accepted without being configured.
    """

    name: str
    kind: Kind = "plain"
    service: str = ""
    region: str = ""
    bucket: str = ""
    account: str = ""
    harmless: bool = False


@dataclass(frozen=True, slots=True)
class AcceptedNames:
    """The names that this cloud answers to besides those that are harmless for everyone."""

    exact: frozenset[str] = frozenset()
    under: tuple[str, ...] = ()
    serves: Callable[[str], bool] | None = None

    @classmethod
    def of(
        cls,
        hostnames: Iterable[str],
        *,
        machine: str = "",
        serves: Callable[[str], bool] | None = None,
    ) -> AcceptedNames:
        """From `--hostname` (and LOCALSTACK_HOST, HOSTNAME_EXTERNAL), and this machine's name."""
        exact, under = set[str](), list[str]()
        for hostname in hostnames:
            name = _without_port(hostname.strip().lower())
            if _as_address(name) is None and not _PATTERN.fullmatch(name):
                raise ValueError(
                    f"The host name {hostname!r} is not a name. Give one such as "
                    "cloud.example.test, or *.example.test for all names below it."
                )
            if name.startswith("*."):
                under.append(name[1:])
            else:
                exact.add(name)
        if name := machine.lower().rstrip("."):
            exact |= {name, f"{name.partition('.')[0]}.local"}
        return cls(frozenset(exact), tuple(under), serves)


@lru_cache(maxsize=2048)
def parse_host(host_header: str) -> Host:
    """Take a Host header apart; a malformed one becomes a plain host that is never accepted."""
    name = _without_port(host_header.strip(" \t").lower())
    if (address := _as_address(name)) is not None:
        return Host(str(address), harmless=True)
    if len(name) > 253 or not (host_header.isascii() and _NAME.fullmatch(name)):
        return Host(name)
    if name == _CONSOLE:
        return Host(name, "console", harmless=True)
    # Their pages would count as the console's own site, and get its SameSite cookies.
    if name.endswith(f".{_CONSOLE}"):
        return Host(name, "console")
    return _parse_name(name)


def is_accepted(host: Host, names: AcceptedNames) -> bool:
    """Does this cloud answer to the name?"""
    return (
        host.harmless
        or host.name in names.exact
        or (host.kind != "console" and host.name.endswith(names.under))
        or (names.serves is not None and names.serves(host.name))
    )


def is_loopback(name: str) -> bool:
    """Does a browser resolve the name to this machine, without asking anyone?"""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _as_address(name)
    return address is not None and address.is_loopback


def is_under(name: str, suffix: str) -> bool:
    return name == suffix or name.endswith(f".{suffix}")


def _without_port(text: str) -> str:
    """The name without port and final dot; brackets stay, so that `[::1]` differs from `::1`."""
    found = _PORT.search(text)
    if found and (":" not in text[: found.start()] or text[found.start() - 1] == "]"):
        text = text[: found.start()]
    return text.removesuffix(".")


def _as_address(name: str) -> IPv4Address | IPv6Address | None:
    bracketed = name.startswith("[") and name.endswith("]")
    text = name[1:-1].replace("%25", "%") if bracketed else name
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address if bracketed == (address.version == 6) else None


def _parse_name(name: str) -> Host:
    if "." not in name:
        return Host(name, harmless=True)
    if is_under(name, "localhost"):
        return _parse_localhost(name)
    for suffix in (LOCALSTACK_SUFFIX, *AWS_SUFFIXES):
        if name == suffix:
            return Host(name, harmless=True)
        if name.endswith(f".{suffix}"):
            return _parse_endpoint(name, name[: -len(suffix) - 1])
    private = name.endswith(tuple(f".{suffix}" for suffix in _PRIVATE_SUFFIXES))
    if found := _ELSEWHERE.fullmatch(name):
        return _s3_host(name, found, harmless=private)
    return Host(name, harmless=private)


def _parse_localhost(name: str) -> Host:
    """`B.localhost` is a bucket whatever B is, for so JavaScript's SDK writes it."""
    front = name.removesuffix(".localhost")
    for kind, pattern in _ENDPOINTS[:4]:
        if found := pattern.fullmatch(front):
            return _host(name, kind, found)
    return Host(name, "s3-bucket", "s3", bucket=front, harmless=True)


def _parse_endpoint(name: str, front: str) -> Host:
    for kind, pattern in _ENDPOINTS:
        if found := pattern.fullmatch(front):
            return _host(name, kind, found)
    return Host(name, harmless=True)


def _host(name: str, kind: Kind, found: re.Match[str]) -> Host:
    if kind == "s3-bucket":
        return _s3_host(name, found, harmless=True)
    parts = {part: value for part, value in found.groupdict().items() if value}
    service = parts.pop("service", "s3-control" if kind == "s3-control" else "s3")
    return Host(name, kind, _SERVICE_NAMES.get(service, service), harmless=True, **parts)


def _s3_host(name: str, found: re.Match[str], *, harmless: bool) -> Host:
    parts = found.groupdict()
    bucket = parts["bucket"] or ""
    region = parts["region"] or parts.get("dashed") or ""
    kind: Kind = "s3-bucket" if bucket else "s3"
    return Host(name, kind, "s3", region, bucket, harmless=harmless)

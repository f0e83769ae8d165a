"""What a request for metadata is answered, as AWS answers it: versions 1 and 2."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from cloudling.drivers.carrier.metadata.tokens import LONGEST, SHORTEST
from cloudling.drivers.carrier.metadata.trees import VERSIONS, find

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.drivers.carrier.metadata.tokens import Tokens
    from cloudling.kernel.attendance import InstanceMetadata

TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds"
TOKEN_HEADER = "x-aws-ec2-metadata-token"  # noqa: S105 - its name
_TTL_SHOWN = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds"
_TOKEN_PATH = "api/token"  # noqa: S105 - a path
_PAGE = """<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>{0}</title>
 </head>
 <body>
  <h1>{0}</h1>
 </body>
</html>
"""


class Asked(NamedTuple):
    """A request: the path without its query, headers by lower-case names."""

    method: str
    path: str
    headers: Mapping[str, str]


class Reply(NamedTuple):
    """An answer; `hops` limits how many routers it may pass, 0 stands for the usual number."""

    status: HTTPStatus
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    kind: str = "text/plain"
    hops: int = 0


def refuse(status: HTTPStatus) -> Reply:
    """One of AWS's pages."""
    text = _PAGE.format(f"{status.value} - {status.phrase}")
    return Reply(status, text.encode(), kind="text/html")


def answer(asked: Asked, metadata: InstanceMetadata | None, tokens: Tokens, now: float) -> Reply:
    """Answer the machine that asks."""
    if metadata is None:
        return refuse(HTTPStatus.NOT_FOUND)
    if not metadata.is_enabled:
        return refuse(HTTPStatus.FORBIDDEN)
    if _is_token_path(asked.path):
        return _issue(asked, metadata, tokens, now)
    if asked.method not in {"GET", "HEAD"}:
        return refuse(HTTPStatus.METHOD_NOT_ALLOWED)
    return _tell(asked, metadata, tokens, now)


def _is_token_path(path: str) -> bool:
    first, _, rest = path.strip("/").partition("/")
    return first in VERSIONS and rest == _TOKEN_PATH


def _issue(asked: Asked, metadata: InstanceMetadata, tokens: Tokens, now: float) -> Reply:
    if asked.method != "PUT":
        return refuse(HTTPStatus.METHOD_NOT_ALLOWED)
    if "x-forwarded-for" in asked.headers:
        # A proxy that is open to the world shall not hand tokens out.
        return refuse(HTTPStatus.FORBIDDEN)
    seconds = asked.headers.get(TTL_HEADER, "")
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 9):
        return refuse(HTTPStatus.BAD_REQUEST)
    if not SHORTEST <= int(seconds) <= LONGEST:
        return refuse(HTTPStatus.BAD_REQUEST)
    token = tokens.issue(metadata.name, now + int(seconds))
    shown = ((_TTL_SHOWN, str(int(seconds))),)
    return Reply(HTTPStatus.OK, token.encode(), shown, hops=metadata.hop_limit)


def _tell(asked: Asked, metadata: InstanceMetadata, tokens: Tokens, now: float) -> Reply:
    token = asked.headers.get(TOKEN_HEADER)
    shown: tuple[tuple[str, str], ...] = ()
    if token is not None:
        expires_at = tokens.expiry(metadata.name, token)
        if expires_at is None or expires_at <= now:
            return refuse(HTTPStatus.UNAUTHORIZED)
        shown = ((_TTL_SHOWN, str(int(expires_at - now))),)
    elif metadata.is_token_required:
        return refuse(HTTPStatus.UNAUTHORIZED)
    found = find(metadata, asked.path)
    if found is None:
        return refuse(HTTPStatus.NOT_FOUND)
    kind = "application/octet-stream" if asked.path.rstrip("/").endswith("user-data") else ""
    return Reply(HTTPStatus.OK, found, shown, kind or "text/plain")

"""What Cloudling answers about itself: `/_cloudling/` behind its token, and two open doors.

Open are the health answer and, on loopback while the development keys are on, the reset that
existing tools call. The contract stands in docs/admin.md.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from cloudling.gateway.decisions import DecisionPages
from cloudling.gateway.messages import Response
from cloudling.gateway.watching import WatchPages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cloudling.gateway.messages import Request
    from cloudling.kernel.cloud import Cloud

PREFIXES = (b"/_cloudling/", b"/_localstack/")
_HEALTH = {b"/_cloudling/health", b"/_localstack/health"}
_ACCOUNT = re.compile(rb"[0-9]{12}")
_OPEN_RESET = b"/_localstack/state/reset"


class Keeper(Protocol):
    """The running cloud, as its admin API sees it."""

    development_keys: bool
    cloud: Cloud

    def health(self) -> dict[str, Any]: ...
    async def status(self) -> dict[str, Any]: ...
    def coverage(self) -> dict[str, Any]: ...
    def access_lines(self, most: int) -> list[str]: ...
    def trust_file(self, which: str) -> str: ...
    async def root_key(self, account: str) -> dict[str, str]: ...
    async def reset(self) -> None: ...
    def stop_soon(self) -> None: ...


class Admin:
    """Routes admin requests; `token` opens all but the open doors."""

    def __init__(self, keeper: Keeper, token: str) -> None:
        self._keeper = keeper
        self._token = token.encode()
        self._routes: dict[tuple[str, bytes], Callable[[Request], Awaitable[Response]]] = {
            ("GET", b"/_cloudling/status"): self._status,
            ("GET", b"/_cloudling/coverage"): self._coverage,
            ("GET", b"/_cloudling/logs"): self._logs,
            ("GET", b"/_cloudling/trust"): self._trust,
            ("POST", b"/_cloudling/root-key"): self._root_key,
            ("POST", b"/_cloudling/reset"): self._reset,
            ("POST", b"/_cloudling/stop"): self._stop,
            **DecisionPages(lambda: keeper.cloud).routes,
            **WatchPages(lambda: keeper.cloud).routes,
        }

    @staticmethod
    def owns(path: bytes) -> bool:
        return path.startswith(PREFIXES)

    async def handle(self, request: Request) -> Response:
        """Answer one request below the admin API's prefixes."""
        method = "GET" if request.method == "HEAD" else request.method
        if request.path in _HEALTH and method == "GET":
            return _json(self._keeper.health())
        if request.path == _OPEN_RESET and method == "POST":
            return await self._open_reset(request)
        if not self._may(request):
            return _plain(
                401,
                "The admin API wants `Authorization: Bearer <token>`. The token lies in the "
                "runtime folder; the `cloudling` command reads it there.",
                ("WWW-Authenticate", "Bearer"),
            )
        route = self._routes.get((method, request.path))
        if route is None:
            return _plain(404, "The admin API has no such address. docs/admin.md lists them.")
        return await route(request)

    def _may(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(token.strip().encode(), self._token)
        return scheme.lower() == "bearer" and right

    async def _open_reset(self, request: Request) -> Response:
        if not (
            self._may(request) or (self._keeper.development_keys and _is_loopback(request.peer))
        ):
            return _plain(
                403,
                "Reset without a token is open on loopback while the development keys are on "
                "(--development-keys).",
            )
        return await self._reset(request)

    async def _status(self, request: Request) -> Response:
        return _json(await self._keeper.status())

    async def _coverage(self, request: Request) -> Response:
        return _json(self._keeper.coverage())

    async def _logs(self, request: Request) -> Response:
        return _plain(200, "\n".join(self._keeper.access_lines(1000)))

    async def _trust(self, request: Request) -> Response:
        which = request.query.removeprefix(b"of=").decode("latin-1")
        if which not in {"instances", "identity"}:
            return _plain(400, "Name the certificate: ?of=instances or ?of=identity.")
        return _json({"path": await asyncio.to_thread(self._keeper.trust_file, which)})

    async def _root_key(self, request: Request) -> Response:
        account = request.query.removeprefix(b"account=")
        if not _ACCOUNT.fullmatch(account):
            return _plain(400, "Name the account by its twelve digits: ?account=111122223333.")
        return _json(await self._keeper.root_key(account.decode()))

    async def _reset(self, request: Request) -> Response:
        await self._keeper.reset()
        return _json({"status": "reset"})

    async def _stop(self, request: Request) -> Response:
        self._keeper.stop_soon()
        return _json({"status": "stopping"})


def _is_loopback(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def _json(value: object) -> Response:
    headers = [("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff")]
    return Response(200, headers, orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))


def _plain(status: int, text: str, *headers: tuple[str, str]) -> Response:
    told = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
    return Response(status, [*told, *headers], f"{text}\n".encode())

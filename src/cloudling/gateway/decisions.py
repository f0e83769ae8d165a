"""Decisions over the admin API: the last ones, those to come, and what they suggest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
import orjson

from cloudling.gateway.messages import Response
from cloudling.kernel.decisions.denials import is_of
from cloudling.kernel.decisions.log import DecisionLog
from cloudling.kernel.decisions.suggestions import suggest
from cloudling.settings import IAM_MODES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from cloudling.gateway.messages import Request
    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.decisions.records import DecisionRecord

_MOST_WAITING = 1000
_MOST_TOLD = 10_000
_QUIET_SECONDS = 15.0


class DecisionPages:
    """The admin routes about who may do what."""

    def __init__(self, cloud: Callable[[], Cloud]) -> None:
        self._cloud = cloud
        self.routes: dict[tuple[str, bytes], Callable[[Request], Awaitable[Response]]] = {
            ("GET", b"/_cloudling/decisions"): self._decisions,
            ("GET", b"/_cloudling/iam/mode"): self._mode,
            ("POST", b"/_cloudling/iam/mode"): self._set_mode,
            ("GET", b"/_cloudling/iam/suggestion"): self._suggestion,
        }

    @property
    def _log(self) -> DecisionLog:
        found = self._cloud().decisions
        assert isinstance(found, DecisionLog)  # noqa: S101 - the composition root has set it
        return found

    async def _decisions(self, request: Request) -> Response:
        """`id` finds one; `last` tells so many of the past; else those to come, without end."""
        given = _given(request)
        await self._log.ready()
        principal, allowed = given.get("principal", ""), given.get("allowed", "") in ("1", "true")
        if "id" in given:
            found = self._log.find(given["id"])
            return _lines([found] if found else [])
        if "last" in given:
            if not given["last"].isdecimal() or len(given["last"]) > 9:
                return _refused("`last` is a number of decisions, such as 10.")
            most = min(int(given["last"]), _MOST_TOLD)
            return _lines(self._log.last(most, principal=principal, allowed=allowed))
        headers = [("Content-Type", "application/x-ndjson"), ("Cache-Control", "no-store")]
        if request.method == "HEAD":
            return Response(200, headers)
        return Response(200, headers, flow=_follow(self._log, principal, allowed=allowed))

    async def _mode(self, request: Request) -> Response:
        return _json({"mode": self._cloud().iam})

    async def _set_mode(self, request: Request) -> Response:
        mode = _given(request).get("mode", "")
        if mode not in IAM_MODES:
            return _refused(f"`mode` is one of {', '.join(IAM_MODES)}.")
        self._cloud().iam = mode
        return _json({"mode": mode})

    async def _suggestion(self, request: Request) -> Response:
        given = _given(request)
        await self._log.ready()
        activity = self._log.activity
        named = [each for each in activity.principals if is_of(each, given.get("principal", ""))]
        if len(named) != 1:
            return _refused(
                f"{len(named)} principals with that name have called. "
                f"These have: {', '.join(sorted(named or activity.principals)) or 'none'}."
            )
        try:
            since = float(given.get("since", "0"))
        except ValueError:
            return _refused("`since` is a moment in seconds since the epoch.")
        deeds = activity.deeds(named[0], since)
        return _json({"principal": named[0], "policy": suggest(deeds), "calls": len(deeds)})


async def _follow(log: DecisionLog, principal: str, *, allowed: bool) -> AsyncGenerator[bytes]:
    """Each decision as it is made; an empty line now and then, so that a dead client is noticed."""
    waiting: asyncio.Queue[DecisionRecord] = asyncio.Queue()

    def hear(record: DecisionRecord) -> None:
        wanted = allowed or record.outcome != "allowed"
        if wanted and (not principal or is_of(record.principal, principal)):
            if waiting.qsize() >= _MOST_WAITING:
                waiting.get_nowait()
            waiting.put_nowait(record)

    log.listeners.add(hear)
    try:
        while True:
            try:
                record = await asyncio.wait_for(waiting.get(), _QUIET_SECONDS)
            except TimeoutError:
                yield b"\n"
            else:
                yield _line(record)
    finally:
        log.listeners.discard(hear)


def _given(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.query.decode("latin-1"), keep_blank_values=True))


def _line(record: DecisionRecord) -> bytes:
    return orjson.dumps(msgspec.to_builtins(record), option=orjson.OPT_APPEND_NEWLINE)


def _lines(records: list[DecisionRecord]) -> Response:
    headers = [("Content-Type", "application/x-ndjson"), ("X-Content-Type-Options", "nosniff")]
    return Response(200, headers, b"".join(map(_line, records)))


def _json(value: Any) -> Response:
    headers = [("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff")]
    return Response(200, headers, orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))


def _refused(words: str) -> Response:
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
    return Response(400, headers, f"{words}\n".encode())

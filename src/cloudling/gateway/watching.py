"""What happens in the cloud, as it happens: calls, events and reconcilers, over the admin API."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from cloudling.gateway.messages import Response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from cloudling.gateway.messages import Request
    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.recording import CallRecord
    from cloudling.kernel.scheduler import Ran

KINDS = ("calls", "events", "reconcilers")
_MOST_WAITING = 10_000
_QUIET_SECONDS = 15.0


class WatchPages:
    """The admin routes that show the cloud at work."""

    def __init__(self, cloud: Callable[[], Cloud]) -> None:
        self._cloud = cloud
        self.routes: dict[tuple[str, bytes], Callable[[Request], Awaitable[Response]]] = {
            ("GET", b"/_cloudling/watch"): self._watch,
            ("GET", b"/_cloudling/reconcilers"): self._reconcilers,
        }

    async def _reconcilers(self, request: Request) -> Response:
        headers = [("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff")]
        told = self._cloud().reconcilers.status()
        return Response(200, headers, orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))

    async def _watch(self, request: Request) -> Response:
        """What comes, a line of JSON each, without end; `only` leaves the other kinds out."""
        given = dict(parse_qsl(request.query.decode("latin-1")))
        only = given["only"].split(",") if "only" in given else list(KINDS)
        if any(kind not in KINDS for kind in only):
            return _refused(f"`only` names some of {', '.join(KINDS)}.")
        headers = [("Content-Type", "application/x-ndjson"), ("Cache-Control", "no-store")]
        if request.method == "HEAD":
            return Response(200, headers)
        return Response(200, headers, flow=_Watch(self._cloud(), only).flow())


class _Watch:
    """One client's view; it hears from the first line of its flow until that is closed."""

    def __init__(self, cloud: Cloud, only: list[str]) -> None:
        self._cloud = cloud
        self._only = only
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()

    def _open(self) -> None:
        cloud = self._cloud
        if "calls" in self._only:
            cloud.recorder.sinks.append(self)
        if "events" in self._only:
            cloud.reconcilers.events.listeners.add(self._hear_event)
        if "reconcilers" in self._only:
            cloud.reconcilers.scheduler.listeners.add(self._hear_work)

    async def flow(self) -> AsyncGenerator[bytes]:
        """The lines; an empty one now and then, so that a dead client is noticed."""
        self._open()
        try:
            yield b"\n"
            while True:
                try:
                    async with asyncio.timeout(_QUIET_SECONDS):
                        line = await self._waiting.get()
                except TimeoutError:
                    line = b"\n"
                yield line
        finally:
            self._close()

    def take(self, records: list[CallRecord]) -> None:
        """The recorder's calls."""
        for record in records:
            self._tell(
                {
                    "kind": "call",
                    "at": record.at,
                    "request_id": record.request_id,
                    "call": f"{record.service}:{record.operation}",
                    "principal": record.principal,
                    "region": record.region,
                    "outcome": record.error or "ok",
                    "seconds": record.seconds,
                }
            )

    def _hear_event(self, event: dict[str, Any]) -> None:
        self._tell({"kind": "event", "at": self._cloud.clock.now(), "event": event})

    def _hear_work(self, ran: Ran) -> None:
        self._tell({"kind": "reconciler", **ran._asdict(), "key": "/".join(ran.key)})

    def _tell(self, told: dict[str, Any]) -> None:
        if self._waiting.qsize() >= _MOST_WAITING:
            self._waiting.get_nowait()  # who reads too slowly loses the oldest
        self._waiting.put_nowait(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))

    def _close(self) -> None:
        cloud = self._cloud
        if self in cloud.recorder.sinks:
            cloud.recorder.sinks.remove(self)
        cloud.reconcilers.events.listeners.discard(self._hear_event)
        cloud.reconcilers.scheduler.listeners.discard(self._hear_work)


def _refused(words: str) -> Response:
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
    return Response(400, headers, f"{words}\n".encode())

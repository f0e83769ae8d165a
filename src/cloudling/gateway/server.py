"""Cloudling's HTTP/1.1 server: listeners, the sweep over connections, and a graceful end."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING

from cloudling.gateway.answers import HeadWriter
from cloudling.gateway.connections import Connection, House
from cloudling.gateway.introductions import Introduction, listen_within
from cloudling.gateway.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cloudling.gateway.messages import Handler

_BACKLOG = 1024
# What is cut has so long to clean up.
_LAST_SECONDS = 1.0
_NO_SUCH_ADDRESS = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


class CannotListenError(Exception):
    """An address cannot be listened on."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host = host
        self.port = port
        super().__init__(f"Cannot listen on {host} port {port}: {reason}.")


class PortTakenError(CannotListenError):
    """Another process listens there."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, "another process has the port")


class Server:
    """Serves a handler on any number of addresses.

    `pool` runs the transfer of large bodies; one is made when none is given.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
        pool: Executor | None = None,
    ) -> None:
        limits = limits or Limits()
        self._own_pool: Executor | None = None
        if pool is None:
            pool = self._own_pool = ThreadPoolExecutor(limits.workers, "transfer")
        self._house = House(handler, limits, clock, pool, HeadWriter(clock))
        self._listeners: list[asyncio.Server] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self.addresses: list[tuple[str, int]] = []

    async def start(self, hosts: str | Sequence[str], port: int) -> int:
        """Listen on all `hosts` at one port, a free one for 0; the port. May be called again.

        ::1 is passed over where the machine has none, unless it is the only host.
        """
        names = [hosts] if isinstance(hosts, str) else list(hosts)
        sockets: list[socket.socket] = []
        try:
            for name in names:
                sock = _listen(name, port, optional=name == "::1" and len(names) > 1)
                if sock is not None:
                    sockets.append(sock)
                    port = sock.getsockname()[1]
        except BaseException:
            for sock in sockets:
                sock.close()
            raise
        await self._serve(sockets)
        return port

    async def start_within(self, path: Path) -> None:
        """Listen on a Unix socket for connections that are brought, each with its introduction."""
        sock = await asyncio.to_thread(listen_within, path)
        loop = asyncio.get_running_loop()
        listener = await loop.create_unix_server(
            lambda: Introduction(self._house), sock=sock, backlog=_BACKLOG
        )
        self._listeners.append(listener)
        if self._sweeper is None:
            self._sweep()

    @property
    def open_connections(self) -> int:
        return len(self._house.connections)

    async def _serve(self, sockets: list[socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        for sock in sockets:
            self.addresses.append(sock.getsockname()[:2])
            listener = await loop.create_server(
                lambda: Connection(self._house), sock=sock, backlog=_BACKLOG
            )
            self._listeners.append(listener)
        if self._sweeper is None:
            self._sweep()

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        house = self._house
        house.now = now = loop.time()
        for connection in list(house.connections):
            connection.sweep(now)
        self._sweeper = loop.call_later(house.limits.sweep_seconds, self._sweep)

    async def stop(self, grace: float = 5.0) -> None:
        """Accept nothing more, let what is under way end within `grace` seconds, then cut it."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        self.addresses.clear()
        house = self._house
        house.draining = True
        for connection in list(house.connections):
            connection.drain()
        if not await self._emptied(grace):
            tasks = [connection.abandon() for connection in list(house.connections)]
            await self._emptied(_LAST_SECONDS)
            if unfinished := [task for task in tasks if task is not None]:
                await asyncio.wait(unfinished, timeout=_LAST_SECONDS)
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        if self._own_pool is not None:
            self._own_pool.shutdown(wait=False, cancel_futures=True)

    async def _emptied(self, patience: float) -> bool:
        house = self._house
        if not house.connections:
            return True
        empty = asyncio.Event()
        house.emptied = empty.set
        try:
            async with asyncio.timeout(patience):
                await empty.wait()
        except TimeoutError:
            return False
        finally:
            house.emptied = None
        return True


def new_loop() -> asyncio.AbstractEventLoop:
    """A uvloop where there is one, else asyncio's own."""
    try:
        # Not there on every platform.
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _listen(host: str, port: int, *, optional: bool) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock: socket.socket | None = None
    try:
        # asyncio sets TCP_NODELAY only where the protocol is named.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        # Two sockets can be bound to one port; only listening shows that it is taken.
        sock.listen(_BACKLOG)
    except OSError as fault:
        if sock is not None:
            sock.close()
        if fault.errno in _NO_SUCH_ADDRESS and optional:
            return None
        if fault.errno == errno.EADDRINUSE:
            raise PortTakenError(host, port) from fault
        raise CannotListenError(host, port, fault.strerror or str(fault)) from fault
    sock.setblocking(False)
    return sock

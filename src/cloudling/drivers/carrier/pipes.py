"""Two connections of which each takes what the other gives, whatever lies between: TLS, say."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cloudling.drivers.carrier.guests import Guests

    # Connects the far half, for a connection that has arrived; raises OSError where it cannot.
    Reach = Callable[[asyncio.Transport, Callable[[], "Half"]], Awaitable[object]]

_PATIENCE = 30.0
_AT_ONCE = struct.pack("=ii", 1, 0)


class Half(asyncio.Protocol):
    """One end; what it is given goes to the other one."""

    transport: asyncio.Transport
    other: Half
    has_arrived = False

    def __init__(self, guests: Guests) -> None:
        self._guests = guests
        self.has_ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The loop promises a Transport to a Protocol.
        self.transport = cast("asyncio.Transport", transport)
        self._guests.enter(transport, has_arrived=self.has_arrived)

    def connection_lost(self, _: Exception | None) -> None:
        self._guests.leave(self.transport)
        self.other.transport.close()

    def data_received(self, data: bytes) -> None:
        self.other.transport.write(data)

    def eof_received(self) -> bool:
        """The other way may still have much to say; under TLS it cannot."""
        self.has_ended = True
        far = self.other.transport
        if far.is_closing() or not (far.can_write_eof() and self.transport.can_write_eof()):
            return False
        far.write_eof()
        # When both have said their all, this end closes, and the other one with it.
        return not self.other.has_ended

    def pause_writing(self) -> None:
        self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        self.other.transport.resume_reading()


class Arrival(Half):
    """The half that has arrived: what it says early is kept until the far one is reached."""

    has_arrived = True

    def __init__(self, guests: Guests, reach: Reach) -> None:
        super().__init__(guests)
        self._reach = reach
        self._early = bytearray()
        self._is_joined = False
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        loop = asyncio.get_running_loop()
        # Before 3.11.3, what is paused here is read all the same: a moment later it is not.
        loop.call_soon(self._hold)
        self._task = loop.create_task(self._join())

    def _hold(self) -> None:
        if not self._is_joined and not self.transport.is_closing():
            self.transport.pause_reading()

    def connection_lost(self, fault: Exception | None) -> None:
        if self._is_joined:
            super().connection_lost(fault)
            return
        self._guests.leave(self.transport)
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        if self._is_joined:
            super().data_received(data)
        else:
            self._early += data

    def eof_received(self) -> bool:
        if self._is_joined:
            return super().eof_received()
        self.has_ended = True
        return self.transport.can_write_eof()

    async def _join(self) -> None:
        far = Half(self._guests)
        # Whoever is reached may speak first.
        self.other, far.other = far, self
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._reach(self.transport, lambda: far)
        except (OSError, TimeoutError):
            reset(self.transport)
            return
        self._is_joined = True
        if self.transport.is_closing():
            far.transport.abort()
            return
        far.transport.write(bytes(self._early))
        self._early.clear()
        if self.has_ended and not super().eof_received():
            self.transport.close()
        self.transport.resume_reading()


def reset(transport: asyncio.Transport) -> None:
    """End it so that the other side sees a connection reset."""
    made = transport.get_extra_info("socket")
    if made is not None and made.family == socket.AF_INET:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()

"""netd's sockets: asked for one by one on a channel that can ask for nothing else."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

from cloudling.drivers.namespaces.client import Connection
from cloudling.kernel.networks import DriverGone

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.drivers.namespaces.answers import Said


class Sockets:
    """Sockets that live elsewhere; all of them end with the netd that gave them.

    `on_place` is told of each network and space that is made (True) or ended (False), `on_loss`
    that netd is gone.
    """

    def __init__(self, on_place: Callable[[str, bool], None], on_loss: Callable[[], None]) -> None:
        self._on_place = on_place
        self._on_loss = on_loss
        self._line: Connection | None = None
        self._watch: asyncio.Task[None] | None = None
        self.epoch = ""

    def attach(self, end: socket.socket, epoch: str) -> bool:
        """Ask here from now on; False where this netd is asked already."""
        if self._line is not None and not self._line.gone.is_set():
            if epoch == self.epoch:
                end.close()
                return False
            self.close()
            self._on_loss()
        self.epoch = epoch
        self._line = line = Connection(end)
        line.on_event = self._hear
        self._watch = asyncio.create_task(self._await_loss(line))
        return True

    async def _await_loss(self, line: Connection) -> None:
        await line.gone.wait()
        if line is self._line:
            self._line = None
            self._on_loss()

    def _hear(self, said: Said, _descriptors: list[int]) -> None:
        if said.event in {"place", "place gone"}:
            self._on_place(said.name, said.event == "place")

    async def open(self, place: str, **said: Any) -> socket.socket:
        """Raises FileNotFoundError where there is no such place, DriverGone without netd."""
        if self._line is None:
            raise DriverGone("There is no netd.")
        _, descriptors = await self._line.ask("socket", {"place": place, **said})
        return socket.socket(fileno=descriptors[0])

    def close(self) -> None:
        line, self._line = self._line, None
        if self._watch is not None:
            self._watch.cancel()
        if line is not None:
            line.close()

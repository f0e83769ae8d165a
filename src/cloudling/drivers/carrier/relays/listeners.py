"""The front of an ordinary user: a listener for each port that matters, and for no other.

Each of them keeps the same port of all addresses from the host's own programs: so there is none
for ports that are merely guessed at.
"""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cloudling.drivers.carrier.relays.doors import Door, Plug, listen, listen_deaf
from cloudling.drivers.carrier.relays.exposures import LAST_PORT
from cloudling.kernel.attendance import Publication

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from cloudling.drivers.carrier.relays.exposures import Accept, Exposure

_ELSEWHERE = 10_000
_FIRST_FREE = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


class _Held:
    """A port of a public address, and the listener that stands for it on the host."""

    def __init__(self, door: Door, note: str = "", plug: Plug | None = None) -> None:
        self.door = door
        self.note = note
        self._plug = plug

    @property
    def is_blocked(self) -> bool:
        return self._plug is not None

    def block(self) -> None:
        if self._plug is None:
            self.door.shut()
            self._plug = Plug(self.door.listener)

    def unblock(self) -> None:
        if self._plug is not None:
            self._plug.pull()
            self._plug = None

    def close(self) -> None:
        if self._plug is not None:
            self._plug.close()
        self.door.close()


class ListenerFront:
    """What is taken, or kept for root, is found at another port; `publications` say where."""

    def __init__(self, accept: Accept) -> None:
        self._accept = accept
        self._held: dict[tuple[str, int], _Held] = {}
        self._is_paused = False

    def show(self, exposures: Mapping[str, Exposure]) -> None:
        relayed = {(each, port) for each in exposures for port in exposures[each].relayed}
        blocked = {(each, port) for each in exposures for port in exposures[each].blocked}
        for public in self._held.keys() - relayed - blocked:
            self._held.pop(public).close()
        for public in sorted(blocked):
            # Where it cannot be, nobody was told of it.
            with suppress(OSError):
                self._block(public)
        for public in sorted(relayed):
            with suppress(OSError):
                self._relay(public)

    def _block(self, public: tuple[str, int]) -> None:
        held = self._held.get(public)
        if held is not None:
            held.block()
            return
        listener, plug = listen_deaf(*public)
        self._held[public] = _Held(Door(listener, self._accept, public), plug=plug)

    def _relay(self, public: tuple[str, int]) -> None:
        held = self._held.get(public)
        if held is None:
            listener, note = _listen(*public)
            held = self._held[public] = _Held(Door(listener, self._accept, public), note)
        held.unblock()
        if not self._is_paused:
            held.door.open()

    def publications(self) -> tuple[Publication, ...]:
        return tuple(
            Publication(
                address=address,
                port=port,
                at=held.door.listener.getsockname()[:2],
                note=held.note,
            )
            for (address, port), held in sorted(self._held.items(), key=lambda item: item[0])
            if not held.is_blocked
        )

    def pause(self) -> None:
        self._is_paused = True
        for held in self._held.values():
            held.door.shut()

    def resume(self) -> None:
        self._is_paused = False
        for held in self._held.values():
            if not held.is_blocked:
                held.door.open()

    def close(self) -> None:
        for held in self._held.values():
            held.close()
        self._held.clear()


def _listen(address: str, port: int) -> tuple[socket.socket, str]:
    """A listener as near to the port as can be, and why it is not there."""
    note = ""
    for number in (port, port + _ELSEWHERE, 0):
        if number > LAST_PORT:
            continue
        try:
            return listen(address, number), note
        except PermissionError:
            note = f"The system keeps ports below {_first_free()} for root."
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            note = note or f"Another program holds port {port} of all addresses."
    raise OSError(errno.EADDRINUSE, f"No port of {address} is free.")


def _first_free() -> str:
    try:
        return _FIRST_FREE.read_text(encoding="ascii").strip()
    except OSError:
        return "1024"

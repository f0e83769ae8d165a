"""The front of an ordinary user: a listener for each port that matters, and for no other.

Each of them keeps the same port of all addresses from the host's own programs: so there is none
for ports that are merely guessed at.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

from cloudling.drivers.carrier.relays.doors import Door, block, listen, unblock
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

    def __init__(self, door: Door, note: str, *, is_blocked: bool) -> None:
        self.door = door
        self.note = note
        self.is_blocked = is_blocked

    def turn(self, *, is_blocked: bool) -> None:
        """Block it, or not; nobody meets a listener in between."""
        if is_blocked and not self.is_blocked:
            block(self.door.listener)
        elif self.is_blocked and not is_blocked:
            unblock(self.door.listener)
        self.is_blocked = is_blocked


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
            self._held.pop(public).door.close()
        for public in sorted(blocked):
            self._block(public)
        for public in sorted(relayed):
            self._relay(public)

    def _block(self, public: tuple[str, int]) -> None:
        held = self._held.get(public)
        if held is not None:
            held.turn(is_blocked=True)
            return
        try:
            listener = listen(*public, is_blocked=True)
        except OSError:
            # Nobody looks for it elsewhere, for nobody was told that it is there.
            return
        self._hold(public, listener, "", is_blocked=True)

    def _relay(self, public: tuple[str, int]) -> None:
        held = self._held.get(public)
        if held is not None:
            held.turn(is_blocked=False)
            return
        try:
            listener, note = _listen(*public)
        except OSError:
            # No descriptor is left; the next look at the ports tries again.
            return
        self._hold(public, listener, note, is_blocked=False)

    def _hold(
        self, public: tuple[str, int], listener: socket.socket, note: str, *, is_blocked: bool
    ) -> None:
        door = Door(listener, self._accept, public)
        self._held[public] = _Held(door, note, is_blocked=is_blocked)
        if not self._is_paused:
            door.open()

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
            held.door.open()

    def close(self) -> None:
        for held in self._held.values():
            held.door.close()
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

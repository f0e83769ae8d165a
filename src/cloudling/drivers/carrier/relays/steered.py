"""The front as root: one listener for all ports of all our addresses, chosen in the kernel."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cloudling.drivers.carrier.relays.doors import Door, listen, listen_deaf
from cloudling.drivers.carrier.relays.steering import Fate, Prefix, Steering, prefixes
from cloudling.kernel.attendance import Publication

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.drivers.carrier.relays.exposures import Accept, Exposure

_WHOLE_PORT = 16


class SteeredFront:
    """Exact for every port, and no port of the host's own is blocked by it."""

    def __init__(self, block: str, accept: Accept) -> None:
        """Raises OSError where this process may not steer."""
        # Within the block itself, so that nobody comes to them but by way of the program.
        own = str(ipaddress.ip_network(block).broadcast_address - 1)
        relayed = listen(own, 0)
        vanished, plug = listen_deaf(own, 0)
        try:
            self._steering = Steering(block, relayed, vanished)
        except OSError:
            for each in (relayed, vanished, plug):
                each.close()
            raise
        self._vanished, self._plug = vanished, plug
        self._door = Door(relayed, accept)
        self._door.open()
        self._fates: dict[Prefix, Fate] = {}
        self._publications: tuple[Publication, ...] = ()

    def show(self, exposures: Mapping[str, Exposure]) -> None:
        wanted: dict[Prefix, Fate] = {}
        for address, exposure in exposures.items():
            for low, high in exposure.open:
                wanted |= dict.fromkeys(prefixes(address, low, high), Fate.REFUSED)
            for port in exposure.relayed:
                wanted[Prefix(address, port, _WHOLE_PORT)] = Fate.RELAYED
        for ports, fate in wanted.items():
            if self._fates.get(ports) != fate:
                self._steering.put(ports, fate)
        for ports in self._fates.keys() - wanted.keys():
            self._steering.remove(ports)
        self._fates = wanted
        self._publications = tuple(
            Publication(address=address, port=port, at=(address, port))
            for address, exposure in sorted(exposures.items())
            for port in sorted(exposure.relayed)
        )

    def publications(self) -> tuple[Publication, ...]:
        return self._publications

    def pause(self) -> None:
        self._door.shut()

    def resume(self) -> None:
        self._door.open()

    def close(self) -> None:
        self._steering.close()
        self._door.close()
        self._plug.close()
        self._vanished.close()

"""What leaves for addresses that are nobody's here: led to the carrier, which decides.

There is no way from here to the host's network: a connection goes on only as one of the carrier's
own. Without a listener of its there, it is refused at once.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cloudling.drivers.namespaces.netlink import expressions as e
from cloudling.drivers.namespaces.netlink.tables import ADDRESS, Base, Element, Hook

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudling.drivers.namespaces.netlink.tables import Table

# Where AWS's own names lead (its ports are the carrier's), and where all else is led.
ENDPOINT_ADDRESS = "198.18.0.10"
EGRESS_ADDRESS, EGRESS_PORT = "198.18.0.11", 3129
# RFC 2544's range, of which all our own addresses beyond the gateways are.
_OWN = "198.18.0.0/15"
_TCP = 6
_DNAT = -100


class Departures:
    """The packet rules beyond the gateways."""

    def __init__(self, table: Table) -> None:
        self._table = table
        table.create()
        table.add_set("public", ADDRESS)
        table.add_chain("departing", Base(Hook.PREROUTING, _DNAT, e.ACCEPT, "nat"))
        table.add_rule("departing", e.is_to(_OWN), e.accept())
        somewhere = e.is_ipv4() + e.load_destination() + e.lookup("public", is_absent=True)
        lead = e.lead_to(EGRESS_ADDRESS, EGRESS_PORT)
        table.add_rule("departing", somewhere, e.is_protocol(_TCP), lead)
        table.commit()

    def change(self, gone: Iterable[str], new: Iterable[str]) -> None:
        """Public addresses that came and went: connections to them stay here."""
        try:
            self._table.delete_elements("public", map(_packed, gone))
            self._table.add_elements("public", [Element(_packed(each)) for each in new])
            self._table.commit()
        finally:
            self._table.discard()

    def close(self) -> None:
        self._table.close()


def _packed(address: str) -> bytes:
    return ipaddress.IPv4Address(address).packed

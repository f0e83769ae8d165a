"""Networks as services want them: values, in AWS's terms, that a driver makes true.

Names are AWS's ids (`vpc-…`, `eni-…`, `sg-…`). `kernel/ports.py` has the port they go through.
"""

from __future__ import annotations

from msgspec import Struct

INTERNET = "internet"
HOST_ADDRESS = "198.18.0.1"
ANY = -1


class Network(Struct, frozen=True):
    """A VPC: its blocks and subnets, and the addresses at which the cloud serves within it.

    With a gateway its interfaces reach, and are reached at, public addresses; beyond it the host's
    own connections come from the address `host`.
    """

    name: str
    blocks: tuple[str, ...]
    subnets: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    gateway: bool = False
    host: str = HOST_ADDRESS


class Interface(Struct, frozen=True):
    """An elastic network interface; its first address is the primary one.

    `space` is what it is attached to: interfaces of one space are `eth0`, `eth1`… by `device`.
    One that is attached to nothing has a space of its own, by its own name.
    """

    name: str
    router: str
    subnet: str
    addresses: tuple[str, ...]
    groups: tuple[str, ...] = ()
    mac: str = ""
    source_check: bool = True
    space: str = ""
    device: int = 0


class Rule(Struct, frozen=True):
    """Lets traffic through: `peer` is a CIDR block, or the id of a group for its members.

    `protocol` is IP's number or ANY; `low` and `high` are ports, ICMP's type and code, or ANY.
    """

    protocol: int = ANY
    low: int = ANY
    high: int = ANY
    peer: str = "0.0.0.0/0"


class SecurityGroup(Struct, frozen=True):
    """What members let in and out; all else vanishes without an answer."""

    name: str
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()


class Holdings(Struct, frozen=True):
    """All that a driver holds; another `epoch` tells that it has forgotten what it held."""

    epoch: str
    routers: tuple[Network, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    groups: dict[str, tuple[SecurityGroup, ...]] = {}
    public: dict[str, dict[str, str]] = {}


class Availability(Struct, frozen=True):
    """Whether a driver can do its work here; if not, why, and what the user can do."""

    reason: str = ""
    remedy: str = ""

    def __bool__(self) -> bool:
        return not self.reason


class DriverGone(ConnectionError):
    """The driver's process ended, and with it all that it held."""

"""What the carrier does for networks and machines, as values: names, metadata, public ports."""

from __future__ import annotations

from msgspec import Struct


class ServedNetwork(Struct, frozen=True, kw_only=True):
    """A network whose names the carrier answers for, and whose calls it brings to the cloud.

    `resolvers` are addresses within the network at which names are asked for. `names` are the
    network's own, each with its address. `public` maps public addresses to the private ones:
    within the network a public name means the private address.
    """

    name: str
    account: str
    region: str
    block: str
    resolvers: tuple[str, ...] = ()
    domain: str = ""
    names: dict[str, str] = {}
    public: dict[str, str] = {}


class InstanceMetadata(Struct, frozen=True, kw_only=True):
    """What one machine is told at 169.254.169.254, asking from one of its addresses.

    `tree` holds the texts by their paths below `/latest/` (`meta-data/ami-id`); folders and their
    listings follow from it. `user_data` is None where there is none.
    """

    name: str
    network: str
    addresses: tuple[str, ...]
    tree: dict[str, str]
    user_data: bytes | None = None
    is_enabled: bool = True
    is_token_required: bool = False
    hop_limit: int = 1


class Published(Struct, frozen=True, kw_only=True):
    """A public address to be reached from the host, and the machine that answers there.

    `open` are the ranges of TCP ports, both ends included, that its groups let the host reach;
    `named` the ports that any of its groups has a rule for.
    """

    address: str
    machine: str
    private: str
    open: tuple[tuple[int, int], ...] = ()
    named: tuple[int, ...] = ()


class Publication(Struct, frozen=True, kw_only=True):
    """Where on the host a port of a public address is found; `note` says why it is elsewhere."""

    address: str
    port: int
    at: tuple[str, int]
    note: str = ""


class IdentitySignatures(Struct, frozen=True):
    """Signatures of a document, as text: of its SHA-256 with RSA, and as PKCS #7 around it."""

    signature: str
    pkcs7: str

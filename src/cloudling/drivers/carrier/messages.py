"""What control says to the carrier: typed, and all of it may be said any number of times."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from cloudling.kernel.attendance import (  # noqa: TC001 - msgspec reads the annotations
    InstanceMetadata,
    Published,
    ServedNetwork,
)

# What is longer comes in a file beside the message.
INLINE = 64 * 1024

Port = Annotated[int, Meta(ge=0, le=65535)]


class Terms(Struct, frozen=True, kw_only=True):
    """How the carrier serves.

    `port` is the cloud's own, `door` the Unix socket at which control takes calls from within,
    `key` seals metadata tokens, `authority` is the certificate and key (PEM) in whose name the
    carrier answers for AWS's names; `block` has the public addresses; `entrances` is the folder
    of the sockets at which ssh asks for a way to them. `internet` lets networks reach what is not
    ours.
    """

    port: Port
    door: str
    key: bytes
    block: str = ""
    entrances: str = ""
    authority: str = ""
    endpoint: bool = True
    internet: bool = False


class Probe(Struct, frozen=True, tag="probe", tag_field="verb"):
    """Who are you?"""


class Stop(Struct, frozen=True, tag="stop", tag_field="verb"):
    """End, and with you all connections."""


class Configure(Struct, frozen=True, tag="configure", tag_field="verb"):
    """Serve on these terms; what stands already keeps the ones it began with."""

    terms: Terms


class UseNetd(Struct, frozen=True, tag="netd", tag_field="verb"):
    """Ask this netd for sockets: the channel comes along as a descriptor."""

    epoch: str


class EnsureNetwork(Struct, frozen=True, tag="network ensure", tag_field="verb"):
    """Serve a network: names, metadata, and AWS's own addresses."""

    network: ServedNetwork


class RemoveNetwork(Struct, frozen=True, tag="network remove", tag_field="verb"):
    """Serve it no more."""

    name: str


class EnsureInstance(Struct, frozen=True, tag="instance ensure", tag_field="verb"):
    """Tell a machine this of itself."""

    metadata: InstanceMetadata


class RemoveInstance(Struct, frozen=True, tag="instance remove", tag_field="verb"):
    """Tell it nothing any more."""

    name: str


class AwaitSpace(Struct, frozen=True, tag="space await", tag_field="verb"):
    """Answer once the cloud is served within this machine's own space, which is there."""

    name: str


class Publish(Struct, frozen=True, tag="publish", tag_field="verb"):
    """All public addresses of a network that the host shall reach."""

    network: str
    published: tuple[Published, ...] = ()


class ListPublications(Struct, frozen=True, tag="publications", tag_field="verb"):
    """Where on the host they are found."""


Verb = (
    Probe
    | Stop
    | Configure
    | UseNetd
    | EnsureNetwork
    | RemoveNetwork
    | EnsureInstance
    | RemoveInstance
    | AwaitSpace
    | Publish
    | ListPublications
)


class Request(Struct, frozen=True):
    """A question with its number; where `is_beside`, it lies in a file that comes along."""

    id: int
    ask: Verb


class Envelope(Struct, frozen=True):
    """What stands in for a question that lies beside."""

    id: int
    is_beside: bool = False


class Self(Struct, frozen=True):
    """Who the carrier is."""

    pid: int
    version: str


def encode(number: int, ask: Verb) -> bytes:
    return msgspec.json.encode(Request(number, ask))

"""What control and carrier may ask of netd: typed and bounded, since netd may be root."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

LARGEST_REQUEST = 128 * 1024

Name = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]{0,63}\Z")]
Address = Annotated[str, Meta(max_length=39)]
Network = Annotated[str, Meta(max_length=43)]
Mac = Annotated[str, Meta(pattern=r"\A([0-9a-f]{2}(:[0-9a-f]{2}){5})?\Z")]
Folder = Annotated[
    str,
    Meta(
        pattern=r"\A[a-zA-Z0-9_-][a-zA-Z0-9._-]*(/[a-zA-Z0-9_-][a-zA-Z0-9._-]*)*\Z", max_length=255
    ),
]
Word = Annotated[str, Meta(pattern=r"\A[^\x00]*\Z", max_length=65536)]
Port = Annotated[int, Meta(ge=0, le=65535)]


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """Lets packets through: `peer` is a network or the name of a group.

    `protocol` is IP's number, or -1 for all; `low` and `high` are ports, ICMP's type and code,
    or -1 for any.
    """

    protocol: Annotated[int, Meta(ge=-1, le=255)] = -1
    low: Annotated[int, Meta(ge=-1, le=65535)] = -1
    high: Annotated[int, Meta(ge=-1, le=65535)] = -1
    peer: Annotated[str, Meta(max_length=64)] = "0.0.0.0/0"


class Group(Struct, frozen=True, forbid_unknown_fields=True):
    """A security group; what no rule lets through is dropped."""

    name: Name
    ingress: Annotated[tuple[Rule, ...], Meta(max_length=1000)] = ()
    egress: Annotated[tuple[Rule, ...], Meta(max_length=1000)] = ()


class Probe(Struct, frozen=True, tag="probe", tag_field="verb", forbid_unknown_fields=True):
    """Who are you?"""


class Inventory(Struct, frozen=True, tag="inventory", tag_field="verb", forbid_unknown_fields=True):
    """All that there is."""


class Stop(Struct, frozen=True, tag="stop", tag_field="verb", forbid_unknown_fields=True):
    """End, and with you all that you hold."""


class EnsureRouter(
    Struct, frozen=True, tag="router ensure", tag_field="verb", forbid_unknown_fields=True
):
    """A network of its own: its blocks and subnets, and the addresses that are served in it."""

    name: Name
    blocks: Annotated[tuple[Network, ...], Meta(min_length=1, max_length=50)]
    subnets: Annotated[tuple[Network, ...], Meta(max_length=1000)] = ()
    services: Annotated[tuple[Address, ...], Meta(max_length=100)] = ()
    gateway: bool = False
    host: Address = "198.18.0.1"


class RemoveRouter(
    Struct, frozen=True, tag="router remove", tag_field="verb", forbid_unknown_fields=True
):
    """End a network, which must be empty."""

    name: Name


class EnsureInterface(
    Struct, frozen=True, tag="eni ensure", tag_field="verb", forbid_unknown_fields=True
):
    """An interface in a subnet: the first of its addresses is the primary one."""

    name: Name
    router: Name
    subnet: Network
    addresses: Annotated[tuple[Address, ...], Meta(min_length=1, max_length=50)]
    groups: Annotated[tuple[Name, ...], Meta(max_length=16)] = ()
    mac: Mac = ""
    source_check: bool = True
    space: Annotated[str, Meta(pattern=r"\A([a-z][a-z0-9-]{0,63})?\Z")] = ""
    device: Annotated[int, Meta(ge=0, le=15)] = 0


class RemoveInterface(
    Struct, frozen=True, tag="eni remove", tag_field="verb", forbid_unknown_fields=True
):
    """End an interface, and the space it was in when it was the last there."""

    name: Name


class Rules(Struct, frozen=True, tag="rules", tag_field="verb", forbid_unknown_fields=True):
    """Make these groups of a network so, at once; others stay. `remove` names those that end."""

    router: Name
    groups: Annotated[tuple[Group, ...], Meta(max_length=500)] = ()
    remove: Annotated[tuple[Name, ...], Meta(max_length=500)] = ()


class Addresses(Struct, frozen=True, tag="addresses", tag_field="verb", forbid_unknown_fields=True):
    """The public addresses of a network, all of them, each with the private one behind it."""

    router: Name
    public: Annotated[dict[Address, Address], Meta(max_length=10_000)]


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """What a machine may use: processors, bytes, processes, bytes."""

    processors: Annotated[float, Meta(gt=0, le=4096)]
    memory: Annotated[int, Meta(ge=16 * 1024 * 1024, le=1 << 50)]
    processes: Annotated[int, Meta(ge=16, le=1 << 22)]
    disk: Annotated[int, Meta(ge=16 * 1024 * 1024, le=1 << 46)]


class EnsureMachine(
    Struct, frozen=True, tag="machine ensure", tag_field="verb", forbid_unknown_fields=True
):
    """A machine: what it writes goes into `folder`; one that runs is left as it is.

    Its folders begin with the name of one of netd's own: `data` or `cache`. Its space has its
    name. `host_usr` lays its `/usr` over the host's.
    """

    name: Name
    hostname: Annotated[str, Meta(pattern=r"\A[a-zA-Z0-9][a-zA-Z0-9.-]{0,62}\Z")]
    folder: Folder
    lower: Annotated[tuple[Folder, ...], Meta(min_length=1, max_length=64)]
    host_usr: bool = False
    limits: Limits | None = None


class BootMachine(
    Struct, frozen=True, tag="machine boot", tag_field="verb", forbid_unknown_fields=True
):
    """Let its programs start, as the file beside the message has it; an event tells when.

    For one that has booted already this is said without effect, and the result is false.
    """

    name: Name


class EndMachine(
    Struct, frozen=True, tag="machine end", tag_field="verb", forbid_unknown_fields=True
):
    """Ask its programs to end, and all of it to end after so many seconds."""

    name: Name
    patience: Annotated[float, Meta(ge=0, le=3600)]


class CheckMachine(
    Struct, frozen=True, tag="machine check", tag_field="verb", forbid_unknown_fields=True
):
    """Whether its first interface carries; an event of the number tells that it answers."""

    name: Name


class CaptureDisk(
    Struct, frozen=True, tag="disk capture", tag_field="verb", forbid_unknown_fields=True
):
    """Copy what lies on a disk into a new folder, `tree`; an event of the number tells of it.

    `machine` is the one that writes on the disk, if one does.
    """

    machine: Name
    folder: Folder
    to: Folder


class DiscardDisk(
    Struct, frozen=True, tag="disk discard", tag_field="verb", forbid_unknown_fields=True
):
    """Let a disk be gone; nothing may write on it."""

    folder: Folder


class RemoveMachine(
    Struct, frozen=True, tag="machine remove", tag_field="verb", forbid_unknown_fields=True
):
    """End a machine at once and forget it; its folder stays."""

    name: Name


class SignalMachine(
    Struct, frozen=True, tag="machine signal", tag_field="verb", forbid_unknown_fields=True
):
    """SIGTERM ends a machine in order, SIGKILL at once."""

    name: Name
    number: Literal[9, 15]


class RunCommand(
    Struct, frozen=True, tag="machine run", tag_field="verb", forbid_unknown_fields=True
):
    """A program in a machine: the result names it; an event tells of its end.

    Its input, output and errors come as descriptors, unless its output is the console's; with a
    terminal, the other side of that comes with the event that it has started. For a `user` it
    runs as after that one's login; no `argv` is that user's shell.
    """

    name: Name
    argv: Annotated[tuple[Word, ...], Meta(max_length=1000)]
    environment: Annotated[dict[Word, Word], Meta(max_length=1000)] = {}
    folder: Annotated[str, Meta(pattern=r"\A(/|\Z)", max_length=4096)] = ""
    uid: Annotated[int, Meta(ge=0, le=65535)] = 0
    gid: Annotated[int, Meta(ge=0, le=65535)] = 0
    to_console: bool = False
    user: Annotated[str, Meta(pattern=r"\A(@|[a-zA-Z0-9._-]*)\Z", max_length=64)] = ""
    has_terminal: bool = False


class OpenSocket(Struct, frozen=True, tag="socket", tag_field="verb", forbid_unknown_fields=True):
    """A socket that lives in a space, a network or `internet`; bound and listening as said.

    A transparent one may speak with an address that is another's. One of the kind `diag` has no
    address: it asks the kernel which sockets there are in that place.
    """

    place: Name
    kind: Literal["stream", "datagram", "diag"] = "stream"
    address: Address = ""
    port: Port = 0
    backlog: Annotated[int, Meta(ge=0, le=65535)] = 0
    to_address: Address = ""
    to_port: Port = 0
    is_transparent: bool = False


class Carrier(Struct, frozen=True, tag="carrier", tag_field="verb", forbid_unknown_fields=True):
    """A channel for the carrier, on which only sockets can be asked for."""


Verb = (
    Probe
    | Inventory
    | Stop
    | EnsureRouter
    | RemoveRouter
    | EnsureInterface
    | RemoveInterface
    | Rules
    | Addresses
    | EnsureMachine
    | BootMachine
    | EndMachine
    | CheckMachine
    | RemoveMachine
    | SignalMachine
    | CaptureDisk
    | DiscardDisk
    | RunCommand
    | OpenSocket
    | Carrier
)


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """A question with its number, which the answer repeats."""

    id: int
    ask: Verb


class CarrierRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What the carrier may ask: sockets, and nothing else."""

    id: int
    ask: OpenSocket


class Numbered(Struct, frozen=True):
    """As much of a request as tells whom to answer."""

    id: int

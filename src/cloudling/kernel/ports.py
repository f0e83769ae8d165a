"""What the kernel needs from a service or a driver, as protocols; the full list of such seams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cloudling.kernel.authorize.controls import NO_CONTROLS, Controls

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cloudling.kernel.attendance import (
        IdentitySignatures,
        InstanceMetadata,
        Publication,
        Published,
        ServedNetwork,
    )
    from cloudling.kernel.authorize import PrincipalPolicies
    from cloudling.kernel.identities import Identity
    from cloudling.kernel.machines import Machine, MachineHoldings, Program, Root
    from cloudling.kernel.networks import (
        Availability,
        Holdings,
        Interface,
        Network,
        SecurityGroup,
    )
    from cloudling.kernel.recording import CallRecord


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret that signs, and whom it stands for.

    `expires_at` (seconds since the epoch) is set for temporary credentials.
    """

    secret: str
    identity: Identity
    expires_at: float | None = None


class BadToken(Exception):
    """A session token that was not made here, was changed, or belongs to another key."""


class Credentials(Protocol):
    """Looks up who signed; IAM's."""

    def known(self, access_key_id: str, token: str) -> Credential | None:
        """As `find`, where nothing need be read; None where `find` must be asked."""

    async def find(self, access_key_id: str, token: str) -> Credential | None:
        """None when no such key exists or is active; raises BadToken for a wrong token."""


class Authorizer(Protocol):
    """The policies that bound a principal; IAM's."""

    def known(self, identity: Identity) -> PrincipalPolicies | None:
        """As `policies`, where nothing need be read; None where it must."""

    async def policies(self, identity: Identity) -> PrincipalPolicies: ...


class Directory(Protocol):
    """Which user or role an ARN stands for at this moment; IAM's."""

    async def id_of(self, arn: str) -> str | None:
        """The unique id behind the ARN of a user, a role or a role's session.

        "" where an ARN stands for itself, as those of federated users; None where nobody is.
        """

    async def arn_of(self, unique_id: str, partition: str) -> str | None:
        """The ARN of the user, role or role's session; None where there is none any more."""


class Organizations(Protocol):
    """What binds an account from above; Organizations' own."""

    def controls(self, account: str) -> Controls:
        """Asked at every call: remembered, and forgotten on change."""
        ...

    def is_closed(self, account: str) -> bool:
        """Whether the account is closed, so that none of its credentials serves any more."""
        ...


class NoOrganizations:
    """The port while nobody has an organization."""

    def controls(self, account: str) -> Controls:
        return NO_CONTROLS

    def is_closed(self, account: str) -> bool:
        return False


NO_ORGANIZATIONS: Organizations = NoOrganizations()


class Activity(Protocol):
    """What principals have done, for access advisor."""

    def of(self, arn: str) -> Iterable[tuple[str, str, float]]:
        """Each service prefix and action that this principal has called, and when last."""
        ...


class NoActivity:
    """The port while nobody takes notes."""

    def of(self, arn: str) -> Iterable[tuple[str, str, float]]:
        return ()


NO_ACTIVITY: Activity = NoActivity()


class RecordSink(Protocol):
    """Takes call records after the answers have left: access log, trail, metrics."""

    def take(self, records: list[CallRecord]) -> None: ...


class Networks(Protocol):
    """Networks that carry packets and block them; a driver's.

    `ensure`, `set` and `remove` may be said any number of times. What cannot be is an OSError that
    says why; DriverGone means that nothing of what was ensured is there any more. A *place* is a
    network, the space of an interface, or `internet`, where the host's own connections begin.
    """

    async def available(self) -> Availability: ...

    async def holdings(self) -> Holdings: ...

    async def ensure_network(self, network: Network) -> None: ...

    async def remove_network(self, name: str) -> None:
        """It must have no interfaces."""

    async def ensure_interface(self, interface: Interface) -> None:
        """Addresses, groups and source check change while it carries; all else makes it anew."""

    async def remove_interface(self, name: str) -> None: ...

    async def set_groups(
        self, network: str, groups: Sequence[SecurityGroup], remove: Sequence[str] = ()
    ) -> None:
        """Make these groups so, at once; others stay. Groups nobody has set let nothing through."""

    async def set_public(self, network: str, public: Mapping[str, str]) -> None:
        """All public addresses of a network, each with the private one behind it."""

    async def listen(self, place: str, address: str, port: int) -> socket.socket:
        """A listening socket that lives there; it does not block."""
        ...

    async def connect(
        self, place: str, address: str, port: int, *, source: str = "", patience: float = 30.0
    ) -> socket.socket:
        """A connection from there. Raises TimeoutError, ConnectionRefusedError, or OSError.

        `source` is the address to speak with, which may be another's: the network shall drop that.
        """
        ...


class Machines(Protocol):
    """Machines that run; a driver's.

    All may be said any number of times. What cannot be is an OSError that says why; DriverGone
    means that nothing of what ran runs any more. Disks stay until they are discarded.
    """

    async def available(self) -> Availability: ...

    async def holdings(self) -> MachineHoldings: ...

    async def start(self, machine: Machine) -> None:
        """Boot it from its disk, which the first start makes; one that runs is left as it is.

        Returns when its interfaces carry and its programs are being started. Raises NoSuchRoot.
        """

    async def stop(self, name: str, patience: float = 5.0) -> None:
        """End it in order, after so many seconds by force; its interfaces end with it."""

    async def discard(self, name: str) -> None:
        """End it at once, and its disk and console with it."""

    async def capture(self, name: str, root: str) -> None:
        """Make its disk, as it is now and with the root below it, a root of that name."""

    async def console(self, name: str) -> bytes:
        """The newest 64 KiB of what it wrote there, over all its runs."""
        ...

    async def check(self, name: str) -> str:
        """What is wrong with it: "" when its first process and its first interface answer."""
        ...

    async def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        user: str = "root",
        environment: dict[str, str] | None = None,
        has_terminal: bool = False,
    ) -> Program:
        """Run a program in it as after that user's login; none is that user's shell.

        No user is the machine's own.
        """
        ...

    def watch(self, notice: Callable[[str], None]) -> None:
        """Be told the name of each machine that ends unasked; "" when all have."""


class Roots(Protocol):
    """What stands behind images; a driver's. Building one can take minutes."""

    async def roots(self) -> tuple[Root, ...]: ...

    async def prepare(self, name: str, tell: Callable[[str], None]) -> Root:
        """Build it unless it is there; `tell` is told how far it is. Raises NoSuchRoot, OSError."""
        ...

    async def remove(self, name: str) -> None:
        """Those that were captured; a machine's disk over it goes on until it is discarded."""


class IdentitySigner(Protocol):
    """Signs what instances are told of themselves, with a key that is this cloud's own."""

    def sign(self, document: bytes) -> IdentitySignatures:
        """The same ones for the same document."""
        ...


class Carrier(Protocol):
    """Whoever carries the users' own bytes: names, metadata, calls from within, public ports.

    All may be said any number of times; what was said is kept over the carrier's end.
    """

    @property
    def block(self) -> str:
        """The public addresses that are ours to give: a /16 of 127.0.0.0/8."""
        ...

    @property
    def authority(self) -> str:
        """The certificate (PEM) that machines trust, so that AWS's names lead to the cloud."""
        ...

    @property
    def environment(self) -> dict[str, str]:
        """What a machine's programs have in their environment, so that SDKs find the cloud."""
        ...

    async def available(self) -> Availability: ...

    async def ensure_network(self, network: ServedNetwork) -> None: ...

    async def remove_network(self, name: str) -> None: ...

    async def ensure_instance(self, metadata: InstanceMetadata) -> None: ...

    async def remove_instance(self, name: str) -> None: ...

    async def publish(self, network: str, published: Sequence[Published]) -> None:
        """All public addresses of a network that the host shall reach."""

    async def publications(self) -> tuple[Publication, ...]: ...

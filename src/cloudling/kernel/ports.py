"""What the kernel needs from a service or a driver, as protocols; the full list of such seams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cloudling.kernel.authorize import PrincipalPolicies
    from cloudling.kernel.identities import Identity
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

    async def find(self, access_key_id: str, token: str) -> Credential | None:
        """None when no such key exists or is active; raises BadToken for a wrong token."""


class Authorizer(Protocol):
    """The policies that bound a principal; IAM's."""

    async def policies(self, identity: Identity) -> PrincipalPolicies: ...


class RecordSink(Protocol):
    """Takes call records after the answers have left: access log, trail, metrics."""

    def take(self, records: list[CallRecord]) -> None: ...

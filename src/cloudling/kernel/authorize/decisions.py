"""What a decision is: yes or no, and the policy and statement that made it so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from cloudling.kernel.authorize.documents import Policy, Statement

PolicyType = Literal[
    "identity-based policy",
    "resource-based policy",
    "permissions boundary",
    "session policy",
    "role trust policy",
    "service control policy",
    "resource control policy",
]


class NamedPolicy(NamedTuple):
    """A compiled policy and what it is called; `arn` is "" for inline ones."""

    name: str
    arn: str
    policy: Policy


class Decision(msgspec.Struct, frozen=True):
    """Yes or no, and the policy that decided: the one that allowed or denied.

    Where nothing allowed, `policy_type` tells what kind of policy would have had to. A root user's
    own right has no policy and `policy_type` None.
    """

    allowed: bool
    policy_type: PolicyType | None = None
    explicit: bool = False
    policy: NamedPolicy | None = None
    statement: Statement | None = None
    cross_account: bool = False
    same_organization: bool = False

    @property
    def outside(self) -> bool:
        """Is the caller of another account and organization? Those are told no reasons."""
        return self.cross_account and not self.same_organization

    @property
    def policy_arn(self) -> str:
        return self.policy.arn if self.policy else ""

    @property
    def policy_name(self) -> str:
        return self.policy.name if self.policy else ""

    @property
    def statement_index(self) -> int | None:
        return self.statement.position if self.statement else None

    @property
    def sid(self) -> str:
        return self.statement.sid if self.statement else ""

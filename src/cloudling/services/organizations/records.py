"""What Organizations keeps: the tree of an organization, its policies, and what is under way.

Ids are unique in the whole world, so that a member account finds its organization. Times are
seconds since the epoch.
"""

from __future__ import annotations

from cloudling.kernel import Record


class Organization(Record, frozen=True, kw_only=True):
    """An organization and its one root. `enabled` are the policy types that are on in the root."""

    id: str
    management: str
    root: str
    features: str
    created: float
    enabled: tuple[str, ...] = ()

    @property
    def has_all_features(self) -> bool:
        return self.features == "ALL"


class Unit(Record, frozen=True, kw_only=True):
    """An organizational unit below the root or another unit."""

    id: str
    organization: str
    parent: str
    name: str
    created: float


class Account(Record, frozen=True, kw_only=True):
    """An account as a member of its organization; `joined_by` is "CREATED" or "INVITED".

    `status` is "ACTIVE", "PENDING_CLOSURE" or "SUSPENDED", which an account is once it is closed.
    """

    id: str
    organization: str
    parent: str
    name: str
    email: str
    joined_by: str
    joined: float
    status: str = "ACTIVE"
    closed: float = 0.0


class Policy(Record, frozen=True, kw_only=True):
    """A control policy that a user wrote."""

    id: str
    organization: str
    type: str
    name: str
    description: str
    content: str
    created: float


class Attachment(Record, frozen=True, kw_only=True):
    """That a policy hangs on a root, a unit or an account."""

    target: str
    policy: str
    organization: str
    type: str
    since: float


class Creation(Record, frozen=True, kw_only=True):
    """An account that was asked for; `role` is what the management account will assume there.

    `state` is "IN_PROGRESS", "SUCCEEDED" or "FAILED"; `account` is chosen when it is asked for.
    """

    id: str
    organization: str
    account: str
    name: str
    email: str
    role: str
    tags: dict[str, str]
    requested: float
    state: str = "IN_PROGRESS"
    completed: float = 0.0
    failure: str = ""

"""What IAM keeps: principals, policies, and what ties them together.

Names are unique whatever their case, and kept as they were given: `key` is the name in lower case.
Times are seconds since the epoch.
"""

from __future__ import annotations

import msgspec

from cloudling.kernel import Record


class User(Record, frozen=True, kw_only=True):
    """An IAM user. `id` is its unique id (`AIDA...`)."""

    key: str
    name: str
    path: str
    id: str
    created: float
    boundary: str = ""


class Group(Record, frozen=True, kw_only=True):
    """A group of users. `id` is its unique id (`AGPA...`)."""

    key: str
    name: str
    path: str
    id: str
    created: float


class Membership(Record, frozen=True, kw_only=True):
    """That a user, the member, is in a group; both by key."""

    member: str
    group_key: str
    since: float


class Role(Record, frozen=True, kw_only=True):
    """A role. `trust` is its trust policy's text; `id` its unique id (`AROA...`).

    `session_seconds` is the longest session it allows, `service` the one that a service-linked role
    belongs to (`autoscaling.amazonaws.com`).
    """

    key: str
    name: str
    path: str
    id: str
    created: float
    trust: str
    description: str = ""
    session_seconds: int = 3600
    boundary: str = ""
    service: str = ""


class InlinePolicy(Record, frozen=True, kw_only=True):
    """A policy inside one principal; `owner` is `user/<key>`, `group/<key>` or `role/<key>`."""

    owner: str
    key: str
    name: str
    document: str


class ManagedPolicy(Record, frozen=True, kw_only=True):
    """A customer managed policy. `id` is its unique id (`ANPA...`), `latest` the newest version's
    number."""

    key: str
    name: str
    path: str
    id: str
    arn: str
    created: float
    updated: float
    default_version: int = 1
    latest: int = 1
    description: str = ""


class PolicyVersion(Record, frozen=True, kw_only=True):
    """One version (`v1` has number 1) of a customer managed policy, by the policy's ARN."""

    policy: str
    number: str
    document: str
    created: float


class Attachment(Record, frozen=True, kw_only=True):
    """That a managed policy is attached; `owner` as in InlinePolicy, `policy` is an ARN."""

    owner: str
    policy: str
    since: float


class AccessKey(Record, frozen=True, kw_only=True):
    """A long-term key of a user, or of an account's root when `user` is empty."""

    id: str
    account: str
    user: str
    secret: str
    created: float
    active: bool = True


class Visitor(msgspec.Struct, frozen=True):
    """A user or role of an access report: what access advisor tells of it."""

    kind: str
    name: str
    path: str
    id: str
    arn: str


class Visit(msgspec.Struct, frozen=True):
    """That a visitor (by its place in the report) last used an action at that time."""

    visitor: int
    service: str
    action: str
    last: float


class AccessReport(Record, frozen=True, kw_only=True):
    """What access advisor found for a user, group, role or policy when it was asked.

    `caller` asked and may read it; `services` are those that could be used.
    """

    id: str
    caller: str
    arn: str
    level: str
    created: float
    services: tuple[str, ...]
    visitors: tuple[Visitor, ...]
    visits: tuple[Visit, ...]


class LastUse(Record, frozen=True, kw_only=True):
    """The newest use of an access key, by its id, or of a role, by its unique id."""

    subject: str
    at: float
    region: str
    service: str


class InstanceProfile(Record, frozen=True, kw_only=True):
    """What hands a role to instances. `id` is its unique id (`AIPA...`), `role` a role's key."""

    key: str
    name: str
    path: str
    id: str
    created: float
    role: str = ""


class LinkedRoleDeletion(Record, frozen=True, kw_only=True):
    """That a service-linked role was deleted, by the id of the task that did it."""

    task: str
    at: float


class LoginProfile(Record, frozen=True, kw_only=True):
    """A user's password, by the user's key: only its hash, under `salt`, and those of older ones.

    `previous` are the older hashes, newest first.
    """

    user: str
    salt: bytes
    digest: bytes
    created: float
    changed: float
    reset_required: bool = False
    previous: tuple[bytes, ...] = ()


class PasswordPolicy(Record, frozen=True, kw_only=True):
    """The account's own password policy; 0 means that a limit is not set."""

    account: str
    least_length: int = 6
    symbols: bool = False
    numbers: bool = False
    upper_case: bool = False
    lower_case: bool = False
    users_may_change: bool = False
    most_days: int = 0
    reuse_prevention: int = 0
    hard_expiry: bool | None = None


class MfaDevice(Record, frozen=True, kw_only=True):
    """A virtual MFA device. `holder` is `user/<key>`, `root`, or empty while nobody has it.

    `used` are the newest time steps whose codes were taken, `drift` is how many steps the device's
    clock was off when it was last synchronised.
    """

    serial: str
    path: str
    name: str
    seed: bytes
    created: float
    holder: str = ""
    enabled: float = 0.0
    drift: int = 0
    used: tuple[int, ...] = ()


class AccountAlias(Record, frozen=True, kw_only=True):
    """The name an account has in its sign-in page; unique in the whole world."""

    alias: str
    account: str


class CredentialReport(Record, frozen=True, kw_only=True):
    """The newest report on an account's credentials."""

    account: str
    made: float
    content: bytes


class OrganizationFeatures(Record, frozen=True, kw_only=True):
    """What an organization has turned on of the central management of its members' roots."""

    organization: str
    enabled: tuple[str, ...]

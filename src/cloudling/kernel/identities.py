"""Who makes a call, as the gateway has established it and policies see it."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["root", "user", "role", "federated", "service", "anonymous"]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What temporary credentials carry; times are seconds since the epoch.

    `policies` are the JSON documents of inline session policies, `policy_arns` the managed ones.
    `provider` is the identity provider that vouched for whoever took on the role (OIDC); `issuer`
    the ARN and the unique id of the user who asked for a federated user's session.
    """

    name: str
    issued_at: float
    expires_at: float
    policies: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    transitive_tags: tuple[str, ...] = ()
    source_identity: str = ""
    mfa_at: float | None = None
    chained: bool = False
    provider: str = ""
    issuer: tuple[str, ...] = ()
    assumed_root: bool = False


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The principal of a call.

    `arn` is what `GetCallerIdentity` tells (an assumed role's session ARN, say); `principal_arn` is
    the user's or role's own ARN, which policies and `aws:PrincipalArn` speak of. `unique_id` is
    `aws:userid` (`AROA...:session` for a role). `name` is the user's or role's name.
    """

    kind: Kind
    account: str
    arn: str
    principal_arn: str
    unique_id: str
    name: str = ""
    access_key_id: str = ""
    session: Session | None = None
    well_known: bool = False

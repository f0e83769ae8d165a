"""What users may do about their own passwords: the account's password policy has a say in it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_enable-user-change.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cloudling.kernel import Need, access

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]


@access("ChangePassword")
async def on_own_password(call: IamCall, request: Request) -> list[Need]:
    """The account's password policy may allow it to all users, each for the own password."""
    if call.identity.kind != "user":
        return []
    arn, name = call.identity.arn, "iam:ChangePassword"
    granted = await _granted(call, name, arn)
    return [Need(name, arn, policy=granted, told=f"user {call.identity.name}")]


@access("GetAccountPasswordPolicy")
async def on_password_policy(call: IamCall, request: Request) -> list[Need]:
    """Whom the password policy lets change the own password, it also lets read the policy."""
    name = "iam:GetAccountPasswordPolicy"
    own = call.identity.kind == "user"
    return [Need(name, policy=await _granted(call, name, "*") if own else None)]


async def _granted(call: IamCall, action: str, resource: str) -> str | None:
    """What the account allows its users by a setting, as the policy that it amounts to."""
    found = await call.password_policies.get(call.account)
    if found is None or not found.users_may_change:
        return None
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": call.identity.arn},
        "Action": action,
        "Resource": resource,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": statement})

"""The account's password policy; without one AWS's default holds, of which no operation tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.iam.errors import NoSuchEntity
from cloudling.services.iam.records import PasswordPolicy

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]


@operation("UpdateAccountPasswordPolicy")
async def update_account_password_policy(call: IamCall, request: Request) -> Request:
    """What is not given goes back to its default."""
    policy = PasswordPolicy(
        account=call.account,
        least_length=request.get("MinimumPasswordLength", 6),
        symbols=request.get("RequireSymbols", False),
        numbers=request.get("RequireNumbers", False),
        upper_case=request.get("RequireUppercaseCharacters", False),
        lower_case=request.get("RequireLowercaseCharacters", False),
        users_may_change=request.get("AllowUsersToChangePassword", False),
        most_days=request.get("MaxPasswordAge", 0),
        reuse_prevention=request.get("PasswordReusePrevention", 0),
        hard_expiry=request.get("HardExpiry"),
    )
    await call.password_policies.put(policy)
    return {}


@operation("GetAccountPasswordPolicy")
async def get_account_password_policy(call: IamCall, request: Request) -> Request:
    policy = await call.password_policies.get(call.account)
    if policy is None:
        raise NoSuchEntity(f"The Password Policy with domain name {call.account} cannot be found.")
    told: Request = {
        "MinimumPasswordLength": policy.least_length,
        "RequireSymbols": policy.symbols,
        "RequireNumbers": policy.numbers,
        "RequireUppercaseCharacters": policy.upper_case,
        "RequireLowercaseCharacters": policy.lower_case,
        "AllowUsersToChangePassword": policy.users_may_change,
        "ExpirePasswords": policy.most_days > 0,
    }
    if policy.most_days:
        told["MaxPasswordAge"] = policy.most_days
    if policy.reuse_prevention:
        told["PasswordReusePrevention"] = policy.reuse_prevention
    if policy.hard_expiry is not None:
        told["HardExpiry"] = policy.hard_expiry
    return {"PasswordPolicy": told}


@operation("DeleteAccountPasswordPolicy")
async def delete_account_password_policy(call: IamCall, request: Request) -> Request:
    if not await call.password_policies.delete(call.account):
        raise NoSuchEntity("The account policy with name PasswordPolicy cannot be found.")
    return {}

"""Everything that decides on permissions in the account, in one listing.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.models import managed_policies
from cloudling.services.iam import (
    boundaries,
    entities,
    groups,
    instance_profiles,
    policies,
    roles,
    tags,
    users,
)

if TYPE_CHECKING:
    from cloudling.models.managed_policies import ManagedPolicy as Published
    from cloudling.services.iam.call import IamCall
    from cloudling.services.iam.records import Group, ManagedPolicy, Role, User

Request = dict[str, Any]
Describe = Callable[["IamCall", Any], Awaitable[Request]]


@operation("GetAccountAuthorizationDetails")
async def get_account_authorization_details(call: IamCall, request: Request) -> Request:
    wanted = set(request.get("Filter", ())) or {*_KINDS}
    found: list[tuple[str, Any]] = []
    for name, (_, _, members) in _KINDS.items():
        if name in wanted:
            found += [(name, each) for each in await members(call)]
    shown, more = entities.page(call, request, found)
    told: Request = {member: [] for member, _, _ in _KINDS.values()}
    for name, each in shown:
        member, describe, _ = _KINDS[name]
        told[member].append(await describe(call, each))
    return {**told, **more}


async def _user(call: IamCall, user: User) -> Request:
    owner = f"user/{user.key}"
    memberships = await call.memberships.page(user.key, limit=None)
    joined = [(await groups.require(call, each.group_key)).name for each in memberships]
    return {
        **await users.describe(call, user),
        **boundaries.describe(user.boundary),
        "UserPolicyList": await _inline(call, owner),
        "GroupList": joined,
        "AttachedManagedPolicies": await _attached(call, owner),
        "Tags": await tags.listed(call, entities.arn(call, "user", user)),
    }


async def _group(call: IamCall, group: Group) -> Request:
    owner = f"group/{group.key}"
    return {
        **groups.describe(call, group),
        "GroupPolicyList": await _inline(call, owner),
        "AttachedManagedPolicies": await _attached(call, owner),
    }


async def _role(call: IamCall, role: Role) -> Request:
    owner = f"role/{role.key}"
    told = await roles.describe(call, role, whole=True)
    told.pop("MaxSessionDuration")
    told.pop("Description", None)
    profiles = await call.instance_profiles.find(role=role.key)
    return {
        "Tags": [],
        **told,
        "InstanceProfileList": [await instance_profiles.describe(call, each) for each in profiles],
        "RolePolicyList": await _inline(call, owner),
        "AttachedManagedPolicies": await _attached(call, owner),
    }


async def _policy(call: IamCall, policy: ManagedPolicy | Published) -> Request:
    told = await policies.describe(call, policy)
    told["PolicyVersionList"] = await policies.versions(call, policy)
    return told


async def _inline(call: IamCall, owner: str) -> list[Request]:
    return [
        {"PolicyName": each.name, "PolicyDocument": entities.encoded(each.document)}
        for each in await call.inline_policies.page(owner, limit=None)
    ]


async def _attached(call: IamCall, owner: str) -> list[Request]:
    attachments = await call.attachments.page(owner, limit=None)
    found = [await policies.find(call, each.policy) for each in attachments]
    return policies.names_of(each for each in found if each)


async def _users(call: IamCall) -> list[User]:
    return await call.users.page(limit=None)


async def _groups(call: IamCall) -> list[Group]:
    return await call.groups.page(limit=None)


async def _roles(call: IamCall) -> list[Role]:
    return await call.roles.page(limit=None)


async def _local(call: IamCall) -> list[ManagedPolicy]:
    return await call.policies.page(limit=None)


async def _published(call: IamCall) -> list[Published]:
    """Of AWS's own policies those that somebody has."""
    used = await policies.used(call)
    return [each for each in managed_policies.all_policies() if each.arn in used]


# By entity type: the result's member, how one is told, and all there are.
_KINDS: dict[str, tuple[str, Describe, Callable[[IamCall], Awaitable[list[Any]]]]] = {
    "User": ("UserDetailList", _user, _users),
    "Group": ("GroupDetailList", _group, _groups),
    "Role": ("RoleDetailList", _role, _roles),
    "LocalManagedPolicy": ("Policies", _policy, _local),
    "AWSManagedPolicy": ("Policies", _policy, _published),
}

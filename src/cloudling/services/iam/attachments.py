"""Attaching managed policies to users, groups and roles, and whom a policy serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.iam import entities, owners, policies, quotas
from cloudling.services.iam.errors import NoSuchEntity
from cloudling.services.iam.records import Attachment

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall
    from cloudling.services.iam.owners import Kind

Request = dict[str, Any]


async def attach(call: IamCall, kind: Kind, request: Request) -> Request:
    """Attaching again is no error."""
    owner, _ = await owners.require_own(call, kind, request)
    arn = request["PolicyArn"]
    if await policies.find(call, arn) is None:
        raise NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")
    if await call.attachments.get(owner, arn) is None:
        quotas.ATTACHED[kind].require_room(await call.attachments.count(owner))
        await call.attachments.put(Attachment(owner=owner, policy=arn, since=call.clock.now()))
    return {}


async def detach(call: IamCall, kind: Kind, request: Request) -> Request:
    owner, _ = await owners.require_own(call, kind, request)
    arn = policies.checked(request["PolicyArn"])
    if not await call.attachments.delete(owner, arn):
        raise NoSuchEntity(f"Policy {arn} was not found.")
    return {}


async def list_attached(call: IamCall, kind: Kind, request: Request) -> Request:
    owner, _ = await owners.require(call, kind, request)
    prefix = request.get("PathPrefix", "/")
    found = []
    for attachment in await call.attachments.page(owner, limit=None):
        policy = await policies.find(call, attachment.policy)
        if policy is not None and policy.path.startswith(prefix):
            found.append(policy)
    shown, more = entities.page(call, request, found)
    return {"AttachedPolicies": policies.names_of(shown), **more}


@operation("AttachUserPolicy")
async def attach_user_policy(call: IamCall, request: Request) -> Request:
    return await attach(call, "user", request)


@operation("DetachUserPolicy")
async def detach_user_policy(call: IamCall, request: Request) -> Request:
    return await detach(call, "user", request)


@operation("ListAttachedUserPolicies")
async def list_attached_user_policies(call: IamCall, request: Request) -> Request:
    return await list_attached(call, "user", request)


@operation("AttachGroupPolicy")
async def attach_group_policy(call: IamCall, request: Request) -> Request:
    return await attach(call, "group", request)


@operation("DetachGroupPolicy")
async def detach_group_policy(call: IamCall, request: Request) -> Request:
    return await detach(call, "group", request)


@operation("ListAttachedGroupPolicies")
async def list_attached_group_policies(call: IamCall, request: Request) -> Request:
    return await list_attached(call, "group", request)


@operation("AttachRolePolicy")
async def attach_role_policy(call: IamCall, request: Request) -> Request:
    return await attach(call, "role", request)


@operation("DetachRolePolicy")
async def detach_role_policy(call: IamCall, request: Request) -> Request:
    return await detach(call, "role", request)


@operation("ListAttachedRolePolicies")
async def list_attached_role_policies(call: IamCall, request: Request) -> Request:
    return await list_attached(call, "role", request)


@operation("ListEntitiesForPolicy")
async def list_entities_for_policy(call: IamCall, request: Request) -> Request:
    policy = await policies.require(call, request["PolicyArn"])
    wanted, prefix = request.get("EntityFilter", ""), request.get("PathPrefix", "/")
    served = [
        (kind, entity)
        for owner in await _owners_served(call, policy.arn, request.get("PolicyUsageFilter", ""))
        for kind, entity in [await owners.of(call, owner)]
        if wanted in {"", kind.title()} and entity.path.startswith(prefix)
    ]
    shown, more = entities.page(call, request, served)
    told: Request = {"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": [], **more}
    for kind, entity in shown:
        title = kind.title()
        told[f"Policy{title}s"].append({f"{title}Name": entity.name, f"{title}Id": entity.id})
    return told


async def _owners_served(call: IamCall, arn: str, usage: str) -> list[str]:
    """Whom a policy is attached to, whom it limits as a boundary, or both: by `owner`, sorted."""
    found = set()
    if usage != "PermissionsBoundary":
        found |= {each.owner for each in await call.attachments.find(policy=arn)}
    if usage != "PermissionsPolicy":
        found |= {f"user/{each.key}" for each in await call.users.find(boundary=arn)}
        found |= {f"role/{each.key}" for each in await call.roles.find(boundary=arn)}
    return sorted(found)

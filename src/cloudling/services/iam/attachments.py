"""Attaching managed policies to users, groups and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.iam import entities, groups, policies, roles, users
from cloudling.services.iam.errors import InvalidInput, LimitExceeded, NoSuchEntity
from cloudling.services.iam.records import Attachment

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]
_REQUIRE = {"user": users.require, "group": groups.require, "role": roles.require}
_QUOTA = {"user": "PoliciesPerUser", "group": "PoliciesPerGroup", "role": "PoliciesPerRole"}
MOST = 10


async def attach(call: IamCall, kind: str, request: Request) -> Request:
    """Attaching again is no error."""
    entity = await _REQUIRE[kind](call, request[f"{kind.title()}Name"])
    arn, owner = request["PolicyArn"], f"{kind}/{entity.key}"
    if not arn.startswith("arn:"):
        raise InvalidInput(f"ARN {arn} is not valid.")
    if await policies.find(call, arn) is None:
        raise NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")
    if await call.attachments.get(owner, arn):
        return {}
    if await call.attachments.count(owner) >= MOST:
        raise LimitExceeded(f"Cannot exceed quota for {_QUOTA[kind]}: {MOST}")
    await call.attachments.put(Attachment(owner=owner, policy=arn, since=call.clock.now()))
    return {}


async def detach(call: IamCall, kind: str, request: Request) -> Request:
    entity = await _REQUIRE[kind](call, request[f"{kind.title()}Name"])
    arn = request["PolicyArn"]
    if not await call.attachments.delete(f"{kind}/{entity.key}", arn):
        raise NoSuchEntity(f"Policy {arn} was not found.")
    return {}


async def list_attached(call: IamCall, kind: str, request: Request) -> Request:
    entity = await _REQUIRE[kind](call, request[f"{kind.title()}Name"])
    prefix = request.get("PathPrefix", "/")
    found = []
    for attachment in await call.attachments.page(f"{kind}/{entity.key}", limit=None):
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
    arn = request["PolicyArn"]
    await policies.require(call, arn)
    wanted = request.get("EntityFilter", "")
    owners = sorted(each.owner for each in await call.attachments.find(policy=arn))
    entities_found = []
    for owner in owners:
        kind, _, key = owner.partition("/")
        entity = await _REQUIRE[kind](call, key)
        if wanted in {"", kind.title()} and entity.path.startswith(request.get("PathPrefix", "/")):
            entities_found.append((kind, entity))
    shown, more = entities.page(call, request, entities_found)
    told: Request = {"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": [], **more}
    for kind, entity in shown:
        title = kind.title()
        told[f"Policy{title}s"].append({f"{title}Name": entity.name, f"{title}Id": entity.id})
    return told

"""Inline policies of users, groups and roles: twelve operations, one rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import authorize, operation
from cloudling.services.iam import documents, entities, owners, quotas
from cloudling.services.iam.errors import LimitExceeded, NoSuchEntity
from cloudling.services.iam.records import InlinePolicy

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall
    from cloudling.services.iam.owners import Kind

Request = dict[str, Any]


async def put(call: IamCall, kind: Kind, request: Request) -> Request:
    owner, entity = await owners.require_own(call, kind, request)
    document, name = documents.identity(request["PolicyDocument"]), request["PolicyName"]
    policy = InlinePolicy(owner=owner, key=name, name=name, document=document)
    others = [
        each
        for each in await call.inline_policies.page(owner, limit=None)
        if each.key != policy.key
    ]
    most = quotas.INLINE_SIZES[kind]
    if sum(authorize.size(each.document) for each in (*others, policy)) > most:
        raise LimitExceeded(
            f"Maximum policy size of {most} bytes exceeded for {kind} {entity.name}"
        )
    await call.inline_policies.put(policy)
    return {}


async def get(call: IamCall, kind: Kind, request: Request) -> Request:
    owner, entity = await owners.require(call, kind, request)
    found = await call.inline_policies.get(owner, request["PolicyName"])
    if found is None:
        raise _absent(kind, request["PolicyName"])
    return {
        f"{kind.title()}Name": entity.name,
        "PolicyName": found.name,
        "PolicyDocument": entities.encoded(found.document),
    }


async def delete(call: IamCall, kind: Kind, request: Request) -> Request:
    owner, _ = await owners.require_own(call, kind, request)
    if not await call.inline_policies.delete(owner, request["PolicyName"]):
        raise _absent(kind, request["PolicyName"])
    return {}


async def list_names(call: IamCall, kind: Kind, request: Request) -> Request:
    owner, _ = await owners.require(call, kind, request)
    found = [each.name for each in await call.inline_policies.page(owner, limit=None)]
    shown, more = entities.page(call, request, found)
    return {"PolicyNames": list(shown), **more}


def _absent(kind: Kind, name: str) -> NoSuchEntity:
    return NoSuchEntity(f"The {kind} policy with name {name} cannot be found.")


@operation("PutUserPolicy")
async def put_user_policy(call: IamCall, request: Request) -> Request:
    return await put(call, "user", request)


@operation("GetUserPolicy")
async def get_user_policy(call: IamCall, request: Request) -> Request:
    return await get(call, "user", request)


@operation("DeleteUserPolicy")
async def delete_user_policy(call: IamCall, request: Request) -> Request:
    return await delete(call, "user", request)


@operation("ListUserPolicies")
async def list_user_policies(call: IamCall, request: Request) -> Request:
    return await list_names(call, "user", request)


@operation("PutGroupPolicy")
async def put_group_policy(call: IamCall, request: Request) -> Request:
    return await put(call, "group", request)


@operation("GetGroupPolicy")
async def get_group_policy(call: IamCall, request: Request) -> Request:
    return await get(call, "group", request)


@operation("DeleteGroupPolicy")
async def delete_group_policy(call: IamCall, request: Request) -> Request:
    return await delete(call, "group", request)


@operation("ListGroupPolicies")
async def list_group_policies(call: IamCall, request: Request) -> Request:
    return await list_names(call, "group", request)


@operation("PutRolePolicy")
async def put_role_policy(call: IamCall, request: Request) -> Request:
    return await put(call, "role", request)


@operation("GetRolePolicy")
async def get_role_policy(call: IamCall, request: Request) -> Request:
    return await get(call, "role", request)


@operation("DeleteRolePolicy")
async def delete_role_policy(call: IamCall, request: Request) -> Request:
    return await delete(call, "role", request)


@operation("ListRolePolicies")
async def list_role_policies(call: IamCall, request: Request) -> Request:
    return await list_names(call, "role", request)

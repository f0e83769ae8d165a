"""Operations on roles and their trust policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import operation
from cloudling.services.iam import boundaries, documents, entities, quotas, tags
from cloudling.services.iam.credentials import key_ring
from cloudling.services.iam.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    NoSuchEntity,
    UnmodifiableEntity,
)
from cloudling.services.iam.records import Role

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]


async def require(call: IamCall, name: str) -> Role:
    """The role, or NoSuchEntity."""
    found = await call.roles.get(name.lower())
    if found is None:
        raise NoSuchEntity(f"The role with name {name} cannot be found.")
    return found


async def require_own(call: IamCall, name: str) -> Role:
    """A role that may be changed: those that are linked to services may not."""
    role = await require(call, name)
    if role.service:
        raise UnmodifiableEntity(
            f"Cannot perform the operation on the protected role '{role.name}' - this role is only "
            "modifiable by AWS"
        )
    return role


async def describe(call: IamCall, role: Role, *, whole: bool = False) -> Request:
    """`whole` adds what only GetRole tells: tags, boundary and last use."""
    told: Request = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": entities.arn(call, "role", role),
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": entities.encoded(role.trust),
        "MaxSessionDuration": role.session_seconds,
    }
    if role.description:
        told["Description"] = role.description
    if not whole:
        return told
    told |= boundaries.describe(role.boundary)
    if found := await tags.listed(call, told["Arn"]):
        told["Tags"] = found
    used = await key_ring(call).last_uses.find(role.id)
    told["RoleLastUsed"] = {"LastUsedDate": used.at, "Region": used.region} if used else {}
    return told


@operation("CreateRole")
async def create_role(call: IamCall, request: Request) -> Request:
    name = request["RoleName"]
    given = tags.given(request)
    trust = await documents.trust(call, request["AssumeRolePolicyDocument"])
    if await call.roles.get(name.lower()):
        raise EntityAlreadyExists(f"Role with name {name} already exists.")
    quotas.ROLES.require_room(await call.roles.count())
    role = Role(
        key=name.lower(),
        name=name,
        path=request.get("Path", "/"),
        id=call.cloud.ids.unique_id("AROA", call.account),
        created=call.clock.now(),
        trust=trust,
        description=request.get("Description", ""),
        session_seconds=request.get("MaxSessionDuration", 3600),
        boundary=await boundaries.given(call, request),
    )
    await call.roles.put(role)
    await call.tags.replace(entities.arn(call, "role", role), given)
    told = await describe(call, role, whole=True)
    del told["RoleLastUsed"]
    return {"Role": told}


@operation("GetRole")
async def get_role(call: IamCall, request: Request) -> Request:
    return {"Role": await describe(call, await require(call, request["RoleName"]), whole=True)}


@operation("ListRoles")
async def list_roles(call: IamCall, request: Request) -> Request:
    prefix = request.get("PathPrefix", "/")
    roles = [role for role in await call.roles.page(limit=None) if role.path.startswith(prefix)]
    shown, more = entities.page(call, request, roles)
    return {"Roles": [await describe(call, role) for role in shown], **more}


@operation("UpdateRole")
async def update_role(call: IamCall, request: Request) -> Request:
    role = await require(call, request["RoleName"])
    await call.roles.put(
        msgspec.structs.replace(
            role,
            description=request.get("Description", role.description),
            session_seconds=request.get("MaxSessionDuration", 3600),
        )
    )
    return {}


@operation("UpdateRoleDescription")
async def update_role_description(call: IamCall, request: Request) -> Request:
    role = await require(call, request["RoleName"])
    changed = msgspec.structs.replace(role, description=request["Description"])
    await call.roles.put(changed)
    return {"Role": await describe(call, changed)}


@operation("UpdateAssumeRolePolicy")
async def update_assume_role_policy(call: IamCall, request: Request) -> Request:
    role = await require_own(call, request["RoleName"])
    trust = await documents.trust(call, request["PolicyDocument"])
    await call.roles.put(msgspec.structs.replace(role, trust=trust))
    return {}


@operation("DeleteRole")
async def delete_role(call: IamCall, request: Request) -> Request:
    role = await require_own(call, request["RoleName"])
    if await call.instance_profiles.find(role=role.key, limit=1):
        raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
    await entities.require_bare(call, f"role/{role.key}")
    await remove(call, role)
    return {}


async def remove(call: IamCall, role: Role) -> None:
    """The role goes, on which nothing hangs any more."""
    await call.tags.replace(entities.arn(call, "role", role), {})
    await key_ring(call).last_uses.forget(role.id)
    await call.roles.delete(role.key)


@operation("PutRolePermissionsBoundary")
async def put_role_permissions_boundary(call: IamCall, request: Request) -> Request:
    role = await require_own(call, request["RoleName"])
    boundary = await boundaries.given(call, request)
    await call.roles.put(msgspec.structs.replace(role, boundary=boundary))
    return {}


@operation("DeleteRolePermissionsBoundary")
async def delete_role_permissions_boundary(call: IamCall, request: Request) -> Request:
    role = await require_own(call, request["RoleName"])
    boundaries.require(role, "role")
    await call.roles.put(msgspec.structs.replace(role, boundary=""))
    return {}

"""Operations on users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import arns, operation
from cloudling.services.iam import boundaries, entities, quotas, tags
from cloudling.services.iam.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    NoSuchEntity,
    ValidationError,
)
from cloudling.services.iam.records import User

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]


async def require(call: IamCall, name: str) -> User:
    """The user, or NoSuchEntity."""
    found = await call.users.get(name.lower())
    if found is None:
        raise NoSuchEntity(f"The user with name {name} cannot be found.")
    return found


async def named_or_caller(call: IamCall, request: Request) -> User:
    """The user that is named, or the caller where AWS lets the name out."""
    if "UserName" in request:
        return await require(call, request["UserName"])
    if call.identity.kind != "user":
        raise ValidationError("Must specify userName when calling with non-User credentials")
    return await require(call, call.identity.name)


async def describe(call: IamCall, user: User, *, whole: bool = False) -> Request:
    """`whole` adds what lists leave out: boundary and tags."""
    told: Request = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": entities.arn(call, "user", user),
        "CreateDate": user.created,
    }
    if whole:
        told |= boundaries.describe(user.boundary)
        if found := await tags.listed(call, told["Arn"]):
            told["Tags"] = found
    return told


def describe_root(call: IamCall) -> Request:
    """AWS tells of root neither name nor path. When the account was made, nobody noted."""
    arn = arns.account_root(call.account, call.partition)
    return {"UserId": call.account, "Arn": arn, "CreateDate": 0}


@operation("CreateUser")
async def create_user(call: IamCall, request: Request) -> Request:
    name = request["UserName"]
    given = tags.given(request)
    await _require_free(call, name)
    quotas.USERS.require_room(await call.users.count())
    user = User(
        key=name.lower(),
        name=name,
        path=request.get("Path", "/"),
        id=call.cloud.ids.unique_id("AIDA", call.account),
        created=call.clock.now(),
        boundary=await boundaries.given(call, request),
    )
    await call.users.put(user)
    await call.tags.replace(entities.arn(call, "user", user), given)
    return {"User": await describe(call, user, whole=True)}


@operation("GetUser")
async def get_user(call: IamCall, request: Request) -> Request:
    if "UserName" not in request and call.identity.kind == "root":
        return {"User": describe_root(call)}
    user = await named_or_caller(call, request)
    return {"User": await describe(call, user, whole=True)}


@operation("ListUsers")
async def list_users(call: IamCall, request: Request) -> Request:
    prefix = request.get("PathPrefix", "/")
    users = [user for user in await call.users.page(limit=None) if user.path.startswith(prefix)]
    shown, more = entities.page(call, request, users)
    return {"Users": [await describe(call, user) for user in shown], **more}


@operation("UpdateUser")
async def update_user(call: IamCall, request: Request) -> Request:
    user = await require(call, request["UserName"])
    name = request.get("NewUserName", user.name)
    if name.lower() != user.key:
        await _require_free(call, name)
    changed = msgspec.structs.replace(
        user, key=name.lower(), name=name, path=request.get("NewPath", user.path)
    )
    await call.tags.move(entities.arn(call, "user", user), entities.arn(call, "user", changed))
    if changed.key != user.key:
        await _rename(call, user, changed)
    await call.users.put(changed)
    return {}


async def _require_free(call: IamCall, name: str) -> None:
    if await call.users.get(name.lower()):
        raise EntityAlreadyExists(f"User with name {name} already exists.")


async def _rename(call: IamCall, user: User, changed: User) -> None:
    """Everything that hangs on the old key goes to the new one."""
    await call.users.delete(user.key)
    for membership in await call.memberships.page(user.key, limit=None):
        await call.memberships.delete(user.key, membership.group_key)
        await call.memberships.put(msgspec.structs.replace(membership, member=changed.key))
    await entities.rename_owner(call, f"user/{user.key}", f"user/{changed.key}")
    for key in await call.access_keys.find(user=user.key):
        if key.account == call.account:
            await call.access_keys.put(msgspec.structs.replace(key, user=changed.key))
    for device in await call.mfa_devices.find(holder=f"user/{user.key}"):
        await call.mfa_devices.put(msgspec.structs.replace(device, holder=f"user/{changed.key}"))
    if profile := await call.login_profiles.get(user.key):
        await call.login_profiles.delete(user.key)
        await call.login_profiles.put(msgspec.structs.replace(profile, user=changed.key))


@operation("DeleteUser")
async def delete_user(call: IamCall, request: Request) -> Request:
    user = await require(call, request["UserName"])
    await _require_no_credentials(call, user)
    await entities.require_bare(call, f"user/{user.key}")
    if await call.memberships.page(user.key, limit=1):
        raise DeleteConflict("Cannot delete entity, must remove users from group first.")
    await call.tags.replace(entities.arn(call, "user", user), {})
    await call.users.delete(user.key)
    return {}


async def _require_no_credentials(call: IamCall, user: User) -> None:
    if await call.login_profiles.get(user.key):
        raise DeleteConflict("Cannot delete entity, must delete login profile first.")
    if await call.mfa_devices.find(holder=f"user/{user.key}", limit=1):
        raise DeleteConflict("Cannot delete entity, must delete MFA device first.")
    keys = await call.access_keys.find(user=user.key)
    if any(key.account == call.account for key in keys):
        raise DeleteConflict("Cannot delete entity, must delete access keys first.")


@operation("PutUserPermissionsBoundary")
async def put_user_permissions_boundary(call: IamCall, request: Request) -> Request:
    user = await require(call, request["UserName"])
    boundary = await boundaries.given(call, request)
    await call.users.put(msgspec.structs.replace(user, boundary=boundary))
    return {}


@operation("DeleteUserPermissionsBoundary")
async def delete_user_permissions_boundary(call: IamCall, request: Request) -> Request:
    user = await require(call, request["UserName"])
    boundaries.require(user, "user")
    await call.users.put(msgspec.structs.replace(user, boundary=""))
    return {}

"""Operations on groups and who is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import operation
from cloudling.services.iam import entities, quotas, users
from cloudling.services.iam.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity
from cloudling.services.iam.records import Group, Membership

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]


async def require(call: IamCall, name: str) -> Group:
    """The group, or NoSuchEntity."""
    found = await call.groups.get(name.lower())
    if found is None:
        raise NoSuchEntity(f"The group with name {name} cannot be found.")
    return found


def describe(call: IamCall, group: Group) -> Request:
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": entities.arn(call, "group", group),
        "CreateDate": group.created,
    }


@operation("CreateGroup")
async def create_group(call: IamCall, request: Request) -> Request:
    name = request["GroupName"]
    await _require_free(call, name)
    quotas.GROUPS.require_room(await call.groups.count())
    group = Group(
        key=name.lower(),
        name=name,
        path=request.get("Path", "/"),
        id=call.cloud.ids.unique_id("AGPA", call.account),
        created=call.clock.now(),
    )
    await call.groups.put(group)
    return {"Group": describe(call, group)}


@operation("GetGroup")
async def get_group(call: IamCall, request: Request) -> Request:
    group = await require(call, request["GroupName"])
    members = sorted(each.member for each in await call.memberships.find(group_key=group.key))
    shown, more = entities.page(call, request, members)
    told = [await users.describe(call, await users.require(call, key)) for key in shown]
    return {"Group": describe(call, group), "Users": told, **more}


@operation("ListGroups")
async def list_groups(call: IamCall, request: Request) -> Request:
    prefix = request.get("PathPrefix", "/")
    groups = [each for each in await call.groups.page(limit=None) if each.path.startswith(prefix)]
    shown, more = entities.page(call, request, groups)
    return {"Groups": [describe(call, group) for group in shown], **more}


@operation("UpdateGroup")
async def update_group(call: IamCall, request: Request) -> Request:
    group = await require(call, request["GroupName"])
    name = request.get("NewGroupName", group.name)
    if name.lower() != group.key:
        await _require_free(call, name)
    changed = msgspec.structs.replace(
        group, key=name.lower(), name=name, path=request.get("NewPath", group.path)
    )
    if changed.key != group.key:
        await _rename(call, group, changed)
    await call.groups.put(changed)
    return {}


async def _require_free(call: IamCall, name: str) -> None:
    if await call.groups.get(name.lower()):
        raise EntityAlreadyExists(f"Group with name {name} already exists.")


async def _rename(call: IamCall, group: Group, changed: Group) -> None:
    await call.groups.delete(group.key)
    for membership in await call.memberships.find(group_key=group.key):
        await call.memberships.delete(membership.member, group.key)
        await call.memberships.put(msgspec.structs.replace(membership, group_key=changed.key))
    await entities.rename_owner(call, f"group/{group.key}", f"group/{changed.key}")


@operation("DeleteGroup")
async def delete_group(call: IamCall, request: Request) -> Request:
    group = await require(call, request["GroupName"])
    owner = f"group/{group.key}"
    if await call.memberships.find(group_key=group.key):
        raise DeleteConflict("Cannot delete entity, must remove users from group first.")
    await entities.require_bare(call, owner)
    await call.groups.delete(group.key)
    return {}


@operation("AddUserToGroup")
async def add_user_to_group(call: IamCall, request: Request) -> Request:
    group = await require(call, request["GroupName"])
    user = await users.require(call, request["UserName"])
    if await call.memberships.get(user.key, group.key) is None:
        quotas.GROUPS_OF_USER.require_room(await call.memberships.count(user.key))
        await call.memberships.put(
            Membership(member=user.key, group_key=group.key, since=call.clock.now())
        )
    return {}


@operation("RemoveUserFromGroup")
async def remove_user_from_group(call: IamCall, request: Request) -> Request:
    group = await require(call, request["GroupName"])
    user = await users.require(call, request["UserName"])
    if not await call.memberships.delete(user.key, group.key):
        raise NoSuchEntity(f"User {user.name} is not in group {group.name}.")
    return {}


@operation("ListGroupsForUser")
async def list_groups_for_user(call: IamCall, request: Request) -> Request:
    user = await users.require(call, request["UserName"])
    memberships = await call.memberships.page(user.key, limit=None)
    shown, more = entities.page(call, request, memberships)
    told = [describe(call, await require(call, each.group_key)) for each in shown]
    return {"Groups": told, **more}

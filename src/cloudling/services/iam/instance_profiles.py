"""Instance profiles: what hands a role to the instances of EC2.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import operation
from cloudling.services.iam import entities, quotas, roles, tags
from cloudling.services.iam.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity
from cloudling.services.iam.records import InstanceProfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]
# Of a role, AWS tells here what its own examples show.
_OF_ROLE = ("Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument")


async def require(call: IamCall, name: str) -> InstanceProfile:
    """The instance profile, or NoSuchEntity."""
    found = await call.instance_profiles.get(name.lower())
    if found is None:
        raise NoSuchEntity(f"Instance Profile {name} cannot be found.")
    return found


async def describe(call: IamCall, profile: InstanceProfile, *, whole: bool = False) -> Request:
    """`whole` adds what lists leave out: tags."""
    told: Request = {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": entities.arn(call, "instance-profile", profile),
        "CreateDate": profile.created,
        "Roles": [],
    }
    if profile.role:
        role = await roles.describe(call, await roles.require(call, profile.role))
        told["Roles"] = [{member: role[member] for member in _OF_ROLE}]
    if whole:
        told["Tags"] = await tags.listed(call, told["Arn"])
    return told


async def _listing(call: IamCall, request: Request, found: Sequence[InstanceProfile]) -> Request:
    shown, more = entities.page(call, request, found)
    return {"InstanceProfiles": [await describe(call, each) for each in shown], **more}


@operation("CreateInstanceProfile")
async def create_instance_profile(call: IamCall, request: Request) -> Request:
    name = request["InstanceProfileName"]
    given = tags.given(request)
    if await call.instance_profiles.get(name.lower()):
        raise EntityAlreadyExists(f"Instance Profile {name} already exists.")
    quotas.INSTANCE_PROFILES.require_room(await call.instance_profiles.count())
    profile = InstanceProfile(
        key=name.lower(),
        name=name,
        path=request.get("Path", "/"),
        id=call.cloud.ids.unique_id("AIPA", call.account),
        created=call.clock.now(),
    )
    await call.instance_profiles.put(profile)
    await call.tags.replace(entities.arn(call, "instance-profile", profile), given)
    return {"InstanceProfile": await describe(call, profile, whole=True)}


@operation("GetInstanceProfile")
async def get_instance_profile(call: IamCall, request: Request) -> Request:
    profile = await require(call, request["InstanceProfileName"])
    return {"InstanceProfile": await describe(call, profile, whole=True)}


@operation("ListInstanceProfiles")
async def list_instance_profiles(call: IamCall, request: Request) -> Request:
    prefix = request.get("PathPrefix", "/")
    profiles = await call.instance_profiles.page(limit=None)
    return await _listing(
        call, request, [each for each in profiles if each.path.startswith(prefix)]
    )


@operation("ListInstanceProfilesForRole")
async def list_instance_profiles_for_role(call: IamCall, request: Request) -> Request:
    role = await roles.require(call, request["RoleName"])
    return await _listing(call, request, await call.instance_profiles.find(role=role.key))


@operation("AddRoleToInstanceProfile")
async def add_role_to_instance_profile(call: IamCall, request: Request) -> Request:
    profile = await require(call, request["InstanceProfileName"])
    role = await roles.require_own(call, request["RoleName"])
    quotas.ROLES_OF_PROFILE.require_room(1 if profile.role else 0)
    await call.instance_profiles.put(msgspec.structs.replace(profile, role=role.key))
    return {}


@operation("RemoveRoleFromInstanceProfile")
async def remove_role_from_instance_profile(call: IamCall, request: Request) -> Request:
    profile = await require(call, request["InstanceProfileName"])
    role = await roles.require_own(call, request["RoleName"])
    if profile.role != role.key:
        raise NoSuchEntity(f"The role with name {role.name} cannot be found.")
    await call.instance_profiles.put(msgspec.structs.replace(profile, role=""))
    return {}


@operation("DeleteInstanceProfile")
async def delete_instance_profile(call: IamCall, request: Request) -> Request:
    profile = await require(call, request["InstanceProfileName"])
    if profile.role:
        raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
    await call.tags.replace(entities.arn(call, "instance-profile", profile), {})
    await call.instance_profiles.delete(profile.key)
    return {}

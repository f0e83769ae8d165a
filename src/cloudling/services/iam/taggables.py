"""The tag operations of all that can have tags in IAM, one declaration a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel.tags import tag_operations
from cloudling.services.iam import entities, instance_profiles, mfa, policies, roles, users
from cloudling.services.iam.tags import RULES, paged

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]


async def _user(call: IamCall, request: Request) -> str:
    return entities.arn(call, "user", await users.require(call, request["UserName"]))


async def _role(call: IamCall, request: Request) -> str:
    return entities.arn(call, "role", await roles.require(call, request["RoleName"]))


async def _policy(call: IamCall, request: Request) -> str:
    return (await policies.require(call, request["PolicyArn"])).arn


async def _own_policy(call: IamCall, request: Request) -> str:
    return (await policies.require_own(call, request["PolicyArn"])).arn


async def _profile(call: IamCall, request: Request) -> str:
    profile = await instance_profiles.require(call, request["InstanceProfileName"])
    return entities.arn(call, "instance-profile", profile)


async def _device(call: IamCall, request: Request) -> str:
    return (await mfa.require(call, request["SerialNumber"])).serial


tag_user, untag_user, list_user_tags = tag_operations(
    ("TagUser", "UntagUser", "ListUserTags"), RULES, paged, locate=_user
)
tag_role, untag_role, list_role_tags = tag_operations(
    ("TagRole", "UntagRole", "ListRoleTags"), RULES, paged, locate=_role
)
tag_policy, untag_policy, list_policy_tags = tag_operations(
    ("TagPolicy", "UntagPolicy", "ListPolicyTags"),
    RULES,
    paged,
    locate=_policy,
    change=_own_policy,
)
tag_profile, untag_profile, list_profile_tags = tag_operations(
    ("TagInstanceProfile", "UntagInstanceProfile", "ListInstanceProfileTags"),
    RULES,
    paged,
    locate=_profile,
)
tag_device, untag_device, list_device_tags = tag_operations(
    ("TagMFADevice", "UntagMFADevice", "ListMFADeviceTags"), RULES, paged, locate=_device
)

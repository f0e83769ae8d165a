"""IAM's resources: the entity's ARN with its path, which no request carries whole.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import Need, access, arns

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]

_ON_USER = [
    "CreateUser",
    "GetUser",
    "UpdateUser",
    "DeleteUser",
    "TagUser",
    "UntagUser",
    "ListUserTags",
    "PutUserPermissionsBoundary",
    "DeleteUserPermissionsBoundary",
    "ListGroupsForUser",
    "PutUserPolicy",
    "GetUserPolicy",
    "DeleteUserPolicy",
    "ListUserPolicies",
    "AttachUserPolicy",
    "DetachUserPolicy",
    "ListAttachedUserPolicies",
    "CreateAccessKey",
    "ListAccessKeys",
    "UpdateAccessKey",
    "DeleteAccessKey",
]
_ON_GROUP = [
    "CreateGroup",
    "GetGroup",
    "UpdateGroup",
    "DeleteGroup",
    "AddUserToGroup",
    "RemoveUserFromGroup",
    "PutGroupPolicy",
    "GetGroupPolicy",
    "DeleteGroupPolicy",
    "ListGroupPolicies",
    "AttachGroupPolicy",
    "DetachGroupPolicy",
    "ListAttachedGroupPolicies",
]
_ON_ROLE = [
    "CreateRole",
    "GetRole",
    "UpdateRole",
    "UpdateRoleDescription",
    "UpdateAssumeRolePolicy",
    "DeleteRole",
    "TagRole",
    "UntagRole",
    "ListRoleTags",
    "PutRolePermissionsBoundary",
    "DeleteRolePermissionsBoundary",
    "PutRolePolicy",
    "GetRolePolicy",
    "DeleteRolePolicy",
    "ListRolePolicies",
    "AttachRolePolicy",
    "DetachRolePolicy",
    "ListAttachedRolePolicies",
    "ListInstanceProfilesForRole",
]
_ON_POLICY = [
    "GetPolicy",
    "DeletePolicy",
    "CreatePolicyVersion",
    "GetPolicyVersion",
    "ListPolicyVersions",
    "DeletePolicyVersion",
    "SetDefaultPolicyVersion",
    "TagPolicy",
    "UntagPolicy",
    "ListPolicyTags",
    "ListEntitiesForPolicy",
]
_LISTS = {"ListUsers": "user", "ListGroups": "group", "ListRoles": "role", "ListPolicies": "policy"}


def _need(call: IamCall, resource: str, request: Request) -> list[Need]:
    context: dict[str, str] = {}
    if "PolicyArn" in request and not resource.endswith(request["PolicyArn"]):
        context["iam:PolicyARN"] = request["PolicyArn"]
    if "PermissionsBoundary" in request:
        context["iam:PermissionsBoundary"] = request["PermissionsBoundary"]
    for tag in request.get("Tags", ()):
        context[f"aws:RequestTag/{tag['Key']}"] = tag["Value"]
    return [Need(f"iam:{call.operation.name}", resource, context=context)]


@access(*_ON_USER)
async def on_user(call: IamCall, request: Request) -> list[Need]:
    name = request.get("UserName", "")
    if not name:
        # AWS lets the caller's own name out; what it means is the caller.
        return _need(call, call.identity.principal_arn, request)
    found = await call.users.get(name.lower())
    path = found.path if found else request.get("Path", "/")
    arn = arns.iam(call.account, "user", path, found.name if found else name, call.partition)
    return _need(call, arn, request)


@access(*_ON_GROUP)
async def on_group(call: IamCall, request: Request) -> list[Need]:
    name = request["GroupName"]
    found = await call.groups.get(name.lower())
    path = found.path if found else request.get("Path", "/")
    return _need(call, arns.iam(call.account, "group", path, name, call.partition), request)


@access(*_ON_ROLE)
async def on_role(call: IamCall, request: Request) -> list[Need]:
    name = request["RoleName"]
    found = await call.roles.get(name.lower())
    path = found.path if found else request.get("Path", "/")
    return _need(call, arns.iam(call.account, "role", path, name, call.partition), request)


@access("CreatePolicy")
async def on_new_policy(call: IamCall, request: Request) -> list[Need]:
    path, name = request.get("Path", "/"), request["PolicyName"]
    return _need(call, arns.iam(call.account, "policy", path, name, call.partition), request)


@access(*_ON_POLICY)
async def on_policy(call: IamCall, request: Request) -> list[Need]:
    return _need(call, request["PolicyArn"], request)


@access(*_LISTS)
async def on_lists(call: IamCall, request: Request) -> list[Need]:
    kind, path = _LISTS[call.operation.name], request.get("PathPrefix", "/")
    return _need(call, arns.iam(call.account, kind, path, "", call.partition), request)


@access("GetCallerIdentity", "AssumeRole")
async def asked_of_nobody(call: IamCall, request: Request) -> list[Need]:
    """GetCallerIdentity needs no permission at all; AssumeRole weighs the role's trust itself."""
    return []

"""What IAM's and STS's operations ask of policies: entities by their ARN with its path.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel import Need, access, arns, pass_role
from cloudling.models import actions
from cloudling.services.iam import service_linked_roles
from cloudling.services.iam.errors import ValidationError
from cloudling.services.iam.password_access import (  # noqa: F401 - rules of this service, too
    on_own_password,
    on_password_policy,
)
from cloudling.services.iam.session_access import (  # noqa: F401 - rules of this service, too
    on_all,
    on_federated_user,
    on_root,
)

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]
Context = dict[str, str]

_ON_USER = """
    CreateUser GetUser UpdateUser DeleteUser TagUser UntagUser ListUserTags
    PutUserPermissionsBoundary DeleteUserPermissionsBoundary ListGroupsForUser
    PutUserPolicy GetUserPolicy DeleteUserPolicy ListUserPolicies
    AttachUserPolicy DetachUserPolicy ListAttachedUserPolicies
    CreateAccessKey ListAccessKeys UpdateAccessKey DeleteAccessKey
    CreateLoginProfile GetLoginProfile UpdateLoginProfile DeleteLoginProfile
    EnableMFADevice ResyncMFADevice DeactivateMFADevice ListMFADevices GetMFADevice
"""
# Of operations that are not built.
_MISSING_ON_USER = """
    UploadSSHPublicKey GetSSHPublicKey ListSSHPublicKeys UpdateSSHPublicKey DeleteSSHPublicKey
    UploadSigningCertificate ListSigningCertificates UpdateSigningCertificate
    DeleteSigningCertificate CreateServiceSpecificCredential ListServiceSpecificCredentials
    ResetServiceSpecificCredential UpdateServiceSpecificCredential DeleteServiceSpecificCredential
"""
_ON_GROUP = """
    CreateGroup GetGroup UpdateGroup DeleteGroup AddUserToGroup RemoveUserFromGroup
    PutGroupPolicy GetGroupPolicy DeleteGroupPolicy ListGroupPolicies
    AttachGroupPolicy DetachGroupPolicy ListAttachedGroupPolicies
"""
_ON_ROLE = """
    CreateRole GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole
    TagRole UntagRole ListRoleTags PutRolePermissionsBoundary DeleteRolePermissionsBoundary
    PutRolePolicy GetRolePolicy DeleteRolePolicy ListRolePolicies
    AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole
    DeleteServiceLinkedRole
"""
_ON_PROFILE = """
    CreateInstanceProfile GetInstanceProfile DeleteInstanceProfile RemoveRoleFromInstanceProfile
    TagInstanceProfile UntagInstanceProfile ListInstanceProfileTags
"""
_ON_DEVICE = """
    CreateVirtualMFADevice DeleteVirtualMFADevice TagMFADevice UntagMFADevice ListMFADeviceTags
"""
_ON_POLICY = """
    GetPolicy DeletePolicy CreatePolicyVersion GetPolicyVersion ListPolicyVersions
    DeletePolicyVersion SetDefaultPolicyVersion TagPolicy UntagPolicy ListPolicyTags
    ListEntitiesForPolicy
"""
_ON_SOURCE = """
    SimulatePrincipalPolicy GetContextKeysForPrincipalPolicy
    GenerateServiceLastAccessedDetails ListPoliciesGrantingServiceAccess
"""
_LISTS = {
    "ListUsers": "user",
    "ListGroups": "group",
    "ListRoles": "role",
    "ListInstanceProfiles": "instance-profile",
    "ListVirtualMFADevices": "mfa",
}
# What makes something, and what allows tagging it in the same call; groups have no tags.
_MAKERS = {
    "CreateUser": "TagUser",
    "CreateGroup": "",
    "CreateRole": "TagRole",
    "CreatePolicy": "TagPolicy",
    "CreateInstanceProfile": "TagInstanceProfile",
    "CreateVirtualMFADevice": "TagMFADevice",
}
# Denials of these tell the ARN; those of all others the kind and the name ("user ann").
_TOLD = """
    CreateUser CreateGroup CreateRole TagUser UntagUser TagRole UntagRole
    CreateInstanceProfile TagInstanceProfile UntagInstanceProfile
    CreateVirtualMFADevice DeleteVirtualMFADevice TagMFADevice UntagMFADevice ListMFADeviceTags
    PutUserPermissionsBoundary DeleteUserPermissionsBoundary
    PutRolePermissionsBoundary DeleteRolePermissionsBoundary
"""
_TOLD_BY_ARN = frozenset(_TOLD.split())


class Target(NamedTuple):
    """What a call is about; `boundary` is the ARN of the one it has."""

    kind: str
    name: str
    arn: str
    boundary: str = ""


@access(*_ON_USER.split(), *_MISSING_ON_USER.split())
async def on_user(call: IamCall, request: Request) -> list[Need]:
    name = request.get("UserName") or _own_name(call)
    if not name:
        return await _needs(call, Target("user", "root", call.identity.principal_arn), request)
    return await _on_entity(call, "user", name, request)


def _own_name(call: IamCall) -> str:
    """AWS lets callers leave out their own name; root has none, and a session is no user."""
    if call.identity.kind not in {"user", "root"}:
        raise ValidationError("Must specify userName when calling with non-User credentials")
    return call.identity.name


@access(*_ON_GROUP.split())
async def on_group(call: IamCall, request: Request) -> list[Need]:
    return await _on_entity(call, "group", request["GroupName"], request)


@access(*_ON_ROLE.split())
async def on_role(call: IamCall, request: Request) -> list[Need]:
    return await _on_entity(call, "role", request["RoleName"], request)


@access(*_ON_PROFILE.split())
async def on_profile(call: IamCall, request: Request) -> list[Need]:
    return await _on_entity(call, "instance-profile", request["InstanceProfileName"], request)


@access("AddRoleToInstanceProfile")
async def on_profile_with_role(call: IamCall, request: Request) -> list[Need]:
    """The role is handed to EC2, which whoever adds it must be allowed to do."""
    needs = await on_profile(call, request)
    name = request["RoleName"]
    role = await call.roles.get(name.lower())
    path, name = (role.path, role.name) if role else ("/", name)
    arn = arns.iam(call.account, "role", path, name, call.partition)
    return [*needs, pass_role(call, arn, "ec2.amazonaws.com")]


@access(*_ON_DEVICE.split())
async def on_device(call: IamCall, request: Request) -> list[Need]:
    if "SerialNumber" in request:
        serial = request["SerialNumber"]
        return await _needs(call, Target("mfa", serial, serial), request)
    return await _on_entity(call, "mfa", request["VirtualMFADeviceName"], request)


@access("CreateServiceLinkedRole")
async def on_linked_role(call: IamCall, request: Request) -> list[Need]:
    service = request["AWSServiceName"]
    path, name = f"{service_linked_roles.PATH}{service}/", service_linked_roles.name_of(request)
    arn = arns.iam(call.account, "role", path, name, call.partition)
    context = {"iam:AWSServiceName": service}
    return [Need("iam:CreateServiceLinkedRole", arn, context=context)]


@access("GetServiceLinkedRoleDeletionStatus")
async def on_deletion(call: IamCall, request: Request) -> list[Need]:
    path, name = service_linked_roles.role_of(request["DeletionTaskId"]) or ("/", "*")
    arn = arns.iam(call.account, "role", path, name, call.partition)
    return [Need("iam:GetServiceLinkedRoleDeletionStatus", arn)]


@access("GetAccessKeyLastUsed")
async def on_key(call: IamCall, request: Request) -> list[Need]:
    key_id, name = request["AccessKeyId"], "iam:GetAccessKeyLastUsed"
    key = await call.access_keys.get(key_id)
    user = await call.users.get(key.user) if key and key.account == call.account else None
    arn = arns.iam(call.account, "user", user.path, user.name, call.partition) if user else "*"
    return [Need(name, arn, told=f"access key {key_id}")]


@access("CreatePolicy")
async def on_new_policy(call: IamCall, request: Request) -> list[Need]:
    return await _on_entity(call, "policy", request["PolicyName"], request)


@access(*_ON_POLICY.split())
async def on_policy(call: IamCall, request: Request) -> list[Need]:
    arn = request["PolicyArn"]
    return await _needs(call, Target("policy", arn, arn), request)


@access(*_LISTS)
async def on_lists(call: IamCall, request: Request) -> list[Need]:
    name, path = call.operation.name, request.get("PathPrefix", "/")
    return [Need(f"iam:{name}", arns.iam(call.account, _LISTS[name], path, "", call.partition))]


@access("ListPolicies")
async def on_policies(call: IamCall, request: Request) -> list[Need]:
    return [Need("iam:ListPolicies", told=f"policy path {request.get('PathPrefix', '/')}")]


@access(*_ON_SOURCE.split())
async def on_source(call: IamCall, request: Request) -> list[Need]:
    """What is told of a principal or policy is asked for by its ARN."""
    arn = request.get("PolicySourceArn") or request["Arn"]
    return [Need(f"iam:{call.operation.name}", arn)]


@access("GetCallerIdentity", "GetSessionToken", "AssumeRole")
async def asked_of_nobody(call: IamCall, request: Request) -> list[Need]:
    """No policy controls the first two; AssumeRole weighs the role's trust itself."""
    return []


async def _on_entity(call: IamCall, kind: str, name: str, request: Request) -> list[Need]:
    """The entity as it is, or as it will be; one that is renamed is asked for under both names."""
    new = f"New{kind.title()}Name"
    path, boundary = request.get("Path", "/"), ""
    found = None if _creates(call) else await _find(call, kind, name)
    if found is not None:
        name, path, boundary = found
    arn = arns.iam(call.account, kind, path, name, call.partition)
    needs = await _needs(call, Target(kind, name, arn, boundary), request)
    if new in request or "NewPath" in request:
        name, path = str(request.get(new, name)), str(request.get("NewPath", path))
        arn = arns.iam(call.account, kind, path, name, call.partition)
        needs += await _needs(call, Target(kind, name, arn), request)
    return needs


def _creates(call: IamCall) -> bool:
    return call.operation.name in _MAKERS


async def _find(call: IamCall, kind: str, name: str) -> tuple[str, str, str] | None:
    """Name, path and boundary of what there is."""
    key = name.lower()
    if kind in {"group", "instance-profile"}:
        bare = await (call.groups if kind == "group" else call.instance_profiles).get(key)
        return None if bare is None else (bare.name, bare.path, "")
    found = await (call.users.get(key) if kind == "user" else call.roles.get(key))
    return None if found is None else (found.name, found.path, found.boundary)


async def _needs(call: IamCall, target: Target, request: Request) -> list[Need]:
    """The call's own action, and to tag what it makes where it does so."""
    name = call.operation.name
    context = {**_asked(name, target, request), **await _tags(call, target)}
    needs = [_need(name, target, context)]
    if (tagging := _MAKERS.get(name)) and request.get("Tags"):
        needs.append(_need(tagging, target, context))
    return needs


def _need(action: str, target: Target, context: Context) -> Need:
    kind = target.kind.replace("-", " ")
    told = "" if action in _TOLD_BY_ARN else f"{kind} {target.name}"
    return Need(f"iam:{action}", target.arn, context=context, told=told)


def _asked(name: str, target: Target, request: Request) -> Context:
    """The condition keys that speak of the request."""
    context: Context = {}
    known = actions.load("iam").actions[name].condition_keys
    if "iam:PolicyARN" in known:
        context["iam:PolicyARN"] = request["PolicyArn"]
    boundary = request.get("PermissionsBoundary", target.boundary)
    if "iam:PermissionsBoundary" in known and boundary:
        context["iam:PermissionsBoundary"] = boundary
    return context


async def _tags(call: IamCall, target: Target) -> Context:
    """IAM's own name for the tags of users and roles; `aws:ResourceTag` the kernel knows."""
    if target.kind not in {"user", "role"} or _creates(call):
        return {}
    found = await call.tags.of(target.arn)
    return {f"iam:ResourceTag/{key}": value for key, value in found.items()}

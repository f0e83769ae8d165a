"""What IAM's and STS's operations ask of policies: entities by their ARN with its path.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel import Need, access, arns
from cloudling.models import actions
from cloudling.services.iam.errors import ValidationError

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]
Context = dict[str, str | list[str]]

_ON_USER = """
    CreateUser GetUser UpdateUser DeleteUser TagUser UntagUser ListUserTags
    PutUserPermissionsBoundary DeleteUserPermissionsBoundary ListGroupsForUser
    PutUserPolicy GetUserPolicy DeleteUserPolicy ListUserPolicies
    AttachUserPolicy DetachUserPolicy ListAttachedUserPolicies
    CreateAccessKey ListAccessKeys UpdateAccessKey DeleteAccessKey
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
"""
_ON_POLICY = """
    GetPolicy DeletePolicy CreatePolicyVersion GetPolicyVersion ListPolicyVersions
    DeletePolicyVersion SetDefaultPolicyVersion TagPolicy UntagPolicy ListPolicyTags
    ListEntitiesForPolicy
"""
_LISTS = {"ListUsers": "user", "ListGroups": "group", "ListRoles": "role"}
# Denials of these tell the ARN; those of all others the kind and the name ("user ann").
_TOLD_BY_ARN = """
    CreateUser CreateGroup CreateRole TagUser UntagUser TagRole UntagRole
    PutUserPermissionsBoundary DeleteUserPermissionsBoundary
    PutRolePermissionsBoundary DeleteRolePermissionsBoundary
"""


class Target(NamedTuple):
    """What a call is about; `boundary` is the ARN of the one it has."""

    kind: str
    name: str
    arn: str
    boundary: str = ""


# Of operations that are not built.
_MISSING_ON_USER = """
    UploadSSHPublicKey GetSSHPublicKey ListSSHPublicKeys UpdateSSHPublicKey DeleteSSHPublicKey
    UploadSigningCertificate ListSigningCertificates UpdateSigningCertificate
    DeleteSigningCertificate CreateServiceSpecificCredential ListServiceSpecificCredentials
    ResetServiceSpecificCredential UpdateServiceSpecificCredential DeleteServiceSpecificCredential
"""


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


@access("GetCallerIdentity", "AssumeRole")
async def asked_of_nobody(call: IamCall, request: Request) -> list[Need]:
    """GetCallerIdentity needs no permission at all; AssumeRole weighs the role's trust itself."""
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
    return call.operation.name in {"CreateUser", "CreateGroup", "CreateRole", "CreatePolicy"}


async def _find(call: IamCall, kind: str, name: str) -> tuple[str, str, str] | None:
    """Name, path and boundary of what there is."""
    key = name.lower()
    if kind == "group":
        group = await call.groups.get(key)
        return None if group is None else (group.name, group.path, "")
    found = await (call.users.get(key) if kind == "user" else call.roles.get(key))
    return None if found is None else (found.name, found.path, found.boundary)


async def _needs(call: IamCall, target: Target, request: Request) -> list[Need]:
    """The call's own action, and to tag what it makes where it does so."""
    name = call.operation.name
    context = {**_asked(name, target, request), **await _tags(call, target)}
    needs = [_need(name, target, context)]
    if _creates(call) and request.get("Tags"):
        needs.append(_need(f"Tag{target.kind.title()}", target, context))
    return needs


def _need(action: str, target: Target, context: Context) -> Need:
    told = "" if action in _TOLD_BY_ARN.split() else f"{target.kind} {target.name}"
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
    given = request.get("Tags", ())
    keys = [tag["Key"] for tag in given] or list(request.get("TagKeys", ()))
    if keys:
        context["aws:TagKeys"] = keys
    return context | {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in given}


async def _tags(call: IamCall, target: Target) -> Context:
    """The condition keys that speak of the entity's tags; groups have none."""
    if target.kind == "group" or _creates(call):
        return {}
    found = await call.tags.of(target.arn)
    names = ("aws",) if target.kind == "policy" else ("aws", "iam")
    return {f"{name}:ResourceTag/{key}": value for key, value in found.items() for name in names}

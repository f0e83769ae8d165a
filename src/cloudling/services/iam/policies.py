"""Managed policies: the account's own with their versions, and AWS's with their documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import arns, operation
from cloudling.models import managed_policies
from cloudling.services.iam import documents, entities, quotas, tags
from cloudling.services.iam.errors import (
    AccessDenied,
    DeleteConflict,
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    NoSuchEntity,
)
from cloudling.services.iam.records import ManagedPolicy, PolicyVersion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudling.models.managed_policies import ManagedPolicy as Published
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]


def checked(arn: str) -> str:
    """The text, once it is a policy's ARN."""
    try:
        parsed = arns.Arn.parse(arn)
    except ValueError:
        raise InvalidInput(f"ARN {arn} is not valid.") from None
    if parsed.service != "iam" or not parsed.resource.startswith("policy/"):
        raise InvalidInput(f"ARN {arn} is not valid.")
    return arn


def is_published(arn: str) -> bool:
    """Is it one of those that AWS publishes?"""
    return arns.arn_account(arn) == "aws"


async def find(call: IamCall, arn: str) -> ManagedPolicy | Published | None:
    """One of the account's policies, or one that AWS publishes."""
    if is_published(checked(arn)):
        return managed_policies.find(arn)
    found = await call.policies.find(arn=arn)
    return found[0] if found else None


async def require(call: IamCall, arn: str) -> ManagedPolicy | Published:
    found = await find(call, arn)
    if found is None:
        raise NoSuchEntity(f"Policy {arn} was not found.")
    return found


async def require_own(call: IamCall, arn: str) -> ManagedPolicy:
    """A policy that may be changed: AWS's may not."""
    if is_published(checked(arn)):
        raise AccessDenied("Policy is outside your own account.")
    found = await require(call, arn)
    assert isinstance(found, ManagedPolicy)  # noqa: S101 - told by the ARN above
    return found


async def describe(
    call: IamCall, policy: ManagedPolicy | Published, *, whole: bool = False
) -> Request:
    """A policy as lists and GetPolicy (`whole`) tell it."""
    told: Request = {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default_version}",
        "AttachmentCount": len(await call.attachments.find(policy=policy.arn)),
        "PermissionsBoundaryUsageCount": await _bounded(call, policy.arn),
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }
    if whole:
        if policy.description:
            told["Description"] = policy.description
        told["Tags"] = await tags.listed(call, policy.arn)
    return told


async def _bounded(call: IamCall, arn: str) -> int:
    """How many users and roles the policy limits."""
    return len(await call.users.find(boundary=arn)) + len(await call.roles.find(boundary=arn))


@operation("CreatePolicy")
async def create_policy(call: IamCall, request: Request) -> Request:
    name = request["PolicyName"]
    given = tags.given(request)
    document = documents.managed(request["PolicyDocument"])
    if await call.policies.get(name.lower()):
        raise EntityAlreadyExists(
            f"A policy called {name} already exists. Duplicate names are not allowed."
        )
    quotas.POLICIES.require_room(await call.policies.count())
    path, now = request.get("Path", "/"), call.clock.now()
    policy = ManagedPolicy(
        key=name.lower(),
        name=name,
        path=path,
        id=call.cloud.ids.unique_id("ANPA", call.account),
        arn=arns.iam(call.account, "policy", path, name, call.partition),
        created=now,
        updated=now,
        description=request.get("Description", ""),
    )
    await call.policies.put(policy)
    await call.policy_versions.put(
        PolicyVersion(policy=policy.arn, number="1", document=document, created=now)
    )
    await call.tags.replace(policy.arn, given)
    told = await describe(call, policy)
    return {"Policy": {**told, "Tags": tags.told(given)} if given else told}


@operation("GetPolicy")
async def get_policy(call: IamCall, request: Request) -> Request:
    return {"Policy": await describe(call, await require(call, request["PolicyArn"]), whole=True)}


@operation("ListPolicies")
async def list_policies(call: IamCall, request: Request) -> Request:
    """In the order of AWS's: the account's own first."""
    scope = request.get("Scope", "All")
    found: list[ManagedPolicy | Published] = []
    if scope in {"All", "Local"}:
        found += await call.policies.page(limit=None)
    if scope in {"All", "AWS"}:
        found += managed_policies.all_policies()
    if "PathPrefix" in request:
        found = [policy for policy in found if policy.path.startswith(request["PathPrefix"])]
    usage = request.get("PolicyUsageFilter", "")
    if usage or request.get("OnlyAttached"):
        wanted = await used(call, usage)
        found = [policy for policy in found if policy.arn in wanted]
    shown, more = entities.page(call, request, found)
    return {"Policies": [await describe(call, policy) for policy in shown], **more}


async def used(call: IamCall, usage: str = "") -> set[str]:
    """The policies that are attached, those that are boundaries, or both."""
    found = set()
    if usage != "PermissionsBoundary":
        found |= {each.policy for each in await call.attachments.page(limit=None)}
    if usage != "PermissionsPolicy":
        found |= {each.boundary for each in await call.users.page(limit=None)}
        found |= {each.boundary for each in await call.roles.page(limit=None)}
    return found


@operation("DeletePolicy")
async def delete_policy(call: IamCall, request: Request) -> Request:
    policy = await require_own(call, request["PolicyArn"])
    if await call.attachments.find(policy=policy.arn) or await _bounded(call, policy.arn):
        raise DeleteConflict("Cannot delete a policy attached to entities.")
    found = await call.policy_versions.page(policy.arn, limit=None)
    if len(found) > 1:
        raise DeleteConflict(
            "This policy has more than one version. Before you delete a policy, you must delete "
            "the policy's versions. The default version is deleted with the policy."
        )
    for version in found:
        await call.policy_versions.delete(policy.arn, version.number)
    await call.tags.replace(policy.arn, {})
    await call.policies.delete(policy.key)
    return {}


@operation("CreatePolicyVersion")
async def create_policy_version(call: IamCall, request: Request) -> Request:
    policy = await require_own(call, request["PolicyArn"])
    document = documents.managed(request["PolicyDocument"])
    if await call.policy_versions.count(policy.arn) >= quotas.VERSIONS:
        raise LimitExceeded(
            "A managed policy can have up to 5 versions. Before you create a new version, you "
            "must delete an existing version."
        )
    number, now = policy.latest + 1, call.clock.now()
    version = PolicyVersion(policy=policy.arn, number=str(number), document=document, created=now)
    await call.policy_versions.put(version)
    default = number if request.get("SetAsDefault") else policy.default_version
    await call.policies.put(
        msgspec.structs.replace(policy, latest=number, default_version=default, updated=now)
    )
    return {"PolicyVersion": _describe_version(version, default)}


@operation("GetPolicyVersion")
async def get_policy_version(call: IamCall, request: Request) -> Request:
    policy = await require(call, request["PolicyArn"])
    if not isinstance(policy, ManagedPolicy):
        return {"PolicyVersion": _published_version(policy, request["VersionId"])}
    version = await _require_version(call, policy, request["VersionId"])
    told = _describe_version(version, policy.default_version)
    told["Document"] = entities.encoded(version.document)
    return {"PolicyVersion": told}


@operation("ListPolicyVersions")
async def list_policy_versions(call: IamCall, request: Request) -> Request:
    told = await versions(call, await require(call, request["PolicyArn"]))
    for each in told:
        del each["Document"]
    shown, more = entities.page(call, request, told)
    return {"Versions": list(shown), **more}


async def versions(call: IamCall, policy: ManagedPolicy | Published) -> list[Request]:
    """All versions with their documents, newest first."""
    if not isinstance(policy, ManagedPolicy):
        return [_published_version(policy, f"v{policy.default_version}")]
    found = await call.policy_versions.page(policy.arn, limit=None)
    return [
        _describe_version(each, policy.default_version)
        | {"Document": entities.encoded(each.document)}
        for each in sorted(found, key=lambda version: -int(version.number))
    ]


@operation("DeletePolicyVersion")
async def delete_policy_version(call: IamCall, request: Request) -> Request:
    policy = await require_own(call, request["PolicyArn"])
    version = await _require_version(call, policy, request["VersionId"])
    if int(version.number) == policy.default_version:
        raise DeleteConflict("Cannot delete the default version of a policy.")
    await call.policy_versions.delete(policy.arn, version.number)
    return {}


@operation("SetDefaultPolicyVersion")
async def set_default_policy_version(call: IamCall, request: Request) -> Request:
    policy = await require_own(call, request["PolicyArn"])
    version = await _require_version(call, policy, request["VersionId"])
    await call.policies.put(
        msgspec.structs.replace(
            policy, default_version=int(version.number), updated=call.clock.now()
        )
    )
    return {}


async def _require_version(call: IamCall, policy: ManagedPolicy, name: str) -> PolicyVersion:
    found = await call.policy_versions.get(policy.arn, name.removeprefix("v"))
    if found is None:
        raise NoSuchEntity(
            f"Policy {policy.arn} version {name} does not exist or is not attachable."
        )
    return found


def _describe_version(version: PolicyVersion, default: int) -> Request:
    return {
        "VersionId": f"v{version.number}",
        "IsDefaultVersion": int(version.number) == default,
        "CreateDate": version.created,
    }


def _published_version(policy: Published, name: str) -> Request:
    """AWS publishes only the current text; older ones are not known here."""
    if name != f"v{policy.default_version}":
        raise NoSuchEntity(
            f"Policy {policy.arn} version {name} does not exist or is not attachable."
        )
    return {
        "VersionId": name,
        "IsDefaultVersion": True,
        "CreateDate": policy.updated,
        "Document": entities.encoded(policy.document),
    }


def names_of(policies: Iterable[ManagedPolicy | Published]) -> list[Request]:
    """As ListAttached...Policies tell them."""
    return [{"PolicyName": each.name, "PolicyArn": each.arn} for each in policies]

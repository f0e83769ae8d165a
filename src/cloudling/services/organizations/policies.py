"""Operations on policies themselves: their names, their texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import operation
from cloudling.kernel.authorize import Kind, MalformedPolicyDocument, parse
from cloudling.services.organizations import (
    identifiers,
    listings,
    membership,
    policy_types,
    quotas,
    tags,
)
from cloudling.services.organizations.errors import (
    DuplicatePolicyException,
    InvalidInputException,
    MalformedPolicyDocumentException,
    PolicyInUseException,
    PolicyNotFoundException,
    PolicyTypeNotAvailableForOrganizationException,
)
from cloudling.services.organizations.records import Attachment, Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.services.organizations.call import OrganizationsCall
    from cloudling.services.organizations.records import Organization

Request = dict[str, Any]
GRAMMARS: Mapping[str, Kind] = {policy_types.SERVICE: "scp", policy_types.RESOURCE: "rcp"}


async def require(call: OrganizationsCall, organization: Organization, policy: str) -> Policy:
    """The policy, or PolicyNotFoundException."""
    found = await policy_types.find(call, organization, policy)
    if found is None:
        raise PolicyNotFoundException
    return found


async def _require_changeable(
    call: OrganizationsCall, organization: Organization, policy: str
) -> Policy:
    found = await require(call, organization, policy)
    if not found.organization:
        raise InvalidInputException(
            "IMMUTABLE_POLICY",
            "You specified a policy that is managed by AWS and can't be modified.",
        )
    return found


async def of(call: OrganizationsCall, organization: Organization, kind: str) -> list[Policy]:
    """All of a type that may be attached: AWS's own first."""
    own = [
        each for each in await call.policies.find(organization=organization.id) if each.type == kind
    ]
    own.sort(key=lambda each: (each.created, each.id))
    published = policy_types.PUBLISHED.get(kind)
    return [published, *own] if published and organization.has_all_features else own


def summary(call: OrganizationsCall, organization: Organization, policy: Policy) -> Request:
    return {
        "Id": policy.id,
        "Arn": identifiers.policy_arn(call.cloud, organization, policy.type, policy.id),
        "Name": policy.name,
        "Description": policy.description,
        "Type": policy.type,
        "AwsManaged": not policy.organization,
    }


def describe(call: OrganizationsCall, organization: Organization, policy: Policy) -> Request:
    told = summary(call, organization, policy)
    return {"Policy": {"PolicySummary": told, "Content": policy.content}}


async def attach(
    call: OrganizationsCall, organization: Organization, policy: Policy, target: str
) -> None:
    """Hang a policy somewhere, whatever else hangs there."""
    await call.attachments.put(
        Attachment(
            target=target,
            policy=policy.id,
            organization=organization.id,
            type=policy.type,
            since=call.clock.now(),
        )
    )


async def attach_published(
    call: OrganizationsCall, organization: Organization, target: str
) -> None:
    """AWS's own policies of all enabled types, which hang on whatever joins the tree."""
    for kind in organization.enabled:
        await attach(call, organization, policy_types.PUBLISHED[kind], target)


async def detach_all(call: OrganizationsCall, target: str) -> None:
    """The target leaves the tree."""
    for attachment in await call.attachments.page(target, limit=None):
        await call.attachments.delete(target, attachment.policy)


def _checked(kind: str, content: str) -> str:
    """The text, if it is a policy of this type and no longer than one may be."""
    quotas.POLICY_SIZE[kind].require(len(content))
    try:
        parse(content, GRAMMARS[kind])
    except MalformedPolicyDocument:
        raise MalformedPolicyDocumentException from None
    return content


async def _require_free(
    call: OrganizationsCall, organization: Organization, kind: str, name: str
) -> None:
    if any(each.name == name for each in await of(call, organization, kind)):
        raise DuplicatePolicyException


@operation("CreatePolicy")
async def create_policy(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    kind, name = request["Type"], request["Name"]
    if not organization.has_all_features:
        raise PolicyTypeNotAvailableForOrganizationException
    policy_types.require_built(kind)
    given = tags.given(request)
    content = _checked(kind, request["Content"])
    await _require_free(call, organization, kind, name)
    quotas.POLICIES[kind].require_room(len(await of(call, organization, kind)) - 1)
    policy = Policy(
        id=identifiers.new(call, "p-", 8),
        organization=organization.id,
        type=kind,
        name=name,
        description=request["Description"],
        content=content,
        created=call.clock.now(),
    )
    await call.policies.put(policy)
    arn = identifiers.policy_arn(call.cloud, organization, kind, policy.id)
    await call.tags.replace(arn, given)
    return describe(call, organization, policy)


@operation("UpdatePolicy")
async def update_policy(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    policy = await _require_changeable(call, organization, request["PolicyId"])
    name = request.get("Name", policy.name)
    if name != policy.name:
        await _require_free(call, organization, policy.type, name)
    content = request.get("Content")
    changed = msgspec.structs.replace(
        policy,
        name=name,
        description=request.get("Description", policy.description),
        content=policy.content if content is None else _checked(policy.type, content),
    )
    await call.policies.put(changed)
    return describe(call, organization, changed)


@operation("DescribePolicy")
async def describe_policy(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    policy = await require(call, organization, request["PolicyId"])
    return describe(call, organization, policy)


@operation("ListPolicies")
async def list_policies(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    found = await of(call, organization, request["Filter"])
    shown, more = listings.page(call, request, found)
    return {"Policies": [summary(call, organization, each) for each in shown], **more}


@operation("DeletePolicy")
async def delete_policy(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    policy = await _require_changeable(call, organization, request["PolicyId"])
    if await call.attachments.find(policy=policy.id, limit=1):
        raise PolicyInUseException
    arn = identifiers.policy_arn(call.cloud, organization, policy.type, policy.id)
    await call.tags.replace(arn, {})
    await call.policies.delete(policy.id)
    return {}

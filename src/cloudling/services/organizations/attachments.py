"""Hanging policies on roots, units and accounts, and what hangs where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.organizations import (
    identifiers,
    listings,
    membership,
    policies,
    policy_types,
    quotas,
    tree,
)
from cloudling.services.organizations.errors import (
    ConstraintViolationException,
    DuplicatePolicyAttachmentException,
    InvalidInputException,
    PolicyNotAttachedException,
    PolicyTypeNotEnabledException,
    TargetNotFoundException,
)
from cloudling.services.organizations.records import Organization, Unit

if TYPE_CHECKING:
    from cloudling.services.organizations.call import OrganizationsCall
    from cloudling.services.organizations.records import Account, Attachment, Policy

Request = dict[str, Any]
ROOT_NAME = "Root"


async def of(call: OrganizationsCall, target: str, kind: str) -> list[Attachment]:
    """What policies of a type hang on the target itself."""
    return [each for each in await call.attachments.page(target, limit=None) if each.type == kind]


async def require_target(
    call: OrganizationsCall, organization: Organization, target: str
) -> Account | Unit | Organization:
    found = await tree.find(call, organization, target)
    if found is None:
        raise TargetNotFoundException
    return found


async def _named(call: OrganizationsCall, request: Request) -> tuple[Organization, Policy, str]:
    """The organization, the policy and the target of a call, each required."""
    organization = await membership.require_management(call)
    policy = await policies.require(call, organization, request["PolicyId"])
    target: str = request["TargetId"]
    await require_target(call, organization, target)
    if policy.type not in organization.enabled:
        raise PolicyTypeNotEnabledException
    return organization, policy, target


@operation("AttachPolicy")
async def attach_policy(call: OrganizationsCall, request: Request) -> Request:
    organization, policy, target = await _named(call, request)
    if await call.attachments.get(target, policy.id):
        raise DuplicatePolicyAttachmentException
    attached = await of(call, target, policy.type)
    quotas.ATTACHED[policy.type].require_room(len(attached))
    await policies.attach(call, organization, policy, target)
    return {}


@operation("DetachPolicy")
async def detach_policy(call: OrganizationsCall, request: Request) -> Request:
    _, policy, target = await _named(call, request)
    if not await call.attachments.get(target, policy.id):
        raise PolicyNotAttachedException
    if policy.id == policy_types.PUBLISHED[policy_types.RESOURCE].id:
        raise InvalidInputException(
            "NON_DETACHABLE_POLICY", "You can't detach this AWS Managed Policy."
        )
    if len(await of(call, target, policy.type)) == 1:
        raise ConstraintViolationException(
            "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            "You cannot remove the last policy attached to the specified target. You should have "
            "at least one attached at any time.",
        )
    await call.attachments.delete(target, policy.id)
    return {}


@operation("ListPoliciesForTarget")
async def list_policies_for_target(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    await require_target(call, organization, request["TargetId"])
    found = await of(call, request["TargetId"], request["Filter"])
    found.sort(key=lambda each: (each.since, each.policy))
    shown, more = listings.page(call, request, found)
    hanging = [await policies.require(call, organization, each.policy) for each in shown]
    told = [policies.summary(call, organization, policy) for policy in hanging]
    return {"Policies": told, **more}


@operation("ListTargetsForPolicy")
async def list_targets_for_policy(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    policy = await policies.require(call, organization, request["PolicyId"])
    found = [
        each
        for each in await call.attachments.find(policy=policy.id)
        if each.organization == organization.id
    ]
    found.sort(key=lambda each: (each.since, each.target))
    shown, more = listings.page(call, request, found)
    return {"Targets": [await _target(call, organization, each.target) for each in shown], **more}


async def _target(call: OrganizationsCall, organization: Organization, target: str) -> Request:
    found = await require_target(call, organization, target)
    return {
        "TargetId": target,
        "Arn": identifiers.arn_of(call.cloud, organization, target),
        "Name": ROOT_NAME if isinstance(found, Organization) else found.name,
        "Type": identifiers.kind_of(target),
    }

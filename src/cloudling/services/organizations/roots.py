"""Operations on roots: which types of policies are on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import operation
from cloudling.services.organizations import (
    attachments,
    identifiers,
    listings,
    membership,
    policies,
    policy_types,
    tree,
)
from cloudling.services.organizations.errors import (
    PolicyTypeAlreadyEnabledException,
    PolicyTypeNotAvailableForOrganizationException,
    PolicyTypeNotEnabledException,
    RootNotFoundException,
)

if TYPE_CHECKING:
    from cloudling.services.organizations.call import OrganizationsCall
    from cloudling.services.organizations.records import Organization

Request = dict[str, Any]


def describe(call: OrganizationsCall, organization: Organization) -> Request:
    return {
        "Id": organization.root,
        "Arn": identifiers.arn_of(call.cloud, organization, organization.root),
        "Name": attachments.ROOT_NAME,
        "PolicyTypes": [{"Type": kind, "Status": "ENABLED"} for kind in organization.enabled],
    }


async def _with_root(call: OrganizationsCall, root: str) -> Organization:
    organization = await membership.require_management(call)
    if organization.root != root:
        raise RootNotFoundException
    return organization


@operation("ListRoots")
async def list_roots(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    shown, more = listings.page(call, request, [describe(call, organization)])
    return {"Roots": list(shown), **more}


@operation("EnablePolicyType")
async def enable_policy_type(call: OrganizationsCall, request: Request) -> Request:
    organization = await _with_root(call, request["RootId"])
    kind = request["PolicyType"]
    if kind in organization.enabled:
        raise PolicyTypeAlreadyEnabledException
    if not organization.has_all_features:
        raise PolicyTypeNotAvailableForOrganizationException
    policy_types.require_built(kind)
    changed = msgspec.structs.replace(organization, enabled=(*organization.enabled, kind))
    await call.organizations.put(changed)
    for target in await tree.everything(call, changed):
        await policies.attach(call, changed, policy_types.PUBLISHED[kind], target)
    return {"Root": describe(call, changed)}


@operation("DisablePolicyType")
async def disable_policy_type(call: OrganizationsCall, request: Request) -> Request:
    organization = await _with_root(call, request["RootId"])
    kind = request["PolicyType"]
    if kind not in organization.enabled:
        raise PolicyTypeNotEnabledException
    kept = tuple(each for each in organization.enabled if each != kind)
    changed = msgspec.structs.replace(organization, enabled=kept)
    await call.organizations.put(changed)
    # AWS: everything of this type is detached, and enabling again brings back AWS's own alone.
    for attachment in await call.attachments.find(organization=organization.id):
        if attachment.type == kind:
            await call.attachments.delete(attachment.target, attachment.policy)
    return {"Root": describe(call, changed)}

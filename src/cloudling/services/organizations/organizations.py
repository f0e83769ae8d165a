"""Operations on the organization as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.organizations import (
    identifiers,
    membership,
    policy_types,
    tree,
)
from cloudling.services.organizations.errors import (
    AlreadyInOrganizationException,
    OrganizationNotEmptyException,
)
from cloudling.services.organizations.records import Account, Organization

if TYPE_CHECKING:
    from cloudling.services.organizations.call import OrganizationsCall

Request = dict[str, Any]


async def describe(call: OrganizationsCall, organization: Organization) -> Request:
    # AWS: this tells what is available, whatever is on in the root (ListRoots tells that).
    types = [policy_types.SERVICE] if organization.has_all_features else []
    manager = await call.accounts.get(organization.management)
    return {
        "Id": organization.id,
        "Arn": identifiers.organization_arn(call.cloud, organization),
        "FeatureSet": organization.features,
        "MasterAccountArn": identifiers.arn_of(call.cloud, organization, organization.management),
        "MasterAccountId": organization.management,
        "MasterAccountEmail": manager.email if manager else "",
        "AvailablePolicyTypes": [{"Type": each, "Status": "ENABLED"} for each in types],
    }


@operation("CreateOrganization")
async def create_organization(call: OrganizationsCall, request: Request) -> Request:
    if await membership.find(call):
        raise AlreadyInOrganizationException
    root = identifiers.new(call, "r-", 4)
    taken = {each.root for each in await call.organizations.page(limit=None)}
    while root in taken:
        root = identifiers.new(call, "r-", 4)
    organization = Organization(
        id=identifiers.new(call, "o-", 10),
        management=call.account,
        root=root,
        features=request.get("FeatureSet", "ALL"),
        created=call.clock.now(),
    )
    await call.organizations.put(organization)
    await call.accounts.put(
        Account(
            id=call.account,
            organization=organization.id,
            parent=root,
            name="Management account",
            # Nobody has told Cloudling an address; this one reaches nobody.
            email=f"{call.account}@cloudling.invalid",
            joined_by="INVITED",
            joined=call.clock.now(),
        )
    )
    return {"Organization": await describe(call, organization)}


@operation("DescribeOrganization")
async def describe_organization(call: OrganizationsCall, request: Request) -> Request:
    return {"Organization": await describe(call, await membership.require(call))}


@operation("DeleteOrganization")
async def delete_organization(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    if len(await call.accounts.find(organization=organization.id)) > 1:
        raise OrganizationNotEmptyException
    for target in await tree.everything(call, organization):
        await call.tags.replace(identifiers.arn_of(call.cloud, organization, target), {})
    for policy in await call.policies.find(organization=organization.id):
        arn = identifiers.policy_arn(call.cloud, organization, policy.type, policy.id)
        await call.tags.replace(arn, {})
        await call.policies.delete(policy.id)
    await _clear(call, organization.id)
    await call.organizations.delete(organization.id)
    return {}


async def _clear(call: OrganizationsCall, organization: str) -> None:
    for attachment in await call.attachments.find(organization=organization):
        await call.attachments.delete(attachment.target, attachment.policy)
    for unit in await call.units.find(organization=organization):
        await call.units.delete(unit.id)
    for creation in await call.creations.find(organization=organization):
        await call.creations.delete(creation.id)
    for account in await call.accounts.find(organization=organization):
        await call.accounts.delete(account.id)

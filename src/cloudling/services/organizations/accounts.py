"""Operations on the accounts of an organization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import operation
from cloudling.services.organizations import (
    identifiers,
    listings,
    membership,
    policies,
    quotas,
    tree,
)
from cloudling.services.organizations.errors import (
    AccountAlreadyClosedException,
    AccountNotFoundException,
    ConflictException,
    ConstraintViolationException,
    DestinationParentNotFoundException,
    DuplicateAccountException,
    MasterCannotLeaveOrganizationException,
    SourceParentNotFoundException,
)

if TYPE_CHECKING:
    from cloudling.services.organizations.call import OrganizationsCall
    from cloudling.services.organizations.records import Account, Organization

Request = dict[str, Any]
# AWS tells the older Status and the newer State, which calls a closed account closed.
_STATES = {"SUSPENDED": "CLOSED"}


async def require(call: OrganizationsCall, organization: Organization, account: str) -> Account:
    found = await call.accounts.get(account)
    if found is None or found.organization != organization.id:
        raise AccountNotFoundException
    return found


async def describe(
    call: OrganizationsCall, organization: Organization, account: Account
) -> Request:
    path = await tree.path_to(call, organization, account.id)
    return {
        "Id": account.id,
        "Arn": identifiers.arn_of(call.cloud, organization, account.id),
        "Email": account.email,
        "Name": account.name,
        "Status": account.status,
        "State": _STATES.get(account.status, account.status),
        "Paths": [tree.written(organization, path)],
        "JoinedMethod": account.joined_by,
        "JoinedTimestamp": account.joined,
    }


async def leave(call: OrganizationsCall, organization: Organization, account: Account) -> None:
    """The account is an organization's no more; it keeps all that is in it."""
    await policies.detach_all(call, account.id)
    await call.tags.replace(identifiers.arn_of(call.cloud, organization, account.id), {})
    await call.accounts.delete(account.id)


def _require_free_to_leave(
    call: OrganizationsCall, organization: Organization, account: Account
) -> None:
    if account.id == organization.management:
        raise MasterCannotLeaveOrganizationException
    if account.joined_by == "CREATED" and (call.clock.now() < account.joined + quotas.STAY_SECONDS):
        raise ConstraintViolationException(
            "WAIT_PERIOD_ACTIVE",
            "After you create an AWS account, you must wait until at least four days after the "
            "account was created. Invited accounts aren't subject to this waiting period.",
        )


@operation("ListAccounts")
async def list_accounts(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    found = await call.accounts.find(organization=organization.id)
    found.sort(key=lambda account: (account.joined, account.id))
    shown, more = listings.page(call, request, found)
    return {"Accounts": [await describe(call, organization, each) for each in shown], **more}


@operation("ListAccountsForParent")
async def list_accounts_for_parent(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    await tree.require_parent(call, organization, request["ParentId"])
    found = await tree.accounts_below(call, request["ParentId"])
    shown, more = listings.page(call, request, found)
    return {"Accounts": [await describe(call, organization, each) for each in shown], **more}


@operation("DescribeAccount")
async def describe_account(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    account = await require(call, organization, request["AccountId"])
    return {"Account": await describe(call, organization, account)}


@operation("MoveAccount")
async def move_account(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    account = await require(call, organization, request["AccountId"])
    source, destination = request["SourceParentId"], request["DestinationParentId"]
    if account.parent == destination:
        raise DuplicateAccountException
    if account.parent != source:
        raise SourceParentNotFoundException
    if not await tree.find(call, organization, destination):
        raise DestinationParentNotFoundException
    await call.accounts.put(msgspec.structs.replace(account, parent=destination))
    return {}


@operation("RemoveAccountFromOrganization")
async def remove_account_from_organization(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    account = await require(call, organization, request["AccountId"])
    _require_free_to_leave(call, organization, account)
    await leave(call, organization, account)
    return {}


@operation("LeaveOrganization")
async def leave_organization(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require(call)
    account = await require(call, organization, call.account)
    _require_free_to_leave(call, organization, account)
    await leave(call, organization, account)
    return {}


@operation("CloseAccount")
async def close_account(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    account = await require(call, organization, request["AccountId"])
    if account.id == organization.management:
        raise ConstraintViolationException(
            "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
            "You attempted to close the management account. To close the management account for "
            "the organization, you must first either remove or close all member accounts in the "
            "organization. Follow standard account closure process using root credentials.",
        )
    if account.status == "SUSPENDED":
        raise AccountAlreadyClosedException
    if account.status != "ACTIVE":
        raise ConflictException
    await call.accounts.put(
        msgspec.structs.replace(account, status="PENDING_CLOSURE", closed=call.clock.now())
    )
    return {}

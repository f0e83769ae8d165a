"""Creating accounts: asked for now, made by a reconciler a moment later.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_create.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import AwsError, arns, operation
from cloudling.kernel.reconcilers import Wake, reconciler
from cloudling.services.organizations import (
    identifiers,
    listings,
    membership,
    policies,
    quotas,
    tags,
)
from cloudling.services.organizations.call import OrganizationsCall
from cloudling.services.organizations.errors import (
    CreateAccountStatusNotFoundException,
    InvalidInputException,
)
from cloudling.services.organizations.records import Account, Creation

if TYPE_CHECKING:
    from cloudling.services.organizations.records import Organization

Request = dict[str, Any]
PRINCIPAL = "organizations.amazonaws.com"
DEFAULT_ROLE = "OrganizationAccountAccessRole"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
# AWS takes minutes; scripts that look only once should find it in progress here, too.
_SECONDS = 1.0


def describe(creation: Creation) -> Request:
    told: Request = {
        "Id": creation.id,
        "AccountName": creation.name,
        "State": creation.state,
        "RequestedTimestamp": creation.requested,
    }
    if creation.completed:
        told["CompletedTimestamp"] = creation.completed
    if creation.state == "SUCCEEDED":
        told["AccountId"] = creation.account
    if creation.failure:
        told["FailureReason"] = creation.failure
    return told


@operation("CreateAccount")
async def create_account(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    role = request.get("RoleName") or DEFAULT_ROLE
    if role.startswith("AWSServiceRoleFor"):
        raise InvalidInputException(
            "INVALID_ROLE_NAME",
            "You provided a role name that isn't valid. A role name can't begin with the reserved "
            "prefix AWSServiceRoleFor.",
        )
    given = tags.given(request)
    await _require_room(call, organization)
    creation = Creation(
        id=identifiers.new(call, "car-", 32),
        organization=organization.id,
        account=await _free_number(call),
        name=request["AccountName"],
        email=request["Email"],
        role=role,
        requested=call.clock.now(),
        tags=given,
    )
    await call.creations.put(creation)
    return {"CreateAccountStatus": describe(creation)}


async def _require_room(call: OrganizationsCall, organization: Organization) -> None:
    accounts = await call.accounts.find(organization=organization.id)
    asked = await call.creations.find(organization=organization.id)
    waiting = sum(each.state == "IN_PROGRESS" for each in asked)
    quotas.CREATIONS_AT_A_TIME.require_room(waiting)
    quotas.ACCOUNTS.require_room(len(accounts) + waiting)


async def _free_number(call: OrganizationsCall) -> str:
    """Twelve digits that no organization's account has, nor will have."""
    taken = {each.account for each in await call.creations.page(limit=None)}
    while True:
        number = str(call.random.randrange(10**11, 10**12))
        if number not in taken and await call.accounts.get(number) is None:
            return number


@operation("DescribeCreateAccountStatus")
async def describe_create_account_status(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    found = await call.creations.get(request["CreateAccountRequestId"])
    if found is None or found.organization != organization.id:
        raise CreateAccountStatusNotFoundException
    return {"CreateAccountStatus": describe(found)}


@operation("ListCreateAccountStatus")
async def list_create_account_status(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    states = request.get("States") or ("IN_PROGRESS", "SUCCEEDED", "FAILED")
    found = [
        each
        for each in await call.creations.find(organization=organization.id)
        if each.state in states
    ]
    found.sort(key=lambda each: (each.requested, each.id))
    shown, more = listings.page(call, request, found)
    return {"CreateAccountStatuses": [describe(each) for each in shown], **more}


@reconciler(OrganizationsCall.creations, state="IN_PROGRESS")
async def create(call: OrganizationsCall, creation: Creation) -> Wake | None:
    """Make the account when its time has come: its role first, then its place in the tree."""
    due = creation.requested + _SECONDS
    if call.clock.now() < due:
        return Wake(due)
    organization = await call.organizations.get(creation.organization)
    if organization is None:
        return None
    if await call.accounts.find(email=creation.email, limit=1):
        async with call.unit():
            await _finish(call, creation, failure="EMAIL_ALREADY_EXISTS")
        return None
    await _make_role(call, creation, organization.management)
    account = Account(
        id=creation.account,
        organization=organization.id,
        parent=organization.root,
        name=creation.name,
        email=creation.email,
        joined_by="CREATED",
        joined=call.clock.now(),
    )
    async with call.unit():
        await call.accounts.put(account)
        await policies.attach_published(call, organization, account.id)
        arn = identifiers.arn_of(call.cloud, organization, account.id)
        await call.tags.replace(arn, creation.tags)
        await _finish(call, creation)
    return None


async def _finish(call: OrganizationsCall, creation: Creation, failure: str = "") -> None:
    """Write down how it ended, inside the caller's unit."""
    state = "FAILED" if failure else "SUCCEEDED"
    done = msgspec.structs.replace(
        creation, state=state, completed=call.clock.now(), failure=failure
    )
    await call.creations.put(done)


async def _make_role(call: OrganizationsCall, creation: Creation, management: str) -> None:
    """The role with which the management account enters; a second run finds it made."""
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": arns.account_root(management)},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    account = creation.account
    try:
        await call.aws.as_service(PRINCIPAL, account).iam.create_role(
            RoleName=creation.role, AssumeRolePolicyDocument=document
        )
    except AwsError as refused:
        if refused.error_code != "EntityAlreadyExists":
            raise
    await call.aws.as_service(PRINCIPAL, account).iam.attach_role_policy(
        RoleName=creation.role, PolicyArn=ADMINISTRATOR
    )

"""Who asks: an account of an organization, or its management account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.services.organizations.errors import (
    AccessDeniedException,
    AWSOrganizationsNotInUseException,
)

if TYPE_CHECKING:
    from cloudling.services.organizations.call import OrganizationsCall
    from cloudling.services.organizations.records import Organization


async def find(call: OrganizationsCall) -> Organization | None:
    """The caller's organization."""
    account = await call.accounts.get(call.account)
    return None if account is None else await call.organizations.get(account.organization)


async def require(call: OrganizationsCall) -> Organization:
    """The caller's organization; for the few operations that every member may call."""
    found = await find(call)
    if found is None:
        raise AWSOrganizationsNotInUseException
    return found


async def require_management(call: OrganizationsCall) -> Organization:
    """The organization that the caller manages."""
    found = await require(call)
    if found.management != call.account:
        raise AccessDeniedException
    return found

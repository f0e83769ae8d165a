"""The tree of an organization: who stands where, and the listings of what is above and below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.organizations import identifiers, listings, membership
from cloudling.services.organizations.errors import (
    ChildNotFoundException,
    ParentNotFoundException,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.organizations.call import OrganizationsCall
    from cloudling.services.organizations.records import Account, Organization, Unit

Request = dict[str, Any]


async def find(
    call: OrganizationsCall, organization: Organization, target: str
) -> Account | Unit | Organization | None:
    """The account, the unit or (for the root) the organization that has this id."""
    match identifiers.kind_of(target):
        case "ROOT":
            return organization if target == organization.root else None
        case "ORGANIZATIONAL_UNIT":
            unit = await call.units.get(target)
            return unit if unit and unit.organization == organization.id else None
        case _:
            account = await call.accounts.get(target)
            return account if account and account.organization == organization.id else None


async def path_to(
    call: OrganizationsCall, organization: Organization, target: str
) -> tuple[str, ...]:
    """The ids from the root down to the target, both included."""
    path = [target]
    while path[0] != organization.root:
        found = await (
            call.units.get(path[0]) if path[0].startswith("ou-") else call.accounts.get(path[0])
        )
        if found is None:
            break
        path.insert(0, found.parent)
    return tuple(path)


def written(organization: Organization, path: Sequence[str]) -> str:
    """A path as `aws:PrincipalOrgPaths` has it: `o-…/r-…/ou-…/`."""
    return "/".join((organization.id, *path, ""))


async def require_parent(call: OrganizationsCall, organization: Organization, parent: str) -> None:
    if identifiers.kind_of(parent) == "ACCOUNT" or not await find(call, organization, parent):
        raise ParentNotFoundException


async def units_below(call: OrganizationsCall, parent: str) -> list[Unit]:
    return sorted(await call.units.find(parent=parent), key=lambda unit: (unit.created, unit.id))


async def accounts_below(call: OrganizationsCall, parent: str) -> list[Account]:
    found = await call.accounts.find(parent=parent)
    return sorted(found, key=lambda account: (account.joined, account.id))


async def everything(call: OrganizationsCall, organization: Organization) -> list[str]:
    """The ids of the root, all units and all accounts."""
    units = await call.units.find(organization=organization.id)
    accounts = await call.accounts.find(organization=organization.id)
    return [organization.root, *(unit.id for unit in units), *(each.id for each in accounts)]


@operation("ListParents")
async def list_parents(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    child = request["ChildId"]
    path = await path_to(call, organization, child)
    if len(path) < 2 or not await find(call, organization, child):
        raise ChildNotFoundException
    parent = {"Id": path[-2], "Type": identifiers.kind_of(path[-2])}
    shown, more = listings.page(call, request, [parent])
    return {"Parents": list(shown), **more}


@operation("ListChildren")
async def list_children(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    parent, kind = request["ParentId"], request["ChildType"]
    await require_parent(call, organization, parent)
    if kind == "ACCOUNT":
        found = [account.id for account in await accounts_below(call, parent)]
    else:
        found = [unit.id for unit in await units_below(call, parent)]
    shown, more = listings.page(call, request, found)
    return {"Children": [{"Id": child, "Type": kind} for child in shown], **more}

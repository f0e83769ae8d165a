"""Operations on organizational units."""

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
    tags,
    tree,
)
from cloudling.services.organizations.errors import (
    DuplicateOrganizationalUnitException,
    OrganizationalUnitNotEmptyException,
    OrganizationalUnitNotFoundException,
)
from cloudling.services.organizations.records import Unit

if TYPE_CHECKING:
    from cloudling.services.organizations.call import OrganizationsCall
    from cloudling.services.organizations.records import Organization

Request = dict[str, Any]


async def require(call: OrganizationsCall, organization: Organization, unit: str) -> Unit:
    found = await call.units.get(unit)
    if found is None or found.organization != organization.id:
        raise OrganizationalUnitNotFoundException
    return found


async def describe(call: OrganizationsCall, organization: Organization, unit: Unit) -> Request:
    path = await tree.path_to(call, organization, unit.id)
    return {
        "Id": unit.id,
        "Arn": identifiers.arn_of(call.cloud, organization, unit.id),
        "Name": unit.name,
        "Path": tree.written(organization, path),
    }


async def _require_free(call: OrganizationsCall, parent: str, name: str) -> None:
    if any(unit.name == name for unit in await call.units.find(parent=parent)):
        raise DuplicateOrganizationalUnitException


@operation("CreateOrganizationalUnit")
async def create_organizational_unit(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    parent, name = request["ParentId"], request["Name"]
    given = tags.given(request)
    await tree.require_parent(call, organization, parent)
    await _require_free(call, parent, name)
    # The path to a unit of the first level is the root alone, and five levels there may be.
    quotas.UNIT_DEPTH.require(len(await tree.path_to(call, organization, parent)))
    quotas.UNITS.require_room(len(await call.units.find(organization=organization.id)))
    unit = Unit(
        id=identifiers.new_unit(call, organization),
        organization=organization.id,
        parent=parent,
        name=name,
        created=call.clock.now(),
    )
    await call.units.put(unit)
    await policies.attach_published(call, organization, unit.id)
    told = await describe(call, organization, unit)
    await call.tags.replace(told["Arn"], given)
    return {"OrganizationalUnit": told}


@operation("UpdateOrganizationalUnit")
async def update_organizational_unit(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    unit = await require(call, organization, request["OrganizationalUnitId"])
    name = request.get("Name", unit.name)
    if name != unit.name:
        await _require_free(call, unit.parent, name)
        unit = msgspec.structs.replace(unit, name=name)
        await call.units.put(unit)
    return {"OrganizationalUnit": await describe(call, organization, unit)}


@operation("DescribeOrganizationalUnit")
async def describe_organizational_unit(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    unit = await require(call, organization, request["OrganizationalUnitId"])
    return {"OrganizationalUnit": await describe(call, organization, unit)}


@operation("ListOrganizationalUnitsForParent")
async def list_organizational_units_for_parent(
    call: OrganizationsCall, request: Request
) -> Request:
    organization = await membership.require_management(call)
    await tree.require_parent(call, organization, request["ParentId"])
    found = await tree.units_below(call, request["ParentId"])
    shown, more = listings.page(call, request, found)
    told = [await describe(call, organization, unit) for unit in shown]
    return {"OrganizationalUnits": told, **more}


@operation("DeleteOrganizationalUnit")
async def delete_organizational_unit(call: OrganizationsCall, request: Request) -> Request:
    organization = await membership.require_management(call)
    unit = await require(call, organization, request["OrganizationalUnitId"])
    if await call.units.find(parent=unit.id, limit=1) or await call.accounts.find(
        parent=unit.id, limit=1
    ):
        raise OrganizationalUnitNotEmptyException
    await policies.detach_all(call, unit.id)
    await call.tags.replace(identifiers.arn_of(call.cloud, organization, unit.id), {})
    await call.units.delete(unit.id)
    return {}

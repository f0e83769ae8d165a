"""Regions and Availability Zones, as the account sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import arns, operation
from cloudling.services.ec2 import geography
from cloudling.services.ec2.errors import InvalidParameterValue
from cloudling.services.ec2.filters import Filters

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call

Request = dict[str, Any]
_SUFFIXES = {"aws-cn": "amazonaws.com.cn"}
REGION_FILTERS = Filters(
    {"endpoint": "Endpoint", "opt-in-status": "OptInStatus", "region-name": "RegionName"},
    tagged=False,
)
ZONE_FILTERS = Filters(
    {
        "group-long-name": "GroupLongName",
        "group-name": "GroupName",
        "message": "Messages.Message",
        "opt-in-status": "OptInStatus",
        "parent-zone-id": "ParentZoneId",
        "parent-zone-name": "ParentZoneName",
        "region-name": "RegionName",
        "state": "State",
        "zone-id": "ZoneId",
        "zone-name": "ZoneName",
        "zone-type": "ZoneType",
    },
    tagged=False,
)


@operation("DescribeRegions")
async def describe_regions(call: Ec2Call, request: Request) -> Request:
    """Those of the caller's partition; without `AllRegions` or names only those that are on."""
    partition = arns.partition(call.region)
    known = {
        name: _region(found)
        for name, found in geography.REGIONS.items()
        if arns.partition(name) == partition
    }
    asked = request.get("RegionNames") or ()
    if unknown := [name for name in asked if name not in known]:
        raise InvalidParameterValue(f"Invalid region: [{', '.join(unknown)}]")
    if asked:
        found = [known[name] for name in known if name in asked]
    elif request.get("AllRegions"):
        found = list(known.values())
    else:
        found = [each for each in known.values() if each["OptInStatus"] != "not-opted-in"]
    return {"Regions": REGION_FILTERS.select(request.get("Filters"), found)}


def _region(found: geography.Region) -> Request:
    suffix = _SUFFIXES.get(arns.partition(found.name), "amazonaws.com")
    return {
        "Endpoint": f"ec2.{found.name}.{suffix}",
        "RegionName": found.name,
        "OptInStatus": "not-opted-in" if found.optional else "opt-in-not-required",
        "Geography": [{"Name": found.place}],
    }


@operation("DescribeAvailabilityZones")
async def describe_availability_zones(call: Ec2Call, request: Request) -> Request:
    here = geography.region(call.region)
    found = [_zone(here, zone) for zone in here.zones]
    for member, own in (("ZoneNames", "ZoneName"), ("ZoneIds", "ZoneId")):
        asked = request.get(member) or ()
        known = {zone[own] for zone in found}
        if unknown := [name for name in asked if name not in known]:
            raise InvalidParameterValue(f"Invalid availability zone: [{unknown[0]}]")
        found = [zone for zone in found if not asked or zone[own] in asked]
    return {"AvailabilityZones": ZONE_FILTERS.select(request.get("Filters"), found)}


def _zone(here: geography.Region, zone: geography.Zone) -> Request:
    return {
        "State": "available",
        "OptInStatus": "opt-in-not-required",
        "Messages": [],
        "RegionName": here.name,
        "ZoneName": zone.name,
        "ZoneId": zone.id,
        "GroupName": f"{here.name}-zg-1",
        "GroupLongName": f"{here.place} 1",
        "NetworkBorderGroup": here.name,
        "ZoneType": "availability-zone",
    }

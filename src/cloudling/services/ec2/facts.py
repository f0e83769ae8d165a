"""What records and their tags tell of resources, as condition keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import arns
from cloudling.services.ec2 import conditions, defaults, identifiers, security_groups, taggings
from cloudling.services.ec2.call import COLLECTIONS
from cloudling.services.ec2.instance_records import Instance, Volume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.kernel import Need
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.conditions import Context

Request = dict[str, Any]
# Fields of records that a condition key holds as they are.
_FIELDS = {
    "ec2:AvailabilityZone": "zone",
    "ec2:AvailabilityZoneId": "zone_id",
    "ec2:Tenancy": "tenancy",
}


async def named(call: Ec2Call, request: Request) -> Request:
    """The request with the ids of what it names in another way."""
    if call.operation.transaction:
        await defaults.prepare(call)
    if call.operation.name == "CreateSecurityGroup":
        vpc = None if request.get("VpcId") else await defaults.vpc(call)
        return {**request, "VpcId": vpc.id} if vpc else request
    if call.operation.name == "ModifySecurityGroupRules":
        return {**request, **_in_updates(request.get("SecurityGroupRules") or ())}
    if request.get("GroupName") and not request.get("GroupId"):
        group = await security_groups.find_name(call, request["GroupName"])
        return {**request, "GroupId": group.id} if group else request
    return request


def _in_updates(updates: Sequence[Request]) -> dict[str, list[str]]:
    lists = (each.get("SecurityGroupRule", {}).get("PrefixListId") for each in updates)
    ids = (each.get("SecurityGroupRuleId") for each in updates)
    return {
        "SecurityGroupRuleIds": [each for each in ids if each],
        "PrefixListIds": [each for each in lists if each],
    }


async def told(call: Ec2Call, needs: Sequence[Need]) -> list[Need]:
    """The needs, each with what is known of its resource; nothing is of one that is to be made."""
    return [await _told(call, need) for need in needs]


async def _told(call: Ec2Call, need: Need) -> Need:
    if not need.resource.startswith("arn:") or callable(need.context):
        return need
    arn = arns.Arn.parse(need.resource)
    kind, _, name = arn.resource.partition("/")
    if arn.service != "ec2" or "*" in name or arn.account not in ("", call.account):
        return need
    tags = await call.tags.of(taggings.place(call, kind, name))
    known: Context = {
        f"{prefix}:ResourceTag/{key}": value
        for key, value in tags.items()
        for prefix in ("aws", "ec2")
    }
    known |= await _of_record(call, kind, name)
    return msgspec.structs.replace(need, context={**need.context, **known}) if known else need


async def _of_record(call: Ec2Call, kind: str, name: str) -> Context:
    collection = getattr(call, COLLECTIONS[kind]) if kind in COLLECTIONS else None
    record = await collection.get(name) if collection is not None else None
    if record is None:
        return {}
    known: Context = {
        key: conditions.text(getattr(record, field))
        for key, field in _FIELDS.items()
        if hasattr(record, field)
    }
    if isinstance(record, Instance):
        return known | await _of_instance(call, record)
    if isinstance(record, Volume):
        return known | _of_volume(record)
    if vpc := getattr(record, "vpc", ""):
        known["ec2:Vpc"] = identifiers.arn(call, "vpc", vpc)
    return known


async def _of_instance(call: Ec2Call, instance: Instance) -> Context:
    known: Context = {
        "ec2:EbsOptimized": conditions.text(instance.ebs_optimized),
        "ec2:InstanceMetadataTags": instance.metadata.tags,
        "ec2:InstanceType": instance.type,
        "ec2:MetadataHttpEndpoint": instance.metadata.endpoint,
        "ec2:MetadataHttpPutResponseHopLimit": str(instance.metadata.hops),
        "ec2:MetadataHttpTokens": instance.metadata.tokens,
        "ec2:RootDeviceType": "ebs",
    }
    for association in await call.profile_associations.find(instance=instance.id):
        known["ec2:InstanceProfile"] = association.arn
    return known


def _of_volume(volume: Volume) -> Context:
    known: Context = {
        "ec2:Encrypted": "false",
        "ec2:VolumeIops": str(volume.iops),
        "ec2:VolumeSize": str(volume.size),
        "ec2:VolumeType": volume.kind,
    }
    if volume.throughput:
        known["ec2:VolumeThroughput"] = str(volume.throughput)
    return known

"""Security groups: made, found, described and deleted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import (
    defaults,
    identifiers,
    listings,
    permissions,
    references,
    taggings,
    vpcs,
)
from cloudling.services.ec2.errors import (
    CannotDelete,
    DependencyViolation,
    InvalidGroupDuplicate,
    InvalidGroupNotFound,
    InvalidGroupReserved,
    InvalidParameterValue,
    MissingParameter,
    SecurityGroupLimitExceeded,
    VpcIdNotSpecified,
    lacking,
)
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.listings import Listing
from cloudling.services.ec2.parameters import required
from cloudling.services.ec2.records import SecurityGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.records import SecurityGroupRule, Vpc

Request = dict[str, Any]
MOST = 2500
# Of so many groups the rules are looked up group by group.
FEW = 10
_TEXT = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_PEERS = {
    "cidr": "IpRanges.CidrIp",
    "from-port": "FromPort",
    "group-id": "UserIdGroupPairs.GroupId",
    "group-name": "UserIdGroupPairs.GroupName",
    "ipv6-cidr": "Ipv6Ranges.CidrIpv6",
    "prefix-list-id": "PrefixListIds.PrefixListId",
    "protocol": "IpProtocol",
    "to-port": "ToPort",
    "user-id": "UserIdGroupPairs.UserId",
}
_OWN = {
    "description": "Description",
    "group-id": "GroupId",
    "group-name": "GroupName",
    "owner-id": "OwnerId",
}
LISTING = Listing(
    kind="security-group",
    member="SecurityGroups",
    ids="GroupIds",
    id="GroupId",
    filters=Filters(
        {
            **_OWN,
            "vpc-id": "VpcId",
            **{f"ip-permission.{name}": f"IpPermissions.{path}" for name, path in _PEERS.items()},
            **{
                f"egress.ip-permission.{name}": f"IpPermissionsEgress.{path}"
                for name, path in _PEERS.items()
            },
        }
    ),
)
_FOR_VPC = Filters({**_OWN, "primary-vpc-id": "PrimaryVpcId"}, tagged=False)


@operation("CreateSecurityGroup")
async def create_security_group(call: Ec2Call, request: Request) -> Request:
    name = _checked("groupName", (request.get("GroupName") or "").rstrip())
    description = _checked("groupDescription", request.get("Description") or "")
    tags = taggings.specified(request, "security-group")
    vpc = await _vpc(call, request.get("VpcId"))
    await _check_name(call, name, vpc)
    if await call.security_groups.count() >= MOST:
        raise SecurityGroupLimitExceeded
    group = SecurityGroup(
        id=call.new_id("sg-"),
        vpc=vpc.id,
        name=name,
        folded=name.lower(),
        description=description,
    )
    await call.security_groups.put(group)
    await call.security_group_rules.put(defaults.outward(call.new_id("sgr-"), group.id))
    await taggings.add(call, taggings.place(call, "security-group", group.id), tags)
    arn = identifiers.arn(call, "security-group", group.id)
    return {"GroupId": group.id, "SecurityGroupArn": arn, "Tags": taggings.told(tags)}


def _checked(parameter: str, value: str) -> str:
    if not value:
        raise lacking(f"{parameter[0].upper()}{parameter[1:]}")
    if not value.isascii():
        member = f"{parameter[0].upper()}{parameter[1:]}"
        raise InvalidParameterValue(
            f"Value ({value}) for parameter {member} is invalid. "
            "Character sets beyond ASCII are not supported."
        )
    if not _TEXT.fullmatch(value):
        noun = "name" if parameter == "groupName" else "description"
        raise InvalidParameterValue(
            f"Invalid security group {noun}. Valid {noun}s are strings less than 256 characters "
            "from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
        )
    return value


async def _vpc(call: Ec2Call, given: str | None) -> Vpc:
    await defaults.prepare(call)
    if given:
        return await vpcs.require(call, given)
    found = await defaults.vpc(call)
    if found is None:
        raise VpcIdNotSpecified
    return found


async def _check_name(call: Ec2Call, name: str, vpc: Vpc) -> None:
    """Names differ within a VPC, whatever their case; ids and the default's name are taken."""
    if name.lower().startswith("sg-"):
        raise InvalidParameterValue(
            f"Value ({name}) for parameter groupName is invalid. "
            "Group names may not be in the format sg-*"
        )
    if name.lower() == "default":
        raise InvalidGroupReserved(f"The security group '{name}' is reserved")
    others = await call.security_groups.find(folded=name.lower())
    if any(each.vpc == vpc.id for each in others):
        raise InvalidGroupDuplicate(
            f"The security group '{name}' already exists for VPC '{vpc.id}'"
        )


@operation("DeleteSecurityGroup")
async def delete_security_group(call: Ec2Call, request: Request) -> Request:
    group = await require(call, request)
    if group.name == "default":
        raise CannotDelete(
            f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user'
        )
    spoken_of = await call.security_group_rules.find(peer=group.id)
    cards = await call.network_interfaces.find(vpc=group.vpc)
    is_worn = any(group.id in card.groups for card in cards)
    if is_worn or any(rule.group_id != group.id for rule in spoken_of):
        raise DependencyViolation(f"resource {group.id} has a dependent object")
    for rule in await rules_of(call, group.id):
        await call.security_group_rules.delete(rule.id)
        await call.tags.replace(taggings.place(call, "security-group-rule", rule.id), {})
    await call.security_groups.delete(group.id)
    await call.tags.replace(taggings.place(call, "security-group", group.id), {})
    return {"Return": True, "GroupId": group.id}


async def require(call: Ec2Call, request: Request) -> SecurityGroup:
    """The group that a request names by its id, or by its name in the default VPC."""
    await defaults.prepare(call)
    if given := request.get("GroupId"):
        return await require_id(call, given)
    if not request.get("GroupName"):
        raise MissingParameter("The request must contain the parameter groupName or groupId")
    return await require_name(call, request["GroupName"])


async def require_id(call: Ec2Call, group_id: str) -> SecurityGroup:
    references.check("security-group", group_id)
    found = await call.security_groups.get(group_id)
    if found is None:
        raise references.absent("security-group", group_id)
    return found


async def require_name(call: Ec2Call, name: str) -> SecurityGroup:
    vpc = await defaults.vpc(call)
    found = await find_name(call, name)
    if found is None:
        where = f" in default VPC '{vpc.id}'" if vpc else ""
        raise InvalidGroupNotFound(f"The security group '{name}' does not exist{where}")
    return found


async def find_name(call: Ec2Call, name: str) -> SecurityGroup | None:
    """The group of this name in the default VPC."""
    vpc = await defaults.vpc(call)
    wanted = name, vpc.id if vpc else ""
    found = await call.security_groups.find(folded=name.lower())
    return next((each for each in found if (each.name, each.vpc) == wanted), None)


async def rules_of(call: Ec2Call, group_id: str) -> list[SecurityGroupRule]:
    """A group's rules, oldest first."""
    found = await call.security_group_rules.find(group_id=group_id)
    return sorted(found, key=lambda rule: (rule.number, rule.id))


@operation("DescribeSecurityGroups")
async def describe_security_groups(call: Ec2Call, request: Request) -> Request:
    await defaults.prepare(call)
    named = [(await require_name(call, name)).id for name in request.get("GroupNames") or ()]
    if named:
        request = {**request, "GroupIds": [*references.members(request, "GroupIds"), *named]}
    found = await listings.records(call.security_groups, request, LISTING)
    rules = await _rules_of_all(call, found)
    items = [await describe(call, each, rules[each.id]) for each in found]
    return listings.answer(call, request, LISTING, items)


async def _rules_of_all(
    call: Ec2Call, groups: Sequence[SecurityGroup]
) -> dict[str, list[SecurityGroupRule]]:
    """The rules of several groups; read all at once where there are many."""
    if len(groups) <= FEW:
        return {group.id: await rules_of(call, group.id) for group in groups}
    found: dict[str, list[SecurityGroupRule]] = {group.id: [] for group in groups}
    every = await call.security_group_rules.page(limit=None)
    for rule in sorted(every, key=lambda rule: (rule.number, rule.id)):
        if rule.group_id in found:
            found[rule.group_id].append(rule)
    return found


async def describe(
    call: Ec2Call, group: SecurityGroup, rules: Sequence[SecurityGroupRule]
) -> Request:
    told = {
        egress: permissions.grouped((each for each in rules if each.egress is egress), call.account)
        for egress in (False, True)
    }
    return {
        "GroupId": group.id,
        "GroupName": group.name,
        "SecurityGroupArn": identifiers.arn(call, "security-group", group.id),
        "Description": group.description,
        "OwnerId": call.account,
        "VpcId": group.vpc,
        "IpPermissions": told[False],
        "IpPermissionsEgress": told[True],
        "Tags": await taggings.of(call, "security-group", group.id),
    }


@operation("GetSecurityGroupsForVpc")
async def get_security_groups_for_vpc(call: Ec2Call, request: Request) -> Request:
    vpc = await vpcs.require(call, required(request, "VpcId"))
    listings.check_size(request)
    items = [
        {
            "GroupId": group.id,
            "GroupName": group.name,
            "Description": group.description,
            "OwnerId": call.account,
            "PrimaryVpcId": group.vpc,
            "Tags": await taggings.of(call, "security-group", group.id),
        }
        for group in await call.security_groups.find(vpc=vpc.id)
    ]
    found = _FOR_VPC.select(request.get("Filters"), items)
    shown, more = listings.page(call, request, found)
    return {"SecurityGroupForVpcs": shown, **more}


@operation("DescribeSecurityGroupReferences")
async def describe_security_group_references(call: Ec2Call, request: Request) -> Request:
    """Who speaks of a group from another VPC: nobody, where no VPCs are peers."""
    await defaults.prepare(call)
    for each in required(request, "GroupId"):
        await require_id(call, each)
    return {"SecurityGroupReferenceSet": []}


@operation("DescribeStaleSecurityGroups")
async def describe_stale_security_groups(call: Ec2Call, request: Request) -> Request:
    """Rules that speak of a peer VPC's groups that are gone: none, where no VPCs are peers."""
    await vpcs.require(call, required(request, "VpcId"))
    listings.check_size(request, 5, 255)
    return {"StaleSecurityGroupSet": []}

"""Rules of security groups: authorised, revoked, modified and described one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import operation
from cloudling.services.ec2 import (
    defaults,
    identifiers,
    listings,
    permissions,
    prefix_lists,
    references,
    security_groups,
    taggings,
)
from cloudling.services.ec2.errors import (
    InvalidGroupIdMalformed,
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidPermissionDuplicate,
    InvalidPermissionNotFound,
    MissingParameter,
    RulesPerSecurityGroupLimitExceeded,
    lacking,
)
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.listings import Listing
from cloudling.services.ec2.parameters import required
from cloudling.services.ec2.permissions import Permission
from cloudling.services.ec2.records import SecurityGroupRule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.records import SecurityGroup

Request = dict[str, Any]
# Of each direction, for IPv4 and for IPv6.
MOST = 60
LISTING = Listing(
    kind="security-group-rule",
    member="SecurityGroupRules",
    ids="SecurityGroupRuleIds",
    id="SecurityGroupRuleId",
    filters=Filters({"group-id": "GroupId", "security-group-rule-id": "SecurityGroupRuleId"}),
)
_ONE_PEER = (
    "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId"
)


@operation("AuthorizeSecurityGroupIngress")
async def authorize_security_group_ingress(call: Ec2Call, request: Request) -> Request:
    return await _authorize(call, request, egress=False)


@operation("AuthorizeSecurityGroupEgress")
async def authorize_security_group_egress(call: Ec2Call, request: Request) -> Request:
    required(request, "GroupId", "groupId")
    return await _authorize(call, request, egress=True)


async def _authorize(call: Ec2Call, request: Request, *, egress: bool) -> Request:
    group = await security_groups.require(call, request)
    tags = taggings.specified(request, "security-group-rule")
    wanted = await _permissions(call, request)
    if not wanted:
        raise lacking("ipPermissions")
    rules = await security_groups.rules_of(call, group.id)
    _check_new(wanted, [rule for rule in rules if rule.egress is egress])
    first = max((rule.number for rule in rules), default=0) + 1
    made = [
        _rule(call.new_id("sgr-"), group, permission, egress=egress, number=number)
        for number, permission in enumerate(wanted, first)
    ]
    for rule in made:
        await call.security_group_rules.put(rule)
        await taggings.add(call, taggings.place(call, "security-group-rule", rule.id), tags)
    return {"Return": True, "SecurityGroupRules": [await describe(call, rule) for rule in made]}


def _rule(
    rule_id: str, group: SecurityGroup, permission: Permission, *, egress: bool, number: int
) -> SecurityGroupRule:
    return SecurityGroupRule(
        id=rule_id, group_id=group.id, number=number, egress=egress, **permission._asdict()
    )


def _check_new(wanted: Sequence[Permission], there: Sequence[SecurityGroupRule]) -> None:
    """Each permission is new and asked for once, and there is room for all."""
    kinds = [rule.peer_kind for rule in there] + [each.peer_kind for each in wanted]
    if max(permissions.weights(kinds)) > MOST:
        raise RulesPerSecurityGroupLimitExceeded
    if len({each.key for each in wanted}) < len(wanted):
        raise InvalidParameterValue("The same permission must not appear multiple times")
    known = {permissions.of_rule(rule).key for rule in there}
    for each in wanted:
        if each.key in known:
            raise _duplicate(each)


def _duplicate(permission: Permission) -> InvalidPermissionDuplicate:
    told = permissions.words(permission)
    return InvalidPermissionDuplicate(f'the specified rule "{told}" already exists')


async def _permissions(call: Ec2Call, request: Request) -> list[Permission]:
    """What a request allows, in the list or by its own members; its peers are there."""
    given = request.get("IpPermissions") or _flat(request)
    found: list[Permission] = []
    for each in given:
        pairs = [await _pair(call, pair) for pair in each.get("UserIdGroupPairs") or ()]
        read = permissions.read({**each, "UserIdGroupPairs": pairs})
        if not read:
            raise MissingParameter(_ONE_PEER)
        found += read
    for permission in found:
        await _check_peer(call, permission)
    return found


def _flat(request: Request) -> list[Request]:
    """The old form: one range, or a group by its name, which then gets all ports."""
    if name := request.get("SourceSecurityGroupName"):
        pair = {"GroupName": name, "UserId": request.get("SourceSecurityGroupOwnerId")}
        return [
            {"IpProtocol": protocol, "FromPort": first, "ToPort": last, "UserIdGroupPairs": [pair]}
            for protocol, first, last in (("tcp", 0, 65535), ("udp", 0, 65535), ("icmp", -1, -1))
        ]
    if cidr := request.get("CidrIp"):
        members = {name: request.get(name) for name in ("IpProtocol", "FromPort", "ToPort")}
        return [{**members, "IpRanges": [{"CidrIp": cidr}]}]
    return []


async def _pair(call: Ec2Call, pair: Request) -> Request:
    """A reference to a group, by its id; another account's groups cannot be reached from here."""
    named = pair.get("GroupId") or pair.get("GroupName") or ""
    if (pair.get("UserId") or call.account) != call.account:
        raise references.absent("security-group", named)
    if pair.get("GroupId"):
        return pair
    return {**pair, "GroupId": (await security_groups.require_name(call, named)).id}


async def _check_peer(call: Ec2Call, permission: Permission) -> None:
    if permission.peer_kind == "group":
        await security_groups.require_id(call, permission.peer)
    elif permission.peer_kind == "prefix-list":
        references.require("prefix-list", [permission.peer], prefix_lists.lists(call))


@operation("RevokeSecurityGroupIngress")
async def revoke_security_group_ingress(call: Ec2Call, request: Request) -> Request:
    return await _revoke(call, request, egress=False)


@operation("RevokeSecurityGroupEgress")
async def revoke_security_group_egress(call: Ec2Call, request: Request) -> Request:
    required(request, "GroupId", "groupId")
    return await _revoke(call, request, egress=True)


async def _revoke(call: Ec2Call, request: Request, *, egress: bool) -> Request:
    group = await security_groups.require(call, request)
    rules = await security_groups.rules_of(call, group.id)
    there = [rule for rule in rules if rule.egress is egress]
    if ids := references.members(request, "SecurityGroupRuleIds"):
        references.require("security-group-rule", ids, {rule.id for rule in there})
        gone = [rule for rule in there if rule.id in ids]
    else:
        gone = _matching(await _permissions(call, request), there)
        if not gone:
            raise MissingParameter(
                "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided."
            )
    for rule in gone:
        await call.security_group_rules.delete(rule.id)
        await call.tags.replace(taggings.place(call, "security-group-rule", rule.id), {})
    return {"Return": True, "RevokedSecurityGroupRules": [_revoked(rule) for rule in gone]}


def _matching(
    wanted: Sequence[Permission], there: Sequence[SecurityGroupRule]
) -> list[SecurityGroupRule]:
    """The rules that permissions mean; in a default VPC each must be there."""
    known = {permissions.of_rule(rule).key: rule for rule in there}
    keys = {each.key: each for each in wanted}
    if any(key not in known for key in keys):
        raise InvalidPermissionNotFound
    return [known[key] for key in keys]


def _revoked(rule: SecurityGroupRule) -> Request:
    told = _told(rule)
    return {**told, permissions.MEMBERS.get(rule.peer_kind, "ReferencedGroupId"): rule.peer}


def _told(rule: SecurityGroupRule) -> Request:
    """What answers tell of a rule but for its peer."""
    return {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group_id,
        "IsEgress": rule.egress,
        "IpProtocol": rule.protocol,
        "FromPort": rule.from_port,
        "ToPort": rule.to_port,
        **({} if rule.description is None else {"Description": rule.description}),
    }


async def describe(call: Ec2Call, rule: SecurityGroupRule) -> Request:
    if rule.peer_kind == "group":
        peer: Request = {"ReferencedGroupInfo": {"GroupId": rule.peer, "UserId": call.account}}
    else:
        peer = {permissions.MEMBERS[rule.peer_kind]: rule.peer}
    return {
        **_told(rule),
        **peer,
        "GroupOwnerId": call.account,
        "SecurityGroupRuleArn": identifiers.arn(call, "security-group-rule", rule.id),
        "Tags": await taggings.of(call, "security-group-rule", rule.id),
    }


@operation("DescribeSecurityGroupRules")
async def describe_security_group_rules(call: Ec2Call, request: Request) -> Request:
    await defaults.prepare(call)
    for each in request.get("Filters") or ():
        if each.get("Name") == "group-id":
            _check_group_ids(each.get("Values") or ())
    found = await listings.records(call.security_group_rules, request, LISTING)
    found.sort(key=lambda rule: (rule.group_id, rule.number, rule.id))
    return listings.answer(call, request, LISTING, [await describe(call, each) for each in found])


def _check_group_ids(values: Sequence[str]) -> None:
    """Alone among the filters this one refuses what is no id (verified on AWS by moto's tests)."""
    for value in values:
        if not value.startswith("sg-") and not set(value) & set("*?"):
            raise InvalidGroupIdMalformed(f"The security group ID '{value}' is malformed")


@operation("ModifySecurityGroupRules")
async def modify_security_group_rules(call: Ec2Call, request: Request) -> Request:
    group = await security_groups.require(call, {"GroupId": required(request, "GroupId")})
    for update in required(request, "SecurityGroupRules", "SecurityGroupRule"):
        rules = {rule.id: rule for rule in await security_groups.rules_of(call, group.id)}
        rule_id = required(update, "SecurityGroupRuleId")
        references.require("security-group-rule", [rule_id], rules)
        wanted = await _single(call, update.get("SecurityGroupRule") or {})
        old = rules.pop(rule_id)
        others = [rule for rule in rules.values() if rule.egress is old.egress]
        _check_new([wanted], others)
        await call.security_group_rules.put(
            _rule(old.id, group, wanted, egress=old.egress, number=old.number)
        )
    return {"Return": True}


async def _single(call: Ec2Call, given: Request) -> Permission:
    """A rule as it is to be, all of it."""
    protocol = permissions.protocol_of(given.get("IpProtocol"))
    ports = permissions.ports_of(protocol, given.get("FromPort"), given.get("ToPort"))
    members = {**permissions.MEMBERS, "group": "ReferencedGroupId"}
    named = [(kind, given[member]) for kind, member in members.items() if given.get(member)]
    if not named:
        raise MissingParameter(_ONE_PEER)
    if len(named) > 1:
        raise InvalidParameterCombination(
            "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified"
        )
    ((kind, peer),) = named
    described = permissions.description_of(given.get("Description"))
    found = Permission(protocol, *ports, kind, permissions.peer_of(kind, peer), described)
    await _check_peer(call, found)
    return found


@operation("UpdateSecurityGroupRuleDescriptionsIngress")
async def update_security_group_rule_descriptions_ingress(
    call: Ec2Call, request: Request
) -> Request:
    return await _update_descriptions(call, request, egress=False)


@operation("UpdateSecurityGroupRuleDescriptionsEgress")
async def update_security_group_rule_descriptions_egress(
    call: Ec2Call, request: Request
) -> Request:
    return await _update_descriptions(call, request, egress=True)


async def _update_descriptions(call: Ec2Call, request: Request, *, egress: bool) -> Request:
    """A description that is not given, or empty, is taken away."""
    group = await security_groups.require(call, request)
    rules = await security_groups.rules_of(call, group.id)
    there = [rule for rule in rules if rule.egress is egress]
    new: dict[str, str | None] = {}
    if given := request.get("SecurityGroupRuleDescriptions"):
        ids = [required(each, "SecurityGroupRuleId") for each in given]
        references.require("security-group-rule", ids, {rule.id for rule in there})
        for each in given:
            text = permissions.description_of(each.get("Description"))
            new[each["SecurityGroupRuleId"]] = text
    else:
        wanted = await _permissions(call, {"IpPermissions": required(request, "IpPermissions")})
        for permission in wanted:
            (rule,) = _matching([permission], there)
            new[rule.id] = permission.description
    for rule in there:
        if rule.id in new:
            changed = msgspec.structs.replace(rule, description=new[rule.id])
            await call.security_group_rules.put(changed)
    return {"Return": True}

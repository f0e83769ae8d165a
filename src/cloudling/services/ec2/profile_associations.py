"""Instance profiles that instances have: one each, changed while they run.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/attach-iam-role.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import AwsError, operation
from cloudling.services.ec2 import instance_descriptions, instance_lookup, listings, profiles
from cloudling.services.ec2.errors import IncorrectInstanceState, lacking
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.instance_records import ProfileAssociation
from cloudling.services.ec2.parameters import required

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Instance
    from cloudling.services.ec2.profiles import Profile

Request = dict[str, Any]
_FILTERS = Filters({"instance-id": "InstanceId", "state": "State"}, tagged=False)
_USABLE = frozenset({"pending", "running", "stopping", "stopped"})


@operation("AssociateIamInstanceProfile", transaction=False)
async def associate_iam_instance_profile(call: Ec2Call, request: Request) -> Request:
    profile = await _profile(call, request)
    async with call.unit(final=True):
        instance = await _instance(call, required(request, "InstanceId"))
        for each in await call.profile_associations.find(instance=instance.id):
            if each.state in instance_descriptions.ACTIVE:
                raise AwsError(
                    f"There is an existing association for instance {instance.id}",
                    code="IncorrectState",
                )
        made = await _associate(call, instance, profile)
        return {"IamInstanceProfileAssociation": _told(made, "associating")}


@operation("ReplaceIamInstanceProfileAssociation", transaction=False)
async def replace_iam_instance_profile_association(call: Ec2Call, request: Request) -> Request:
    profile = await _profile(call, request)
    async with call.unit(final=True):
        old = await _require(call, required(request, "AssociationId"))
        instance = await _instance(call, old.instance)
        await call.profile_associations.delete(old.id)
        made = await _associate(call, instance, profile)
        return {"IamInstanceProfileAssociation": _told(made, "associating")}


@operation("DisassociateIamInstanceProfile")
async def disassociate_iam_instance_profile(call: Ec2Call, request: Request) -> Request:
    old = await _require(call, required(request, "AssociationId"))
    await call.profile_associations.delete(old.id)
    instance = await call.instances.get(old.instance)
    if instance is not None:
        await instance_lookup.touch(call, instance)
    return {"IamInstanceProfileAssociation": _told(old, "disassociating")}


@operation("DescribeIamInstanceProfileAssociations")
async def describe_iam_instance_profile_associations(call: Ec2Call, request: Request) -> Request:
    listings.check_size(request)
    known = {each.id: each for each in await call.profile_associations.page(limit=None)}
    ids: list[str] = request.get("AssociationIds") or []
    for each in ids:
        if each not in known:
            raise _absent(each)
    items = [_told(each) for each in known.values() if not ids or each.id in ids]
    selected = _FILTERS.select(request.get("Filters"), items)
    shown, more = listings.page(call, request, selected)
    return {"IamInstanceProfileAssociations": shown, **more}


async def _profile(call: Ec2Call, request: Request) -> Profile:
    """The profile that is named, which the question of permissions has found usable."""
    found = await profiles.find(call, request.get("IamInstanceProfile"))
    if found is None:
        raise lacking("IamInstanceProfile")
    return found


async def _instance(call: Ec2Call, instance_id: str) -> Instance:
    found = await instance_lookup.require(call, instance_id)
    if found.state not in _USABLE:
        raise IncorrectInstanceState(
            f"The instance '{found.id}' is not in the 'running' or 'stopped' states."
        )
    return found


async def _associate(call: Ec2Call, instance: Instance, profile: Profile) -> ProfileAssociation:
    made = ProfileAssociation(
        id=call.new_id("iip-assoc-"),
        instance=instance.id,
        arn=profile.arn,
        profile=profile.id,
        role=profile.role,
        at=call.clock.now(),
    )
    await call.profile_associations.put(made)
    await instance_lookup.touch(call, instance)
    return made


async def _require(call: Ec2Call, association_id: str) -> ProfileAssociation:
    found = await call.profile_associations.get(association_id)
    if found is None:
        raise _absent(association_id)
    return found


def _absent(association_id: str) -> AwsError:
    return AwsError(
        f"An invalid association-id of '{association_id}' was given",
        code="InvalidAssociationID.NotFound",
    )


def _told(association: ProfileAssociation, state: str = "") -> Request:
    return {
        "AssociationId": association.id,
        "InstanceId": association.instance,
        "IamInstanceProfile": {"Arn": association.arn, "Id": association.profile},
        "State": state or association.state,
    }

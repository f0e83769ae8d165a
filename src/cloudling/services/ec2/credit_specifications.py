"""How burstable instances have their processor credits.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import AwsError, operation
from cloudling.services.ec2 import instance_lookup, listings, references
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.parameters import required

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Instance

Request = dict[str, Any]
_FILTERS = Filters({"instance-id": "InstanceId"}, tagged=False)
_GONE = frozenset({"shutting-down", "terminated"})
_WORDS = ("standard", "unlimited")


@operation("DescribeInstanceCreditSpecifications")
async def describe_instance_credit_specifications(call: Ec2Call, request: Request) -> Request:
    """Those that are named; else those that differ from the standard of old."""
    listings.check_size(request)
    ids = references.members(request, "InstanceIds")
    if ids:
        found = await instance_lookup.require_all(call, ids)
        for instance in found:
            if not instance.credits:
                raise _not_burstable(instance.id)
    else:
        every = await call.instances.page(limit=None)
        found = [each for each in every if each.credits == "unlimited"]
    items = [
        {"InstanceId": each.id, "CpuCredits": each.credits}
        for each in found
        if each.state not in _GONE
    ]
    selected = _FILTERS.select(request.get("Filters"), items)
    shown, more = listings.page(call, request, selected)
    return {"InstanceCreditSpecifications": shown, **more}


@operation("ModifyInstanceCreditSpecification")
async def modify_instance_credit_specification(call: Ec2Call, request: Request) -> Request:
    """Each instance by itself: those that cannot have it are listed with the reason."""
    done, refused = [], []
    for each in required(request, "InstanceCreditSpecifications"):
        instance_id, word = required(each, "InstanceId"), each.get("CpuCredits") or _WORDS[0]
        try:
            await _modify(call, instance_id, word)
        except AwsError as fault:
            error = {"Code": fault.error_code, "Message": fault.text}
            refused.append({"InstanceId": instance_id, "Error": error})
        else:
            done.append({"InstanceId": instance_id})
    return {
        "SuccessfulInstanceCreditSpecifications": done,
        "UnsuccessfulInstanceCreditSpecifications": refused,
    }


async def _modify(call: Ec2Call, instance_id: str, word: str) -> None:
    instance: Instance = await instance_lookup.require(call, instance_id)
    if instance.state in _GONE:
        raise AwsError(
            f"The instance '{instance_id}' is not in a valid state for this operation.",
            code="IncorrectInstanceState",
        )
    if not instance.credits:
        raise _not_burstable(instance_id)
    if word not in _WORDS:
        raise AwsError(
            f"Value ({word}) for parameter cpuCredits is invalid.", code="InvalidParameterValue"
        )
    await call.instances.change(instance_id, expect=instance.revision, credits=word)


def _not_burstable(instance_id: str) -> AwsError:
    return AwsError(
        f"The specified instance '{instance_id}' does not use CPU credits for CPU usage. Only "
        "burstable performance instances do.",
        code="InstanceCreditSpecification.NotSupported",
    )

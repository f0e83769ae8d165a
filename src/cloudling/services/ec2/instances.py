"""Instances as they are described: there are none until RunInstances is built.

Questions about them have true answers all the same: nothing, or that an id is nobody's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import listings, references
from cloudling.services.ec2.errors import InvalidParameterCombination

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call

Request = dict[str, Any]


@operation("DescribeInstances", partial="no instance can be launched yet, so all answers are empty")
async def describe_instances(call: Ec2Call, request: Request) -> Request:
    _check(call, request)
    return {"Reservations": []}


@operation(
    "DescribeInstanceStatus", partial="no instance can be launched yet, so all answers are empty"
)
async def describe_instance_status(call: Ec2Call, request: Request) -> Request:
    _check(call, request)
    return {"InstanceStatuses": []}


def _check(call: Ec2Call, request: Request) -> None:
    asked = references.members(request, "InstanceIds")
    listings.check_size(request)
    if asked and "MaxResults" in request:
        raise InvalidParameterCombination(
            "The parameter instancesSet cannot be used with the parameter maxResults"
        )
    references.require("instance", asked, ())
    listings.page(call, request, ())

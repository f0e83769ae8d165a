"""Detailed monitoring, as instances remember it.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_MonitorInstances.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import instance_lookup, references

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call

Request = dict[str, Any]


@operation("MonitorInstances", partial="there are no metrics yet")
async def monitor_instances(call: Ec2Call, request: Request) -> Request:
    return await _set(call, request, "pending", enabled=True)


@operation("UnmonitorInstances", partial="there are no metrics yet")
async def unmonitor_instances(call: Ec2Call, request: Request) -> Request:
    return await _set(call, request, "disabling", enabled=False)


async def _set(call: Ec2Call, request: Request, word: str, *, enabled: bool) -> Request:
    """The answer tells what is on its way; a moment later it is so."""
    ids = references.members(request, "InstanceIds")
    found = await instance_lookup.require_all(call, ids)
    for each in found:
        await call.instances.change(each.id, expect=each.revision, monitoring=enabled)
    told = [{"InstanceId": each.id, "Monitoring": {"State": word}} for each in found]
    return {"InstanceMonitorings": told}

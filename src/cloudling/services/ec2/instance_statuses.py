"""Status checks: the machine is looked at when somebody asks.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel import operation
from cloudling.services.ec2 import instances, listings, references, runtime, settling, state_changes
from cloudling.services.ec2.filters import Filters

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Instance

Request = dict[str, Any]
_FILTERS = Filters(
    {
        "application-status.status": "ApplicationStatus.Status",
        "attached-ebs-status.status": "AttachedEbsStatus.Status",
        "availability-zone": "AvailabilityZone",
        "availability-zone-id": "AvailabilityZoneId",
        "event.code": "Events.Code",
        "event.description": "Events.Description",
        "event.instance-event-id": "Events.InstanceEventId",
        "event.not-after": "Events.NotAfter",
        "event.not-before": "Events.NotBefore",
        "event.not-before-deadline": "Events.NotBeforeDeadline",
        "instance-state-code": "InstanceState.Code",
        "instance-state-name": "InstanceState.Name",
        "instance-status.reachability": "InstanceStatus.Details.Status",
        "instance-status.status": "InstanceStatus.Status",
        "operator.managed": "Operator.Managed",
        "operator.principal": "Operator.Principal",
        "system-status.reachability": "SystemStatus.Details.Status",
        "system-status.status": "SystemStatus.Status",
    },
    tagged=False,
)


class _Health(NamedTuple):
    """A check's status and the word for reachability."""

    status: str
    reachability: str


_OK = _Health("ok", "passed")
_INITIALIZING = _Health("initializing", "initializing")
_IMPAIRED = _Health("impaired", "failed")
_UNKNOWN = _Health("not-applicable", "")
_NO_DATA = _Health("insufficient-data", "insufficient-data")


@operation("DescribeInstanceStatus", transaction=False, waits=True)
async def describe_instance_status(call: Ec2Call, request: Request) -> Request:
    await settling.instances(call, references.members(request, "InstanceIds"))
    found = await instances.asked(call, request)
    if not request.get("IncludeAllInstances"):
        found = [each for each in found if each.state == "running"]
    items = await asyncio.gather(*(_item(call, each) for each in found))
    selected = _FILTERS.select(request.get("Filters"), items)
    shown, more = listings.page(call, request, selected)
    return {"InstanceStatuses": shown, **more}


async def _item(call: Ec2Call, instance: Instance) -> Request:
    own, system = await _look(call, instance)
    return {
        "InstanceId": instance.id,
        "AvailabilityZone": instance.zone,
        "AvailabilityZoneId": instance.zone_id,
        "InstanceState": state_changes.told(instance.state),
        "InstanceStatus": _told(own),
        "SystemStatus": _told(system),
        "AttachedEbsStatus": _told(system),
        "Operator": {"Managed": False},
        "Events": [],
    }


def _told(health: _Health) -> Request:
    details = [{"Name": "reachability", "Status": health.reachability}]
    return {"Status": health.status, **({"Details": details} if health.reachability else {})}


async def _look(call: Ec2Call, instance: Instance) -> tuple[_Health, _Health]:
    """The instance itself, and what it runs on."""
    machines = call.cloud.machines
    if instance.state != "running":
        return _UNKNOWN, _UNKNOWN
    if machines is None:
        return _NO_DATA, _NO_DATA
    if instance.id not in runtime.of(call).running:
        return _INITIALIZING, _INITIALIZING
    try:
        fault = await machines.check(instance.id)
    except OSError:
        return _NO_DATA, _IMPAIRED
    return (_IMPAIRED if fault else _OK), _OK

"""Volumes: so far the roots of instances, and those that were left when their instances ended.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumes.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import listings, moments, references, settling, taggings
from cloudling.services.ec2.errors import VolumeInUse
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.listings import Listing
from cloudling.services.ec2.parameters import required

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Volume

Request = dict[str, Any]
# Moments as texts, while volumes are filtered.
_ASIDE = "_moments"
LISTING = Listing(
    kind="volume",
    member="Volumes",
    ids="VolumeIds",
    id="VolumeId",
    filters=Filters(
        {
            "attachment.attach-time": f"{_ASIDE}.Attached",
            "attachment.delete-on-termination": "Attachments.DeleteOnTermination",
            "attachment.device": "Attachments.Device",
            "attachment.instance-id": "Attachments.InstanceId",
            "attachment.status": "Attachments.State",
            "availability-zone": "AvailabilityZone",
            "availability-zone-id": "AvailabilityZoneId",
            "create-time": f"{_ASIDE}.Created",
            "encrypted": "Encrypted",
            "fast-restored": "FastRestored",
            "multi-attach-enabled": "MultiAttachEnabled",
            "operator.managed": "Operator.Managed",
            "operator.principal": "Operator.Principal",
            "size": "Size",
            "snapshot-id": "SnapshotId",
            "status": "State",
            "volume-id": "VolumeId",
            "volume-type": "VolumeType",
        }
    ),
)


@operation("DescribeVolumes", transaction=False, partial="root volumes are all there are")
async def describe_volumes(call: Ec2Call, request: Request) -> Request:
    await settling.instances(call)
    await settling.disks(call)
    found = await listings.records(call.volumes, request, LISTING)
    items = [await _item(call, each) for each in sorted(found, key=lambda each: each.created)]
    answer = listings.answer(call, request, LISTING, items)
    for each in answer["Volumes"]:
        del each[_ASIDE]
    return answer


async def _item(call: Ec2Call, volume: Volume) -> Request:
    told = {"Attached": moments.text(volume.attached), "Created": moments.text(volume.created)}
    return {**await describe(call, volume), _ASIDE: told}


async def describe(call: Ec2Call, volume: Volume) -> Request:
    attachment = {
        "VolumeId": volume.id,
        "InstanceId": volume.instance,
        "Device": volume.device,
        "State": "attached",
        "AttachTime": volume.attached,
        "DeleteOnTermination": volume.deleted_with_instance,
    }
    speed = {"Iops": volume.iops, "Throughput": volume.throughput}
    return {
        "VolumeId": volume.id,
        "Size": volume.size,
        "VolumeType": volume.kind,
        "SnapshotId": volume.snapshot,
        "AvailabilityZone": volume.zone,
        "AvailabilityZoneId": volume.zone_id,
        "State": volume.state,
        "CreateTime": volume.created,
        "Attachments": [attachment] if volume.instance else [],
        "Encrypted": False,
        "MultiAttachEnabled": False,
        "Operator": {"Managed": False},
        **{name: value for name, value in speed.items() if value},
        "Tags": await taggings.of(call, "volume", volume.id),
    }


@operation("DeleteVolume")
async def delete_volume(call: Ec2Call, request: Request) -> Request:
    volume_id = required(request, "VolumeId")
    references.check("volume", volume_id)
    volume = await call.volumes.get(volume_id)
    if volume is None or volume.state == "deleting":
        raise references.absent("volume", volume_id)
    if volume.instance:
        raise VolumeInUse(f"Volume {volume.id} is currently attached to {volume.instance}")
    await call.volumes.change(volume.id, expect=volume.revision, state="deleting")
    return {}

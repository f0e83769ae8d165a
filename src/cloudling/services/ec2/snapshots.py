"""Snapshots: so far those of images of one's own.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import listings, moments, own_images, references, settling, taggings
from cloudling.services.ec2.errors import InvalidSnapshotInUse
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.listings import Listing
from cloudling.services.ec2.parameters import required

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Image, Snapshot

Request = dict[str, Any]
DELETING = "deleting"
_ASIDE = "_started"
LISTING = Listing(
    kind="snapshot",
    member="Snapshots",
    ids="SnapshotIds",
    id="SnapshotId",
    filters=Filters(
        {
            "description": "Description",
            "encrypted": "Encrypted",
            "owner-alias": "OwnerAlias",
            "owner-id": "OwnerId",
            "progress": "Progress",
            "snapshot-id": "SnapshotId",
            "start-time": _ASIDE,
            "status": "State",
            "storage-tier": "StorageTier",
            "transfer-type": "TransferType",
            "volume-id": "VolumeId",
            "volume-size": "VolumeSize",
        }
    ),
)


@operation("DescribeSnapshots", transaction=False, partial="only those of the account's own images")
async def describe_snapshots(call: Ec2Call, request: Request) -> Request:
    await settling.disks(call)
    found = await listings.records(call.snapshots, request, LISTING)
    owners: list[str] = request.get("OwnerIds") or []
    if owners and not {"self", call.account} & set(owners):
        found = []
    items = [
        {**await describe(call, each), _ASIDE: moments.text(each.started)}
        for each in sorted(found, key=lambda each: each.started)
        if each.state != DELETING
    ]
    answer = listings.answer(call, request, LISTING, items)
    for each in answer["Snapshots"]:
        del each[_ASIDE]
    return answer


async def describe(call: Ec2Call, snapshot: Snapshot) -> Request:
    return {
        "SnapshotId": snapshot.id,
        "OwnerId": call.account,
        "VolumeId": snapshot.volume,
        "VolumeSize": snapshot.size,
        "State": snapshot.state,
        "StartTime": snapshot.started,
        "Progress": f"{snapshot.progress}%",
        "Description": snapshot.description,
        "Encrypted": False,
        "StorageTier": "standard",
        "Tags": await taggings.of(call, "snapshot", snapshot.id),
    }


@operation("DeleteSnapshot")
async def delete_snapshot(call: Ec2Call, request: Request) -> Request:
    snapshot = await require(call, required(request, "SnapshotId"))
    for image in await images_of(call, snapshot.id):
        raise InvalidSnapshotInUse(f"The snapshot {snapshot.id} is currently in use by {image.id}")
    await call.snapshots.change(snapshot.id, expect=snapshot.revision, state=DELETING)
    return {}


async def require(call: Ec2Call, snapshot_id: str) -> Snapshot:
    """The account's snapshot of that id; raises InvalidSnapshot."""
    references.check("snapshot", snapshot_id)
    found = await call.snapshots.get(snapshot_id)
    if found is None or found.state == DELETING:
        raise references.absent("snapshot", snapshot_id)
    return found


async def images_of(call: Ec2Call, snapshot_id: str) -> list[Image]:
    """The images that are made of a snapshot."""
    found = await call.images.find(snapshot=snapshot_id)
    return [each for each in found if each.state != own_images.GONE]

"""Images that are to be made, and disks that nothing needs any more.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel.machines import NoSuchRoot
from cloudling.kernel.networks import DriverGone
from cloudling.kernel.reconcilers import Wake, reconciler
from cloudling.services.ec2 import boots, own_images, runtime, snapshots, taggings
from cloudling.services.ec2.call import Ec2Call

if TYPE_CHECKING:
    from cloudling.services.ec2.instance_records import Image, Instance, Snapshot, Volume

# So long an image that was given up is still known.
_KEPT_SECONDS = 3600.0


@reconciler(Ec2Call.images, state="pending")
async def capture(call: Ec2Call, image: Image) -> None:
    """Copy the disk of the instance; while that is stopped, unless it shall go on."""
    place = call.at(account=image.account, region=image.region)
    try:
        async with runtime.of(call).lock(image.instance):
            instance = await place.instances.get(image.instance)
            volume = await place.volumes.get(instance.volume) if instance else None
            if instance is None or volume is None:
                raise OSError(f"The instance {image.instance} is gone.")
            await _capture(place, image, instance, volume.machine)
    except DriverGone:
        raise
    except (OSError, NoSuchRoot) as fault:
        await _settle(place, image, str(fault) or "The disk could not be copied.")
    else:
        await _settle(place, image, "")


async def _capture(call: Ec2Call, image: Image, instance: Instance, disk: str) -> None:
    machines, known = boots.require_machines(call), runtime.of(call)
    if not (image.reboots and instance.state == "running"):
        await machines.capture(disk, image.root)
        return
    await machines.stop(instance.id)
    known.running.pop(instance.id, None)
    try:
        await machines.capture(disk, image.root)
    finally:
        await boots.restart(call, instance)


async def _settle(call: Ec2Call, image: Image, fault: str) -> None:
    """The image is there now, or never will be; one that was given up leaves its snapshot."""
    fields: dict[str, Any] = {"state": "available"}
    if fault:
        reason = "Server.InternalError", f"Server.InternalError: {fault}"
        fields = {"state": "failed", "reason": reason}
    async with call.unit():
        now = await call.images.get(image.id)
        if now is not None and now.state == "pending":
            await call.images.change(now.id, expect=now.revision, **fields)
        snapshot = await call.snapshots.get(image.snapshot)
        if snapshot is not None and snapshot.state == "pending":
            done: dict[str, Any] = {"state": "completed", "progress": 100}
            if fault:
                done = {"state": "error"}
            await call.snapshots.change(snapshot.id, expect=snapshot.revision, **done)


@reconciler(Ec2Call.images, state=own_images.GONE)
async def forget_image(call: Ec2Call, image: Image) -> Wake | None:
    """An hour later nobody knows of it any more."""
    due = image.ended + _KEPT_SECONDS
    if call.clock.now() < due:
        return Wake(due)
    async with call.unit():
        await call.images.delete(image.id)
    return None


@reconciler(Ec2Call.snapshots, state=snapshots.DELETING)
async def remove(call: Ec2Call, snapshot: Snapshot) -> None:
    """What stands behind the last snapshot of it goes, too, where it was captured."""
    table = call.cloud.store.table(Ec2Call.snapshots.spec)
    others = [each for _, each in table.all() if each.root == snapshot.root]
    if len(others) == 1 and call.cloud.roots is not None and snapshot.root.startswith("ami-"):
        await call.cloud.roots.remove(snapshot.root)
    async with call.unit():
        await call.snapshots.delete(snapshot.id)
        await call.tags.replace(taggings.place(call, "snapshot", snapshot.id), {})


@reconciler(Ec2Call.volumes, state="deleting")
async def erase(call: Ec2Call, volume: Volume) -> None:
    """The disk of an instance that has ended."""
    if call.cloud.machines is not None:
        await call.cloud.machines.discard(volume.machine)
    async with call.unit():
        await call.volumes.delete(volume.id)
        await call.tags.replace(taggings.place(call, "volume", volume.id), {})

"""Making images: of an instance, of a snapshot, of another image; and giving them up.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/creating-an-ami-ebs.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.kernel.errors import NotImplementedHere
from cloudling.services.ec2 import (
    images,
    instance_lookup,
    own_images,
    root_devices,
    settling,
    snapshots,
    taggings,
)
from cloudling.services.ec2.errors import (
    IncorrectInstanceState,
    InvalidAmiNameDuplicate,
    InvalidAmiNameMalformed,
    InvalidBlockDeviceMapping,
)
from cloudling.services.ec2.instance_records import Image, Snapshot
from cloudling.services.ec2.parameters import refuse, required

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Instance, Volume

Request = dict[str, Any]
_NAME = re.compile(r"[a-zA-Z0-9()\[\] ./\-'@_]{3,128}")
_NOT_REGISTERED = ("BillingProducts", "KernelId", "RamdiskId", "TpmSupport", "UefiData")
_NOT_COPIED = (
    "DestinationAvailabilityZone",
    "DestinationAvailabilityZoneId",
    "DestinationOutpostArn",
)
_STATES = frozenset({"running", "stopped"})


@operation("CreateImage", transaction=False)
async def create_image(call: Ec2Call, request: Request) -> Request:
    """The image is `pending` until its instance's disk is copied."""
    await settling.instances(call, [required(request, "InstanceId")])
    async with call.unit(final=True):
        return await _create_image(call, request)


async def _create_image(call: Ec2Call, request: Request) -> Request:
    refuse(request, "CreateImage", "BootModeOverride")
    instance = await instance_lookup.require(call, required(request, "InstanceId"))
    tags = taggings.by_kind(request, "image", "snapshot")
    name = await _name(call, request)
    volume = await call.volumes.get(instance.volume)
    if instance.state not in _STATES or volume is None:
        raise IncorrectInstanceState(
            f"The instance '{instance.id}' is not in the 'running' or 'stopped' states."
        )
    image = await _of_instance(call, request, instance, volume, name)
    await call.images.put(image)
    description = f"Created by CreateImage({instance.id}) for {image.id}"
    await call.snapshots.put(
        Snapshot(
            id=image.snapshot,
            root=image.root,
            family=image.family,
            volume=volume.id,
            size=volume.size,
            started=image.created,
            state="pending",
            description=description,
        )
    )
    await _tag(call, image, tags)
    return {"ImageId": image.id}


async def _tag(call: Ec2Call, image: Image, tags: dict[str, dict[str, str]]) -> None:
    for kind, name in (("image", image.id), ("snapshot", image.snapshot)):
        await taggings.add(call, taggings.place(call, kind, name), tags[kind])


async def _of_instance(
    call: Ec2Call, request: Request, instance: Instance, volume: Volume, name: str
) -> Image:
    own = call.new_id("ami-")
    kind, deleted = _device(request, volume)
    return Image(
        id=own,
        name=name,
        state="pending",
        snapshot=call.new_id("snap-"),
        root=own,
        family=instance.family,
        size=volume.size,
        kind=kind,
        iops=volume.iops if kind == volume.kind else 0,
        throughput=volume.throughput if kind == volume.kind else 0,
        created=call.clock.now(),
        architecture=instance.architecture,
        root_device=instance.root_device,
        account=call.account,
        region=call.region,
        description=request.get("Description") or "",
        instance=instance.id,
        reboots=not request.get("NoReboot") and instance.state == "running",
        boot_mode=instance.boot_mode,
        metadata="v2.0" if instance.metadata.tokens == "required" else "",
        ena=instance.ena,
        deleted_with_instance=deleted,
    )


def _device(request: Request, volume: Volume) -> tuple[str, bool]:
    """The image's volume type, and whether it goes with its instances."""
    kind, deleted = volume.kind, volume.deleted_with_instance
    for mapping in request.get("BlockDeviceMappings") or ():
        if mapping.get("DeviceName") != volume.device:
            root_devices.check_other(mapping)
            continue
        ebs = mapping.get("Ebs") or {}
        if ebs.get("VolumeSize", volume.size) != volume.size:
            raise NotImplementedHere(
                "Another volume size of CreateImage is not implemented in Cloudling yet."
            )
        kind = ebs.get("VolumeType") or kind
        deleted = ebs.get("DeleteOnTermination", deleted)
    return kind, deleted


async def _name(call: Ec2Call, request: Request) -> str:
    """A name that no other image of the account has here."""
    name: str = required(request, "Name")
    if not _NAME.fullmatch(name):
        raise InvalidAmiNameMalformed(
            "AMI names must be between 3 and 128 characters long, and may contain letters, "
            "numbers, '(', ')', '.', '-', '/' and '_'"
        )
    for image in await own_images.visible(call):
        if image.account == call.account and image.name == name:
            raise InvalidAmiNameDuplicate(f"AMI name {name} is already in use by AMI {image.id}")
    return name


@operation("RegisterImage", partial="only of one's own snapshots")
async def register_image(call: Ec2Call, request: Request) -> Request:
    refuse(request, "RegisterImage", *_NOT_REGISTERED)
    name = await _name(call, request)
    tags = taggings.specified(request, "image")
    if request.get("ImageLocation"):
        raise NotImplementedHere(
            "Images in instance stores (ImageLocation) are not implemented in Cloudling yet."
        )
    root = required(request, "RootDeviceName")
    ebs = _root_of(request, root)
    snapshot = await snapshots.require(call, ebs["SnapshotId"])
    size = ebs.get("VolumeSize", snapshot.size)
    if size < snapshot.size:
        raise InvalidBlockDeviceMapping(
            f"Volume of size {size}GB is smaller than snapshot '{snapshot.id}', expect size >= "
            f"{snapshot.size}GB"
        )
    image = Image(
        id=call.new_id("ami-"),
        name=name,
        state="available",
        snapshot=snapshot.id,
        root=snapshot.root,
        family=snapshot.family,
        size=size,
        kind=ebs.get("VolumeType") or "standard",
        iops=ebs.get("Iops") or 0,
        throughput=ebs.get("Throughput") or 0,
        created=call.clock.now(),
        # AWS's own default.
        architecture=request.get("Architecture") or "i386",
        root_device=root,
        account=call.account,
        region=call.region,
        description=request.get("Description") or "",
        boot_mode=request.get("BootMode") or "",
        metadata=request.get("ImdsSupport") or "",
        ena=bool(request.get("EnaSupport")),
        deleted_with_instance=ebs.get("DeleteOnTermination", True),
    )
    await call.images.put(image)
    await taggings.add(call, taggings.place(call, "image", image.id), tags)
    return {"ImageId": image.id}


def _root_of(request: Request, root: str) -> Request:
    found: Request = {}
    for mapping in request.get("BlockDeviceMappings") or ():
        if mapping.get("DeviceName") == root:
            found = mapping.get("Ebs") or {}
        else:
            root_devices.check_other(mapping)
    if not found.get("SnapshotId"):
        raise InvalidBlockDeviceMapping("The root device must be mapped to a snapshot.")
    return found


@operation("CopyImage", partial="encrypted copies answer 501")
async def copy_image(call: Ec2Call, request: Request) -> Request:
    """What stands behind the copy is the same, so that it is there at once."""
    refuse(request, "CopyImage", *_NOT_COPIED)
    if request.get("Encrypted") or request.get("KmsKeyId"):
        raise NotImplementedHere("Encrypted copies of images are not implemented in Cloudling yet.")
    source_region = required(request, "SourceRegion")
    name = await _name(call, request)
    tags = taggings.by_kind(request, "image", "snapshot")
    there = call.at(region=source_region)
    source = await images.launchable(there, required(request, "SourceImageId"))
    described = source.described
    disk = root_devices.read(described, ())
    image = Image(
        id=call.new_id("ami-"),
        name=name,
        state="available",
        snapshot=call.new_id("snap-"),
        root=source.root,
        family=source.family,
        size=disk.size,
        kind=disk.kind,
        iops=disk.iops,
        throughput=disk.throughput,
        created=call.clock.now(),
        architecture=described["Architecture"],
        root_device=disk.device,
        account=call.account,
        region=call.region,
        description=request.get("Description") or "",
        boot_mode=described.get("BootMode", ""),
        metadata=described.get("ImdsSupport", ""),
        ena=described.get("EnaSupport", True),
        deleted_with_instance=disk.deleted_with_instance,
        source=(described["ImageId"], source_region),
    )
    await call.images.put(image)
    origin = f"[Copied {described['ImageId']} from {source_region}] {image.description}".rstrip()
    await call.snapshots.put(
        Snapshot(
            id=image.snapshot,
            root=image.root,
            family=image.family,
            volume="vol-ffffffff",
            size=image.size,
            started=image.created,
            state="completed",
            progress=100,
            description=origin,
        )
    )
    if request.get("CopyImageTags"):
        copied = await call.tags.of(taggings.place(there, "image", described["ImageId"]))
        tags["image"] = {**copied, **tags["image"]}
    await _tag(call, image, tags)
    return {"ImageId": image.id}


@operation("DeregisterImage")
async def deregister_image(call: Ec2Call, request: Request) -> Request:
    """Its snapshot stays, unless it is to go, too."""
    image = await images.require_own(call, required(request, "ImageId"))
    moment = call.clock.now()
    await call.images.change(image.id, expect=image.revision, state=own_images.GONE, ended=moment)
    await call.tags.replace(taggings.place(call, "image", image.id), {})
    told: Request = {"Return": True}
    if request.get("DeleteAssociatedSnapshots"):
        snapshot = await call.snapshots.get(image.snapshot)
        used = await snapshots.images_of(call, image.snapshot)
        result = "skipped" if used else "success"
        if snapshot is not None and not used:
            await call.snapshots.change(
                snapshot.id, expect=snapshot.revision, state=snapshots.DELETING
            )
        told["DeleteSnapshotResults"] = [{"SnapshotId": image.snapshot, "ReturnCode": result}]
    return told

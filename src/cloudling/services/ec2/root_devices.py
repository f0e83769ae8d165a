"""The root volume as a launch asks for it: the image's own, with what the request changes.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel.errors import NotImplementedHere
from cloudling.services.ec2.errors import (
    InvalidBlockDeviceMapping,
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidRequest,
    MissingParameter,
    lacking,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Request = dict[str, Any]
# The least and most GiB of a type, whether operations per second may be told, and whether they
# must. The figures are Amazon EBS's own.
_KINDS = {
    "gp2": (1, 16_384, False, False),
    "gp3": (1, 65_536, True, False),
    "io1": (4, 16_384, True, True),
    "io2": (4, 65_536, True, True),
    "standard": (1, 1024, False, False),
    "st1": (125, 16_384, False, False),
    "sc1": (125, 16_384, False, False),
}
_GP3_OPERATIONS, _GP3_THROUGHPUT = 3000, 125
_GP2_PER_GIBIBYTE, _GP2_LEAST, _GP2_MOST = 3, 100, 16_000


class Disk(NamedTuple):
    """A root volume to be; sizes in GiB, `throughput` in MiB a second."""

    device: str
    size: int
    kind: str
    snapshot: str
    deleted_with_instance: bool = True
    iops: int = 0
    throughput: int = 0


def read(image: Request, mappings: Sequence[Request]) -> Disk:
    """The disk of an image (as it is described) with a request's mappings over it."""
    root = image["RootDeviceName"]
    own = next(each["Ebs"] for each in image["BlockDeviceMappings"] if "Ebs" in each)
    asked: Request = {}
    for mapping in mappings:
        if mapping.get("DeviceName") == root:
            asked = _root(mapping)
        else:
            check_other(mapping)
    kind = asked.get("VolumeType") or own["VolumeType"]
    size = asked.get("VolumeSize", own["VolumeSize"])
    _check(asked, own, kind, size)
    return Disk(
        device=root,
        size=size,
        kind=kind,
        snapshot=own["SnapshotId"],
        deleted_with_instance=asked.get("DeleteOnTermination", own["DeleteOnTermination"]),
        iops=asked.get("Iops") or _operations(kind, size),
        throughput=asked.get("Throughput") or (_GP3_THROUGHPUT if kind == "gp3" else 0),
    )


def _root(mapping: Request) -> Request:
    if "NoDevice" in mapping or "VirtualName" in mapping:
        raise InvalidBlockDeviceMapping(
            f"The device '{mapping['DeviceName']}' is the root device and cannot be suppressed"
        )
    found: Request = mapping.get("Ebs") or {}
    if found.get("Encrypted") or found.get("KmsKeyId"):
        raise NotImplementedHere("Encrypted volumes are not implemented in Cloudling yet.")
    return found


def check_other(mapping: Request) -> None:
    """Devices besides the root: what suppresses one or stands for an instance store is no volume.

    Types without instance stores ignore what stands for them, as AWS does.
    """
    if "NoDevice" in mapping:
        if mapping["NoDevice"]:
            raise InvalidRequest
        return
    if not mapping.get("DeviceName"):
        raise lacking("deviceName")
    if "VirtualName" in mapping:
        return
    device = mapping.get("Ebs")
    if device is None:
        raise lacking("ebs")
    if "VolumeSize" not in device and "SnapshotId" not in device:
        raise MissingParameter("The request must contain the parameter size or snapshotId")
    raise NotImplementedHere(
        f"Volumes besides the root ({mapping['DeviceName']}) are not implemented in Cloudling yet."
    )


def _check(asked: Request, own: Request, kind: str, size: int) -> None:
    if kind not in _KINDS:
        raise InvalidParameterValue(
            f"Value ({kind}) for parameter volumeType is invalid. Unknown volume type."
        )
    least, most, takes, needs = _KINDS[kind]
    if asked.get("SnapshotId") not in (None, own["SnapshotId"]):
        raise InvalidBlockDeviceMapping("snapshotId cannot be modified on root device")
    if size < own["VolumeSize"]:
        raise InvalidBlockDeviceMapping(
            f"Volume of size {size}GB is smaller than snapshot '{own['SnapshotId']}', expect size "
            f">= {own['VolumeSize']}GB"
        )
    if not least <= size <= most:
        raise InvalidParameterValue(
            f"Volume of {size}GiB is {'too small' if size < least else 'too large'} for volume "
            f"type {kind}; {'minimum' if size < least else 'maximum'} is "
            f"{least if size < least else most}GiB."
        )
    if "Iops" in asked and not takes:
        raise InvalidParameterCombination(
            f"The parameter iops is not supported for {kind} volumes."
        )
    if needs and "Iops" not in asked:
        raise MissingParameter(f"The parameter iops must be specified for {kind} volumes.")
    if "Throughput" in asked and kind != "gp3":
        raise InvalidParameterCombination(
            f"The parameter throughput is not supported for {kind} volumes."
        )


def _operations(kind: str, size: int) -> int:
    if kind == "gp3":
        return _GP3_OPERATIONS
    if kind == "gp2":
        return min(max(size * _GP2_PER_GIBIBYTE, _GP2_LEAST), _GP2_MOST)
    return 0

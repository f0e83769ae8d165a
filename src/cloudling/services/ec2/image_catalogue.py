"""The public images that every region has: those that courses and tutorials find by name.

Names, owners and dates are AWS's own; ids are made of region and name, so that they stay the same.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any, NamedTuple

Description = dict[str, Any]

AMAZON = "137112412989"
CANONICAL = "099720109477"
DEBIAN = "136693071363"
_ID_DIGITS = 16
_ARCHITECTURES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64"}


# What stands behind a build, by the beginning of its name.
_FAMILIES = {
    "amzn2-": "amazon-linux-2",
    "al2023-": "amazon-linux-2023",
    "ubuntu/images/hvm-ssd/ubuntu-jammy-": "ubuntu-22.04",
    "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-": "ubuntu-24.04",
    "debian-12-": "debian-12",
}


class Build(NamedTuple):
    """One build of a distribution, for several architectures; `{}` stands for the architecture.

    `boot` is how it boots on x86_64, where that is known; Arm boots by UEFI always.
    """

    name: str
    description: str
    owner: str
    day: str
    architectures: tuple[str, ...]
    root: str
    volume: str
    boot: str = ""
    metadata: str = ""
    spare: tuple[str, ...] = ()  # devices that stand for instance stores


_BOTH = ("x86_64", "arm64")
_DEBS = ("amd64", "arm64")
_UBUNTU = "Canonical, Ubuntu, {}, {{}} {} image"
_SPARE = ("/dev/sdb", "/dev/sdc")

_BUILDS = (
    Build(
        "amzn2-ami-hvm-2.0.20260727.0-{}-gp2",
        "Amazon Linux 2 AMI 2.0.20260727.0 {} HVM gp2",
        AMAZON, "2026-07-27", _BOTH, "/dev/xvda", "gp2",
    ),
    Build(
        "amzn2-ami-kernel-5.10-hvm-2.0.20260727.0-{}-gp2",
        "Amazon Linux 2 Kernel 5.10 AMI 2.0.20260727.0 {} HVM gp2",
        AMAZON, "2026-07-27", _BOTH, "/dev/xvda", "gp2",
    ),
    Build(
        "amzn2-ami-hvm-2.0.20260727.0-{}-ebs",
        "Amazon Linux 2 AMI 2.0.20260727.0 {} HVM ebs",
        AMAZON, "2026-07-27", ("x86_64",), "/dev/xvda", "standard",
    ),
    Build(
        "al2023-ami-2023.12.20260727.0-kernel-6.1-{}",
        "Amazon Linux 2023 AMI 2023.12.20260727.0 {} HVM kernel-6.1",
        AMAZON, "2026-07-27", _BOTH, "/dev/xvda", "gp3", "uefi-preferred", "v2.0",
    ),
    Build(
        "al2023-ami-2023.12.20260727.0-kernel-6.12-{}",
        "Amazon Linux 2023 AMI 2023.12.20260727.0 {} HVM kernel-6.12",
        AMAZON, "2026-07-27", _BOTH, "/dev/xvda", "gp3", "uefi-preferred", "v2.0",
    ),
    Build(
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-{}-server-20260731",
        _UBUNTU.format("22.04", "jammy"),
        CANONICAL, "2026-07-31", _DEBS, "/dev/sda1", "gp2", "uefi-preferred", spare=_SPARE,
    ),
    Build(
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{}-server-20260714",
        _UBUNTU.format("24.04", "noble"),
        CANONICAL, "2026-07-14", _DEBS, "/dev/sda1", "gp3", "uefi-preferred", "v2.0", _SPARE,
    ),
    Build(
        "debian-12-{}-20260923-2610",
        "Debian 12 (20260923-2610)",
        DEBIAN, "2026-09-23", _DEBS, "/dev/xvda", "gp3",
    ),
)  # fmt: skip


@lru_cache(maxsize=64)
def images(region: str) -> dict[str, Description]:
    """All of a region's public images by their ids."""
    found = [_describe(build, word, region) for build in _BUILDS for word in build.architectures]
    return {each["ImageId"]: each for each in found}


def family(name: str) -> str:
    """The machines' name for what stands behind the public image of this name."""
    return next(root for start, root in _FAMILIES.items() if name.startswith(start))


def _describe(build: Build, word: str, region: str) -> Description:
    name, architecture = build.name.format(word), _ARCHITECTURES[word]
    boot = "uefi" if architecture == "arm64" else build.boot
    return {
        "Architecture": architecture,
        "BlockDeviceMappings": [_root(build, name, region), *_stores(build)],
        **({"BootMode": boot} if boot else {}),
        "CreationDate": f"{build.day}T00:00:00.000Z",
        "Description": build.description.format(word),
        "EnaSupport": True,
        "Hypervisor": "xen",
        "ImageId": _made_id("ami", name, region),
        "ImageLocation": f"amazon/{name}",
        "ImageOwnerAlias": "amazon",
        "ImageType": "machine",
        **({"ImdsSupport": build.metadata} if build.metadata else {}),
        "Name": name,
        "OwnerId": build.owner,
        "PlatformDetails": "Linux/UNIX",
        "Public": True,
        "RootDeviceName": build.root,
        "RootDeviceType": "ebs",
        "SriovNetSupport": "simple",
        "State": "available",
        "UsageOperation": "RunInstances",
        "VirtualizationType": "hvm",
    }


def _root(build: Build, name: str, region: str) -> Description:
    speed = {"Iops": 3000, "Throughput": 125} if build.volume == "gp3" else {}
    ebs = {
        "DeleteOnTermination": True,
        "Encrypted": False,
        "SnapshotId": _made_id("snap", name, region),
        "VolumeSize": 8,
        "VolumeType": build.volume,
        **speed,
    }
    return {"DeviceName": build.root, "Ebs": ebs}


def _stores(build: Build) -> list[Description]:
    return [
        {"DeviceName": device, "VirtualName": f"ephemeral{number}"}
        for number, device in enumerate(build.spare)
    ]


def _made_id(prefix: str, name: str, region: str) -> str:
    digest = hashlib.sha256(f"{prefix} {region} {name}".encode()).hexdigest()
    return f"{prefix}-0{digest[:_ID_DIGITS]}"

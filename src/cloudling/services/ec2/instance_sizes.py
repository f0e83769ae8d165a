"""What instance types mean for a launch: processors, memory, architectures, and the quota.

https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel.machines import Limits
from cloudling.services.ec2.errors import (
    InvalidParameterValue,
    Unsupported,
    VcpuLimitExceeded,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudling.services.ec2.geography import Zone
    from cloudling.services.ec2.instance_catalogue import Catalogue
    from cloudling.services.ec2.instance_records import Instance, Volume

# What RunInstances takes where it is not told. Recorded answers lack so old a type.
DEFAULT = "m1.small"
_OLD: dict[str, dict[str, Any]] = {
    DEFAULT: {
        "VCpuInfo": {"DefaultVCpus": 1, "DefaultCores": 1, "DefaultThreadsPerCore": 1},
        "MemoryInfo": {"SizeInMiB": 1740},
        "ProcessorInfo": {"SupportedArchitectures": ["i386", "x86_64"]},
        "Hypervisor": "xen",
    }
}
# Processors of standard instances that may run at once in a region. AWS raises it with use.
QUOTA = 256
_STANDARD = frozenset("acdhimrtz")
# The images that processors run, by what they call themselves.
_HERE = {
    "x86_64": ("x86_64", "i386"),
    "amd64": ("x86_64", "i386"),
    "aarch64": ("arm64",),
    "arm64": ("arm64",),
}
_MEBIBYTE, _GIBIBYTE = 2**20, 2**30
_PROCESSES_PER_MEBIBYTE = 4


class Size(NamedTuple):
    """An instance type as a launch needs it."""

    name: str
    facts: dict[str, Any]

    @property
    def processors(self) -> int:
        found: int = self.facts["VCpuInfo"]["DefaultVCpus"]
        return found

    @property
    def cores(self) -> int:
        found: int = self.facts["VCpuInfo"].get("DefaultCores", self.processors)
        return found

    @property
    def threads(self) -> int:
        found: int = self.facts["VCpuInfo"].get("DefaultThreadsPerCore", 1)
        return found

    @property
    def memory(self) -> int:
        """In MiB."""
        found: int = self.facts["MemoryInfo"]["SizeInMiB"]
        return found

    @property
    def architectures(self) -> list[str]:
        found: list[str] = self.facts["ProcessorInfo"]["SupportedArchitectures"]
        return found

    @property
    def hypervisor(self) -> str:
        """As DescribeInstances tells it: Nitro is told as Xen."""
        return "xen"

    @property
    def is_burstable(self) -> bool:
        return bool(self.facts.get("BurstablePerformanceSupported"))

    @property
    def credits(self) -> str:
        """How its processor credits are had where a launch does not say."""
        if not self.is_burstable:
            return ""
        return "standard" if self.name.startswith("t2.") else "unlimited"

    @property
    def quota(self) -> int:
        """Those with accelerators, or very much memory, have to be asked for first."""
        family = self.name.partition(".")[0]
        letters = family.rstrip("0123456789").split("-")[0]
        standard = family[0] in _STANDARD and not letters.startswith(("dl", "hpc", "inf", "trn"))
        return QUOTA if standard else 0


def find(catalogue: Catalogue, name: str) -> Size:
    """The type of that name; raises InvalidParameterValue."""
    facts = catalogue.types.get(name) or _OLD.get(name)
    if facts is None:
        raise InvalidParameterValue(
            f"Invalid value '{name}' for InstanceType. The instance type '{name}' does not exist"
        )
    return Size(name, facts)


def check_architecture(size: Size, architecture: str) -> None:
    """The image's must be the type's, and one that this machine has."""
    if architecture not in size.architectures:
        raise InvalidParameterValue(
            f"The architecture '{','.join(size.architectures)}' of the specified instance type "
            f"does not match the architecture '{architecture}' of the specified AMI. Specify an "
            "instance type and an AMI that have matching architectures, and try again. You can "
            "use 'describe-instance-types' or 'describe-images' to discover the architecture of "
            "the instance type or AMI."
        )
    here = platform.machine()
    if architecture not in _HERE.get(here, ()):
        raise Unsupported(
            "The requested configuration is currently not supported. This machine's processors "
            f"are {here}, and {architecture} programs cannot run on it. Choose an image and an "
            "instance type of its own architecture."
        )


def offering(catalogue: Catalogue, size: Size, zones: Iterable[Zone]) -> list[Zone]:
    """The zones that offer a type."""
    return [zone for zone in zones if size.name not in catalogue.absent.get(zone.id, ())]


def granted(size: Size, running: int, least: int, most: int) -> int:
    """How many instances the quota lets start, besides what runs; raises VcpuLimitExceeded."""
    room = max(0, size.quota - running) // size.processors
    if room < least:
        raise VcpuLimitExceeded(
            "You have requested more vCPU capacity than your current vCPU limit of "
            f"{size.quota} allows for the instance bucket that the specified instance type "
            "belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an "
            "adjustment to this limit."
        )
    return min(room, most)


def limits(size: Size, volume: Volume) -> Limits:
    """What the machine may use; burstable types have their whole processors here."""
    return Limits(
        processors=float(size.processors),
        memory=size.memory * _MEBIBYTE,
        processes=size.memory * _PROCESSES_PER_MEBIBYTE,
        disk=volume.size * _GIBIBYTE,
    )


def processors(instances: Iterable[Instance]) -> int:
    """Those that instances hold."""
    return sum(each.cores * each.threads for each in instances)

"""Instance types, and where they are offered.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-types.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import geography, instance_catalogue, listings
from cloudling.services.ec2.errors import InvalidInstanceType, InvalidParameterValue
from cloudling.services.ec2.filters import Filters

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call

Request = dict[str, Any]
_PAGE = 100
_MOST_OFFERINGS = 1000
_FILTERS = Filters(
    {
        "auto-recovery-supported": "AutoRecoverySupported",
        "bare-metal": "BareMetal",
        "burstable-performance-supported": "BurstablePerformanceSupported",
        "current-generation": "CurrentGeneration",
        "dedicated-hosts-supported": "DedicatedHostsSupported",
        "ebs-info.attachment-limit-type": "EbsInfo.AttachmentLimitType",
        "ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps": (
            "EbsInfo.EbsOptimizedInfo.BaselineBandwidthInMbps"
        ),
        "ebs-info.ebs-optimized-info.baseline-iops": "EbsInfo.EbsOptimizedInfo.BaselineIops",
        "ebs-info.ebs-optimized-info.baseline-throughput-in-mbps": (
            "EbsInfo.EbsOptimizedInfo.BaselineThroughputInMBps"
        ),
        "ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps": (
            "EbsInfo.EbsOptimizedInfo.MaximumBandwidthInMbps"
        ),
        "ebs-info.ebs-optimized-info.maximum-iops": "EbsInfo.EbsOptimizedInfo.MaximumIops",
        "ebs-info.ebs-optimized-info.maximum-throughput-in-mbps": (
            "EbsInfo.EbsOptimizedInfo.MaximumThroughputInMBps"
        ),
        "ebs-info.ebs-optimized-support": "EbsInfo.EbsOptimizedSupport",
        "ebs-info.encryption-support": "EbsInfo.EncryptionSupport",
        "ebs-info.maximum-ebs-attachments": "EbsInfo.MaximumEbsAttachments",
        "ebs-info.nvme-support": "EbsInfo.NvmeSupport",
        "free-tier-eligible": "FreeTierEligible",
        "hibernation-supported": "HibernationSupported",
        "hypervisor": "Hypervisor",
        "instance-storage-info.disk.count": "InstanceStorageInfo.Disks.Count",
        "instance-storage-info.disk.size-in-gb": "InstanceStorageInfo.Disks.SizeInGB",
        "instance-storage-info.disk.type": "InstanceStorageInfo.Disks.Type",
        "instance-storage-info.encryption-support": "InstanceStorageInfo.EncryptionSupport",
        "instance-storage-info.nvme-support": "InstanceStorageInfo.NvmeSupport",
        "instance-storage-info.total-size-in-gb": "InstanceStorageInfo.TotalSizeInGB",
        "instance-storage-supported": "InstanceStorageSupported",
        "instance-type": "InstanceType",
        "memory-info.size-in-mib": "MemoryInfo.SizeInMiB",
        "network-info.bandwidth-weightings": "NetworkInfo.BandwidthWeightings",
        "network-info.efa-info.maximum-efa-interfaces": "NetworkInfo.EfaInfo.MaximumEfaInterfaces",
        "network-info.efa-supported": "NetworkInfo.EfaSupported",
        "network-info.ena-support": "NetworkInfo.EnaSupport",
        "network-info.encryption-in-transit-supported": "NetworkInfo.EncryptionInTransitSupported",
        "network-info.flexible-ena-queues-support": "NetworkInfo.FlexibleEnaQueuesSupport",
        "network-info.ipv4-addresses-per-interface": "NetworkInfo.Ipv4AddressesPerInterface",
        "network-info.ipv6-addresses-per-interface": "NetworkInfo.Ipv6AddressesPerInterface",
        "network-info.ipv6-supported": "NetworkInfo.Ipv6Supported",
        "network-info.maximum-network-cards": "NetworkInfo.MaximumNetworkCards",
        "network-info.maximum-network-interfaces": "NetworkInfo.MaximumNetworkInterfaces",
        "network-info.network-performance": "NetworkInfo.NetworkPerformance",
        "nitro-enclaves-support": "NitroEnclavesSupport",
        "nitro-tpm-info.supported-versions": "NitroTpmInfo.SupportedVersions",
        "nitro-tpm-support": "NitroTpmSupport",
        "processor-info.supported-architecture": "ProcessorInfo.SupportedArchitectures",
        "processor-info.supported-features": "ProcessorInfo.SupportedFeatures",
        "processor-info.sustained-clock-speed-in-ghz": "ProcessorInfo.SustainedClockSpeedInGhz",
        "reboot-migration-support": "RebootMigrationSupport",
        "supported-boot-mode": "SupportedBootModes",
        "supported-root-device-type": "SupportedRootDeviceTypes",
        "supported-usage-class": "SupportedUsageClasses",
        "supported-virtualization-type": "SupportedVirtualizationTypes",
        "vcpu-info.default-cores": "VCpuInfo.DefaultCores",
        "vcpu-info.default-threads-per-core": "VCpuInfo.DefaultThreadsPerCore",
        "vcpu-info.default-vcpus": "VCpuInfo.DefaultVCpus",
        "vcpu-info.valid-cores": "VCpuInfo.ValidCores",
        "vcpu-info.valid-threads-per-core": "VCpuInfo.ValidThreadsPerCore",
    },
    tagged=False,
)
_OFFERING_FILTERS = Filters({"instance-type": "InstanceType", "location": "Location"}, tagged=False)
_LOCATION_TYPES = ("region", "availability-zone", "availability-zone-id", "outpost")


@operation("DescribeInstanceTypes", transaction=False, waits=True)
async def describe_instance_types(call: Ec2Call, request: Request) -> Request:
    """Those of the region, a hundred on a page; the others only where they are asked for."""
    listings.check_size(request, 5, _PAGE)
    catalogue = await asyncio.to_thread(instance_catalogue.load)
    there = dict.fromkeys(catalogue.in_region(call.region))
    known = list(catalogue.types) if request.get("IncludeUnsupportedInRegion") else list(there)
    named: list[str] = request.get("InstanceTypes") or []
    if unknown := [name for name in named if name not in known]:
        raise InvalidInstanceType(
            f"The following supplied instance types do not exist: [{', '.join(unknown)}]"
        )
    items = [
        {**catalogue.types[name], "SupportedInRegion": name in there}
        for name in known
        if not named or name in named
    ]
    found = _FILTERS.select(request.get("Filters"), items)
    shown, more = listings.page(call, {"MaxResults": _PAGE, **request}, found)
    return {"InstanceTypes": shown, **more}


@operation("DescribeInstanceTypeOfferings", transaction=False, waits=True)
async def describe_instance_type_offerings(call: Ec2Call, request: Request) -> Request:
    listings.check_size(request, 5, _MOST_OFFERINGS)
    kind = request.get("LocationType") or "region"
    if kind not in _LOCATION_TYPES:
        raise InvalidParameterValue(f"Value ({kind}) for parameter locationType is invalid.")
    catalogue = await asyncio.to_thread(instance_catalogue.load)
    places = _places(catalogue, call.region, kind)
    items = [
        {"InstanceType": name, "LocationType": kind, "Location": place}
        for place, names in places.items()
        for name in names
    ]
    found = _OFFERING_FILTERS.select(request.get("Filters"), items)
    shown, more = listings.page(call, {"MaxResults": _MOST_OFFERINGS, **request}, found)
    return {"InstanceTypeOfferings": shown, **more}


def _places(
    catalogue: instance_catalogue.Catalogue, region: str, kind: str
) -> dict[str, list[str]]:
    """What is offered by location; there are no Outposts."""
    zones = geography.region(region).zones
    match kind:
        case "region":
            return {region: catalogue.in_region(region)}
        case "availability-zone":
            return {zone.name: catalogue.offered(zone.id) for zone in zones}
        case "availability-zone-id":
            return {zone.id: catalogue.offered(zone.id) for zone in zones}
        case _:
            return {}

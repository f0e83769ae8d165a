"""Instances as they are described and found.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import instance_descriptions, listings, moments, references, settling
from cloudling.services.ec2.errors import InvalidParameterCombination
from cloudling.services.ec2.filters import Filters

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Instance

Request = dict[str, Any]
# What an instance's reservation and owner tell, while it is filtered.
_ASIDE = "_reservation"
# Each filter that AWS documents, and where it looks. Members that nothing here has find nothing.
_PATHS = {
    "affinity": "Placement.Affinity",
    "architecture": "Architecture",
    "availability-zone": "Placement.AvailabilityZone",
    "availability-zone-id": "Placement.AvailabilityZoneId",
    "block-device-mapping.attach-time": "BlockDeviceMappings.Ebs.AttachTime",
    "block-device-mapping.delete-on-termination": "BlockDeviceMappings.Ebs.DeleteOnTermination",
    "block-device-mapping.device-name": "BlockDeviceMappings.DeviceName",
    "block-device-mapping.status": "BlockDeviceMappings.Ebs.Status",
    "block-device-mapping.volume-id": "BlockDeviceMappings.Ebs.VolumeId",
    "boot-mode": "BootMode",
    "capacity-reservation-id": "CapacityReservationId",
    "capacity-reservation-specification.capacity-reservation-preference": (
        "CapacityReservationSpecification.CapacityReservationPreference"
    ),
    "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id": (
        "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId"
    ),
    "capacity-reservation-specification.capacity-reservation-target."
    "capacity-reservation-resource-group-arn": (
        "CapacityReservationSpecification.CapacityReservationTarget."
        "CapacityReservationResourceGroupArn"
    ),
    "client-token": "ClientToken",
    "current-instance-boot-mode": "CurrentInstanceBootMode",
    "dns-name": "PublicDnsName",
    "ebs-optimized": "EbsOptimized",
    "ena-support": "EnaSupport",
    "enclave-options.enabled": "EnclaveOptions.Enabled",
    "hibernation-options.configured": "HibernationOptions.Configured",
    "host-id": "Placement.HostId",
    "hypervisor": "Hypervisor",
    "iam-instance-profile.arn": "IamInstanceProfile.Arn",
    "iam-instance-profile.id": "IamInstanceProfile.Id",
    "image-id": "ImageId",
    "instance-id": "InstanceId",
    "instance-lifecycle": "InstanceLifecycle",
    "instance-state-code": "State.Code",
    "instance-state-name": "State.Name",
    "instance-type": "InstanceType",
    "instance.group-id": "SecurityGroups.GroupId",
    "instance.group-name": "SecurityGroups.GroupName",
    "ip-address": "PublicIpAddress",
    "ipv6-address": "NetworkInterfaces.Ipv6Addresses.Ipv6Address",
    "kernel-id": "KernelId",
    "key-name": "KeyName",
    "launch-index": "AmiLaunchIndex",
    "launch-time": f"{_ASIDE}.LaunchTime",
    "maintenance-options.auto-recovery": "MaintenanceOptions.AutoRecovery",
    "metadata-options.http-endpoint": "MetadataOptions.HttpEndpoint",
    "metadata-options.http-protocol-ipv4": "MetadataOptions.HttpProtocolIpv4",
    "metadata-options.http-protocol-ipv6": "MetadataOptions.HttpProtocolIpv6",
    "metadata-options.http-put-response-hop-limit": "MetadataOptions.HttpPutResponseHopLimit",
    "metadata-options.http-tokens": "MetadataOptions.HttpTokens",
    "metadata-options.instance-metadata-tags": "MetadataOptions.InstanceMetadataTags",
    "metadata-options.state": "MetadataOptions.State",
    "monitoring-state": "Monitoring.State",
    "network-performance-options.bandwidth-weighting": (
        "NetworkPerformanceOptions.BandwidthWeighting"
    ),
    "operator.managed": "Operator.Managed",
    "operator.principal": "Operator.Principal",
    "outpost-arn": "OutpostArn",
    "owner-id": f"{_ASIDE}.OwnerId",
    "placement-group-name": "Placement.GroupName",
    "placement-partition-number": "Placement.PartitionNumber",
    "platform": "Platform",
    "platform-details": "PlatformDetails",
    "private-dns-name": "PrivateDnsName",
    "private-dns-name-options.enable-resource-name-dns-a-record": (
        "PrivateDnsNameOptions.EnableResourceNameDnsARecord"
    ),
    "private-dns-name-options.enable-resource-name-dns-aaaa-record": (
        "PrivateDnsNameOptions.EnableResourceNameDnsAAAARecord"
    ),
    "private-dns-name-options.hostname-type": "PrivateDnsNameOptions.HostnameType",
    "private-ip-address": "PrivateIpAddress",
    "product-code": "ProductCodes.ProductCodeId",
    "product-code.type": "ProductCodes.ProductCodeType",
    "ramdisk-id": "RamdiskId",
    "reason": "StateTransitionReason",
    "requester-id": f"{_ASIDE}.RequesterId",
    "reservation-id": f"{_ASIDE}.ReservationId",
    "root-device-name": "RootDeviceName",
    "root-device-type": "RootDeviceType",
    "source-dest-check": "SourceDestCheck",
    "spot-instance-request-id": "SpotInstanceRequestId",
    "state-reason-code": "StateReason.Code",
    "state-reason-message": "StateReason.Message",
    "subnet-id": "SubnetId",
    "tenancy": "Placement.Tenancy",
    "tpm-support": "TpmSupport",
    "usage-operation": "UsageOperation",
    "usage-operation-update-time": "UsageOperationUpdateTime",
    "virtualization-type": "VirtualizationType",
    "vpc-id": "VpcId",
}
# Of its interfaces, below `network-interface.`.
_CARD_PATHS = {
    **{
        f"addresses.association.{name}": f"PrivateIpAddresses.Association.{member}"
        for name, member in {
            "allocation-id": "AllocationId",
            "association-id": "AssociationId",
            "carrier-ip": "CarrierIp",
            "customer-owned-ip": "CustomerOwnedIp",
            "ip-owner-id": "IpOwnerId",
            "public-dns-name": "PublicDnsName",
            "public-ip": "PublicIp",
        }.items()
    },
    "addresses.primary": "PrivateIpAddresses.Primary",
    "addresses.private-dns-name": "PrivateIpAddresses.PrivateDnsName",
    "addresses.private-ip-address": "PrivateIpAddresses.PrivateIpAddress",
    "association.allocation-id": "Association.AllocationId",
    "association.association-id": "Association.AssociationId",
    "association.carrier-ip": "Association.CarrierIp",
    "association.customer-owned-ip": "Association.CustomerOwnedIp",
    "association.ip-owner-id": "Association.IpOwnerId",
    "association.public-dns-name": "Association.PublicDnsName",
    "association.public-ip": "Association.PublicIp",
    "attachment.attach-time": "Attachment.AttachTime",
    "attachment.attachment-id": "Attachment.AttachmentId",
    "attachment.delete-on-termination": "Attachment.DeleteOnTermination",
    "attachment.device-index": "Attachment.DeviceIndex",
    "attachment.instance-id": "Attachment.InstanceId",
    "attachment.instance-owner-id": "Attachment.InstanceOwnerId",
    "attachment.network-card-index": "Attachment.NetworkCardIndex",
    "attachment.status": "Attachment.Status",
    "availability-zone": "AvailabilityZone",
    "deny-all-igw-traffic": "DenyAllIgwTraffic",
    "description": "Description",
    "group-id": "Groups.GroupId",
    "group-name": "Groups.GroupName",
    "ipv4-prefixes.ipv4-prefix": "Ipv4Prefixes.Ipv4Prefix",
    "ipv6-address": "Ipv6Addresses.Ipv6Address",
    "ipv6-addresses.ipv6-address": "Ipv6Addresses.Ipv6Address",
    "ipv6-addresses.is-primary-ipv6": "Ipv6Addresses.IsPrimaryIpv6",
    "ipv6-native": "Ipv6Native",
    "ipv6-prefixes.ipv6-prefix": "Ipv6Prefixes.Ipv6Prefix",
    "mac-address": "MacAddress",
    "network-interface-id": "NetworkInterfaceId",
    "operator.managed": "Operator.Managed",
    "operator.principal": "Operator.Principal",
    "outpost-arn": "OutpostArn",
    "owner-id": "OwnerId",
    "private-dns-name": "PrivateDnsName",
    "private-ip-address": "PrivateIpAddress",
    "public-dns-name": "Association.PublicDnsName",
    "requester-id": "RequesterId",
    "requester-managed": "RequesterManaged",
    "source-dest-check": "SourceDestCheck",
    "status": "Status",
    "subnet-id": "SubnetId",
    "tag-key": "TagSet.Key",
    "tag-value": "TagSet.Value",
    "vpc-id": "VpcId",
}
_FILTERS = Filters(
    _PATHS
    | {f"network-interface.{name}": f"{_ASIDE}.Cards.{path}" for name, path in _CARD_PATHS.items()}
)


@operation("DescribeInstances", transaction=False)
async def describe_instances(call: Ec2Call, request: Request) -> Request:
    await settling.instances(call, references.members(request, "InstanceIds"))
    found = await asked(call, request)
    items = [await _item(call, each) for each in found]
    selected = _FILTERS.select(request.get("Filters"), items)
    shown, more = listings.page(call, request, selected)
    reservations: dict[str, Request] = {}
    for item in shown:
        own = item.pop(_ASIDE)["ReservationId"]
        if own not in reservations:
            reservations[own] = {**instance_descriptions.heading(call, own), "Instances": []}
        reservations[own]["Instances"].append(item)
    return {"Reservations": list(reservations.values()), **more}


async def asked(call: Ec2Call, request: Request) -> list[Instance]:
    """The instances that a request is about, launch by launch."""
    ids = references.members(request, "InstanceIds")
    listings.check_size(request)
    if ids and "MaxResults" in request:
        raise InvalidParameterCombination(
            "The parameter instancesSet cannot be used with the parameter maxResults"
        )
    if ids:
        known = {each: await call.instances.get(each) for each in dict.fromkeys(ids)}
        there = {each for each, instance in known.items() if instance is not None}
        references.require("instance", ids, there)
        found = [instance for instance in known.values() if instance is not None]
    else:
        found = await call.instances.page(limit=None)
    return sorted(found, key=lambda each: (each.created, each.reservation, each.index))


async def _item(call: Ec2Call, instance: Instance) -> Request:
    told = await instance_descriptions.describe(call, instance)
    attachment = {"InstanceId": instance.id, "InstanceOwnerId": call.account}
    cards = [
        {
            **card,
            "AvailabilityZone": instance.zone,
            "Attachment": {**card["Attachment"], **attachment},
        }
        for card in told["NetworkInterfaces"]
    ]
    aside = {
        "ReservationId": instance.reservation,
        "OwnerId": call.account,
        "LaunchTime": moments.text(instance.launched),
        "Cards": cards,
    }
    return {**told, _ASIDE: aside}

"""Instances as they are described: there are none until RunInstances is built.

Questions about them have true answers all the same: nothing, or that an id is nobody's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import listings, references
from cloudling.services.ec2.errors import InvalidParameterCombination
from cloudling.services.ec2.filters import Filters

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call

Request = dict[str, Any]
# The filters that AWS documents. Where they look comes with what they look at.
_NAMES = """
    affinity architecture availability-zone availability-zone-id
    block-device-mapping.attach-time block-device-mapping.delete-on-termination
    block-device-mapping.device-name block-device-mapping.status block-device-mapping.volume-id
    boot-mode capacity-reservation-id
    capacity-reservation-specification.capacity-reservation-preference
    capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id capac
    ity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-grou
    p-arn client-token current-instance-boot-mode dns-name ebs-optimized ena-support
    enclave-options.enabled hibernation-options.configured host-id hypervisor
    iam-instance-profile.arn iam-instance-profile.id image-id instance-id instance-lifecycle
    instance-state-code instance-state-name instance-type instance.group-id instance.group-name
    ip-address ipv6-address kernel-id key-name launch-index launch-time
    maintenance-options.auto-recovery metadata-options.http-endpoint
    metadata-options.http-protocol-ipv4 metadata-options.http-protocol-ipv6
    metadata-options.http-put-response-hop-limit metadata-options.http-tokens
    metadata-options.instance-metadata-tags metadata-options.state monitoring-state
    network-interface.addresses.association.allocation-id
    network-interface.addresses.association.association-id
    network-interface.addresses.association.carrier-ip
    network-interface.addresses.association.customer-owned-ip
    network-interface.addresses.association.ip-owner-id
    network-interface.addresses.association.public-dns-name
    network-interface.addresses.association.public-ip network-interface.addresses.primary
    network-interface.addresses.private-dns-name network-interface.addresses.private-ip-address
    network-interface.association.allocation-id network-interface.association.association-id
    network-interface.association.carrier-ip network-interface.association.customer-owned-ip
    network-interface.association.ip-owner-id network-interface.association.public-dns-name
    network-interface.association.public-ip network-interface.attachment.attach-time
    network-interface.attachment.attachment-id
    network-interface.attachment.delete-on-termination network-interface.attachment.device-index
    network-interface.attachment.instance-id network-interface.attachment.instance-owner-id
    network-interface.attachment.network-card-index network-interface.attachment.status
    network-interface.availability-zone network-interface.deny-all-igw-traffic
    network-interface.description network-interface.group-id network-interface.group-name
    network-interface.ipv4-prefixes.ipv4-prefix network-interface.ipv6-address
    network-interface.ipv6-addresses.ipv6-address
    network-interface.ipv6-addresses.is-primary-ipv6 network-interface.ipv6-native
    network-interface.ipv6-prefixes.ipv6-prefix network-interface.mac-address
    network-interface.network-interface-id network-interface.operator.managed
    network-interface.operator.principal network-interface.outpost-arn
    network-interface.owner-id network-interface.private-dns-name
    network-interface.private-ip-address network-interface.public-dns-name
    network-interface.requester-id network-interface.requester-managed
    network-interface.source-dest-check network-interface.status network-interface.subnet-id
    network-interface.tag-key network-interface.tag-value network-interface.vpc-id
    network-performance-options.bandwidth-weighting operator.managed operator.principal
    outpost-arn owner-id placement-group-name placement-partition-number platform
    platform-details private-dns-name private-dns-name-options.enable-resource-name-dns-a-record
    private-dns-name-options.enable-resource-name-dns-aaaa-record
    private-dns-name-options.hostname-type private-ip-address product-code product-code.type
    ramdisk-id reason requester-id reservation-id root-device-name root-device-type
    source-dest-check spot-instance-request-id state-reason-code state-reason-message subnet-id
    tenancy tpm-support usage-operation usage-operation-update-time virtualization-type vpc-id
"""
_STATUS_NAMES = """
    application-status.status attached-ebs-status.status availability-zone availability-zone-id
    event.code event.description event.instance-event-id event.not-after event.not-before
    event.not-before-deadline instance-state-code instance-state-name
    instance-status.reachability instance-status.status operator.managed operator.principal
    system-status.reachability system-status.status
"""
_FILTERS = Filters(dict.fromkeys(_NAMES.split(), "InstanceId"))
_STATUS_FILTERS = Filters(dict.fromkeys(_STATUS_NAMES.split(), "InstanceId"), tagged=False)


@operation("DescribeInstances", partial="no instance can be launched yet, so all answers are empty")
async def describe_instances(call: Ec2Call, request: Request) -> Request:
    _check(call, request)
    return {"Reservations": _FILTERS.select(request.get("Filters"), ())}


@operation(
    "DescribeInstanceStatus", partial="no instance can be launched yet, so all answers are empty"
)
async def describe_instance_status(call: Ec2Call, request: Request) -> Request:
    _check(call, request)
    return {"InstanceStatuses": _STATUS_FILTERS.select(request.get("Filters"), ())}


def _check(call: Ec2Call, request: Request) -> None:
    asked = references.members(request, "InstanceIds")
    listings.check_size(request)
    if asked and "MaxResults" in request:
        raise InvalidParameterCombination(
            "The parameter instancesSet cannot be used with the parameter maxResults"
        )
    references.require("instance", asked, ())
    listings.page(call, request, ())

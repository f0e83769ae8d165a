"""How requests name EC2's resources: which members hold whose ids, and what ids look like."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cloudling.kernel import arns
from cloudling.models import actions

if TYPE_CHECKING:
    from cloudling.kernel import Call

Request = dict[str, Any]
# Where a member is not called as the variable of the ARN's template, nor as its plural.
_MEMBERS = {
    "certificate": ("CertificateArn", "ServerCertificateArn"),
    "coip-pool": ("CoipPoolId",),
    "dedicated-host": ("HostId", "HostIds"),
    "image": ("ImageId", "ImageIds", "SourceImageId"),
    "ipv4pool-ec2": ("PoolId", "PublicIpv4Pool"),
    "ipv6pool-ec2": ("PoolId", "Ipv6Pool"),
    "key-pair": ("KeyName", "KeyNames"),
    "local-gateway-route-table": ("LocalGatewayRouteTableId",),
    "network-acl": ("NetworkAclId", "NetworkAclIds"),
    "placement-group": ("GroupName",),
    "reserved-instances": ("ReservedInstancesId", "ReservedInstancesIds"),
    "role": ("RoleArn", "IamRoleArn"),
    "security-group": ("GroupId", "GroupIds", "SecurityGroupId", "SecurityGroupIds"),
    "snapshot": ("SnapshotId", "SnapshotIds", "SourceSnapshotId"),
    "vpc-endpoint-service": ("ServiceId", "ServiceIds"),
    "vpc-flow-log": ("FlowLogId", "FlowLogIds"),
}
# What ids begin with; of two that fit, the longer one counts.
_PREFIXES = {
    "acl": "network-acl", "ami": "image", "cgw": "customer-gateway",
    "cr": "capacity-reservation", "dopt": "dhcp-options",
    "eigw": "egress-only-internet-gateway", "eipalloc": "elastic-ip", "eni": "network-interface",
    "fl": "vpc-flow-log", "fleet": "fleet", "h": "dedicated-host", "i": "instance",
    "igw": "internet-gateway", "ipam": "ipam", "key": "key-pair", "lgw": "local-gateway",
    "lt": "launch-template", "nat": "natgateway", "pcx": "vpc-peering-connection",
    "pg": "placement-group", "pl": "prefix-list", "rtb": "route-table", "sfr": "spot-fleet-request",
    "sg": "security-group", "sgr": "security-group-rule", "sir": "spot-instances-request",
    "snap": "snapshot", "subnet": "subnet", "tgw": "transit-gateway",
    "tgw-attach": "transit-gateway-attachment", "tgw-rtb": "transit-gateway-route-table",
    "vgw": "vpn-gateway", "vol": "volume", "vpc": "vpc", "vpce": "vpc-endpoint",
    "vpce-svc": "vpc-endpoint-service", "vpn": "vpn-connection",
}  # fmt: skip


@lru_cache(maxsize=256)
def variable(kind: str) -> str:
    """What the template of a resource type leaves open besides the account's own."""
    return arns.variables(actions.load("ec2").resources[kind])[-1]


def named(kind: str, request: Request) -> list[str]:
    """The resources of a type that a request names by its own members."""
    own = variable(kind)
    return [
        each
        for member in _MEMBERS.get(kind, (own, f"{own}s"))
        for each in _texts(request.get(member))
    ]


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [each for each in value if isinstance(each, str)]
    return [value] if isinstance(value, str) else []


def kind_of(resource_id: str) -> str | None:
    """The resource type that an id's beginning tells."""
    return _PREFIXES.get(resource_id.rpartition("-")[0])


def arn(call: Call, kind: str, name: str = "*") -> str:
    """The ARN of a resource; without a name that of one that is still to be made."""
    if name.startswith("arn:"):
        return name
    return call.arn(kind, **{variable(kind): name})


@lru_cache(maxsize=256)
def identity_key(kind: str) -> str | None:
    """The condition key that holds a resource's own id or name."""
    wanted = "ec2:networkaclid" if kind == "network-acl" else f"ec2:{variable(kind)}".lower()
    keys = actions.load("ec2").resource_keys.get(kind, ())
    return next((key for key in keys if key.lower() == wanted), None)

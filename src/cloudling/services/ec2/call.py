"""The handle of EC2's operations."""

from __future__ import annotations

from cloudling.kernel import Call, collection
from cloudling.services.ec2.instance_records import (
    Image,
    Instance,
    MetadataDefaults,
    NetworkInterface,
    ProfileAssociation,
    PublicAddress,
    Reservation,
    Snapshot,
    Volume,
)
from cloudling.services.ec2.records import (
    Beginning,
    DhcpOptions,
    InternetGateway,
    KeyPair,
    NetworkAcl,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)

# The collection that holds a resource type's records, by their ids.
COLLECTIONS = {
    "dhcp-options": "dhcp_options",
    "image": "images",
    "instance": "instances",
    "internet-gateway": "internet_gateways",
    "key-pair": "key_pairs",
    "network-acl": "network_acls",
    "network-interface": "network_interfaces",
    "route-table": "route_tables",
    "security-group": "security_groups",
    "security-group-rule": "security_group_rules",
    "snapshot": "snapshots",
    "subnet": "subnets",
    "volume": "volumes",
    "vpc": "vpcs",
}


class Ec2Call(Call):
    """Every collection is a region's, but for public addresses and images."""

    beginnings = collection(Beginning, name="ec2_beginnings", key=("name",))
    vpcs = collection(Vpc, name="ec2_vpcs", key=("id",))
    subnets = collection(Subnet, name="ec2_subnets", key=("id",), indexes=("vpc",))
    route_tables = collection(RouteTable, name="ec2_route_tables", key=("id",), indexes=("vpc",))
    internet_gateways = collection(InternetGateway, name="ec2_internet_gateways", key=("id",))
    network_acls = collection(NetworkAcl, name="ec2_network_acls", key=("id",), indexes=("vpc",))
    dhcp_options = collection(DhcpOptions, name="ec2_dhcp_options", key=("id",))
    security_groups = collection(
        SecurityGroup, name="ec2_security_groups", key=("id",), indexes=("vpc", "folded")
    )
    # `peer` finds the rules that speak of a group.
    security_group_rules = collection(
        SecurityGroupRule,
        name="ec2_security_group_rules",
        key=("id",),
        indexes=("group_id", "peer"),
    )
    key_pairs = collection(KeyPair, name="ec2_key_pairs", key=("id",), indexes=("name",))
    instances = collection(
        Instance,
        name="ec2_instances",
        key=("id",),
        indexes=("state", "reservation", "vpc"),
    )
    reservations = collection(Reservation, name="ec2_reservations", key=("id",), indexes=("token",))
    network_interfaces = collection(
        NetworkInterface,
        name="ec2_network_interfaces",
        key=("id",),
        indexes=("instance", "subnet", "vpc"),
    )
    public_addresses = collection(
        PublicAddress, name="ec2_public_addresses", key=("address",), scope="world"
    )
    volumes = collection(Volume, name="ec2_volumes", key=("id",), indexes=("state",))
    snapshots = collection(Snapshot, name="ec2_snapshots", key=("id",), indexes=("state",))
    # Images may be launched by other accounts, too.
    images = collection(
        Image, name="ec2_images", key=("id",), scope="world", indexes=("state", "snapshot")
    )
    profile_associations = collection(
        ProfileAssociation,
        name="ec2_profile_associations",
        key=("id",),
        indexes=("instance",),
    )
    metadata_defaults = collection(MetadataDefaults, name="ec2_metadata_defaults", key=("name",))

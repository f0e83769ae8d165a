"""The default network: what is there, how it is found, what is refused."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError
from cloudling.models import loader
from cloudling.services.ec2 import (
    dhcp_options,
    geography,
    internet_gateways,
    network_acls,
    network_interfaces,
    prefix_lists,
    regions,
    route_tables,
    security_group_rules,
    security_groups,
    subnets,
    tags,
    vpcs,
)
from cloudling.testing import LocalCloud

if TYPE_CHECKING:
    from cloudling.services.ec2.filters import Filters

ACCOUNT = "111122223333"
# Operations over records, the answer's list, and an item's id.
NOUNS = [
    ("describe_vpcs", "Vpcs", "VpcId", 1),
    ("describe_subnets", "Subnets", "SubnetId", 6),
    ("describe_route_tables", "RouteTables", "RouteTableId", 1),
    ("describe_internet_gateways", "InternetGateways", "InternetGatewayId", 1),
    ("describe_network_acls", "NetworkAcls", "NetworkAclId", 1),
    ("describe_dhcp_options", "DhcpOptions", "DhcpOptionsId", 1),
    ("describe_security_groups", "SecurityGroups", "GroupId", 1),
    ("describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId", 2),
]


def listed(local: LocalCloud, method: str, member: str, **request: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = getattr(local.root().ec2, method)(**request)[member]
    return found


def refusal(local: LocalCloud, method: str, **request: Any) -> str:
    with pytest.raises(AwsError) as refused:
        getattr(local.root().ec2, method)(**request)
    return str(refused.value)


@pytest.mark.parametrize(("method", "member", "own", "count"), NOUNS)
def test_every_noun_is_there_and_found_by_its_id(
    local: LocalCloud, method: str, member: str, own: str, count: int
) -> None:
    items = listed(local, method, member)
    assert len(items) == count
    ids = f"{own}s" if own != "DhcpOptionsId" else "DhcpOptionsIds"
    for item in items:
        assert listed(local, method, member, **{ids: [item[own]]}) == [item]


@pytest.mark.parametrize(("method", "member", "own", "count"), NOUNS)
def test_ids_are_the_same_whoever_asks_first(
    local: LocalCloud, method: str, member: str, own: str, count: int
) -> None:
    items = listed(local, method, member)
    with LocalCloud(seed=2) as other:
        assert listed(other, method, member) == items
        elsewhere = getattr(other.root(region="eu-west-1").ec2, method)()[member]
        foreign = getattr(other.root("444455556666").ec2, method)()[member]
    for others in (elsewhere, foreign):
        assert not {item[own] for item in items} & {item[own] for item in others}


@pytest.mark.parametrize(
    ("method", "member", "absent", "words"),
    [
        ("describe_vpcs", "VpcIds", "vpc-1", "InvalidVpcID.NotFound: The vpc ID 'vpc-1' does not"),
        ("describe_vpcs", "VpcIds", "vpc-x", 'InvalidVpcID.Malformed: Invalid id: "vpc-x"'),
        ("describe_subnets", "SubnetIds", "subnet-1", "InvalidSubnetID.NotFound: The subnet ID"),
        ("describe_route_tables", "RouteTableIds", "rtb-1", "InvalidRouteTableID.NotFound: "),
        ("describe_route_tables", "RouteTableIds", "vpc-1", "InvalidRouteTableId.Malformed: "),
        ("describe_internet_gateways", "InternetGatewayIds", "igw-1",
         "InvalidInternetGatewayID.NotFound: The internetGateway ID 'igw-1' does not exist"),
        ("describe_network_acls", "NetworkAclIds", "acl-1", "InvalidNetworkAclID.NotFound: "),
        ("describe_dhcp_options", "DhcpOptionsIds", "dopt-1", "InvalidDhcpOptionID.NotFound: "),
        ("describe_dhcp_options", "DhcpOptionsIds", "1", "InvalidDhcpOptionsId.Malformed: "),
        ("describe_network_interfaces", "NetworkInterfaceIds", "eni-1",
         "InvalidNetworkInterfaceID.NotFound: "),
        ("describe_security_groups", "GroupIds", "sg-1",
         "InvalidGroup.NotFound: The security group 'sg-1' does not exist"),
        ("describe_security_group_rules", "SecurityGroupRuleIds", "sgr-1",
         "InvalidSecurityGroupRuleId.NotFound: The security group rule ID 'sgr-1' does not exist"),
        ("describe_prefix_lists", "PrefixListIds", "pl-1", "InvalidPrefixListID.NotFound: "),
    ],
)  # fmt: skip
def test_ids_of_nothing(
    local: LocalCloud, method: str, member: str, absent: str, words: str
) -> None:
    assert refusal(local, method, **{member: [absent]}).startswith(words)


def test_several_ids_of_nothing_are_told_at_once(local: LocalCloud) -> None:
    assert refusal(local, "describe_vpcs", VpcIds=["vpc-1", "vpc-2"]) == (
        "InvalidVpcID.NotFound: The vpc IDs 'vpc-1, vpc-2' do not exist"
    )


def test_the_default_network_hangs_together(local: LocalCloud) -> None:
    (vpc,) = listed(local, "describe_vpcs", "Vpcs")
    assert (vpc["CidrBlock"], vpc["IsDefault"], vpc["OwnerId"]) == ("172.31.0.0/16", True, ACCOUNT)
    (options,) = listed(local, "describe_dhcp_options", "DhcpOptions")
    assert vpc["DhcpOptionsId"] == options["DhcpOptionsId"]
    assert options["DhcpConfigurations"][0]["Values"] == [{"Value": "ec2.internal"}]
    (gateway,) = listed(local, "describe_internet_gateways", "InternetGateways")
    assert gateway["Attachments"] == [{"State": "available", "VpcId": vpc["VpcId"]}]
    (table,) = listed(local, "describe_route_tables", "RouteTables")
    assert [(each["DestinationCidrBlock"], each["GatewayId"]) for each in table["Routes"]] == [
        ("172.31.0.0/16", "local"),
        ("0.0.0.0/0", gateway["InternetGatewayId"]),
    ]
    assert [each["Main"] for each in table["Associations"]] == [True]
    found = listed(local, "describe_subnets", "Subnets")
    (acl,) = listed(local, "describe_network_acls", "NetworkAcls")
    assert {each["SubnetId"] for each in acl["Associations"]} == {
        each["SubnetId"] for each in found
    }
    for noun in (table, acl, *found):
        assert noun["VpcId"] == vpc["VpcId"]


def test_a_subnet_of_4096_addresses_in_each_zone(local: LocalCloud) -> None:
    found = listed(local, "describe_subnets", "Subnets")
    zones = listed(local, "describe_availability_zones", "AvailabilityZones")
    assert {(each["AvailabilityZone"], each["AvailabilityZoneId"]) for each in found} == {
        (zone["ZoneName"], zone["ZoneId"]) for zone in zones
    }
    blocks = [ipaddress.ip_network(each["CidrBlock"]) for each in found]
    assert all(block.subnet_of(ipaddress.ip_network("172.31.0.0/16")) for block in blocks)
    assert len(set(blocks)) == 6
    assert {block.prefixlen for block in blocks} == {20}
    assert {each["AvailableIpAddressCount"] for each in found} == {4091}
    assert all(each["MapPublicIpOnLaunch"] and each["DefaultForAz"] for each in found)


def test_other_regions_have_another_domain(local: LocalCloud) -> None:
    found = local.root(region="eu-west-1").ec2.describe_dhcp_options(
        Filters=[{"Name": "value", "Values": ["eu-west-1.compute.internal"]}]
    )
    assert len(found["DhcpOptions"]) == 1


@pytest.mark.parametrize(
    ("attribute", "member", "value"),
    [
        ("enableDnsSupport", "EnableDnsSupport", True),
        ("enableDnsHostnames", "EnableDnsHostnames", True),
        ("enableNetworkAddressUsageMetrics", "EnableNetworkAddressUsageMetrics", False),
    ],
)
def test_describe_vpc_attribute(
    local: LocalCloud, attribute: str, member: str, value: bool
) -> None:
    (vpc,) = listed(local, "describe_vpcs", "Vpcs")
    found = local.root().ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=attribute)
    assert found == {"VpcId": vpc["VpcId"], member: {"Value": value}}


def test_attributes_that_are_not_there(local: LocalCloud) -> None:
    (vpc,) = listed(local, "describe_vpcs", "Vpcs")
    wrong = refusal(local, "describe_vpc_attribute", VpcId=vpc["VpcId"], Attribute="what")
    assert wrong.startswith("InvalidParameterValue: Value (what) for parameter attribute")
    assert refusal(local, "describe_vpc_attribute", VpcId="vpc-1", Attribute="what") == (
        "InvalidVpcID.NotFound: The vpc ID 'vpc-1' does not exist"
    )
    assert refusal(local, "describe_vpc_attribute", Attribute="enableDnsSupport") == (
        "MissingParameter: The request must contain the parameter vpcId"
    )


def test_describe_account_attributes(local: LocalCloud) -> None:
    (vpc,) = listed(local, "describe_vpcs", "Vpcs")
    found = listed(
        local, "describe_account_attributes", "AccountAttributes", AttributeNames=["default-vpc"]
    )
    assert found == [
        {"AttributeName": "default-vpc", "AttributeValues": [{"AttributeValue": vpc["VpcId"]}]}
    ]
    assert len(listed(local, "describe_account_attributes", "AccountAttributes")) == 6
    assert refusal(local, "describe_account_attributes", AttributeNames=["x"]).startswith(
        "InvalidParameterValue: Value (x) for parameter attributeName is invalid."
    )


def test_describe_regions(local: LocalCloud) -> None:
    on = listed(local, "describe_regions", "Regions")
    assert len(on) == 17
    assert {each["OptInStatus"] for each in on} == {"opt-in-not-required"}
    every = listed(local, "describe_regions", "Regions", AllRegions=True)
    assert len(every) == 34
    assert not any(each["RegionName"].startswith(("cn-", "us-gov-")) for each in every)
    (paris,) = listed(local, "describe_regions", "Regions", RegionNames=["eu-west-3"])
    assert paris["Endpoint"] == "ec2.eu-west-3.amazonaws.com"
    china = local.root(region="cn-north-1").ec2.describe_regions()["Regions"]
    assert [each["Endpoint"] for each in china] == [
        "ec2.cn-north-1.amazonaws.com.cn",
        "ec2.cn-northwest-1.amazonaws.com.cn",
    ]
    assert refusal(local, "describe_regions", RegionNames=["mars-1"]).startswith(
        "InvalidParameterValue: "
    )


def test_describe_availability_zones(local: LocalCloud) -> None:
    by_name = {"ZoneNames": ["us-east-1c"]}
    (found,) = listed(local, "describe_availability_zones", "AvailabilityZones", **by_name)
    assert (found["ZoneId"], found["State"]) == ("use1-az2", "available")
    by_id = {"ZoneIds": ["use1-az2"]}
    assert listed(local, "describe_availability_zones", "AvailabilityZones", **by_id) == [found]
    for wrong in ({"ZoneNames": ["eu-west-1a"]}, {"ZoneIds": ["euw1-az1"]}):
        assert refusal(local, "describe_availability_zones", **wrong).startswith(
            "InvalidParameterValue: Invalid availability zone: ["
        )


def test_zones_of_all_regions_have_ids_of_their_own() -> None:
    zones = [zone for region in geography.REGIONS.values() for zone in region.zones]
    assert len({zone.id for zone in zones}) == len({zone.name for zone in zones}) == len(zones)
    assert len(geography.region("eu-test-1").zones) == 3


def test_prefix_lists(local: LocalCloud) -> None:
    name = {"Filters": [{"Name": "prefix-list-name", "Values": ["com.amazonaws.us-east-1.s3"]}]}
    (plain,) = listed(local, "describe_prefix_lists", "PrefixLists", **name)
    (managed,) = listed(local, "describe_managed_prefix_lists", "PrefixLists", **name)
    assert plain["PrefixListId"] == managed["PrefixListId"]
    assert managed["OwnerId"] == "AWS"
    ec2 = local.root().ec2
    found = ec2.get_managed_prefix_list_entries(PrefixListId=plain["PrefixListId"])
    assert found == {"Entries": []}
    assert refusal(local, "get_managed_prefix_list_entries", PrefixListId="pl-1").startswith(
        "InvalidPrefixListID.NotFound: "
    )


def test_describe_network_interfaces(local: LocalCloud) -> None:
    assert listed(local, "describe_network_interfaces", "NetworkInterfaces") == []
    both = refusal(
        local, "describe_network_interfaces", NetworkInterfaceIds=["eni-1"], MaxResults=5
    )
    assert both == (
        "InvalidParameterCombination: The parameter networkInterfaceIds cannot be used with the "
        "parameter maxResults"
    )


def test_pages(local: LocalCloud) -> None:
    ec2 = local.root().ec2
    first = ec2.describe_subnets(MaxResults=5)
    assert len(first["Subnets"]) == 5
    rest = ec2.describe_subnets(MaxResults=5, NextToken=first["NextToken"])
    assert "NextToken" not in rest
    assert first["Subnets"] + rest["Subnets"] == ec2.describe_subnets()["Subnets"]
    for request in (
        {"NextToken": "x"},
        {"NextToken": first["NextToken"], "Filters": [{"Name": "state", "Values": ["available"]}]},
    ):
        assert refusal(local, "describe_subnets", **request).startswith("InvalidPaginationToken: ")
    assert refusal(local, "describe_subnets", MaxResults=4) == (
        "InvalidParameterValue: Value ( 4 ) for parameter maxResults is invalid. "
        "Expecting a value greater than 5."
    )
    assert refusal(local, "describe_route_tables", MaxResults=101).startswith(
        "InvalidParameterValue: Value ( 101 ) for parameter maxResults is invalid."
    )


@pytest.mark.parametrize(
    ("method", "name", "value"),
    [
        ("describe_vpcs", "isDefault", "true"),
        ("describe_vpcs", "cidr", "172.31.*"),
        ("describe_subnets", "availabilityZone", "us-east-1a"),
        ("describe_subnets", "cidrBlock", "172.31.16.0/20"),
        ("describe_subnets", "available-ip-address-count", "4091"),
        ("describe_route_tables", "association.main", "true"),
        ("describe_route_tables", "route.destination-cidr-block", "0.0.0.0/0"),
        ("describe_internet_gateways", "attachment.state", "available"),
        ("describe_network_acls", "entry.rule-action", "deny"),
        ("describe_network_acls", "entry.rule-number", "32767"),
        ("describe_dhcp_options", "key", "domain-name"),
        ("describe_security_groups", "ip-permission.protocol", "-1"),
        ("describe_security_groups", "egress.ip-permission.cidr", "0.0.0.0/0"),
        ("describe_availability_zones", "zone-id", "use1-az4"),
        ("describe_regions", "endpoint", "ec2.us-*"),
        ("describe_managed_prefix_lists", "owner-id", "AWS"),
    ],
)
def test_filters_find(local: LocalCloud, method: str, name: str, value: str) -> None:
    call = getattr(local.root().ec2, method)
    (found,) = call(Filters=[{"Name": name, "Values": [value]}]).values()
    assert found
    (none,) = call(Filters=[{"Name": name, "Values": ["no-such"]}]).values()
    assert none == []


@pytest.mark.parametrize(
    ("operation", "filters"),
    [
        ("DescribeVpcs", vpcs.LISTING.filters),
        ("DescribeSubnets", subnets.LISTING.filters),
        ("DescribeRouteTables", route_tables.LISTING.filters),
        ("DescribeInternetGateways", internet_gateways.LISTING.filters),
        ("DescribeNetworkAcls", network_acls.LISTING.filters),
        ("DescribeNetworkInterfaces", network_interfaces.LISTING.filters),
        ("DescribeDhcpOptions", dhcp_options.LISTING.filters),
        ("DescribeSecurityGroups", security_groups.LISTING.filters),
        ("DescribeSecurityGroupRules", security_group_rules.LISTING.filters),
        ("DescribeManagedPrefixLists", prefix_lists.MANAGED.filters),
        ("DescribeRegions", regions.REGION_FILTERS),
        ("DescribeAvailabilityZones", regions.ZONE_FILTERS),
        ("DescribeTags", tags.FILTERS),
    ],
)
def test_filters_look_at_members_that_answers_have(operation: str, filters: Filters) -> None:
    """A path that names no member of AWS's model would never find anything."""
    model = loader.load("ec2")
    output = model.output(operation)
    assert output is not None
    (listing,) = [of for _, of in model.members(output) if of.type == "list"]
    for name, path in filters.paths.items():
        shape = model.shape(listing.own["member"])
        for member in path:
            while shape.type == "list":
                shape = model.shape(shape.own["member"])
            assert member in dict(model.members(shape)), (name, path)
            shape = dict(model.members(shape))[member]
        assert shape.is_scalar, (name, path)

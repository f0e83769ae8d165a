"""Networks and security groups by boto3 over HTTP, as clients parse them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        yield running


@pytest.fixture(scope="module")
def ec2(cloud: RunningCloud) -> Any:
    return cloud.client("ec2", region_name="eu-west-1")


@pytest.fixture
def group(ec2: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    made = ec2.create_security_group(GroupName=request.node.name, Description="of one test")
    yield made["GroupId"]
    assert ec2.delete_security_group(GroupId=made["GroupId"])["Return"]


def refusal(call: Any, **request: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return answer["Error"]["Code"], status, answer["Error"]["Message"]


def test_the_default_network(ec2: Any) -> None:
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    asked = {"Filters": [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]}
    subnets = ec2.describe_subnets(**asked)["Subnets"]
    assert sorted(each["CidrBlock"] for each in subnets) == [
        "172.31.0.0/20",
        "172.31.16.0/20",
        "172.31.32.0/20",
    ]
    assert all(each["MapPublicIpOnLaunch"] is True for each in subnets)
    (table,) = ec2.describe_route_tables(**asked)["RouteTables"]
    assert table["Associations"][0]["Main"] is True
    (acl,) = ec2.describe_network_acls(**asked)["NetworkAcls"]
    assert len(acl["Associations"]) == 3
    assert [each["RuleNumber"] for each in acl["Entries"]] == [100, 32767, 100, 32767]
    (gateway,) = ec2.describe_internet_gateways()["InternetGateways"]
    assert table["Routes"][1]["GatewayId"] == gateway["InternetGatewayId"]
    (options,) = ec2.describe_dhcp_options()["DhcpOptions"]
    assert {each["Key"]: each["Values"] for each in options["DhcpConfigurations"]} == {
        "domain-name": [{"Value": "eu-west-1.compute.internal"}],
        "domain-name-servers": [{"Value": "AmazonProvidedDNS"}],
    }
    attribute = ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute="enableDnsHostnames")
    assert attribute["EnableDnsHostnames"] == {"Value": True}
    assert ec2.describe_network_interfaces(**asked)["NetworkInterfaces"] == []


def test_regions_and_zones(ec2: Any) -> None:
    regions = ec2.describe_regions(RegionNames=["eu-west-1"])["Regions"]
    assert regions[0]["Endpoint"] == "ec2.eu-west-1.amazonaws.com"
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    assert [zone["ZoneName"][-1] for zone in zones] == ["a", "b", "c"]
    assert {zone["State"] for zone in zones} == {"available"}


def test_account_attributes_and_prefix_lists(ec2: Any) -> None:
    found = ec2.describe_account_attributes(AttributeNames=["supported-platforms"])
    assert found["AccountAttributes"][0]["AttributeValues"] == [{"AttributeValue": "VPC"}]
    plain = ec2.describe_prefix_lists()["PrefixLists"]
    managed = ec2.describe_managed_prefix_lists(MaxResults=1)
    assert managed["PrefixLists"][0]["PrefixListId"] == plain[0]["PrefixListId"]
    entries = ec2.get_managed_prefix_list_entries(PrefixListId=plain[0]["PrefixListId"])
    assert entries["Entries"] == []


def test_rules_come_and_go(ec2: Any, group: str) -> None:
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    made = ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{**ssh, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "a"}]}],
        TagSpecifications=[
            {"ResourceType": "security-group-rule", "Tags": [{"Key": "a", "Value": "<b>"}]}
        ],
    )
    (rule,) = made["SecurityGroupRules"]
    asked = {"SecurityGroupRuleIds": [rule["SecurityGroupRuleId"]]}
    assert ec2.describe_security_group_rules(**asked)["SecurityGroupRules"] == [rule]
    assert rule["Tags"] == [{"Key": "a", "Value": "<b>"}]
    new = {"IpProtocol": "-1", "ReferencedGroupId": group}
    update = [{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": new}]
    assert ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=update)["Return"]
    described = [{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "Description": "own"}]
    ec2.update_security_group_rule_descriptions_ingress(
        GroupId=group, SecurityGroupRuleDescriptions=described
    )
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    pairs = found["IpPermissions"][0]["UserIdGroupPairs"]
    assert [(each["GroupId"], each["Description"]) for each in pairs] == [(group, "own")]
    gone = ec2.revoke_security_group_ingress(GroupId=group, **asked)
    assert gone["RevokedSecurityGroupRules"][0]["ReferencedGroupId"] == group


def test_egress_rules(ec2: Any, group: str) -> None:
    ipv6 = {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    assert ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[ipv6])["Return"]
    described = {**ipv6, "Ipv6Ranges": [{"CidrIpv6": "::/0", "Description": "all"}]}
    ec2.update_security_group_rule_descriptions_egress(GroupId=group, IpPermissions=[described])
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert found["IpPermissionsEgress"][0]["Ipv6Ranges"] == described["Ipv6Ranges"]
    assert len(found["IpPermissionsEgress"]) == 1
    assert ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[ipv6])["Return"]


def test_groups_of_a_vpc(ec2: Any, group: str) -> None:
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    vpc = found["VpcId"]
    names = ec2.get_security_groups_for_vpc(VpcId=vpc)["SecurityGroupForVpcs"]
    assert {each["GroupName"] for each in names} == {"default", found["GroupName"]}
    assert (
        ec2.describe_security_group_references(GroupId=[group])["SecurityGroupReferenceSet"] == []
    )
    assert ec2.describe_stale_security_groups(VpcId=vpc)["StaleSecurityGroupSet"] == []


def test_tags(ec2: Any, group: str) -> None:
    ec2.create_tags(Resources=[group], Tags=[{"Key": "Name", "Value": "ü"}])
    asked = [{"Name": "resource-id", "Values": [group]}]
    assert ec2.describe_tags(Filters=asked)["Tags"] == [
        {"Key": "Name", "ResourceId": group, "ResourceType": "security-group", "Value": "ü"}
    ]
    ec2.delete_tags(Resources=[group], Tags=[{"Key": "Name"}])
    assert ec2.describe_tags(Filters=asked)["Tags"] == []


def test_pages(ec2: Any, cloud: RunningCloud) -> None:
    virginia = cloud.client("ec2", region_name="us-east-1")
    pages = virginia.get_paginator("describe_subnets").paginate(PaginationConfig={"PageSize": 5})
    assert [len(page["Subnets"]) for page in pages] == [5, 1]


def test_errors(ec2: Any, group: str) -> None:
    assert refusal(ec2.describe_vpcs, VpcIds=["vpc-1"]) == (
        "InvalidVpcID.NotFound",
        400,
        "The vpc ID 'vpc-1' does not exist",
    )
    assert refusal(ec2.describe_subnets, Filters=[{"Name": "no", "Values": ["a"]}]) == (
        "InvalidParameterValue",
        400,
        "The filter 'no' is invalid",
    )
    assert refusal(ec2.describe_vpcs, DryRun=True)[:2] == ("DryRunOperation", 412)
    assert refusal(ec2.create_vpc, CidrBlock="10.0.0.0/16")[:2] == ("NotImplemented", 501)
    assert refusal(ec2.delete_security_group, GroupName="none")[0] == "InvalidGroup.NotFound"

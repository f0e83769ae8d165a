"""Security groups and their rules, in process: every operation and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud
    from cloudling.testing.clouds import SyncService

EVERYONE = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}


@pytest.fixture
def ec2(local: LocalCloud) -> SyncService:
    return local.root().ec2


@pytest.fixture
def web(ec2: SyncService) -> str:
    """The id of a group named web."""
    made: str = ec2.create_security_group(GroupName="web", Description="servers")["GroupId"]
    return made


def group(ec2: SyncService, **named: Any) -> dict[str, Any]:
    (found,) = ec2.describe_security_groups(**named)["SecurityGroups"]
    return dict(found)


def rules(ec2: SyncService, group_id: str, *, egress: bool = False) -> list[dict[str, Any]]:
    asked = [{"Name": "group-id", "Values": [group_id]}]
    found = ec2.describe_security_group_rules(Filters=asked)["SecurityGroupRules"]
    return [each for each in found if each["IsEgress"] is egress]


def refusal(call: Any, **request: Any) -> str:
    with pytest.raises(AwsError) as refused:
        call(**request)
    return str(refused.value)


class TestGroups:
    def test_the_default_group_reaches_itself_and_everyone(self, ec2: SyncService) -> None:
        found = group(ec2, GroupNames=["default"])
        (inward,) = found["IpPermissions"]
        (outward,) = found["IpPermissionsEgress"]
        own = {"GroupId": found["GroupId"], "UserId": "111122223333"}
        assert inward["UserIdGroupPairs"] == [own]
        assert (inward["IpProtocol"], "FromPort" in inward) == ("-1", False)
        assert outward["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]

    def test_create_security_group(self, ec2: SyncService) -> None:
        tags = [{"Key": "Team", "Value": "a"}]
        made = ec2.create_security_group(
            GroupName="web ",
            Description="servers",
            TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
        )
        found = group(ec2, GroupIds=[made["GroupId"]])
        assert (found["GroupName"], found["Tags"], made["Tags"]) == ("web", tags, tags)
        assert found["SecurityGroupArn"] == made["SecurityGroupArn"]
        assert found["IpPermissions"] == []
        assert found["VpcId"] == group(ec2, GroupNames=["default"])["VpcId"]
        (outward,) = rules(ec2, made["GroupId"], egress=True)
        assert outward["CidrIpv4"] == "0.0.0.0/0"

    @pytest.mark.parametrize(
        ("request_", "words"),
        [
            ({"GroupName": "x"}, "MissingParameter: The request must contain the parameter "
             "GroupDescription"),
            ({"Description": "x"}, "MissingParameter: The request must contain the parameter "
             "GroupName"),
            ({"GroupName": "  ", "Description": "x"}, "MissingParameter: The request must contain "
             "the parameter GroupName"),
            ({"GroupName": "WEB", "Description": "x"}, "InvalidGroup.Duplicate: The security group"
             " 'WEB' already exists for VPC 'vpc-"),
            ({"GroupName": "Default", "Description": "x"}, "InvalidGroup.Reserved: "),
            ({"GroupName": "sg-x", "Description": "x"}, "InvalidParameterValue: Value (sg-x) for "
             "parameter groupName is invalid. Group names may not be in the format sg-*"),
            ({"GroupName": "é", "Description": "x"}, "InvalidParameterValue: Value (é) for "
             "parameter GroupName is invalid. Character sets beyond ASCII are not supported."),
            ({"GroupName": "x", "Description": "it's"}, "InvalidParameterValue: Invalid security "
             "group description."),
            ({"GroupName": "x" * 256, "Description": "x"}, "InvalidParameterValue: Invalid "
             "security group name."),
            ({"GroupName": "x", "Description": "x", "VpcId": "vpc-1"},
             "InvalidVpcID.NotFound: The vpc ID 'vpc-1' does not exist"),
            ({"GroupName": "x", "Description": "x",
              "TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "a"}]}]},
             "InvalidParameter: 'vpc' is not a valid taggable resource type for this operation."),
        ],
    )  # fmt: skip
    def test_groups_that_cannot_be(
        self, ec2: SyncService, web: str, request_: dict[str, Any], words: str
    ) -> None:
        assert refusal(ec2.create_security_group, **request_).startswith(words)

    def test_delete_security_group(self, ec2: SyncService, web: str) -> None:
        ec2.create_tags(Resources=[web], Tags=[{"Key": "a", "Value": "b"}])
        assert ec2.delete_security_group(GroupName="web") == {"Return": True, "GroupId": web}
        assert refusal(ec2.describe_security_groups, GroupIds=[web]).startswith(
            "InvalidGroup.NotFound: "
        )
        assert ec2.describe_tags()["Tags"] == []
        assert len(ec2.describe_security_group_rules()["SecurityGroupRules"]) == 2

    def test_groups_that_stay(self, ec2: SyncService, web: str) -> None:
        other = ec2.create_security_group(GroupName="other", Description="x")["GroupId"]
        peers = [{**SSH, "UserIdGroupPairs": [{"GroupId": web}]}]
        ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=peers)
        assert refusal(ec2.delete_security_group, GroupId=web) == (
            f"DependencyViolation: resource {web} has a dependent object"
        )
        ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=peers)
        ec2.delete_security_group(GroupId=web)
        assert refusal(ec2.delete_security_group, GroupName="default").startswith(
            'CannotDelete: the specified group: "sg-'
        )

    def test_a_group_that_speaks_of_itself_can_go(self, ec2: SyncService, web: str) -> None:
        own = [{**SSH, "UserIdGroupPairs": [{"GroupName": "web"}]}]
        ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=own)
        ec2.delete_security_group(GroupId=web)

    def test_groups_that_are_not_there(self, ec2: SyncService) -> None:
        (vpc,) = ec2.describe_vpcs()["Vpcs"]
        absent = f"The security group 'no' does not exist in default VPC '{vpc['VpcId']}'"
        assert refusal(ec2.delete_security_group, GroupName="no") == (
            f"InvalidGroup.NotFound: {absent}"
        )
        assert refusal(ec2.describe_security_groups, GroupNames=["no"]).endswith(absent)
        assert refusal(ec2.delete_security_group) == (
            "MissingParameter: The request must contain the parameter groupName or groupId"
        )
        assert refusal(ec2.delete_security_group, GroupId="no").startswith(
            'InvalidGroupId.Malformed: Invalid id: "no" (expecting "sg-'
        )

    def test_groups_by_name_and_by_id(self, ec2: SyncService, web: str) -> None:
        found = ec2.describe_security_groups(GroupNames=["default"], GroupIds=[web])
        names = {each["GroupName"] for each in found["SecurityGroups"]}
        assert names == {"default", "web"}

    def test_a_region_has_2500(self, ec2: SyncService, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cloudling.services.ec2.security_groups.MOST", 2)
        ec2.create_security_group(GroupName="a", Description="a")
        assert refusal(ec2.create_security_group, GroupName="b", Description="b").startswith(
            "SecurityGroupLimitExceeded: "
        )

    def test_many_groups_are_told_with_their_own_rules(self, ec2: SyncService) -> None:
        made = [
            ec2.create_security_group(GroupName=f"g{number}", Description="x")["GroupId"]
            for number in range(12)
        ]
        for number, each in enumerate(made):
            ssh = {**SSH, "CidrIp": f"10.{number}.0.0/16"}
            ec2.authorize_security_group_ingress(GroupId=each, **ssh)
        told = {each["GroupId"]: each for each in ec2.describe_security_groups()["SecurityGroups"]}
        assert len(told) == 13
        for each in made:
            assert told[each] == group(ec2, GroupIds=[each])
        ranges = {str(told[each]["IpPermissions"][0]["IpRanges"]) for each in made}
        assert len(ranges) == 12

    def test_a_vpcs_groups(self, ec2: SyncService, web: str) -> None:
        vpc = group(ec2, GroupIds=[web])["VpcId"]
        found = ec2.get_security_groups_for_vpc(
            VpcId=vpc, Filters=[{"Name": "group-name", "Values": ["w?b"]}]
        )["SecurityGroupForVpcs"]
        assert [(each["GroupId"], each["PrimaryVpcId"]) for each in found] == [(web, vpc)]
        assert ec2.describe_stale_security_groups(VpcId=vpc)["StaleSecurityGroupSet"] == []
        references = ec2.describe_security_group_references(GroupId=[web])
        assert references["SecurityGroupReferenceSet"] == []
        assert refusal(ec2.describe_security_group_references, GroupId=["sg-1"]).startswith(
            "InvalidGroup.NotFound: "
        )


class TestRules:
    def test_all_kinds_of_peers(self, ec2: SyncService, web: str) -> None:
        lists = ec2.describe_prefix_lists()["PrefixLists"]
        permission = {
            "IpProtocol": "6",
            "FromPort": 80,
            "ToPort": 81,
            "IpRanges": [{"CidrIp": "100.68.0.18/18", "Description": "office"}],
            "Ipv6Ranges": [{"CidrIpv6": "2001:DB8::/32"}],
            "PrefixListIds": [{"PrefixListId": lists[0]["PrefixListId"]}],
            "UserIdGroupPairs": [{"GroupName": "default"}],
        }
        made = ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[permission])
        assert made["Return"]
        assert sorted(made["SecurityGroupRules"], key=str) == sorted(rules(ec2, web), key=str)
        default = group(ec2, GroupNames=["default"])["GroupId"]
        (told,) = group(ec2, GroupIds=[web])["IpPermissions"]
        assert told == {
            "IpProtocol": "tcp",
            "FromPort": 80,
            "ToPort": 81,
            "IpRanges": [{"CidrIp": "100.68.0.0/18", "Description": "office"}],
            "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}],
            "PrefixListIds": permission["PrefixListIds"],
            "UserIdGroupPairs": [{"GroupId": default, "UserId": "111122223333"}],
        }
        revoked = ec2.revoke_security_group_ingress(GroupId=web, IpPermissions=[permission])
        assert len(revoked["RevokedSecurityGroupRules"]) == 4
        assert rules(ec2, web) == []

    def test_the_old_forms(self, ec2: SyncService, web: str) -> None:
        ec2.authorize_security_group_ingress(GroupName="web", CidrIp="10.0.0.0/8", **SSH)
        ec2.authorize_security_group_ingress(GroupName="web", SourceSecurityGroupName="default")
        assert [(each["IpProtocol"], each["ToPort"]) for each in rules(ec2, web)] != []
        told = {each["IpProtocol"]: each for each in group(ec2, GroupIds=[web])["IpPermissions"]}
        assert {"tcp", "udp", "icmp"} == set(told)
        ec2.revoke_security_group_ingress(GroupName="web", CidrIp="10.0.0.0/8", **SSH)
        assert len(rules(ec2, web)) == 3

    def test_egress(self, ec2: SyncService, web: str) -> None:
        everything = [{"IpProtocol": "-1", **EVERYONE}]
        ec2.revoke_security_group_egress(GroupId=web, IpPermissions=everything)
        assert rules(ec2, web, egress=True) == []
        ec2.authorize_security_group_egress(GroupId=web, IpPermissions=everything)
        (back,) = rules(ec2, web, egress=True)
        gone = ec2.revoke_security_group_egress(
            GroupId=web, SecurityGroupRuleIds=[back["SecurityGroupRuleId"]]
        )
        assert gone["RevokedSecurityGroupRules"][0]["CidrIpv4"] == "0.0.0.0/0"
        for call in (ec2.authorize_security_group_egress, ec2.revoke_security_group_egress):
            assert refusal(call, IpPermissions=everything) == (
                "MissingParameter: The request must contain the parameter groupId"
            )

    def test_duplicates(self, ec2: SyncService, web: str) -> None:
        ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[{**SSH, **EVERYONE}])
        again = [{**SSH, "IpRanges": [{"CidrIp": "9.9.9.9/0", "Description": "other"}]}]
        assert refusal(ec2.authorize_security_group_ingress, GroupId=web, IpPermissions=again) == (
            'InvalidPermission.Duplicate: the specified rule "peer: 0.0.0.0/0, TCP, '
            'from port: 22, to port: 22, ALLOW" already exists'
        )
        twice = [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}, {"CidrIpv6": "::1/0"}]}]
        assert (
            refusal(ec2.authorize_security_group_ingress, GroupId=web, IpPermissions=twice)
            == "InvalidParameterValue: The same permission must not appear multiple times"
        )
        ec2.authorize_security_group_egress(GroupId=web, IpPermissions=[{**SSH, **EVERYONE}])

    @pytest.mark.parametrize(
        ("permission", "words"),
        [
            ({}, "InvalidParameterValue: Invalid value 'null' for protocol. VPC security group "
             "rules must specify protocols explicitly."),
            (SSH, "MissingParameter: The request must contain exactly one of: cidrIp"),
            ({**SSH, "IpRanges": [{"CidrIp": "1.2.3.4"}]},
             "InvalidParameterValue: CIDR block 1.2.3.4 is malformed"),
            ({**SSH, "IpRanges": [{}]}, "InvalidParameterValue: "),
            ({**SSH, "UserIdGroupPairs": [{"GroupId": "sg-1"}]},
             "InvalidGroup.NotFound: The security group 'sg-1' does not exist"),
            ({**SSH, "UserIdGroupPairs": [{"GroupName": "no"}]}, "InvalidGroup.NotFound: "),
            ({**SSH, "UserIdGroupPairs": [{"GroupName": "default", "UserId": "1" * 12}]},
             "InvalidGroup.NotFound: "),
            ({**SSH, "PrefixListIds": [{"PrefixListId": "pl-1"}]},
             "InvalidPrefixListID.NotFound: The prefix list ID 'pl-1' does not exist"),
        ],
    )  # fmt: skip
    def test_rules_that_cannot_be(
        self, ec2: SyncService, web: str, permission: dict[str, Any], words: str
    ) -> None:
        found = refusal(
            ec2.authorize_security_group_ingress, GroupId=web, IpPermissions=[permission]
        )
        assert found.startswith(words)
        assert rules(ec2, web) == []

    def test_nothing_to_do(self, ec2: SyncService, web: str) -> None:
        assert refusal(ec2.authorize_security_group_ingress, GroupId=web) == (
            "MissingParameter: The request must contain the parameter ipPermissions"
        )
        assert refusal(ec2.revoke_security_group_ingress, GroupId=web) == (
            "MissingParameter: Either 'ipPermissions' or 'securityGroupRuleIds' should be provided."
        )

    def test_revoking_what_is_not_there(self, ec2: SyncService, web: str) -> None:
        ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[{**SSH, **EVERYONE}])
        both = [{**SSH, "IpRanges": [{"CidrIp": "0.0.0.0/0"}, {"CidrIp": "1.1.1.1/32"}]}]
        assert refusal(ec2.revoke_security_group_ingress, GroupId=web, IpPermissions=both) == (
            "InvalidPermission.NotFound: The specified rule does not exist in this security group."
        )
        assert len(rules(ec2, web)) == 1
        (outward,) = rules(ec2, web, egress=True)
        rule = outward["SecurityGroupRuleId"]
        assert refusal(
            ec2.revoke_security_group_ingress, GroupId=web, SecurityGroupRuleIds=[rule]
        ) == (
            "InvalidSecurityGroupRuleId.NotFound: "
            f"The security group rule ID '{rule}' does not exist"
        )

    def test_sixty_in_each_direction(self, ec2: SyncService, web: str) -> None:
        ranges = [{"CidrIp": f"10.0.{number}.0/24"} for number in range(60)]
        everything = [{"IpProtocol": "-1", "IpRanges": ranges}]
        ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=everything)
        ec2.authorize_security_group_ingress(
            GroupId=web, IpPermissions=[{**SSH, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
        )
        for more in (EVERYONE, {"UserIdGroupPairs": [{"GroupId": web}]}):
            assert refusal(
                ec2.authorize_security_group_ingress, GroupId=web, IpPermissions=[{**SSH, **more}]
            ) == (
                "RulesPerSecurityGroupLimitExceeded: "
                "The maximum number of rules per security group has been reached."
            )
        ec2.authorize_security_group_egress(GroupId=web, IpPermissions=[{**SSH, **EVERYONE}])

    def test_modify_security_group_rules(self, ec2: SyncService, web: str) -> None:
        both = [{**SSH, **EVERYONE}, {"IpProtocol": "-1", **EVERYONE}]
        made = ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=both)
        first, second = (each["SecurityGroupRuleId"] for each in made["SecurityGroupRules"])

        def modify(rule: str, **new: Any) -> dict[str, Any]:
            update = {"SecurityGroupRuleId": rule, "SecurityGroupRule": new}
            answer: dict[str, Any] = ec2.modify_security_group_rules(
                GroupId=web, SecurityGroupRules=[update]
            )
            return answer

        udp = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53}
        assert modify(first, **udp, ReferencedGroupId=web, Description="names") == {"Return": True}
        told = {each["SecurityGroupRuleId"]: each for each in rules(ec2, web)}
        assert told[first]["ReferencedGroupInfo"]["GroupId"] == web
        assert (told[first]["Description"], told[first]["IpProtocol"]) == ("names", "udp")
        assert refusal(modify, rule=first, IpProtocol="-1", CidrIpv4="0.0.0.0/0").startswith(
            "InvalidPermission.Duplicate: "
        )
        assert modify(second, IpProtocol="-1", CidrIpv4="0.0.0.0/0") == {"Return": True}
        assert refusal(modify, rule="sgr-1", **udp, CidrIpv4="0.0.0.0/0").startswith(
            "InvalidSecurityGroupRuleId.NotFound: "
        )
        assert refusal(modify, rule=first, **udp).startswith(
            "MissingParameter: The request must contain exactly one of: cidrIp, cidrIpv6, "
        )
        assert refusal(modify, rule=first, **udp, CidrIpv4="::/0", CidrIpv6="::/0").startswith(
            "InvalidParameterCombination: Only one of cidrIp, cidrIpv6, prefixListId, or "
        )

    @pytest.mark.parametrize("direction", ["ingress", "egress"])
    def test_descriptions(self, ec2: SyncService, web: str, direction: str) -> None:
        egress = direction == "egress"
        update = (
            ec2.update_security_group_rule_descriptions_egress
            if egress
            else ec2.update_security_group_rule_descriptions_ingress
        )
        authorize = getattr(ec2, f"authorize_security_group_{direction}")
        authorize(GroupId=web, IpPermissions=[{**SSH, **EVERYONE}])
        described = {**SSH, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}
        update(GroupId=web, IpPermissions=[described])
        found = [each for each in rules(ec2, web, egress=egress) if each["IpProtocol"] == "tcp"]
        assert found[0]["Description"] == "all"
        one = {"SecurityGroupRuleId": found[0]["SecurityGroupRuleId"]}
        update(GroupId=web, SecurityGroupRuleDescriptions=[{**one, "Description": "none"}])
        assert "none" in {each.get("Description") for each in rules(ec2, web, egress=egress)}
        update(GroupId=web, SecurityGroupRuleDescriptions=[one])
        assert not any("Description" in each for each in rules(ec2, web, egress=egress))
        absent = [{"IpProtocol": "50", **EVERYONE}]
        assert refusal(update, GroupId=web, IpPermissions=absent).startswith(
            "InvalidPermission.NotFound: "
        )

    def test_what_is_no_group_is_refused_in_the_filter(self, ec2: SyncService) -> None:
        """Verified on AWS by moto's authors."""
        asked = [{"Name": "group-id", "Values": ["foobar"]}]
        assert refusal(ec2.describe_security_group_rules, Filters=asked) == (
            "InvalidGroupId.Malformed: The security group ID 'foobar' is malformed"
        )
        assert rules(ec2, "sg-005216b55886f0fdc") == []


class TestTags:
    def test_tags_of_any_resource(self, ec2: SyncService, web: str) -> None:
        (vpc,) = ec2.describe_vpcs()["Vpcs"]
        both = [web, vpc["VpcId"]]
        tags = [{"Key": "Team", "Value": "a"}, {"Key": "Empty"}]
        ec2.create_tags(Resources=both, Tags=tags)
        found = ec2.describe_tags(Filters=[{"Name": "tag:Team", "Values": ["a"]}])["Tags"]
        assert {(each["ResourceId"], each["ResourceType"]) for each in found} == {
            (web, "security-group"),
            (vpc["VpcId"], "vpc"),
        }
        asked = [{"Name": "tag:Team", "Values": ["a*"]}]
        assert group(ec2, Filters=asked)["Tags"] == [
            {"Key": "Team", "Value": "a"},
            {"Key": "Empty", "Value": ""},
        ]
        ec2.delete_tags(Resources=both, Tags=[{"Key": "Team", "Value": "b"}, {"Key": "Empty"}])
        assert {each["Key"] for each in ec2.describe_tags()["Tags"]} == {"Team"}
        ec2.delete_tags(Resources=both)
        assert ec2.describe_tags()["Tags"] == []

    def test_tags_of_new_rules(self, ec2: SyncService, web: str) -> None:
        tags = [{"Key": "a", "Value": "b"}]
        spec = [{"ResourceType": "security-group-rule", "Tags": tags}]
        made = ec2.authorize_security_group_ingress(
            GroupId=web, IpPermissions=[{**SSH, **EVERYONE}], TagSpecifications=spec
        )
        assert made["SecurityGroupRules"][0]["Tags"] == tags
        ec2.revoke_security_group_ingress(GroupId=web, IpPermissions=[{**SSH, **EVERYONE}])
        assert ec2.describe_tags()["Tags"] == []

    @pytest.mark.parametrize(
        ("resources", "tags", "words"),
        [
            ([], [{"Key": "a"}], "MissingParameter: The request must contain the parameter "
             "resourceIdSet"),
            (["web"], [], "MissingParameter: The request must contain the parameter tagSet"),
            (["what-1"], [{"Key": "a"}], "InvalidID: The ID 'what-1' is not valid"),
            (["ami-blah"], [{"Key": "a"}], "InvalidID: The ID 'ami-blah' is not valid"),
            (["sg-1"], [{"Key": "a"}], "InvalidGroup.NotFound: "),
            (["i-1"], [{"Key": "a"}], "InvalidInstanceID.NotFound: The instance ID 'i-1' does "),
            (["web"], [{"Key": "AWS:a"}], "InvalidParameterValue: Tag keys starting with 'aws:' "
             "are reserved for internal use"),
            (["web"], [{"Key": ""}], "InvalidParameterValue: "),
            (["web"], [{"Key": "a" * 129}], "InvalidParameterValue: Tag key exceeds "),
            (["web"], [{"Key": "a", "Value": "b" * 257}], "InvalidParameterValue: Tag value "),
            (["web"], [{"Key": "a"}, {"Key": "a"}], "InvalidParameterValue: Duplicate tag key "),
            (["web"], [{"Key": str(number)} for number in range(51)], "TagLimitExceeded: "),
        ],
    )  # fmt: skip
    def test_tags_that_cannot_be(
        self,
        ec2: SyncService,
        web: str,
        resources: list[str],
        tags: list[dict[str, str]],
        words: str,
    ) -> None:
        ids = [web if each == "web" else each for each in resources]
        assert refusal(ec2.create_tags, Resources=ids, Tags=tags).startswith(words)
        assert ec2.describe_tags()["Tags"] == []

    def test_pages_of_tags(self, ec2: SyncService, web: str) -> None:
        ec2.create_tags(Resources=[web], Tags=[{"Key": f"k{number}"} for number in range(7)])
        first = ec2.describe_tags(MaxResults=5)
        rest = ec2.describe_tags(MaxResults=5, NextToken=first["NextToken"])
        assert len(first["Tags"] + rest["Tags"]) == 7
        assert refusal(ec2.describe_tags, MaxResults=4).startswith("InvalidParameterValue: ")


class TestConditions:
    """What records tell policies."""

    @pytest.mark.parametrize(
        ("condition", "allowed"),
        [
            ({"aws:ResourceTag/Team": "a"}, True),
            ({"ec2:ResourceTag/Team": "a"}, True),
            ({"ec2:ResourceTag/Team": "b"}, False),
            ({"ec2:Vpc": "arn:aws:ec2:us-east-1:111122223333:vpc/VPC"}, True),
            ({"ec2:Vpc": "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1"}, False),
        ],
    )
    def test_of_a_group(
        self, local: LocalCloud, web: str, condition: dict[str, str], allowed: bool
    ) -> None:
        root = local.root().ec2
        root.create_tags(Resources=[web], Tags=[{"Key": "Team", "Value": "a"}])
        vpc = group(root, GroupIds=[web])["VpcId"]
        own = {key: value.replace("VPC", vpc) for key, value in condition.items()}
        statement = {
            "Effect": "Allow",
            "Action": "ec2:AuthorizeSecurityGroupIngress",
            "Resource": f"arn:aws:ec2:us-east-1:111122223333:security-group/{web}",
            "Condition": {"StringEquals": own},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        ann = local.user("ann", policy).ec2
        for number, named in enumerate(({"GroupId": web}, {"GroupName": "web"})):
            request = {**named, **SSH, "CidrIp": f"10.{number}.0.0/16"}
            if allowed:
                ann.authorize_security_group_ingress(**request)
            else:
                found = refusal(ann.authorize_security_group_ingress, **request)
                assert found.startswith("AccessDenied: ")

    def test_of_a_rule_that_is_modified(self, local: LocalCloud, web: str) -> None:
        root = local.root().ec2
        made = root.authorize_security_group_ingress(
            GroupId=web, IpPermissions=[{**SSH, **EVERYONE}]
        )
        rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        deny = {"StringEquals": {"aws:ResourceTag/keep": "yes"}}
        statements = [
            {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "ec2:Modify*", "Resource": "*", "Condition": deny},
        ]
        ann = local.user("ann", json.dumps({"Version": "2012-10-17", "Statement": statements})).ec2
        new = {**SSH, "CidrIpv4": "10.0.0.0/8"}
        update = [{"SecurityGroupRuleId": rule, "SecurityGroupRule": new}]
        ann.modify_security_group_rules(GroupId=web, SecurityGroupRules=update)
        root.create_tags(Resources=[rule], Tags=[{"Key": "keep", "Value": "yes"}])
        denied = refusal(ann.modify_security_group_rules, GroupId=web, SecurityGroupRules=update)
        assert f"security-group-rule/{rule}" in denied

    def test_of_the_default_vpc_that_a_new_group_goes_to(self, local: LocalCloud) -> None:
        statements = [
            {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
            {
                "Effect": "Deny",
                "Action": "ec2:CreateSecurityGroup",
                "Resource": "arn:aws:ec2:*:*:vpc/*",
            },
        ]
        ann = local.user("ann", json.dumps({"Version": "2012-10-17", "Statement": statements})).ec2
        denied = refusal(ann.create_security_group, GroupName="x", Description="x")
        assert "on resource: arn:aws:ec2:us-east-1:111122223333:vpc/vpc-" in denied

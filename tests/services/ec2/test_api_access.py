"""Who may call EC2: on which resources, under which conditions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel.authorize import Controls, NamedPolicy, parse
from cloudling.kernel.errors import AccessDenied, AwsError
from cloudling.services.ec2 import profiles
from cloudling.services.ec2.profiles import Profile

if TYPE_CHECKING:
    from cloudling.kernel import Call
    from cloudling.testing import LocalCloud
    from cloudling.testing.clouds import SyncClient

HERE = "arn:aws:ec2:us-east-1:111122223333"
LAUNCH = {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1}
TAGS = [{"ResourceType": "instance", "Tags": [{"Key": "Team", "Value": "a"}]}]
ROLE = "arn:aws:iam::111122223333:role/app"
PROFILE = "arn:aws:iam::111122223333:instance-profile/app"
# All that RunInstances needs at least.
PARTS = [
    f"{HERE}:instance/*",
    "arn:aws:ec2:us-east-1::image/ami-12345678",
    f"{HERE}:network-interface/*",
    f"{HERE}:security-group/*",
    f"{HERE}:subnet/*",
    f"{HERE}:volume/*",
]


def statement(
    action: str, resource: Any = "*", effect: str = "Allow", **condition: Any
) -> dict[str, Any]:
    found = {"Effect": effect, "Action": action, "Resource": resource}
    return {**found, "Condition": condition} if condition else found


def user(local: LocalCloud, *statements: dict[str, Any]) -> SyncClient:
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return local.user("ann", policy)


def denied(client: SyncClient, method: str, **request: Any) -> str:
    """What a denial names: the action, and the resource ("" for none)."""
    with pytest.raises(AccessDenied) as refused:
        getattr(client.ec2, method)(**request)
    found = refused.value.text.partition("perform: ec2:")[2] or refused.value.text
    return found.partition(" because ")[0].partition(" with an explicit ")[0]


def is_allowed(client: SyncClient, method: str, **request: Any) -> bool:
    """Whether the call gets past the question; what comes then is no matter."""
    try:
        getattr(client.ec2, method)(**request)
    except AwsError as refused:
        return not isinstance(refused, AccessDenied)
    return True


class Above:
    """An organization of the test's own: these service control policies for every account."""

    def __init__(self, service: tuple[tuple[NamedPolicy, ...], ...]) -> None:
        self._controls = Controls(organization="o-exampleorgid", service=service)

    def controls(self, account: str) -> Controls:
        return self._controls


def test_a_user_without_rights_is_denied_the_instance_first(local: LocalCloud) -> None:
    with pytest.raises(AccessDenied) as refused:
        user(local, statement("s3:*")).ec2.run_instances(**LAUNCH)
    text, _, encoded = refused.value.text.partition(". Encoded authorization failure message: ")
    told = local.root().sts.decode_authorization_message(EncodedMessage=encoded)
    assert json.loads(told["DecodedMessage"])["context"]["action"] == "ec2:RunInstances"
    assert text == (
        "You are not authorized to perform this operation. "
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: ec2:RunInstances "
        f"on resource: {HERE}:instance/* "
        "because no identity-based policy allows the ec2:RunInstances action"
    )


def test_a_launch_needs_every_part(local: LocalCloud) -> None:
    for number, part in enumerate(PARTS):
        rest = [statement("ec2:RunInstances", [each for each in PARTS if each != part])]
        policy = json.dumps({"Version": "2012-10-17", "Statement": rest})
        found = denied(local.user(f"u{number}", policy), "run_instances", **LAUNCH)
        assert found == f"RunInstances on resource: {part}"
    assert is_allowed(
        user(local, statement("ec2:RunInstances", PARTS)), "run_instances", **LAUNCH
    )  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "resource"),
    [
        ({"KeyName": "mine"}, f"{HERE}:key-pair/mine"),
        ({"SubnetId": "subnet-1"}, f"{HERE}:subnet/subnet-1"),
        ({"SecurityGroupIds": ["sg-1", "sg-2"]}, f"{HERE}:security-group/sg-1"),
        (
            {"NetworkInterfaces": [{"SubnetId": "subnet-2", "Groups": ["sg-1"]}]},
            f"{HERE}:security-group/sg-1",
        ),
        (
            {"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1"}]},
            f"{HERE}:network-interface/eni-1",
        ),
        ({"Placement": {"GroupName": "near"}}, f"{HERE}:placement-group/near"),
        ({"LaunchTemplate": {"LaunchTemplateId": "lt-1"}}, f"{HERE}:launch-template/lt-1"),
        ({"LaunchTemplate": {"LaunchTemplateName": "web"}}, f"{HERE}:launch-template/*"),
        (
            {"BlockDeviceMappings": [{"Ebs": {"SnapshotId": "snap-1"}}]},
            "arn:aws:ec2:us-east-1::snapshot/snap-1",
        ),
    ],
)
def test_what_a_launch_names_is_asked_for(
    local: LocalCloud, request_: dict[str, Any], resource: str
) -> None:
    ann = user(local, statement("ec2:*"), statement("ec2:*", resource, "Deny"))
    assert denied(ann, "run_instances", **LAUNCH, **request_) == (
        f"RunInstances on resource: {resource}"
    )


@pytest.mark.parametrize(
    ("condition", "right", "wrong"),
    [
        ({"ec2:InstanceType": "t3.nano"}, {"InstanceType": "t3.nano"}, {"InstanceType": "m5.big"}),
        ({"ec2:Tenancy": "default"}, {}, {"Placement": {"Tenancy": "dedicated"}}),
        (
            {"ec2:MetadataHttpTokens": "required"},
            {"MetadataOptions": {"HttpTokens": "required"}},
            {"MetadataOptions": {"HttpTokens": "optional"}},
        ),
        ({"aws:RequestTag/Team": "a"}, {"TagSpecifications": TAGS}, {}),
        ({"ec2:Region": "us-east-1"}, {}, None),
        ({"ec2:EbsOptimized": "true"}, {"EbsOptimized": True}, {}),
    ],
)  # fmt: skip
def test_conditions_on_the_instance(
    local: LocalCloud, condition: dict[str, str], right: Any, wrong: Any
) -> None:
    ann = user(
        local,
        statement("ec2:RunInstances", PARTS[1:]),
        statement("ec2:RunInstances", PARTS[0], StringEquals=condition),
        statement("ec2:CreateTags"),
    )
    assert is_allowed(ann, "run_instances", **LAUNCH, **right)
    if wrong is not None:
        assert denied(ann, "run_instances", **LAUNCH, **wrong).endswith("instance/*")


def test_conditions_on_the_volumes(local: LocalCloud) -> None:
    small = {"ec2:VolumeSize": "8"}
    ann = user(
        local,
        statement("ec2:RunInstances", PARTS[:-1]),
        statement("ec2:RunInstances", PARTS[-1], NumericLessThanEquals=small),
    )
    sizes = {size: [{"Ebs": {"VolumeSize": size}}] for size in (8, 9)}
    assert is_allowed(ann, "run_instances", **LAUNCH, BlockDeviceMappings=sizes[8])
    assert not is_allowed(ann, "run_instances", **LAUNCH, BlockDeviceMappings=sizes[8] + sizes[9])


def test_tags_on_creation_are_a_permission_of_their_own(local: LocalCloud) -> None:
    tagged = {**LAUNCH, "TagSpecifications": TAGS}
    ann = user(local, statement("ec2:RunInstances"))
    assert denied(ann, "run_instances", **tagged) == f"CreateTags on resource: {HERE}:instance/*"
    only = {"ec2:CreateAction": "RunInstances"}
    bob = local.user(
        "bob",
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    statement("ec2:*Instances"),
                    statement("ec2:CreateTags", f"{HERE}:*/*", StringEquals=only),
                ],
            }
        ),
    )
    assert is_allowed(bob, "run_instances", **tagged)
    late = {"Resources": ["i-1"], "Tags": TAGS[0]["Tags"]}
    assert denied(bob, "create_tags", **late) == f"CreateTags on resource: {HERE}:instance/i-1"


NAMED = {**LAUNCH, "IamInstanceProfile": {"Name": "app"}}


def test_tags_count_only_for_what_they_are_of(local: LocalCloud) -> None:
    condition = {"aws:RequestTag/Team": "a"}
    ann = user(
        local,
        statement("ec2:*"),
        statement("ec2:RunInstances", PARTS[-1], "Deny", StringEquals=condition),
    )
    assert is_allowed(ann, "run_instances", **LAUNCH, TagSpecifications=TAGS)
    both = [*TAGS, {**TAGS[0], "ResourceType": "volume"}]
    assert not is_allowed(ann, "run_instances", **LAUNCH, TagSpecifications=both)


class TestProfiles:
    def test_one_that_is_not_there_is_told_to_who_may_launch(self, local: LocalCloud) -> None:
        assert not is_allowed(user(local, statement("s3:*")), "run_instances", **NAMED)
        with pytest.raises(AwsError) as refused:
            local.root().ec2.run_instances(**NAMED)
        assert refused.value.error_code == "InvalidParameterValue"
        assert refused.value.text == (
            "Value (app) for parameter iamInstanceProfile.name is invalid. "
            "Invalid IAM Instance Profile name"
        )
        with pytest.raises(AwsError, match=r"iamInstanceProfile.arn is invalid\. .* Profile ARN"):
            local.root().ec2.run_instances(**LAUNCH, IamInstanceProfile={"Arn": PROFILE})

    def test_its_role_must_be_passed(
        self, local: LocalCloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def read(call: Call, name: str) -> dict[str, Any]:
            assert name == "app"
            return {"Arn": PROFILE, "Roles": [{"Arn": ROLE}], "InstanceProfileId": "AIPAEXAMPLE"}

        monkeypatch.setattr(profiles, "_read", read)
        ann = user(local, statement("ec2:RunInstances"))
        told = denied(ann, "run_instances", **NAMED)
        assert told == (
            "You are not authorized to perform this operation. User: arn:aws:iam::111122223333:"
            f"user/ann is not authorized to perform: iam:PassRole on resource: {ROLE}"
        )
        with pytest.raises(AccessDenied, match="Encoded authorization failure message: "):
            ann.ec2.run_instances(**NAMED)
        to_ec2 = {"iam:PassedToService": "ec2.amazonaws.com"}
        policy = [
            statement("ec2:RunInstances"),
            statement("iam:PassRole", ROLE, StringEquals=to_ec2),
        ]
        bob = local.user("bob", json.dumps({"Version": "2012-10-17", "Statement": policy}))
        assert is_allowed(bob, "run_instances", **NAMED)
        assert is_allowed(bob, "run_instances", **LAUNCH, IamInstanceProfile={"Arn": PROFILE})

    def test_ec2_finds_it_whatever_the_account_may_see_of_iam(self, local: LocalCloud) -> None:
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        text = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam = local.root().iam
        iam.create_role(RoleName="app", AssumeRolePolicyDocument=text)
        iam.create_instance_profile(InstanceProfileName="app")
        iam.add_role_to_instance_profile(InstanceProfileName="app", RoleName="app")
        blind = [statement("*"), statement("iam:Get*", effect="Deny")]
        scp = parse(json.dumps({"Version": "2012-10-17", "Statement": blind}), "scp")
        local.cloud.organizations = Above(((NamedPolicy("blind", "", scp),),))
        with pytest.raises(AwsError, match="The image id"):
            local.root().ec2.run_instances(**NAMED)

    def test_one_without_a_role_is_useless(
        self, local: LocalCloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def read(call: Call, name: str) -> dict[str, Any]:
            return {"Arn": PROFILE, "Roles": []}

        monkeypatch.setattr(profiles, "_read", read)
        with pytest.raises(AwsError, match="has no associated IAM Roles"):
            local.root().ec2.run_instances(**NAMED)

    def test_it_is_a_condition(self, local: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
        async def find(call: Call, given: Any) -> Profile:
            return Profile(PROFILE, ROLE)

        monkeypatch.setattr(profiles, "find", find)
        ann = user(
            local,
            statement("*"),
            statement("ec2:*", effect="Deny", ArnEquals={"ec2:InstanceProfile": PROFILE}),
            statement("ec2:*", effect="Deny", ArnEquals={"ec2:NewInstanceProfile": PROFILE}),
        )  # fmt: skip
        assert not is_allowed(ann, "run_instances", **NAMED)
        given = {"IamInstanceProfile": {"Name": "app"}, "InstanceId": "i-1"}
        assert not is_allowed(ann, "associate_iam_instance_profile", **given)


@pytest.mark.parametrize(
    ("method", "request_", "resource"),
    [
        ("describe_instances", {}, ""),
        ("terminate_instances", {"InstanceIds": ["i-1"]}, f"{HERE}:instance/i-1"),
        ("delete_vpc", {"VpcId": "vpc-1"}, f"{HERE}:vpc/vpc-1"),
        ("create_vpc", {}, f"{HERE}:vpc/*"),
        ("delete_network_acl", {"NetworkAclId": "acl-1"}, f"{HERE}:network-acl/acl-1"),
        ("deregister_image", {"ImageId": "ami-1"}, "arn:aws:ec2:us-east-1::image/ami-1"),
        ("delete_security_group", {"GroupId": "sg-1"}, f"{HERE}:security-group/sg-1"),
        ("create_tags", {"Resources": ["vol-1"], "Tags": []}, f"{HERE}:volume/vol-1"),
        ("create_tags", {"Resources": ["what-1"], "Tags": []}, ""),
        ("release_address", {"AllocationId": "eipalloc-1"}, f"{HERE}:elastic-ip/eipalloc-1"),
    ],
)
def test_other_operations_ask_for_what_they_name(
    local: LocalCloud, method: str, request_: dict[str, Any], resource: str
) -> None:
    told = denied(user(local, statement("s3:*")), method, **request_)
    assert told.partition(" on resource: ")[2] == resource
    assert is_allowed(local.root(), method, **request_)


def test_what_is_created_brings_its_attributes_and_tags(local: LocalCloud) -> None:
    conditions = {
        "StringEquals": {"ec2:VolumeType": "gp3", "aws:RequestTag/Team": "a"},
        "NumericLessThan": {"ec2:VolumeSize": "100"},
        "Bool": {"ec2:Encrypted": "true"},
    }
    ann = user(
        local,
        statement("ec2:CreateVolume", f"{HERE}:volume/*", **conditions),
        statement("ec2:CreateTags"),
    )
    request: dict[str, Any] = {
        "AvailabilityZone": "us-east-1a",
        "Size": 10,
        "VolumeType": "gp3",
        "Encrypted": True,
        "TagSpecifications": [{**TAGS[0], "ResourceType": "volume"}],
    }
    assert is_allowed(ann, "create_volume", **request)
    for member, value in {"Size": 200, "VolumeType": "io1", "Encrypted": False}.items():
        assert not is_allowed(ann, "create_volume", **{**request, member: value})


def test_dry_runs_tell_who_may(local: LocalCloud) -> None:
    ann = user(local, statement("ec2:DescribeInstances"))
    with pytest.raises(AwsError) as refused:
        ann.ec2.describe_instances(DryRun=True)
    error = refused.value
    assert (error.error_code, error.http_status) == ("DryRunOperation", 412)
    assert error.text == "Request would have succeeded, but DryRun flag is set."
    with pytest.raises(AccessDenied):
        ann.ec2.describe_vpcs(DryRun=True)
    assert is_allowed(ann, "describe_instances", DryRun=False)

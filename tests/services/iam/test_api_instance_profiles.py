"""Instance profiles and service-linked roles through the in-process client."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.services.iam.test_api_principals import ALL_S3, TRUST, refusal

from cloudling.services.iam import quotas

if TYPE_CHECKING:
    import pytest

    from cloudling.testing import LocalCloud

TAGS = [{"Key": "team", "Value": "red"}]
PROTECTED = (
    "UnmodifiableEntity",
    "Cannot perform the operation on the protected role 'AWSServiceRoleForAutoScaling' - this "
    "role is only modifiable by AWS",
    400,
)
ROLES_FIRST = "Cannot delete entity, must remove roles from instance profile first."


def allow(*actions: str, resource: str = "*", **condition: dict[str, str]) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def test_from_making_to_removing(local: LocalCloud) -> None:
    iam = local.root().iam
    made = iam.create_instance_profile(InstanceProfileName="Web", Path="/app/", Tags=TAGS)
    profile = made["InstanceProfile"]
    assert profile["Arn"] == "arn:aws:iam::111122223333:instance-profile/app/Web"
    assert re.fullmatch(r"AIPA[A-Z2-7]{17}", profile["InstanceProfileId"])
    assert profile["Roles"] == []
    assert profile["Tags"] == TAGS
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="r")
    told = iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]
    assert [each["RoleId"] for each in told["Roles"]] == [role["RoleId"]]
    assert "MaxSessionDuration" not in told["Roles"][0]
    found = iam.list_instance_profiles_for_role(RoleName="r")["InstanceProfiles"]
    assert [each["InstanceProfileName"] for each in found] == ["Web"]
    assert "Tags" not in found[0]
    assert iam.list_instance_profiles(PathPrefix="/app/")["InstanceProfiles"] == found
    assert iam.list_instance_profiles(PathPrefix="/other/")["InstanceProfiles"] == []
    assert refusal(iam.delete_instance_profile, InstanceProfileName="web")[:2] == (
        "DeleteConflict",
        ROLES_FIRST,
    )
    assert refusal(iam.delete_role, RoleName="r") == ("DeleteConflict", ROLES_FIRST, 409)
    iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="r")
    assert refusal(
        iam.remove_role_from_instance_profile, InstanceProfileName="web", RoleName="r"
    ) == ("NoSuchEntity", "The role with name r cannot be found.", 404)
    iam.delete_role(RoleName="r")
    iam.delete_instance_profile(InstanceProfileName="web")
    assert refusal(iam.get_instance_profile, InstanceProfileName="web") == (
        "NoSuchEntity",
        "Instance Profile web cannot be found.",
        404,
    )


def test_names_are_taken_whatever_their_case(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_instance_profile(InstanceProfileName="web", Tags=TAGS)
    assert refusal(iam.create_instance_profile, InstanceProfileName="WEB") == (
        "EntityAlreadyExists",
        "Instance Profile WEB already exists.",
        409,
    )
    iam.delete_instance_profile(InstanceProfileName="Web")
    made = iam.create_instance_profile(InstanceProfileName="web")["InstanceProfile"]
    assert made["Tags"] == []


def test_tags(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_instance_profile(InstanceProfileName="p")
    iam.tag_instance_profile(InstanceProfileName="p", Tags=TAGS)
    iam.tag_instance_profile(InstanceProfileName="p", Tags=[{"Key": "b", "Value": ""}])
    assert iam.list_instance_profile_tags(InstanceProfileName="p", MaxItems=1)["Tags"] == TAGS
    iam.untag_instance_profile(InstanceProfileName="p", TagKeys=["TEAM", "none"])
    assert iam.list_instance_profile_tags(InstanceProfileName="p") == {
        "Tags": [{"Key": "b", "Value": ""}],
        "IsTruncated": False,
    }


def test_quotas(local: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    iam = local.root().iam
    iam.create_instance_profile(InstanceProfileName="p")
    for name in ("a", "b"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="a")
    assert refusal(iam.add_role_to_instance_profile, InstanceProfileName="p", RoleName="b") == (
        "LimitExceeded",
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
        409,
    )
    monkeypatch.setattr(quotas, "INSTANCE_PROFILES", quotas.INSTANCE_PROFILES._replace(most=1))
    assert refusal(iam.create_instance_profile, InstanceProfileName="q")[1] == (
        "Cannot exceed quota for InstanceProfilesPerAccount: 1"
    )


def test_adding_a_role_passes_it_to_ec2(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_instance_profile(InstanceProfileName="p")
    iam.create_role(RoleName="r", Path="/app/", AssumeRolePolicyDocument=TRUST)
    role = "arn:aws:iam::111122223333:role/app/r"
    add = {"InstanceProfileName": "p", "RoleName": "r"}

    without = local.user("ann", allow("iam:AddRoleToInstanceProfile")).iam
    code, text, _ = refusal(without.add_role_to_instance_profile, **add)
    assert code == "AccessDenied"
    assert f"is not authorized to perform: iam:PassRole on resource: {role} because" in text

    to_lambda = allow("iam:PassRole", StringEquals={"iam:PassedToService": "lambda.amazonaws.com"})
    other = local.user("bob", allow("iam:AddRoleToInstanceProfile"), to_lambda).iam
    assert "iam:PassRole" in refusal(other.add_role_to_instance_profile, **add)[1]

    to_ec2 = allow(
        "iam:PassRole", resource=role, StringEquals={"iam:PassedToService": "ec2.amazonaws.com"}
    )
    local.user(
        "eve", allow("iam:AddRoleToInstanceProfile"), to_ec2
    ).iam.add_role_to_instance_profile(**add)

    passing = local.user("joe", to_ec2).iam
    assert (
        "iam:AddRoleToInstanceProfile on resource: instance profile p because"
        in refusal(passing.add_role_to_instance_profile, **add)[1]
    )


def test_a_service_linked_role(local: LocalCloud) -> None:
    iam = local.root().iam
    made = iam.create_service_linked_role(
        AWSServiceName="autoscaling.amazonaws.com", Description="for groups"
    )["Role"]
    path = "/aws-service-role/autoscaling.amazonaws.com/"
    name = "AWSServiceRoleForAutoScaling"
    assert made["Arn"] == f"arn:aws:iam::111122223333:role{path}{name}"
    assert made["Description"] == "for groups"
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert attached == [
        {
            "PolicyName": "AutoScalingServiceRolePolicy",
            "PolicyArn": "arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy",
        }
    ]
    assert refusal(iam.create_service_linked_role, AWSServiceName="autoscaling.amazonaws.com") == (
        "InvalidInput",
        f"Service role name {name} has been taken in this account, please try a different suffix.",
        400,
    )
    suffixed = iam.create_service_linked_role(
        AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="two"
    )["Role"]
    assert suffixed["RoleName"] == f"{name}_two"
    assert refusal(
        iam.create_service_linked_role, AWSServiceName="ecs.amazonaws.com", CustomSuffix="x"
    )[:2] == ("InvalidInput", "Custom suffix is not allowed for ecs.amazonaws.com")
    # Not pretended: which role a service that is not in the table has, nobody knows here.
    assert refusal(iam.create_service_linked_role, AWSServiceName="other.amazonaws.com")[::2] == (
        "NotImplemented",
        501,
    )


def test_service_linked_roles_are_aws_s(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")
    iam.create_instance_profile(InstanceProfileName="p")
    role = {"RoleName": "AWSServiceRoleForAutoScaling"}
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert refusal(iam.delete_role, **role) == PROTECTED
    assert refusal(iam.attach_role_policy, PolicyArn=policy, **role) == PROTECTED
    assert refusal(iam.detach_role_policy, PolicyArn=policy, **role) == PROTECTED
    inline = {"PolicyName": "x", **role}
    assert refusal(iam.put_role_policy, PolicyDocument=ALL_S3, **inline) == PROTECTED
    assert refusal(iam.delete_role_policy, **inline) == PROTECTED
    assert refusal(iam.update_assume_role_policy, PolicyDocument=TRUST, **role) == PROTECTED
    assert refusal(iam.put_role_permissions_boundary, PermissionsBoundary=policy, **role) == (
        PROTECTED
    )
    assert refusal(iam.add_role_to_instance_profile, InstanceProfileName="p", **role) == PROTECTED
    # What AWS lets people change: the description, and tags.
    iam.update_role_description(Description="new", **role)
    iam.tag_role(Tags=TAGS, **role)
    assert iam.get_role(**role)["Role"]["Description"] == "new"


def test_deleting_a_service_linked_role(local: LocalCloud) -> None:
    iam = local.root().iam
    name = iam.create_service_linked_role(AWSServiceName="spot.amazonaws.com")["Role"]["RoleName"]
    task = iam.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    assert re.fullmatch(
        r"task/aws-service-role/spot\.amazonaws\.com/AWSServiceRoleForEC2Spot/[0-9a-f-]{36}", task
    )
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task) == {
        "Status": "SUCCEEDED"
    }
    assert refusal(iam.get_role, RoleName=name)[0] == "NoSuchEntity"
    iam.create_service_linked_role(AWSServiceName="spot.amazonaws.com")
    status = iam.get_service_linked_role_deletion_status
    assert refusal(status, DeletionTaskId=task + "0")[0] == "NoSuchEntity"
    assert refusal(status, DeletionTaskId="nonsense")[0] == "InvalidInput"
    iam.create_role(RoleName="plain", AssumeRolePolicyDocument=TRUST)
    assert refusal(iam.delete_service_linked_role, RoleName="plain")[0] == "NoSuchEntity"


def test_who_may_make_a_service_linked_role(local: LocalCloud) -> None:
    may = allow(
        "iam:CreateServiceLinkedRole",
        StringEquals={"iam:AWSServiceName": "spot.amazonaws.com"},
    )
    iam = local.user("ann", may).iam
    iam.create_service_linked_role(AWSServiceName="spot.amazonaws.com")
    assert (
        "iam:CreateServiceLinkedRole on resource: arn:aws:iam::111122223333:role/aws-service-role/"
        "ecs.amazonaws.com/AWSServiceRoleForECS because"
        in refusal(iam.create_service_linked_role, AWSServiceName="ecs.amazonaws.com")[1]
    )

"""AWS's default quotas, and the sentences that tell of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.services.iam.test_api_policies import document
from tests.services.iam.test_api_principals import ALL_S3, TRUST, refusal

from cloudling.models import constraints, loader
from cloudling.services.iam import quotas
from cloudling.services.iam.errors import LimitExceeded

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

NAME = "The specified value for {} is invalid. It must contain only alphanumeric characters and/or "
NAME += "the following: +=,.@_-"


def test_groups_of_a_user(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_user(UserName="u")
    for number in range(11):
        iam.create_group(GroupName=f"g{number}")
    for number in range(10):
        iam.add_user_to_group(GroupName=f"g{number}", UserName="u")
    iam.add_user_to_group(GroupName="g0", UserName="u")
    assert refusal(iam.add_user_to_group, GroupName="g10", UserName="u") == (
        "LimitExceeded",
        "Cannot exceed quota for GroupsPerUser: 10",
        409,
    )


def test_attached_policies_of_a_user(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_user(UserName="u")
    arns = [policy["Arn"] for policy in iam.list_policies(Scope="AWS", MaxItems=11)["Policies"]]
    for arn in arns[:10]:
        iam.attach_user_policy(UserName="u", PolicyArn=arn)
    iam.attach_user_policy(UserName="u", PolicyArn=arns[0])
    assert refusal(iam.attach_user_policy, UserName="u", PolicyArn=arns[10])[1] == (
        "Cannot exceed quota for PoliciesPerUser: 10"
    )


@pytest.mark.parametrize("quota", [quotas.USERS, quotas.GROUPS, quotas.ROLES, quotas.POLICIES])
def test_of_an_account(
    local: LocalCloud, monkeypatch: pytest.MonkeyPatch, quota: quotas.Quota
) -> None:
    name = next(key for key, value in vars(quotas).items() if value is quota)
    monkeypatch.setattr(quotas, name, quota._replace(most=1))
    iam = local.root().iam
    makers = {
        "USERS": lambda each: iam.create_user(UserName=each),
        "GROUPS": lambda each: iam.create_group(GroupName=each),
        "ROLES": lambda each: iam.create_role(RoleName=each, AssumeRolePolicyDocument=TRUST),
        "POLICIES": lambda each: iam.create_policy(PolicyName=each, PolicyDocument=ALL_S3),
    }
    makers[name]("first")
    assert refusal(lambda: makers[name]("second"))[:2] == (
        "LimitExceeded",
        f"Cannot exceed quota for {quota.name}: 1",
    )


def test_sizes_leave_white_space_out(local: LocalCloud) -> None:
    iam = local.root().iam
    spaced = ALL_S3.replace(" ", " " * 5000)
    iam.create_policy(PolicyName="p", PolicyDocument=spaced)
    large = document(*[f"s3:Get{number:05}" for number in range(500)])
    assert refusal(iam.create_policy, PolicyName="q", PolicyDocument=large)[1] == (
        "Cannot exceed quota for PolicySize: 6144"
    )
    trust = TRUST.replace('"sts:AssumeRole"', "[" + ",".join(['"sts:AssumeRole"'] * 150) + "]")
    assert refusal(iam.create_role, RoleName="r", AssumeRolePolicyDocument=trust)[1] == (
        "Cannot exceed quota for ACLSizePerRole: 2048"
    )


def test_tags(local: LocalCloud) -> None:
    iam = local.root().iam
    tags = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    iam.create_user(UserName="u", Tags=tags)
    iam.tag_user(UserName="u", Tags=[{"Key": "K7", "Value": "new"}])
    listed = iam.list_user_tags(UserName="u", MaxItems=8)
    assert listed["Tags"][7] == {"Key": "K7", "Value": "new"}
    assert refusal(iam.tag_user, UserName="u", Tags=[{"Key": "one-more", "Value": ""}])[0] == (
        "LimitExceeded"
    )
    twice = [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]
    assert refusal(iam.create_user, UserName="v", Tags=twice) == (
        "InvalidInput",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        400,
    )
    assert refusal(iam.get_user, UserName="v")[0] == "NoSuchEntity"


def test_sentences_of_iams_own_for_wrong_characters(local: LocalCloud) -> None:
    iam = local.root().iam
    assert refusal(iam.create_user, UserName="a b")[1] == NAME.format("userName")
    iam.create_user(UserName="a")
    assert refusal(iam.update_user, UserName="a", NewUserName="ü")[1] == NAME.format("newUserName")
    assert refusal(iam.create_user, UserName="b", Path="a")[1] == (
        "The specified value for path is invalid. It must begin and end with / and contain only "
        "alphanumeric characters and/or / characters."
    )
    assert refusal(iam.list_roles, PathPrefix="a")[1] == (
        "The specified value for pathPrefix is invalid. It must begin with the / character and "
        "contain only alphanumeric characters and/or / characters."
    )
    assert refusal(iam.create_policy, PolicyName="p", PolicyDocument="{\u20ac}")[1] == (
        "The specified value for policyDocument is invalid. It must contain only printable ASCII "
        "characters."
    )
    # What can be measured is told first, and alone.
    code, text, _ = refusal(iam.create_user, UserName=" " * 65)
    assert code == "ValidationError"
    assert text.endswith("Member must have length less than or equal to 64")


@given(st.text(min_size=1, max_size=64))
def test_names_take_the_characters_that_aws_names_and_no_others(name: str) -> None:
    allowed = all(sign.isascii() and (sign.isalnum() or sign in "+=,.@_-") for sign in name)
    found = constraints.validator(loader.load("iam"), "CreateGroup")({"GroupName": name})
    assert found == ([] if allowed else [NAME.format("groupName")])


@given(st.integers(0, 20), st.integers(0, 20))
def test_a_quota_is_full_when_it_is_reached(used: int, most: int) -> None:
    quota = quotas.Quota("Things", most)
    if used < most:
        quota.require_room(used)
    else:
        with pytest.raises(LimitExceeded, match=f"Things: {most}"):
            quota.require_room(used)

"""What IAM's operations ask of policies: actions, resources, condition keys; how they refuse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.iam.test_api_policies import document
from tests.services.iam.test_api_principals import ALL_S3, TRUST, refusal

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
FULL_S3 = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
HERE = "arn:aws:iam::111122223333"
ANN = f"User: {HERE}:user/ann is not authorized to perform: iam:"


def when(operator: str, *actions: str, **keys: Any) -> str:
    """A policy that allows the actions under a condition; `aws__TagKeys` stands for aws:TagKeys."""
    named = {key.replace("__", ":"): value for key, value in keys.items()}
    return document(*actions, Condition={operator: named})


@pytest.mark.parametrize(
    ("method", "request_", "told"),
    [
        ("create_user", {"UserName": "x", "Path": "/a/"}, f"{HERE}:user/a/x"),
        ("create_group", {"GroupName": "x"}, f"{HERE}:group/x"),
        ("create_role", {"RoleName": "x", "AssumeRolePolicyDocument": TRUST}, f"{HERE}:role/x"),
        ("create_policy", {"PolicyName": "x", "PolicyDocument": ALL_S3}, "policy x"),
        ("get_user", {"UserName": "x"}, "user x"),
        ("get_user", {}, "user ann"),
        ("delete_group", {"GroupName": "x"}, "group x"),
        ("get_role", {"RoleName": "x"}, "role x"),
        ("attach_user_policy", {"UserName": "x", "PolicyArn": READ_ONLY}, "user x"),
        ("get_policy", {"PolicyArn": READ_ONLY}, f"policy {READ_ONLY}"),
        ("list_users", {}, f"{HERE}:user/"),
        ("list_groups", {}, f"{HERE}:group/"),
        ("list_roles", {}, f"{HERE}:role/"),
        ("list_policies", {}, "policy path /"),
    ],
)
def test_denials_name_things_as_iam_does(
    local: LocalCloud, method: str, request_: dict[str, Any], told: str
) -> None:
    action = "".join(word.title() for word in method.split("_"))
    ann = local.user("ann")
    assert refusal(getattr(ann.iam, method), **request_) == (
        "AccessDenied",
        f"{ANN}{action} on resource: {told} because no identity-based policy allows the "
        f"iam:{action} action",
        403,
    )


def test_attaching_may_be_limited_to_a_policy(local: LocalCloud) -> None:
    policy = when("ArnEquals", "iam:Attach*", "iam:Detach*", iam__PolicyARN=READ_ONLY)
    ann = local.user("ann", policy)
    ann.iam.attach_user_policy(UserName="ann", PolicyArn=READ_ONLY)
    ann.iam.detach_user_policy(UserName="ann", PolicyArn=READ_ONLY)
    assert refusal(ann.iam.attach_user_policy, UserName="ann", PolicyArn=FULL_S3)[0] == (
        "AccessDenied"
    )


def test_new_principals_may_be_held_to_a_boundary(local: LocalCloud) -> None:
    policy = when(
        "StringEquals", "iam:CreateUser", "iam:PutUserPolicy", iam__PermissionsBoundary=READ_ONLY
    )
    ann = local.user("ann", policy)
    assert refusal(ann.iam.create_user, UserName="eve")[0] == "AccessDenied"
    ann.iam.create_user(UserName="eve", PermissionsBoundary=READ_ONLY)
    inline = {"PolicyName": "p", "PolicyDocument": ALL_S3}
    ann.iam.put_user_policy(UserName="eve", **inline)
    assert refusal(ann.iam.put_user_policy, UserName="ann", **inline)[0] == "AccessDenied"


def test_tags_that_are_asked_for(local: LocalCloud) -> None:
    policy = when(
        "ForAllValues:StringEquals", "iam:CreateUser", "iam:TagUser", aws__TagKeys=["team"]
    )
    ann = local.user("ann", policy, document("iam:UntagUser"))
    ann.iam.create_user(UserName="eve", Tags=[{"Key": "team", "Value": "red"}])
    other = [{"Key": "cost", "Value": "1"}]
    assert refusal(ann.iam.create_user, UserName="bob", Tags=other)[0] == "AccessDenied"
    assert refusal(ann.iam.tag_user, UserName="eve", Tags=other)[0] == "AccessDenied"


def test_making_with_tags_needs_the_right_to_tag(local: LocalCloud) -> None:
    ann = local.user("ann", document("iam:CreateUser", "iam:CreatePolicy"))
    tags = [{"Key": "team", "Value": "red"}]
    assert refusal(ann.iam.create_user, UserName="eve", Tags=tags)[1] == (
        f"{ANN}TagUser on resource: {HERE}:user/eve because no identity-based policy allows the "
        "iam:TagUser action"
    )
    text = refusal(ann.iam.create_policy, PolicyName="p", PolicyDocument=ALL_S3, Tags=tags)[1]
    assert text.startswith(f"{ANN}TagPolicy on resource: policy p because")
    assert refusal(local.root().iam.get_user, UserName="eve")[0] == "NoSuchEntity"


def test_tags_of_the_resource_and_of_the_principal(local: LocalCloud) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "iam:GetUser",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/Team}"}},
        },
    }
    ann, root = local.user("ann", json.dumps(policy)), local.root().iam
    root.create_user(UserName="bob", Tags=[{"Key": "Team", "Value": "red"}])
    assert refusal(ann.iam.get_user, UserName="bob")[0] == "AccessDenied"
    root.tag_user(UserName="ann", Tags=[{"Key": "team", "Value": "red"}])
    assert ann.iam.get_user(UserName="bob")["User"]["UserName"] == "bob"
    root.tag_user(UserName="ann", Tags=[{"Key": "TEAM", "Value": "blue"}])
    assert refusal(ann.iam.get_user, UserName="bob")[0] == "AccessDenied"


def test_renaming_asks_for_both_names(local: LocalCloud) -> None:
    ann = local.user("ann", document("iam:UpdateUser", resource=f"{HERE}:user/old"))
    local.root().iam.create_user(UserName="old")
    assert refusal(ann.iam.update_user, UserName="old", NewUserName="new")[1].startswith(
        f"{ANN}UpdateUser on resource: user new because"
    )


def test_the_own_name_may_be_left_out_by_users_only(local: LocalCloud) -> None:
    ann = local.user("ann", document("iam:*AccessKey*", resource=f"{HERE}:user/ann"))
    assert len(ann.iam.list_access_keys()["AccessKeyMetadata"]) == 1
    root = local.root().iam
    root.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    bob = local.user("bob", document("sts:AssumeRole"))
    answer = bob.sts.assume_role(RoleArn=f"{HERE}:role/r", RoleSessionName="session")
    session = local.session(answer["Credentials"])
    for method in (session.iam.get_user, session.iam.create_access_key):
        assert refusal(method) == (
            "ValidationError",
            "Must specify userName when calling with non-User credentials",
            400,
        )


def test_keys_of_another_account_are_out_of_reach(local: LocalCloud) -> None:
    local.user("ann", account="444455556666")
    theirs = local.root("444455556666").iam.list_access_keys(UserName="ann")
    key = theirs["AccessKeyMetadata"][0]["AccessKeyId"]
    root = local.root().iam
    root.create_user(UserName="ann")
    assert root.list_access_keys(UserName="ann")["AccessKeyMetadata"] == []
    for call, more in (
        (root.delete_access_key, {}),
        (root.update_access_key, {"Status": "Active"}),
    ):
        code, text, _ = refusal(call, UserName="ann", AccessKeyId=key, **more)
        assert (code, text) == ("NoSuchEntity", f"The Access Key with id {key} cannot be found.")


def test_what_is_created_for_a_tagged_user_is_asked_by_the_users_tags(local: LocalCloud) -> None:
    by_team = when("StringEquals", "iam:CreateAccessKey", aws__ResourceTag_team="red")
    ann = local.user("ann", by_team.replace("Tag_team", "Tag/team")).iam
    for name, team in (("bob", "red"), ("eve", "blue")):
        tags = [{"Key": "team", "Value": team}]
        local.root().iam.create_user(UserName=name, Tags=tags)
    ann.create_access_key(UserName="bob")
    assert refusal(ann.create_access_key, UserName="eve")[0] == "AccessDenied"

"""Users, groups, roles and keys through the in-process client."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from cloudling.kernel import AwsError

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
ALL_S3 = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
)


def refusal(call: Any, **request: Any) -> tuple[str, str, int]:
    """Code, text and status of the error that a call ends with."""
    with pytest.raises(AwsError) as caught:
        call(**request)
    # Each authorization ID is another one.
    text = caught.value.text.partition(". Go to https://")[0]
    return caught.value.error_code, text, caught.value.http_status


def test_a_user_from_making_to_removing(local: LocalCloud) -> None:
    iam = local.root().iam
    made = iam.create_user(UserName="Ann", Path="/staff/", Tags=[{"Key": "team", "Value": "red"}])
    user = made["User"]
    assert user["Arn"] == "arn:aws:iam::111122223333:user/staff/Ann"
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", user["UserId"])
    assert user["Tags"] == [{"Key": "team", "Value": "red"}]
    assert iam.get_user(UserName="Ann")["User"] == user
    assert [each["UserName"] for each in iam.list_users()["Users"]] == ["Ann"]
    assert iam.list_users(PathPrefix="/other/")["Users"] == []
    iam.update_user(UserName="Ann", NewUserName="Anna", NewPath="/")
    assert iam.get_user(UserName="anna")["User"]["Arn"].endswith(":user/Anna")
    assert iam.list_user_tags(UserName="Anna")["Tags"] == [{"Key": "team", "Value": "red"}]
    iam.untag_user(UserName="Anna", TagKeys=["team"])
    iam.tag_user(UserName="Anna", Tags=[{"Key": "x", "Value": "1"}])
    assert iam.list_user_tags(UserName="Anna")["Tags"] == [{"Key": "x", "Value": "1"}]
    iam.delete_user(UserName="Anna")
    assert refusal(iam.get_user, UserName="Anna") == (
        "NoSuchEntity",
        "The user with name Anna cannot be found.",
        404,
    )


def test_names_are_taken_whatever_their_case(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_user(UserName="bob")
    assert refusal(iam.create_user, UserName="BOB") == (
        "EntityAlreadyExists",
        "User with name BOB already exists.",
        409,
    )
    local.root("444455556666").iam.create_user(UserName="bob")  # another account's


def test_root_is_told_as_a_user(local: LocalCloud) -> None:
    told = local.root().iam.get_user()["User"]
    assert told["Arn"] == "arn:aws:iam::111122223333:root"
    assert told["UserId"] == "111122223333"


def test_deleting_wants_everything_gone_first(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=ALL_S3)
    iam.attach_user_policy(UserName="u", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    for text, undo in (
        (
            "must delete access keys",
            lambda: iam.delete_access_key(UserName="u", AccessKeyId=key["AccessKeyId"]),
        ),
        (
            "must detach all policies",
            lambda: iam.detach_user_policy(
                UserName="u", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"
            ),
        ),
        ("must delete policies", lambda: iam.delete_user_policy(UserName="u", PolicyName="p")),
        (
            "must remove users from group",
            lambda: iam.remove_user_from_group(GroupName="g", UserName="u"),
        ),
    ):
        code, told, status = refusal(iam.delete_user, UserName="u")
        assert (code, told, status) == (
            "DeleteConflict",
            f"Cannot delete entity, {text} first.",
            409,
        )
        undo()
    iam.delete_user(UserName="u")
    iam.delete_group(GroupName="g")


def test_renaming_takes_keys_policies_and_memberships_along(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_user(UserName="old")
    iam.create_group(GroupName="team")
    iam.add_user_to_group(GroupName="team", UserName="old")
    iam.put_user_policy(UserName="old", PolicyName="p", PolicyDocument=ALL_S3)
    iam.attach_user_policy(UserName="old", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    iam.create_access_key(UserName="old")
    iam.update_user(UserName="old", NewUserName="new")
    iam.update_group(GroupName="team", NewGroupName="crew")
    assert iam.list_user_policies(UserName="new")["PolicyNames"] == ["p"]
    assert len(iam.list_attached_user_policies(UserName="new")["AttachedPolicies"]) == 1
    assert len(iam.list_access_keys(UserName="new")["AccessKeyMetadata"]) == 1
    groups = iam.list_groups_for_user(UserName="new")["Groups"]
    assert [group["GroupName"] for group in groups] == ["crew"]
    assert [user["UserName"] for user in iam.get_group(GroupName="crew")["Users"]] == ["new"]
    assert iam.list_groups()["Groups"][0]["GroupName"] == "crew"


def test_two_access_keys_and_the_secret_once(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_user(UserName="u")
    keys = [iam.create_access_key(UserName="u")["AccessKey"] for _ in range(2)]
    assert all(re.fullmatch(r"AKIA[A-Z2-7]{16}", key["AccessKeyId"]) for key in keys)
    assert all(len(key["SecretAccessKey"]) == 40 for key in keys)
    assert refusal(iam.create_access_key, UserName="u")[:2] == (
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
    )
    listed = iam.list_access_keys(UserName="u")["AccessKeyMetadata"]
    assert not any("SecretAccessKey" in each for each in listed)
    found = local.root().sts.get_access_key_info(AccessKeyId=keys[0]["AccessKeyId"])
    assert found == {"Account": "111122223333"}
    iam.update_access_key(UserName="u", AccessKeyId=keys[0]["AccessKeyId"], Status="Inactive")
    assert local.run(local.cloud.credentials.find(keys[0]["AccessKeyId"], "")) is None
    assert local.run(local.cloud.credentials.find(keys[1]["AccessKeyId"], "")) is not None
    code, text, _ = refusal(iam.delete_access_key, UserName="u", AccessKeyId="A" * 20)
    assert (code, text) == (
        "NoSuchEntity",
        f"The Access Key with id {'A' * 20} cannot be found.",
    )


def test_a_role_and_its_trust(local: LocalCloud) -> None:
    iam = local.root().iam
    made = iam.create_role(
        RoleName="r", AssumeRolePolicyDocument=TRUST, Description="d", MaxSessionDuration=7200
    )["Role"]
    assert made["Arn"] == "arn:aws:iam::111122223333:role/r"
    assert json.loads(unquote(made["AssumeRolePolicyDocument"])) == json.loads(TRUST)
    told = iam.get_role(RoleName="r")["Role"]
    assert (told["MaxSessionDuration"], told["Description"]) == (7200, "d")
    assert told["RoleLastUsed"] == {}
    iam.update_role(RoleName="r", Description="e", MaxSessionDuration=3600)
    iam.update_role_description(RoleName="r", Description="f")
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=TRUST.replace(":root", ":root"))
    iam.tag_role(RoleName="r", Tags=[{"Key": "k", "Value": "v"}])
    assert iam.list_role_tags(RoleName="r")["Tags"] == [{"Key": "k", "Value": "v"}]
    iam.untag_role(RoleName="r", TagKeys=["k"])
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["r"]
    assert iam.list_instance_profiles_for_role(RoleName="r")["InstanceProfiles"] == []
    iam.delete_role(RoleName="r")
    assert refusal(iam.get_role, RoleName="r")[0] == "NoSuchEntity"


def test_trust_must_name_principals_that_exist(local: LocalCloud) -> None:
    unknown = TRUST.replace(":root", ":user/nobody")
    code, text, _ = refusal(
        local.root().iam.create_role, RoleName="r", AssumeRolePolicyDocument=unknown
    )
    assert code == "MalformedPolicyDocument"
    assert text == ('Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/nobody"')


BOUNDED = {
    "user": ("put_user_permissions_boundary", "delete_user_permissions_boundary"),
    "role": ("put_role_permissions_boundary", "delete_role_permissions_boundary"),
}


@pytest.mark.parametrize("kind", ["user", "role"])
def test_a_boundary_limits(local: LocalCloud, kind: str) -> None:
    iam = local.root().iam
    put, delete = (getattr(iam, each) for each in BOUNDED[kind])
    if kind == "user":
        iam.create_user(UserName="x")
    else:
        iam.create_role(RoleName="x", AssumeRolePolicyDocument=TRUST)
    name = {f"{kind.title()}Name": "x"}
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    missing = "arn:aws:iam::111122223333:policy/none"
    assert refusal(put, PermissionsBoundary=missing, **name) == (
        "NoSuchEntity",
        f"Scope ARN: {missing} does not exist or is not attachable.",
        404,
    )
    put(PermissionsBoundary=boundary, **name)
    used = iam.get_policy(PolicyArn=boundary)["Policy"]
    assert (used["AttachmentCount"], used["PermissionsBoundaryUsageCount"]) == (0, 1)
    by_usage = iam.list_policies(PolicyUsageFilter="PermissionsBoundary")["Policies"]
    assert [each["Arn"] for each in by_usage] == [boundary]
    assert iam.list_policies(PolicyUsageFilter="PermissionsPolicy")["Policies"] == []
    listed = iam.list_entities_for_policy(PolicyArn=boundary, EntityFilter=kind.title())
    assert [each[f"{kind.title()}Name"] for each in listed[f"Policy{kind.title()}s"]] == ["x"]
    told = getattr(iam, f"get_{kind}")(**name)[kind.title()]
    assert told["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    delete(**name)
    assert refusal(delete, **name)[0] == "NoSuchEntity"


def test_pages(local: LocalCloud) -> None:
    iam = local.root().iam
    for number in range(5):
        iam.create_user(UserName=f"u{number}")
    seen, more = [], {}
    while True:
        page = iam.list_users(MaxItems=2, **more)
        seen += [user["UserName"] for user in page["Users"]]
        if not page["IsTruncated"]:
            break
        more = {"Marker": page["Marker"]}
    assert seen == ["u0", "u1", "u2", "u3", "u4"]
    assert refusal(iam.list_users, Marker="wrong")[0] == "ValidationError"


def test_bad_input_is_told_in_awss_words(local: LocalCloud) -> None:
    code, text, status = refusal(local.root().iam.create_user, UserName="x" * 65)
    assert (code, status) == ("ValidationError", 400)
    assert text == (
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member "
        "must have length less than or equal to 64"
    )

"""Every operation once by boto3 over HTTP: lists, truth values and times as clients parse them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.services.iam.test_api_principals import ALL_S3

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

TAGS = [{"Key": "Team", "Value": "rød + blå"}, {"Key": "empty", "Value": ""}]
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def trust(principal: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        yield running


@pytest.fixture(scope="module")
def account(cloud: RunningCloud) -> str:
    found: str = cloud.client("sts").get_caller_identity()["Account"]
    return found


@pytest.fixture(scope="module")
def iam(cloud: RunningCloud) -> Any:
    return cloud.client("iam")


def refusal(call: Any, **request: Any) -> tuple[str, str, int]:
    """Code, text and status of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return answer["Error"]["Code"], answer["Error"]["Message"], status


def test_a_user(iam: Any) -> None:
    made = iam.create_user(UserName="wire", Path="/a/b/", Tags=TAGS)["User"]
    assert isinstance(made["CreateDate"], datetime)
    assert made["Tags"] == TAGS
    told = iam.get_user(UserName="WIRE")["User"]
    assert told == made
    assert "PasswordLastUsed" not in told
    page = iam.list_users(PathPrefix="/a/")
    assert page["IsTruncated"] is False
    assert [set(each) for each in page["Users"]] == [
        {"Path", "UserName", "UserId", "Arn", "CreateDate"}
    ]
    assert iam.list_user_tags(UserName="wire")["Tags"] == TAGS
    iam.tag_user(UserName="wire", Tags=[{"Key": "team", "Value": "green"}])
    iam.untag_user(UserName="wire", TagKeys=["EMPTY", "absent"])
    assert iam.list_user_tags(UserName="wire")["Tags"] == [{"Key": "team", "Value": "green"}]
    iam.put_user_permissions_boundary(UserName="wire", PermissionsBoundary=READ_ONLY)
    assert iam.get_user(UserName="wire")["User"]["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": READ_ONLY,
    }
    iam.delete_user_permissions_boundary(UserName="wire")
    iam.update_user(UserName="wire", NewUserName="Cable")
    iam.delete_user(UserName="cable")


def test_roots_own_user(iam: Any, account: str) -> None:
    told = iam.get_user()["User"]
    assert told["Arn"] == f"arn:aws:iam::{account}:root"
    assert told["UserId"] == account


def test_access_keys(iam: Any, cloud: RunningCloud) -> None:
    iam.create_user(UserName="keys")
    made = iam.create_access_key(UserName="keys")["AccessKey"]
    assert made["Status"] == "Active"
    own = {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
    }
    sts = cloud.client("sts", **own)
    assert sts.get_caller_identity()["Arn"].endswith(":user/keys")
    listed = iam.list_access_keys(UserName="keys")["AccessKeyMetadata"]
    assert [set(each) for each in listed] == [{"UserName", "AccessKeyId", "Status", "CreateDate"}]
    change = {"UserName": "keys", "AccessKeyId": made["AccessKeyId"]}
    iam.update_access_key(**change, Status="Inactive")
    code, text, status = refusal(sts.get_caller_identity)
    assert (code, status) == ("InvalidClientTokenId", 403)
    assert text.startswith("The security token included in the request is invalid.")
    iam.delete_access_key(**change)
    assert iam.list_access_keys(UserName="keys")["AccessKeyMetadata"] == []
    iam.delete_user(UserName="keys")


def test_a_group(iam: Any) -> None:
    group = iam.create_group(GroupName="crew", Path="/g/")["Group"]
    assert isinstance(group["CreateDate"], datetime)
    iam.create_user(UserName="member")
    iam.add_user_to_group(GroupName="crew", UserName="member")
    told = iam.get_group(GroupName="Crew")
    assert told["Group"] == group
    assert [user["UserName"] for user in told["Users"]] == ["member"]
    assert iam.list_groups(PathPrefix="/g")["Groups"] == [group]
    assert iam.list_groups_for_user(UserName="member")["Groups"] == [group]
    iam.update_group(GroupName="crew", NewPath="/")
    iam.remove_user_from_group(GroupName="crew", UserName="member")
    iam.delete_group(GroupName="crew")
    iam.delete_user(UserName="member")


def test_a_role(iam: Any, account: str) -> None:
    root = trust(f"arn:aws:iam::{account}:root")
    made = iam.create_role(
        RoleName="wire", AssumeRolePolicyDocument=root, Tags=TAGS, PermissionsBoundary=READ_ONLY
    )["Role"]
    assert made["AssumeRolePolicyDocument"] == json.loads(root)
    told = iam.get_role(RoleName="wire")["Role"]
    assert told["RoleLastUsed"] == {}
    assert told["MaxSessionDuration"] == 3600
    assert told["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    listed = [role for role in iam.list_roles()["Roles"] if role["RoleName"] == "wire"]
    assert {"Tags", "RoleLastUsed", "PermissionsBoundary"}.isdisjoint(listed[0])
    iam.update_role(RoleName="wire", Description="a", MaxSessionDuration=7200)
    changed = iam.update_role_description(RoleName="wire", Description="b")["Role"]
    assert (changed["Description"], changed["MaxSessionDuration"]) == ("b", 7200)
    iam.update_assume_role_policy(RoleName="wire", PolicyDocument=trust(account))
    iam.tag_role(RoleName="wire", Tags=[{"Key": "x", "Value": "y"}])
    iam.untag_role(RoleName="wire", TagKeys=["Team", "empty"])
    assert iam.list_role_tags(RoleName="wire")["Tags"] == [{"Key": "x", "Value": "y"}]
    iam.delete_role_permissions_boundary(RoleName="wire")
    iam.put_role_permissions_boundary(RoleName="wire", PermissionsBoundary=READ_ONLY)
    assert iam.list_instance_profiles_for_role(RoleName="wire")["InstanceProfiles"] == []
    iam.delete_role(RoleName="wire")


def test_inline_policies(iam: Any, account: str) -> None:
    iam.create_user(UserName="inline")
    iam.create_group(GroupName="inline")
    iam.create_role(RoleName="inline", AssumeRolePolicyDocument=trust(account))
    policy = {"PolicyName": "p", "PolicyDocument": ALL_S3}
    iam.put_user_policy(UserName="inline", **policy)
    iam.put_group_policy(GroupName="inline", **policy)
    iam.put_role_policy(RoleName="inline", **policy)
    for told in (
        iam.get_user_policy(UserName="inline", PolicyName="p"),
        iam.get_group_policy(GroupName="inline", PolicyName="p"),
        iam.get_role_policy(RoleName="inline", PolicyName="p"),
    ):
        assert told["PolicyDocument"] == json.loads(ALL_S3)
    assert iam.list_user_policies(UserName="inline")["PolicyNames"] == ["p"]
    assert iam.list_group_policies(GroupName="inline")["PolicyNames"] == ["p"]
    assert iam.list_role_policies(RoleName="inline")["PolicyNames"] == ["p"]
    iam.delete_user_policy(UserName="inline", PolicyName="p")
    iam.delete_group_policy(GroupName="inline", PolicyName="p")
    iam.delete_role_policy(RoleName="inline", PolicyName="p")
    iam.delete_user(UserName="inline")
    iam.delete_group(GroupName="inline")
    iam.delete_role(RoleName="inline")


def test_attached_policies(iam: Any, account: str) -> None:
    iam.create_user(UserName="attached")
    iam.create_group(GroupName="attached")
    iam.create_role(RoleName="attached", AssumeRolePolicyDocument=trust(account))
    iam.attach_user_policy(UserName="attached", PolicyArn=READ_ONLY)
    iam.attach_group_policy(GroupName="attached", PolicyArn=READ_ONLY)
    iam.attach_role_policy(RoleName="attached", PolicyArn=READ_ONLY)
    listed = [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}]
    assert iam.list_attached_user_policies(UserName="attached")["AttachedPolicies"] == listed
    assert iam.list_attached_group_policies(GroupName="attached")["AttachedPolicies"] == listed
    assert iam.list_attached_role_policies(RoleName="attached")["AttachedPolicies"] == listed
    told = iam.list_entities_for_policy(PolicyArn=READ_ONLY)
    assert [each["UserName"] for each in told["PolicyUsers"]] == ["attached"]
    assert [each["GroupName"] for each in told["PolicyGroups"]] == ["attached"]
    assert [each["RoleName"] for each in told["PolicyRoles"]] == ["attached"]
    iam.detach_user_policy(UserName="attached", PolicyArn=READ_ONLY)
    iam.detach_group_policy(GroupName="attached", PolicyArn=READ_ONLY)
    iam.detach_role_policy(RoleName="attached", PolicyArn=READ_ONLY)
    iam.delete_user(UserName="attached")
    iam.delete_group(GroupName="attached")
    iam.delete_role(RoleName="attached")


def test_a_managed_policy(iam: Any, account: str) -> None:
    made = iam.create_policy(PolicyName="wire", PolicyDocument=ALL_S3, Tags=TAGS)["Policy"]
    arn = made["Arn"]
    assert arn == f"arn:aws:iam::{account}:policy/wire"
    assert made["Tags"] == TAGS
    assert made["IsAttachable"] is True
    assert isinstance(made["UpdateDate"], datetime)
    version = iam.create_policy_version(PolicyArn=arn, PolicyDocument=ALL_S3)["PolicyVersion"]
    assert (version["VersionId"], version["IsDefaultVersion"]) == ("v2", False)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    listed = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [(each["VersionId"], each["IsDefaultVersion"]) for each in listed] == [
        ("v2", True),
        ("v1", False),
    ]
    told = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert told["Document"] == json.loads(ALL_S3)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    assert [each["Arn"] for each in iam.list_policies(Scope="Local")["Policies"]] == [arn]
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "x", "Value": "y"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["team", "empty"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "x", "Value": "y"}]
    iam.delete_policy(PolicyArn=arn)


def test_pages_by_boto3s_own_paginator(iam: Any) -> None:
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={})
    names = [policy["PolicyName"] for page in pages for policy in page["Policies"]]
    assert len(names) == len(set(names)) > 1400


def test_errors_as_clients_see_them(iam: Any) -> None:
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName="nobody")
    assert refusal(iam.create_user, UserName="a/b") == (
        "ValidationError",
        "The specified value for userName is invalid. It must contain only alphanumeric "
        "characters and/or the following: +=,.@_-",
        400,
    )
    assert refusal(iam.list_server_certificates)[::2] == ("NotImplemented", 501)


def test_who_calls_and_whose_a_key_is(cloud: RunningCloud, account: str) -> None:
    sts = cloud.client("sts")
    assert sts.get_caller_identity()["UserId"] == account
    key = cloud.client("iam").create_access_key()["AccessKey"]["AccessKeyId"]
    assert sts.get_access_key_info(AccessKeyId=key)["Account"] == account


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-southeast-2"])
def test_a_session_in_any_region(cloud: RunningCloud, account: str, region: str) -> None:
    name = f"assumed-{region}"
    cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust(account))
    answer = cloud.client("sts", region_name=region).assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{name}",
        RoleSessionName="session",
        MinimumSessionTokenSize=4096,
    )
    credentials = answer["Credentials"]
    assert isinstance(credentials["Expiration"], datetime)
    assert len(credentials["SessionToken"]) >= 4096
    assert "PackedPolicySize" not in answer
    session = cloud.client(
        "sts",
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    assert session.get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"]


def test_the_secret_of_another_opens_nothing(cloud: RunningCloud) -> None:
    wrong = cloud.client("sts", aws_secret_access_key="guess")
    with pytest.raises(wrong.exceptions.ClientError, match="SignatureDoesNotMatch"):
        wrong.get_caller_identity()


def test_malformed_documents_are_told_without_the_code_twice(cloud: RunningCloud) -> None:
    iam = cloud.client("iam")
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException) as caught:
        iam.create_policy(PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17"}))
    text = caught.value.response["Error"]["Message"]
    assert text == "Syntax errors in policy."

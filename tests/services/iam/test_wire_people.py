"""Instance profiles, passwords, MFA and the account's own operations by boto3 over HTTP."""

from __future__ import annotations

import base64
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.iam.test_wire import TAGS, refusal, trust

from cloudling.kernel.clock import ManualClock
from cloudling.services.iam import mfa
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    # Clients sign with the time of their machine; codes hold however long the calls take.
    return ManualClock(time.time())


@pytest.fixture(scope="module")
def cloud(clock: ManualClock) -> Iterator[RunningCloud]:
    with RunningCloud(clock=clock) as running:
        yield running


@pytest.fixture(scope="module")
def account(cloud: RunningCloud) -> str:
    found: str = cloud.client("sts").get_caller_identity()["Account"]
    return found


@pytest.fixture
def iam(cloud: RunningCloud) -> Any:
    return cloud.client("iam")


def test_an_instance_profile(iam: Any, account: str) -> None:
    name = {"InstanceProfileName": "web"}
    made = iam.create_instance_profile(**name, Path="/a/", Tags=TAGS)["InstanceProfile"]
    assert made["Roles"] == []
    assert made["Tags"] == TAGS
    iam.create_role(
        RoleName="profiled", AssumeRolePolicyDocument=trust(f"arn:aws:iam::{account}:root")
    )
    iam.add_role_to_instance_profile(**name, RoleName="profiled")
    told = iam.get_instance_profile(**name)["InstanceProfile"]
    assert told["Roles"][0]["AssumeRolePolicyDocument"]["Version"] == "2012-10-17"
    assert isinstance(told["CreateDate"], datetime)
    assert len(iam.list_instance_profiles(PathPrefix="/a/")["InstanceProfiles"]) == 1
    assert len(iam.list_instance_profiles_for_role(RoleName="profiled")["InstanceProfiles"]) == 1
    found = iam.get_waiter("instance_profile_exists")
    found.wait(**name, WaiterConfig={"MaxAttempts": 1})
    iam.tag_instance_profile(**name, Tags=[{"Key": "new", "Value": ""}])
    iam.untag_instance_profile(**name, TagKeys=["team", "empty"])
    assert iam.list_instance_profile_tags(**name)["Tags"] == [{"Key": "new", "Value": ""}]
    iam.remove_role_from_instance_profile(**name, RoleName="profiled")
    iam.delete_instance_profile(**name)
    iam.delete_role(RoleName="profiled")


def test_a_service_linked_role(iam: Any) -> None:
    made = iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")["Role"]
    assert made["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {
        "Service": ["ecs.amazonaws.com"]
    }
    task = iam.delete_service_linked_role(RoleName=made["RoleName"])["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"


def test_a_password(iam: Any, cloud: RunningCloud) -> None:
    iam.update_account_password_policy(MinimumPasswordLength=10, AllowUsersToChangePassword=True)
    policy = iam.get_account_password_policy()["PasswordPolicy"]
    assert policy["MinimumPasswordLength"] == 10
    assert policy["ExpirePasswords"] is False
    keys = cloud.user("reader")
    code, _, status = refusal(iam.create_login_profile, UserName="reader", Password="short")
    assert (code, status) == ("PasswordPolicyViolation", 400)
    made = iam.create_login_profile(UserName="reader", Password="long enough")["LoginProfile"]
    assert made["PasswordResetRequired"] is False
    iam.update_login_profile(UserName="reader", PasswordResetRequired=True)
    own = cloud.client("iam", **keys)
    key = {"AccessKeyId": keys["aws_access_key_id"]}
    own.change_password(OldPassword="long enough", NewPassword="even longer")
    assert refusal(own.change_password, OldPassword="long enough", NewPassword="x")[0] == (
        "AccessDenied"
    )
    told = iam.get_login_profile(UserName="reader")["LoginProfile"]
    assert told["PasswordResetRequired"] is False
    used = iam.get_access_key_last_used(**key)
    assert used["UserName"] == "reader"
    assert used["AccessKeyLastUsed"]["ServiceName"] == "iam"
    assert isinstance(used["AccessKeyLastUsed"]["LastUsedDate"], datetime)
    iam.delete_login_profile(UserName="reader")
    iam.delete_access_key(UserName="reader", **key)
    iam.delete_user(UserName="reader")
    iam.delete_account_password_policy()
    assert refusal(iam.get_account_password_policy)[::2] == ("NoSuchEntity", 404)


def codes(device: dict[str, Any], first: int) -> dict[str, str]:
    seed = base64.b32decode(device["Base32StringSeed"])
    return {
        "AuthenticationCode1": mfa.code_at(seed, first),
        "AuthenticationCode2": mfa.code_at(seed, first + 1),
    }


def test_an_mfa_device(iam: Any, clock: ManualClock) -> None:
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone", Tags=TAGS)
    device = made["VirtualMFADevice"]
    serial = {"SerialNumber": device["SerialNumber"]}
    assert device["QRCodePNG"].startswith(b"\x89PNG")
    assert len(device["Base32StringSeed"]) == 64
    iam.create_user(UserName="caller")
    step = int(clock.now() // mfa.STEP)
    wrong = codes(device, step - 500)
    assert refusal(iam.enable_mfa_device, UserName="caller", **serial, **wrong)[::2] == (
        "InvalidAuthenticationCode",
        403,
    )
    iam.enable_mfa_device(UserName="caller", **serial, **codes(device, step))
    assert [set(each) for each in iam.list_mfa_devices(UserName="caller")["MFADevices"]] == [
        {"UserName", "SerialNumber", "EnableDate"}
    ]
    assert iam.get_mfa_device(**serial)["UserName"] == "caller"
    listed = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert [each["User"]["UserName"] for each in listed] == ["caller"]
    iam.resync_mfa_device(UserName="caller", **serial, **codes(device, step + 100))
    iam.tag_mfa_device(**serial, Tags=[{"Key": "new", "Value": "v"}])
    iam.untag_mfa_device(**serial, TagKeys=["team", "empty"])
    assert iam.list_mfa_device_tags(**serial)["Tags"] == [{"Key": "new", "Value": "v"}]
    iam.deactivate_mfa_device(UserName="caller", **serial)
    iam.delete_virtual_mfa_device(**serial)
    iam.delete_user(UserName="caller")


def test_what_users_cannot_have_yet(iam: Any) -> None:
    iam.create_user(UserName="bare")
    assert iam.list_ssh_public_keys(UserName="bare")["SSHPublicKeys"] == []
    assert iam.list_signing_certificates(UserName="bare")["Certificates"] == []
    found = iam.list_service_specific_credentials(UserName="bare")
    assert found["ServiceSpecificCredentials"] == []
    iam.delete_user(UserName="bare")


def test_the_account(iam: Any) -> None:
    iam.create_account_alias(AccountAlias="our-cloud")
    assert iam.list_account_aliases()["AccountAliases"] == ["our-cloud"]
    iam.delete_account_alias(AccountAlias="our-cloud")
    assert iam.get_account_summary()["SummaryMap"]["UsersQuota"] == 5000
    iam.create_user(UserName="listed")
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        Filter=["User"], PaginationConfig={"PageSize": 1}
    )
    names = [user["UserName"] for page in pages for user in page["UserDetailList"]]
    assert names == ["listed"]
    assert refusal(iam.get_credential_report)[::2] == ("ReportNotPresent", 410)
    assert iam.generate_credential_report()["State"] == "STARTED"
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    assert b"\nlisted,arn:aws:iam::" in report["Content"]
    iam.delete_user(UserName="listed")

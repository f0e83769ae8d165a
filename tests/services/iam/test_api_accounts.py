"""Alias, summary, authorization details, credential report and last use, in process."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.services.iam.test_api_instance_profiles import allow
from tests.services.iam.test_api_mfa import Phone
from tests.services.iam.test_api_principals import ALL_S3, TRUST, refusal

from cloudling.services.iam import credential_reports
from cloudling.services.iam.call import IamCall

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
UNUSED = {"ServiceName": "N/A", "Region": "N/A"}


def test_an_alias(local: LocalCloud) -> None:
    iam = local.root().iam
    assert iam.list_account_aliases() == {"AccountAliases": [], "IsTruncated": False}
    iam.create_account_alias(AccountAlias="first")
    iam.create_account_alias(AccountAlias="second")
    assert iam.list_account_aliases()["AccountAliases"] == ["second"]
    other = local.root("444455556666").iam
    assert refusal(other.create_account_alias, AccountAlias="second") == (
        "EntityAlreadyExists",
        "The account alias second already exists.",
        409,
    )
    other.create_account_alias(AccountAlias="first")
    assert refusal(iam.delete_account_alias, AccountAlias="first") == (
        "NoSuchEntity",
        "The account alias first cannot be found.",
        404,
    )
    assert refusal(iam.create_account_alias, AccountAlias="No--Good")[0] == "ValidationError"
    iam.delete_account_alias(AccountAlias="second")
    assert iam.list_account_aliases()["AccountAliases"] == []


def test_a_summary(local: LocalCloud) -> None:
    iam = local.root().iam
    empty = iam.get_account_summary()["SummaryMap"]
    assert {name: empty[name] for name in ("UsersQuota", "GroupsQuota", "RolesQuota")} == {
        "UsersQuota": 5000,
        "GroupsQuota": 300,
        "RolesQuota": 1000,
    }
    assert len(empty) == 34
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    iam.create_policy(PolicyName="p", PolicyDocument=ALL_S3)
    iam.create_instance_profile(InstanceProfileName="i")
    phone = Phone(local)
    iam.enable_mfa_device(UserName="u", **phone.pair())
    Phone(local, "spare")
    iam.create_access_key()
    full = iam.get_account_summary()["SummaryMap"]
    assert {name: full[name] - empty[name] for name in full if full[name] != empty[name]} == {
        "Users": 1,
        "Groups": 1,
        "Roles": 1,
        "Policies": 1,
        "PolicyVersionsInUse": 1,
        "InstanceProfiles": 1,
        "MFADevices": 2,
        "MFADevicesInUse": 1,
        "AccountAccessKeysPresent": 1,
    }


def furnished(local: LocalCloud) -> str:
    """One of everything; the ARN of the policy that all have."""
    iam = local.root().iam
    arn: str = iam.create_policy(PolicyName="p", PolicyDocument=ALL_S3)["Policy"]["Arn"]
    iam.create_user(UserName="u", Tags=[{"Key": "k", "Value": "v"}], PermissionsBoundary=arn)
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="u")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, Description="told elsewhere")
    iam.create_instance_profile(InstanceProfileName="i")
    iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="r")
    for kind, name in (("user", "u"), ("group", "g"), ("role", "r")):
        who = {f"{kind.title()}Name": name}
        inline = {"PolicyName": "in", "PolicyDocument": ALL_S3, **who}
        getattr(iam, f"put_{kind}_policy")(**inline)
        getattr(iam, f"attach_{kind}_policy")(PolicyArn=arn, **who)
    iam.attach_group_policy(GroupName="g", PolicyArn=READ_ONLY)
    return arn


def test_authorization_details(local: LocalCloud) -> None:
    arn = furnished(local)
    told = local.root().iam.get_account_authorization_details()
    (user,), (group,), (role,) = (told[f"{each}DetailList"] for each in ("User", "Group", "Role"))
    own, published = told["Policies"]
    assert user["GroupList"] == ["g"]
    assert user["Tags"] == [{"Key": "k", "Value": "v"}]
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    attached = {"PolicyName": "p", "PolicyArn": arn}
    for entity, kind in ((user, "User"), (group, "Group"), (role, "Role")):
        (inline,) = entity[f"{kind}PolicyList"]
        assert (inline["PolicyName"], unquote(inline["PolicyDocument"])) == ("in", ALL_S3)
        assert attached in entity["AttachedManagedPolicies"]
    (profile,) = role["InstanceProfileList"]
    assert profile["Roles"][0]["RoleName"] == "r"
    assert unquote(role["AssumeRolePolicyDocument"]) == TRUST
    assert role["RoleLastUsed"] == {}
    assert own["AttachmentCount"] == 3
    (version,) = own["PolicyVersionList"]
    assert (version["VersionId"], unquote(version["Document"])) == ("v1", ALL_S3)
    assert published["Arn"] == READ_ONLY
    assert json.loads(unquote(published["PolicyVersionList"][0]["Document"]))["Statement"]


def test_details_are_filtered_and_paged(local: LocalCloud) -> None:
    furnished(local)
    ask = local.root().iam.get_account_authorization_details
    members = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")

    def counts(told: dict[str, Any]) -> list[int]:
        return [len(told[member]) for member in members]

    assert counts(ask(Filter=["Role", "User"])) == [1, 0, 1, 0]
    assert counts(ask(Filter=["AWSManagedPolicy"])) == [0, 0, 0, 1]
    first = ask(MaxItems=3)
    assert counts(first) == [1, 1, 1, 0]
    rest = ask(MaxItems=3, Marker=first["Marker"])
    assert counts(rest) == [0, 0, 0, 2]
    assert rest["IsTruncated"] is False


def report(local: LocalCloud) -> list[dict[str, str]]:
    text = local.root().iam.get_credential_report()["Content"].decode()
    assert not text.endswith("\n")
    return list(csv.DictReader(text.split("\n")))


def test_a_credential_report(local: LocalCloud) -> None:
    iam = local.root().iam
    assert refusal(iam.get_credential_report) == ("ReportNotPresent", "Unknown", 410)
    iam.create_user(UserName="plain")
    ann = local.user("ann", allow("iam:GetUser"))
    ann.iam.get_user()
    local.clock.advance(60)
    iam.create_login_profile(UserName="ann", Password="Correct-Horse-1")
    second = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="ann", AccessKeyId=second, Status="Inactive")
    iam.update_account_password_policy(MaxPasswordAge=1)
    iam.enable_mfa_device(UserName="ann", **Phone(local).pair())
    assert iam.generate_credential_report() == {
        "State": "STARTED",
        "Description": "No report exists. Starting a new report generation task",
    }
    assert iam.generate_credential_report() == {"State": "COMPLETE"}
    root, told, plain = report(local)
    now, later, tomorrow = (f"2027-01-{time}:00Z" for time in ("15T08:00", "15T08:01", "16T08:01"))
    assert root["user"] == "<root_account>"
    assert root["arn"] == "arn:aws:iam::111122223333:root"
    assert told == {
        "user": "ann",
        "arn": "arn:aws:iam::111122223333:user/ann",
        "user_creation_time": now,
        "password_enabled": "true",
        "password_last_used": "no_information",
        "password_last_changed": later,
        "password_next_rotation": tomorrow,
        "mfa_active": "true",
        "access_key_1_active": "true",
        "access_key_1_last_rotated": now,
        "access_key_1_last_used_date": now,
        "access_key_1_last_used_region": "us-east-1",
        "access_key_1_last_used_service": "iam",
        "access_key_2_active": "false",
        "access_key_2_last_rotated": later,
        "access_key_2_last_used_date": "N/A",
        "access_key_2_last_used_region": "N/A",
        "access_key_2_last_used_service": "N/A",
        "cert_1_active": "false",
        "cert_1_last_rotated": "N/A",
        "cert_2_active": "false",
        "cert_2_last_rotated": "N/A",
    }
    assert list(told) == credential_reports._COLUMNS
    assert set(list(plain.values())[4:]) == {"N/A", "false"}


def test_a_report_stands_for_four_hours(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.generate_credential_report()
    iam.create_user(UserName="late")
    local.clock.advance(4 * 3600)
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    assert len(report(local)) == 1
    local.clock.advance(1)
    assert refusal(iam.get_credential_report) == ("ReportExpired", "Unknown", 410)
    assert iam.generate_credential_report() == {"State": "STARTED"}
    assert len(report(local)) == 2


def test_when_a_key_was_used_last(local: LocalCloud) -> None:
    iam = local.root().iam
    ann = local.user("ann", allow("s3:ListAllMyBuckets"))
    key = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"][0]["AccessKeyId"]

    def used() -> Any:
        told = iam.get_access_key_last_used(AccessKeyId=key)
        assert told["UserName"] == "ann"
        return told["AccessKeyLastUsed"]

    assert used() == UNUSED
    first = local.clock.now()
    ann.s3.list_buckets()
    assert used() == {"LastUsedDate": first, "ServiceName": "s3", "Region": "us-east-1"}
    # Of the uses within a quarter of an hour only the first is told.
    local.clock.advance(899)
    ann.s3.list_buckets()
    assert used()["LastUsedDate"] == first
    local.clock.advance(1)
    refusal(ann.iam.list_users)  # what is denied was signed with the key all the same
    assert used() == {"LastUsedDate": first + 900, "ServiceName": "iam", "Region": "us-east-1"}
    iam.delete_access_key(UserName="ann", AccessKeyId=key)
    code, text, status = refusal(iam.get_access_key_last_used, AccessKeyId=key)
    assert (code, status) == ("AccessDenied", 403)
    assert text.endswith(f"iam:GetAccessKeyLastUsed on resource: access key {key}")


def test_nobody_learns_of_others_keys(local: LocalCloud) -> None:
    key = local.root().iam.create_access_key()["AccessKey"]["AccessKeyId"]
    assert local.root().iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"] == UNUSED
    other = local.root("444455556666").iam
    assert refusal(other.get_access_key_last_used, AccessKeyId=key)[0] == "AccessDenied"
    ann = local.user("ann").iam
    text = refusal(ann.get_access_key_last_used, AccessKeyId=key)[1]
    assert f"iam:GetAccessKeyLastUsed on resource: access key {key} because" in text


def test_when_a_role_was_used_last(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    arn = "arn:aws:iam::111122223333:role/r"
    assert iam.get_role(RoleName="r")["Role"]["RoleLastUsed"] == {}
    ann = local.user("ann", allow("sts:AssumeRole"))
    session = local.session(ann.sts.assume_role(RoleArn=arn, RoleSessionName="ses")["Credentials"])
    session.sts.get_caller_identity()
    used = {"LastUsedDate": local.clock.now(), "Region": "us-east-1"}
    assert iam.get_role(RoleName="r")["Role"]["RoleLastUsed"] == used
    iam.delete_role(RoleName="r")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    session.sts.get_caller_identity()
    assert iam.get_role(RoleName="r")["Role"]["RoleLastUsed"] == {}


def test_uses_are_stored_in_batches(local: LocalCloud) -> None:
    ann = local.user("ann", allow("s3:ListAllMyBuckets"))
    uses = local.store.table(IamCall.last_uses.spec)
    before = uses.changes
    for _ in range(50):
        ann.s3.list_buckets()
    local.cloud.recorder.flush()
    assert uses.changes == before + 1

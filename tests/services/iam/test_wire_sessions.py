"""STS by boto3 over HTTP: sessions of every kind, and tokens that were tampered with."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.iam.test_api_assumed_roots import AUDIT, MEMBER, TwoAccounts
from tests.services.iam.test_wire import refusal

from cloudling.kernel.clock import ManualClock
from cloudling.services.iam import mfa
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tagged"
INVALID = ("InvalidClientTokenId", "The security token included in the request is invalid", 403)


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    # Clients sign with the time of their machine, codes are made for the cloud's.
    return ManualClock(time.time())


@pytest.fixture(scope="module")
def cloud(clock: ManualClock) -> Iterator[RunningCloud]:
    with RunningCloud(clock=clock, account=ACCOUNT) as running:
        yield running


@pytest.fixture(scope="module")
def iam(cloud: RunningCloud) -> Any:
    return cloud.client("iam")


def policy(*actions: str, **more: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Action": actions,
        **({} if more else {"Resource": "*"}),
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def ann(cloud: RunningCloud) -> dict[str, str]:
    """The keys of a user who may do anything but has a role for it."""
    return cloud.user("ann", policy("*"))


def keys(credentials: Mapping[str, Any]) -> dict[str, str]:
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def test_a_tagged_role(cloud: RunningCloud, iam: Any, ann: dict[str, str]) -> None:
    trusted = policy(
        "sts:AssumeRole",
        "sts:TagSession",
        "sts:SetSourceIdentity",
        Principal={"AWS": ACCOUNT},
        Condition={"StringEquals": {"sts:ExternalId": "x:1", "aws:RequestTag/team": "rød"}},
    )
    iam.create_role(RoleName="tagged", AssumeRolePolicyDocument=trusted)
    iam.put_role_policy(RoleName="tagged", PolicyName="p", PolicyDocument=policy("iam:*"))
    request = {
        "RoleArn": ROLE,
        "RoleSessionName": "a=b,c.d@e-f",
        "ExternalId": "x:1",
        "Tags": [{"Key": "Team", "Value": "rød"}, {"Key": "Cost", "Value": "1"}],
        "TransitiveTagKeys": ["Team"],
        "SourceIdentity": "ann",
        "Policy": policy("iam:ListUsers"),
        "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
        "DurationSeconds": 900,
    }
    sts = cloud.client("sts", **ann)
    answer = sts.assume_role(**request)
    assert answer["SourceIdentity"] == "ann"
    assert answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/tagged/a=b,c.d@e-f")
    assert 0 < answer["PackedPolicySize"] <= 100
    assert answer["SessionTokenSize"] == len(answer["Credentials"]["SessionToken"])
    session = keys(answer["Credentials"])
    assert cloud.client("iam", **session).list_users()["Users"]
    assert refusal(cloud.client("iam", **session).create_user, UserName="no")[0] == "AccessDenied"
    tags = request["Tags"]
    assert refusal(sts.assume_role, **request | {"Tags": [tags[0], tags[0]]})[::2] == (
        "InvalidParameterValue",
        400,
    )


def test_a_session_token_of_a_user(
    cloud: RunningCloud, clock: ManualClock, iam: Any, ann: dict[str, str]
) -> None:
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="ann")["VirtualMFADevice"]
    seed, step = base64.b32decode(made["Base32StringSeed"]), int(clock.now() // mfa.STEP)
    serial, before = {"SerialNumber": made["SerialNumber"]}, mfa.code_at(seed, step - 1)
    iam.enable_mfa_device(
        UserName="ann",
        **serial,
        AuthenticationCode1=before,
        AuthenticationCode2=mfa.code_at(seed, step),
    )
    sts = cloud.client("sts", **ann)
    plain = keys(sts.get_session_token(DurationSeconds=900)["Credentials"])
    assert cloud.client("sts", **plain).get_caller_identity()["Arn"].endswith(":user/ann")
    assert cloud.client("s3", **plain).list_buckets()["Owner"]
    assert refusal(cloud.client("iam", **plain).list_users) == INVALID
    assert refusal(cloud.client("sts", **plain).get_session_token) == (
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
        403,
    )
    assert refusal(sts.get_session_token, **serial, TokenCode=before) == (
        "AccessDenied",
        "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
        403,
    )
    proven = sts.get_session_token(**serial, TokenCode=mfa.code_at(seed, step + 1))
    assert cloud.client("iam", **keys(proven["Credentials"])).list_users()["Users"]


def test_a_federated_user(cloud: RunningCloud, ann: dict[str, str]) -> None:
    sts = cloud.client("sts", **ann)
    answer = sts.get_federation_token(
        Name="bob", Policy=policy("s3:*"), Tags=[{"Key": "a", "Value": "b"}]
    )
    assert answer["FederatedUser"] == {
        "FederatedUserId": f"{ACCOUNT}:bob",
        "Arn": f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
    }
    bob = keys(answer["Credentials"])
    cloud.client("s3", **bob).create_bucket(Bucket="bobs")
    assert refusal(cloud.client("iam", **bob).list_users) == INVALID
    assert cloud.client("sts", **bob).get_caller_identity()["UserId"] == f"{ACCOUNT}:bob"


def test_a_members_root(cloud: RunningCloud, iam: Any, ann: dict[str, str]) -> None:
    cloud.app.cloud.organizations = TwoAccounts()
    request = {"TargetPrincipal": MEMBER, "TaskPolicyArn": {"arn": AUDIT}}
    sts = cloud.client("sts", **ann)
    assert refusal(sts.assume_root, **request)[::2] == ("AccessDenied", 403)
    iam.enable_organizations_root_credentials_management()
    assert iam.enable_organizations_root_sessions()["EnabledFeatures"] == [
        "RootCredentialsManagement",
        "RootSessions",
    ]
    session = keys(sts.assume_root(**request)["Credentials"])
    root = f"arn:aws:iam::{MEMBER}:root"
    assert cloud.client("sts", **session).get_caller_identity()["Arn"] == root
    assert cloud.client("iam", **session).get_user()["User"]["Arn"] == root
    assert refusal(cloud.client("iam", **session).list_users)[0] == "AccessDenied"
    iam.disable_organizations_root_credentials_management()
    assert iam.list_organizations_features()["EnabledFeatures"] == ["RootSessions"]
    assert iam.disable_organizations_root_sessions()["EnabledFeatures"] == []


@pytest.mark.parametrize(
    ("service", "method", "answer"),
    [
        ("sts", "get_caller_identity", ("InvalidClientTokenId", 403)),
        ("iam", "list_users", ("InvalidClientTokenId", 403)),
        ("s3", "list_buckets", ("InvalidToken", 400)),
    ],
)
def test_a_flipped_bit(
    cloud: RunningCloud, ann: dict[str, str], service: str, method: str, answer: tuple[str, int]
) -> None:
    session = keys(cloud.client("sts", **ann).get_session_token()["Credentials"])
    raw = bytearray(base64.b64decode(session["aws_session_token"]))
    raw[len(raw) // 2] ^= 1
    session["aws_session_token"] = base64.b64encode(raw).decode()
    client = cloud.client(service, **session)
    assert refusal(getattr(client, method))[::2] == answer

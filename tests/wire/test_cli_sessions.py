"""The AWS CLI, version 1, with profiles that take on roles: by MFA, in a chain, from sessions."""

from __future__ import annotations

import base64
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel.clock import ManualClock
from cloudling.services.iam import mfa
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.wire.programs import Program

ACCOUNT = "111122223333"
# Without a terminal the CLI reads the code of the MFA device from its input.
DETACHED = "import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])"
CONFIGURATION = f"""\
[profile ann]
region = us-east-1
[profile admin]
role_arn = arn:aws:iam::{ACCOUNT}:role/admin
role_session_name = ann
source_profile = ann
mfa_serial = arn:aws:iam::{ACCOUNT}:mfa/ann
duration_seconds = 7200
[profile reader]
role_arn = arn:aws:iam::{ACCOUNT}:role/reader
role_session_name = second
source_profile = admin
external_id = outside
"""


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    # It stands still, so that a code is right however long the CLI takes to start.
    return ManualClock(time.time())


@pytest.fixture(scope="module")
def cloud(clock: ManualClock) -> Iterator[RunningCloud]:
    with RunningCloud(clock=clock, account=ACCOUNT) as running:
        yield running


@pytest.fixture
def aws(program: Callable[..., Program], cloud: RunningCloud) -> Program:
    found = Path(sys.executable).with_name("aws")
    if not found.exists():
        pytest.skip("The test environment has no awscli.")
    return program(sys.executable, "-c", DETACHED, str(found), AWS_ENDPOINT_URL=cloud.endpoint)


def policy(*actions: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": actions, **(more or {"Resource": "*"})}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trusting(**condition: Any) -> str:
    return policy("sts:AssumeRole", Principal={"AWS": ACCOUNT}, Condition=condition)


def _people(cloud: RunningCloud, clock: ManualClock, folder: Path) -> str:
    """A user with keys and a device, and two roles; the answer is a code of the device."""
    iam = cloud.client("iam")
    keys = cloud.user("ann", policy("sts:AssumeRole"))
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="ann")["VirtualMFADevice"]
    seed, step = base64.b32decode(device["Base32StringSeed"]), int(clock.now() // mfa.STEP)
    iam.enable_mfa_device(
        UserName="ann",
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=mfa.code_at(seed, step - 1),
        AuthenticationCode2=mfa.code_at(seed, step),
    )
    iam.create_role(
        RoleName="admin",
        AssumeRolePolicyDocument=trusting(Bool={"aws:MultiFactorAuthPresent": "true"}),
        MaxSessionDuration=7200,
    )
    iam.put_role_policy(RoleName="admin", PolicyName="p", PolicyDocument=policy("*"))
    iam.create_role(
        RoleName="reader",
        AssumeRolePolicyDocument=trusting(StringEquals={"sts:ExternalId": "outside"}),
    )
    iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=policy("s3:List*"))
    (folder / ".aws").mkdir()
    (folder / ".aws" / "config").write_text(CONFIGURATION)
    (folder / ".aws" / "credentials").write_text(
        "\n".join(["[ann]", *(f"{name} = {value}" for name, value in keys.items()), ""])
    )
    return mfa.code_at(seed, step + 1)


def test_profiles(aws: Program, cloud: RunningCloud, clock: ManualClock) -> None:
    code = _people(cloud, clock, aws.folder)
    who = ("sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    assert aws.print("--profile", "ann", *who).endswith(":user/ann\n")
    assert "AccessDenied" in aws.fail("--profile", "ann", "iam", "list-users")
    admin = f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/ann\n"
    assert aws.print("--profile", "admin", *who, given=f"{code}\n").endswith(admin)
    # The CLI keeps the session, and does not ask for a code again.
    users = ("iam", "list-users", "--query", "Users[].UserName", "--output", "text")
    assert aws.print("--profile", "admin", *users) == "ann\n"
    reader = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/second\n"
    assert aws.print("--profile", "reader", *who).endswith(reader)
    refused = aws.fail("--profile", "reader", "s3api", "create-bucket", "--bucket", "no")
    assert "AccessDenied" in refused


def test_commands(aws: Program) -> None:
    told = json.loads(aws.print("sts", "get-session-token", "--duration-seconds", "900"))
    session = {
        "AWS_ACCESS_KEY_ID": told["Credentials"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": told["Credentials"]["SecretAccessKey"],
        "AWS_SESSION_TOKEN": told["Credentials"]["SessionToken"],
    }
    assert "InvalidClientTokenId" in aws.fail("iam", "list-users", **session)
    assert aws.print("s3", "ls", **session) == ""
    bob = ("sts", "get-federation-token", "--name", "bob")
    told = json.loads(aws.print(*bob, "--policy", policy("s3:*"), "--tags", "Key=a,Value=b"))
    assert told["FederatedUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:federated-user/bob"

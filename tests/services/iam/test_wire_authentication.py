"""Who is let in: unsigned calls, old signatures, keys of the past, sessions that have ended."""

from __future__ import annotations

import http.client
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.services.iam.test_wire import trust

from cloudling.kernel.clock import ManualClock
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
IAM, STS = "Version=2010-05-08", "Version=2011-06-15"


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    # Clients sign with the time of their machine.
    return ManualClock(time.time())


@pytest.fixture(scope="module")
def cloud(clock: ManualClock) -> Iterator[RunningCloud]:
    with RunningCloud(clock=clock) as running:
        yield running


def post(cloud: RunningCloud, body: str, headers: Mapping[str, str] = FORM) -> tuple[int, str, str]:
    """Status, code and text of an answer to a form."""
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=10)
    try:
        connection.request("POST", "/", body, dict(headers))
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    code, message = (re.search(rf"<{tag}>(.*?)</{tag}>", text) for tag in ("Code", "Message"))
    return answer.status, code[1] if code else "", message[1] if message else ""


@pytest.mark.parametrize(
    "body",
    [
        f"Action=GetCallerIdentity&{STS}",
        f"Action=ListUsers&{IAM}",
        f"Action=CreateUser&UserName=u&{IAM}",
        f"Action=NoSuchThing&{STS}",
        "",
    ],
)
def test_unsigned_calls_are_missing_a_token(cloud: RunningCloud, body: str) -> None:
    assert post(cloud, body) == (
        403,
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
    )


def test_nothing_is_signed_by_version_2_any_more(cloud: RunningCloud) -> None:
    body = f"Action=GetCallerIdentity&{STS}&SignatureVersion=2&AWSAccessKeyId=test&Signature=x"
    assert post(cloud, body) == (
        400,
        "IncompleteSignature",
        "AWS Signature Version 2 is not supported.",
    )


def signed(clock: ManualClock, credentials: Mapping[str, Any], body: str) -> dict[str, str]:
    """Headers of a call that is signed on the cloud's clock, whatever this machine's says."""
    keys = Credentials(
        credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
    )
    request = AWSRequest("POST", "http://127.0.0.1/", dict(FORM, Host="127.0.0.1"), body)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(clock.now()))
    signer = SigV4Auth(keys, "sts", "us-east-1")
    request.context["timestamp"] = stamp
    request.headers["X-Amz-Date"] = stamp
    request.headers["X-Amz-Security-Token"] = credentials["SessionToken"]
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    scope = signer.scope(request)
    names = signer.signed_headers(signer.headers_to_sign(request))
    request.headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}"
    )
    return dict(request.headers.items())


def test_a_session_ends(cloud: RunningCloud, clock: ManualClock) -> None:
    account = cloud.client("sts").get_caller_identity()["Account"]
    cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust(account))
    credentials = cloud.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/r", RoleSessionName="short", DurationSeconds=900
    )["Credentials"]
    body = f"Action=GetCallerIdentity&{STS}"
    assert post(cloud, body, signed(clock, credentials, body))[0] == 200
    clock.advance(899)
    assert post(cloud, body, signed(clock, credentials, body))[0] == 200
    clock.advance(2)
    assert post(cloud, body, signed(clock, credentials, body)) == (
        403,
        "ExpiredToken",
        "The security token included in the request is expired",
    )

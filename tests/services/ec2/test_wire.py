"""EC2 by boto3 over HTTP: denials, dry runs and what is missing, as clients parse them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

LAUNCH = {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1}


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        yield running


@pytest.fixture(scope="module")
def ann(cloud: RunningCloud) -> Any:
    return cloud.client("ec2", **cloud.user("ann"), region_name="eu-west-1")


def refusal(call: Any, **request: Any) -> tuple[str, int, str]:
    """Code, status and text of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response
    assert re.fullmatch(r"[0-9a-f-]{36}", answer["ResponseMetadata"]["RequestId"])
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return answer["Error"]["Code"], status, answer["Error"]["Message"]


def test_run_instances_by_a_user_without_rights(ann: Any) -> None:
    code, status, text = refusal(ann.run_instances, **LAUNCH)
    assert (code, status) == ("UnauthorizedOperation", 403)
    assert text.startswith(
        "You are not authorized to perform this operation. "
        "User: arn:aws:iam::000000000000:user/ann is not authorized to perform: ec2:RunInstances "
        "on resource: arn:aws:ec2:eu-west-1:000000000000:instance/*"
    )


def test_whoever_may_is_told_what_is_missing(cloud: RunningCloud) -> None:
    assert refusal(cloud.client("ec2").allocate_address) == (
        "NotImplemented",
        501,
        "AllocateAddress of Elastic Compute Cloud is not implemented in Cloudling yet.",
    )


def test_dry_runs(cloud: RunningCloud, ann: Any) -> None:
    root = cloud.client("ec2")
    assert refusal(root.run_instances, DryRun=True, **LAUNCH)[:2] == ("DryRunOperation", 412)
    assert refusal(ann.run_instances, DryRun=True, **LAUNCH)[:2] == ("UnauthorizedOperation", 403)


def test_profiles_that_are_not_there(cloud: RunningCloud) -> None:
    found = refusal(
        cloud.client("ec2").run_instances, IamInstanceProfile={"Name": "none"}, **LAUNCH
    )
    assert found[:2] == ("InvalidParameterValue", 400)


def test_wrong_keys(cloud: RunningCloud) -> None:
    wrong = cloud.client("ec2", aws_secret_access_key="wrong")
    assert refusal(wrong.describe_instances)[:2] == ("AuthFailure", 401)
    nobody = cloud.client("ec2", aws_access_key_id="AKIANOBODY")
    assert refusal(nobody.describe_instances)[:2] == ("AuthFailure", 401)

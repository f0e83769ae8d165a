"""Public parameters by boto3 over HTTP, and by the AWS CLI where it is installed."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.wire.programs import Program

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "/aws/service/ami-amazon-linux-latest"
LINUX_2 = f"{FOLDER}/amzn2-ami-hvm-x86_64-gp2"


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        yield running


@pytest.fixture(scope="module")
def ssm(cloud: RunningCloud) -> Any:
    return cloud.client("ssm", region_name="eu-west-1")


@pytest.fixture(scope="module")
def image(cloud: RunningCloud) -> dict[str, Any]:
    """What the parameter leads to, as EC2 tells of it."""
    ec2 = cloud.client("ec2", region_name="eu-west-1")
    names = [{"Name": "name", "Values": ["amzn2-ami-hvm-2.0.*-x86_64-gp2"]}]
    found: list[dict[str, Any]] = ec2.describe_images(Owners=["amazon"], Filters=names)["Images"]
    return max(found, key=lambda each: each["CreationDate"])


def refusal(call: Any, **request: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return answer["Error"]["Code"], status, answer["Error"].get("Message", "")


def test_a_parameter(ssm: Any, image: dict[str, Any]) -> None:
    found = ssm.get_parameter(Name=LINUX_2)["Parameter"]
    published = datetime.fromisoformat(image["CreationDate"])
    assert found.pop("LastModifiedDate").astimezone(UTC) == published
    assert found == {
        "Name": LINUX_2,
        "Type": "String",
        "Value": image["ImageId"],
        "Version": 1,
        "ARN": f"arn:aws:ssm:eu-west-1::parameter{LINUX_2}",
        "DataType": "text",
    }


def test_several_parameters(ssm: Any, image: dict[str, Any]) -> None:
    answer = ssm.get_parameters(Names=["none", f"{LINUX_2}:1"])
    (found,) = answer["Parameters"]
    assert (found["Value"], found["Selector"]) == (image["ImageId"], ":1")
    assert answer["InvalidParameters"] == ["none"]


def test_all_parameters_below_a_path(ssm: Any) -> None:
    pages = ssm.get_paginator("get_parameters_by_path").paginate(
        Path="/aws/service", Recursive=True, PaginationConfig={"PageSize": 4}
    )
    names = [each["Name"] for page in pages for each in page["Parameters"]]
    assert LINUX_2 in names
    assert names == sorted(set(names))


def test_refusals(ssm: Any) -> None:
    assert refusal(ssm.get_parameter, Name="none") == ("ParameterNotFound", 400, "")
    code, status, words = refusal(ssm.get_parameter, Name=f"{LINUX_2}:7")
    assert (code, status) == ("ParameterVersionNotFound", 400)
    assert words.startswith(f"Systems Manager could not find version 7 of {LINUX_2}.")
    wrong = ("InvalidNextToken", 400, "The specified token is not valid.")
    assert refusal(ssm.get_parameters_by_path, Path=FOLDER, NextToken="x") == wrong
    given = [{"Key": "Tier", "Values": ["Standard"]}]
    code, status, _ = refusal(ssm.get_parameters_by_path, Path=FOLDER, ParameterFilters=given)
    assert (code, status) == ("InvalidFilterKey", 400)
    code, status, _ = refusal(ssm.put_parameter, Name="own", Value="v", Type="String")
    assert (code, status) == ("NotImplemented", 501)


def test_whoever_may_not_is_denied(cloud: RunningCloud) -> None:
    iam = cloud.client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ssm = cloud.client(
        "ssm",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    code, status, words = refusal(ssm.get_parameter, Name=LINUX_2)
    assert (code, status) == ("AccessDeniedException", 400)
    assert f"on resource: arn:aws:ssm:us-east-1::parameter{LINUX_2} because" in words


@pytest.mark.parametrize(
    "command", [Path(sys.executable).with_name("aws"), Path("/usr/bin/aws")], ids=["v1", "v2"]
)
def test_the_cli(cloud: RunningCloud, tmp_path: Path, command: Path, image: dict[str, Any]) -> None:
    if not command.exists():
        pytest.skip(f"There is no {command}.")
    region = {"AWS_DEFAULT_REGION": "eu-west-1"}
    aws = Program(
        (str(command), "--endpoint-url", cloud.endpoint), tmp_path, cloud.endpoint, region
    )
    told = json.loads(aws.print("ssm", "get-parameters", "--names", LINUX_2, "none"))
    assert told["Parameters"][0]["Value"] == image["ImageId"]
    assert told["InvalidParameters"] == ["none"]
    by_path = ("get-parameters-by-path", "--path", FOLDER, "--query", "Parameters[].Name")
    assert LINUX_2 in json.loads(aws.print("ssm", *by_path))
    assert "(ParameterNotFound)" in aws.fail("ssm", "get-parameter", "--name", "none")

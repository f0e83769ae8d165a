"""What goes over EC2's wire, both ways."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

from cloudling.gateway.protocols import codecs, ec2
from cloudling.gateway.protocols.errors import MalformedInput
from cloudling.gateway.protocols.query import InvalidAction, MissingAction
from cloudling.gateway.protocols.wire import WireRequest
from cloudling.kernel.errors import AccessDenied, AwsError, InternalFailure, NotImplementedHere
from cloudling.models import loader

MODEL = loader.load("ec2")
SPACE = "{http://ec2.amazonaws.com/doc/2016-11-15/}"


def parsed(operation: str, form: dict[str, str]) -> dict[str, Any]:
    return codecs.codec(MODEL, operation, "ec2").parse(WireRequest(form=form))


def written(operation: str, **result: Any) -> str:
    status, headers, body = codecs.codec(MODEL, operation, "ec2").serialize(result, "R&D")
    assert status == 200
    assert headers == [("x-amzn-RequestId", "R&D"), ("Content-Type", "text/xml;charset=UTF-8")]
    assert isinstance(body, bytes)
    return body.decode()


def test_names_are_capital_and_lists_flat() -> None:
    form = {
        "ImageId": "ami-1",
        "MinCount": "1",
        "SecurityGroupId.1": "sg-1",
        "SecurityGroupId.2": "sg-2",
        "TagSpecification.1.ResourceType": "instance",
        "TagSpecification.1.Tag.1.Key": "a",
        "TagSpecification.1.Tag.1.Value": "",
        "BlockDeviceMapping.1.Ebs.VolumeSize": "8",
        "NetworkInterface.1.AssociatePublicIpAddress": "true",
        "DryRun": "true",
        "Unknown": "x",
    }
    assert parsed("RunInstances", form) == {
        "ImageId": "ami-1",
        "MinCount": 1,
        "SecurityGroupIds": ["sg-1", "sg-2"],
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": [{"Key": "a", "Value": ""}]}
        ],
        "BlockDeviceMappings": [{"Ebs": {"VolumeSize": 8}}],
        "NetworkInterfaces": [{"AssociatePublicIpAddress": True}],
        "DryRun": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    "form",
    [{"MinCount": "one"}, {"DryRun": "maybe"}, {"SecurityGroupId.x": "sg"}, {"ImageId.1": "ami"}],
)
def test_values_that_do_not_fit(form: dict[str, str]) -> None:
    with pytest.raises(MalformedInput) as refused:
        parsed("RunInstances", form)
    status, _, body = codecs.failing(MODEL, "ec2")(refused.value, "R")
    assert status == 400
    assert b"<Code>InvalidParameterValue</Code>" in body


def test_answers_begin_with_the_request() -> None:
    vpc = {"VpcId": "vpc-1", "IsDefault": False, "Tags": [{"Key": "<a>", "Value": "b"}]}
    text = written("DescribeVpcs", Vpcs=[vpc])
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<DescribeVpcsResponse xmlns=')
    assert "<requestId>R&amp;D</requestId>" in text
    [item] = fromstring(text.encode()).iter(f"{SPACE}vpcSet")  # noqa: S314 - ours
    assert [each.tag for each in item] == [f"{SPACE}item"]
    assert item.findtext(f".//{SPACE}tagSet/{SPACE}item/{SPACE}key") == "<a>"
    assert item.findtext(f".//{SPACE}isDefault") == "false"


def test_times_have_milliseconds() -> None:
    assert "2018-05-08T16:46:19.000Z" in written(
        "CreateVolume", CreateTime=1_525_797_979
    )  # fmt: skip


def test_what_has_no_result_says_that_it_is_done() -> None:
    assert "<return>true</return></DeleteVpcResponse>" in written("DeleteVpc")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (AccessDenied("no"), 403, "UnauthorizedOperation"),
        (AwsError("no", code="InvalidVpcID.NotFound"), 400, "InvalidVpcID.NotFound"),
        (NotImplementedHere("no"), 501, "NotImplemented"),
        (InternalFailure("no"), 500, "InternalFailure"),
    ],
)
def test_errors(error: AwsError, status: int, code: str) -> None:
    found, headers, body = codecs.failing(MODEL, "ec2")(error, "R")
    assert found == status
    assert dict(headers)["x-amzn-RequestId"] == "R"
    assert (
        body
        == (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>'
            f"<Code>{code}</Code><Message>no</Message></Error></Errors><RequestID>R</RequestID></Response>"
        ).encode()
    )


def test_operations_of_older_versions() -> None:
    assert ec2.operation_in({"Action": "RunInstances", "Version": "2014-06-15"}, MODEL)
    with pytest.raises(InvalidAction, match="The action Nothing is not valid"):
        ec2.operation_in({"Action": "Nothing"}, MODEL)
    with pytest.raises(MissingAction):
        ec2.operation_in({}, MODEL)

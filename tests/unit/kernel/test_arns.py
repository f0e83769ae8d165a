"""Amazon Resource Names taken apart and put together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.kernel import arns
from cloudling.kernel.arns import Arn


@pytest.mark.parametrize(
    ("text", "arn"),
    [
        ("arn:aws:s3:::b/a:b", Arn("aws", "s3", "", "", "b/a:b")),
        (
            "arn:aws-cn:sqs:cn-north-1:111122223333:q",
            Arn("aws-cn", "sqs", "cn-north-1", "111122223333", "q"),
        ),
    ],
)
def test_parse_and_write(text: str, arn: Arn) -> None:
    assert Arn.parse(text) == arn
    assert str(arn) == text


@pytest.mark.parametrize("text", ["", "*", "arn:aws:s3::b", "urn:aws:s3:::b", "arn::s3:::b"])
def test_what_is_no_arn(text: str) -> None:
    with pytest.raises(ValueError, match="not an ARN"):
        Arn.parse(text)
    assert arns.arn_account(text) == ""


PARTS = st.text("abc-0123", min_size=1)


@given(st.builds(Arn, PARTS, PARTS, PARTS, PARTS, st.text("ab:/", min_size=1)))
def test_every_arn_comes_back(arn: Arn) -> None:
    assert Arn.parse(str(arn)) == arn


def test_account() -> None:
    assert arns.arn_account("arn:aws:iam::111122223333:user/a") == "111122223333"
    assert arns.arn_account("arn:aws:s3:::b") == ""


def test_templates() -> None:
    template = "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
    assert arns.variables(template) == ("Partition", "BucketName", "ObjectName")
    values = {"Partition": "aws", "BucketName": "b", "ObjectName": "${BucketName}"}
    assert arns.fill(template, values) == "arn:aws:s3:::b/${BucketName}"
    with pytest.raises(KeyError, match="ObjectName"):
        arns.fill(template, {"Partition": "aws", "BucketName": "b"})


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_partitions(region: str, partition: str) -> None:
    assert arns.partition(region) == partition


def test_iam_arns() -> None:
    assert arns.iam("1" * 12, "user", "/a/b/", "ann") == "arn:aws:iam::111111111111:user/a/b/ann"
    assert arns.account_root("1" * 12) == "arn:aws:iam::111111111111:root"

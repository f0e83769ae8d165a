"""Which bucket policies are public, and which statements mean anything."""

from __future__ import annotations

from typing import Any

import pytest

from cloudling.services.s3 import policy_statements, publicity
from cloudling.services.s3.errors import MalformedPolicy

BUCKET = "arn:aws:s3:::shelf"
POINT = "arn:aws:s3:us-west-2"


def granted(principal: Any = "*", **conditions: Any) -> bool:
    return publicity.is_public(
        [{"Effect": "Allow", "Principal": principal, "Condition": conditions}]
    )


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::1:root", "*"]}])
def test_everyone_is_the_public(principal: Any) -> None:
    assert granted(principal)


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": "arn:aws:iam::111122223333:root"},
        {"Service": "cloudtrail.amazonaws.com"},
        {"CanonicalUser": "0" * 64},
    ],
)
def test_fixed_principals_are_not(principal: Any) -> None:
    assert not granted(principal)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("10.0.0.0/8", False),
        ("11.0.0.0/8", False),
        ("11.0.0.0/7", True),
        ("0.0.0.0/0", True),
        ("192.0.2.1", False),
        (["192.0.2.1", "0.0.0.0/1"], True),
        ("2001:db8::/32", False),
        ("fd00::/8", True),
    ],
)
def test_ranges_of_addresses(address: Any, public: bool) -> None:
    assert granted(IpAddress={"aws:SourceIp": address}) is public


@pytest.mark.parametrize(
    ("operator", "key", "value", "public"),
    [
        ("StringEquals", "aws:SourceVpc", "vpc-91237329", False),
        ("StringEquals", "AWS:sourcevpc", ["vpc-91237329", "vpc-2"], False),
        ("StringLike", "aws:SourceVpc", "vpc-*", True),
        ("StringEqualsIfExists", "aws:SourceVpc", "vpc-91237329", True),
        ("StringNotEquals", "aws:SourceVpc", "vpc-91237329", True),
        ("ForAllValues:StringEquals", "aws:SourceVpc", "vpc-91237329", True),
        ("ForAnyValue:StringEquals", "aws:PrincipalOrgPaths", "o-a/r-b/", False),
        ("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5", False),
        ("StringEquals", "aws:SourceAccount", "${aws:PrincipalAccount}", True),
        ("ArnEquals", "aws:SourceArn", "arn:aws:sns:us-east-1:111122223333:t", False),
        ("ArnLike", "aws:SourceArn", "arn:aws:sns:us-east-1:111122223333:*", True),
        ("StringLike", "aws:userid", "AROAEXAMPLE:*", True),
        ("StringEquals", "aws:userid", "AIDAEXAMPLE", False),
        ("StringEquals", "s3:DataAccessPointAccount", "111122223333", False),
        ("ArnLike", "s3:DataAccessPointArn", f"{POINT}:111122223333:accesspoint/*", False),
        ("ArnLike", "s3:DataAccessPointArn", f"{POINT}:*:accesspoint/a", True),
        ("StringEquals", "aws:Referer", "https://example.com/", True),
        ("Bool", "aws:SecureTransport", "true", True),
        ("NotIpAddress", "aws:SourceIp", "192.0.2.1", True),
    ],
)
def test_fixed_values_make_a_grant_private(
    operator: str, key: str, value: Any, public: bool
) -> None:
    assert granted(**{operator: {key: value}}) is public


def test_one_public_grant_is_enough_and_a_denial_is_none() -> None:
    private = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}}
    assert publicity.is_public([private, {"Effect": "Allow", "Principal": "*"}])
    assert not publicity.is_public([private, {"Effect": "Deny", "Principal": "*"}])
    assert not publicity.is_public([{"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}}])


def refused(**elements: Any) -> tuple[str, str]:
    usual = {"Sid": "S", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    with pytest.raises(MalformedPolicy) as caught:
        policy_statements.check([{**usual, **elements}], BUCKET)
    return caught.value.text, caught.value.fields["Detail"]


def accepted(**elements: Any) -> None:
    usual = {"Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    policy_statements.check([{**usual, **elements}], BUCKET)


@pytest.mark.parametrize(
    "resource",
    [
        "*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::other/*",
        f"{BUCKET}2/*",
        "arn:aws:s3:us-east-1::shelf/*",
        "arn:aws-cn:s3:::shelf/*",
        "shelf/*",
    ],
)
def test_resources_are_of_this_bucket(resource: str) -> None:
    assert refused(Resource=resource) == ("Policy has invalid resource", resource)
    assert refused(Resource=[f"{BUCKET}/*", resource])[1] == resource


@pytest.mark.parametrize("action", ["s3:Nothing", "ec2:RunInstances", "s3:ListAllMyBuckets", "Get"])
def test_actions_are_of_buckets(action: str) -> None:
    assert refused(Action=["s3:GetObject", action]) == ("Policy has invalid action", action)


@pytest.mark.parametrize(
    ("action", "resource"), [("s3:ListBucket", f"{BUCKET}/*"), ("s3:GetObject", BUCKET)]
)
def test_actions_need_a_resource_of_theirs(action: str, resource: str) -> None:
    words = "Action does not apply to any resource(s) in statement"
    assert refused(Action=action, Resource=resource) == (
        words,
        f'Action "{action}" in Statement "S"',
    )
    assert refused(Sid="", Action=action, Resource=resource)[1].endswith('"NO_ID-0"')


def test_wildcards_mean_whatever_fits() -> None:
    accepted(Action="s3:*")
    accepted(Action="*", Resource=BUCKET)
    accepted(Action=["s3:getobject", "S3:Get*"])
    accepted(Action=["s3:GetObject", "s3:ListBucket"], Resource=f"{BUCKET}*")
    accepted(Action=["s3:GetObject", "s3:ListBucket"], Resource=[BUCKET, f"{BUCKET}/a/${{x}}"])


def test_conditions_fit_the_actions() -> None:
    words = "Conditions do not apply to combination of actions and resources in statement"
    prefix = {"StringEquals": {"s3:prefix": "a"}}
    assert refused(Condition=prefix) == (words, 'Action "s3:GetObject" in Statement "S"')
    both = [BUCKET, f"{BUCKET}/*"]
    assert refused(Action=["s3:ListBucket", "s3:GetObject"], Resource=both, Condition=prefix)
    accepted(Action="s3:ListBucket", Resource=BUCKET, Condition=prefix)
    accepted(Action="s3:*", Resource=both, Condition=prefix)
    accepted(Condition={"StringEquals": {"s3:existingobjecttag/team": "red"}})
    accepted(Condition={"StringEquals": {"aws:anything": "a", "s3:TlsVersion": "1.2"}})


def test_unknown_keys_and_addresses() -> None:
    words = "Policy has an invalid condition key"
    assert refused(Condition={"StringEquals": {"s3:x-acl": "a"}}) == (words, "s3:x-acl")
    assert refused(Condition={"StringEquals": {"kms:ViaService": "a"}})[0] == words
    words = "Invalid IP address in Conditions"
    condition = {"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "1.2.3"]}}
    assert refused(Condition=condition) == (words, "1.2.3")

"""What IAM takes as a policy document, and its words for what it does not."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.kernel.authorize import MalformedPolicyDocument, parse, size
from cloudling.models import managed_policies

S3 = "arn:aws:s3:::b"
OK = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": S3}
LEGACY = "The policy failed legacy parsing"
SYNTAX = "Syntax errors in policy."
VERSION = "Policy document must be version 2012-10-17 or greater."
VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
COLON = "Actions/Condition can contain only one colon."
FULL = "Resource vendor must be fully qualified and cannot contain regexes."
IAM_PATH = (
    'IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, '
    "instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, "
    "oidc-provider/, report/, access-report/."
)


def written(*statements: Any, **members: Any) -> str:
    document = {"Version": "2012-10-17", "Statement": list(statements), **members}
    return json.dumps({name: value for name, value in document.items() if value is not None})


def refusal(text: str, kind: Any = "identity") -> str:
    with pytest.raises(MalformedPolicyDocument) as caught:
        parse(text, kind)
    assert caught.value.error_code == "MalformedPolicyDocument"
    return caught.value.text


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "",
        "null",
        "[]",
        "{}",
        '"x"',
        "[" * 100_000,
        '{"Version": NaN}',
        '{"Version":"2012-10-17"}',
        '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}',
        written(),
        written("x"),
        written(OK, Version="2013-10-17"),
        written(OK, Version=["2012-10-17"]),
        written(OK, Other=1),
        written(OK, Id=["x"]),
        written(OK, Id="half a pair: \ud800"),
    ],
)
def test_what_is_no_document(text: str) -> None:
    assert refusal(text) == SYNTAX


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Other": 1}, SYNTAX),
        ({"Sid": []}, SYNTAX),
        ({"Effect": "Perhaps"}, SYNTAX),
        ({"Effect": None}, SYNTAX),
        ({"Effect": "allow"}, LEGACY),
        ({"Action": [[]]}, SYNTAX),
        ({"Action": {}}, SYNTAX),
        ({"NotAction": "s3:*"}, SYNTAX),
        ({"NotResource": []}, SYNTAX),
        ({"Resource": {"a": S3}}, SYNTAX),
        ({"Condition": []}, SYNTAX),
        ({"Condition": {"a": "b"}}, SYNTAX),
        ({"Condition": {"x": {"a": "1"}}}, SYNTAX),
        ({"Condition": {"DateGreaterThan": {"a": {}}}}, SYNTAX),
        ({"Condition": {"ForAnyValue::StringEquals": {"a": "1"}}}, SYNTAX),
        ({"Condition": {"DateGreaterThan": {"a": "soon"}}}, LEGACY),
        ({"Principal": "*"}, "Policy document should not specify a principal."),
        ({"Action": []}, "Policy statement must contain actions."),
        ({"Action": None}, "Policy statement must contain actions."),
        ({"Resource": []}, "Policy statement must contain resources."),
        ({"Resource": None}, "Policy statement must contain resources."),
        ({"Action": "ListBucket"}, VENDOR),
        ({"Action": None, "NotAction": ""}, VENDOR),
        ({"Action": "invalid", "Resource": None}, VENDOR),
        ({"Action": "a a:ListBucket"}, "Vendor a a is not valid"),
        ({"Action": "s3:List:Bucket"}, COLON),
        ({"Action": "s:3:x", "Resource": "y"}, 'Resource y must be in ARN format or "*".'),
        ({"Resource": ""}, 'Resource  must be in ARN format or "*".'),
        ({"Resource": "a:b"}, 'Partition "b" is not valid for resource "arn:b:*:*:*:*".'),
        (
            {"Resource": "a:b:c:d:e:f:g:h"},
            'Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h".',
        ),
        (
            {"Resource": "aws:s3:::b"},
            'Partition "s3" is not valid for resource "arn:s3:::b:*".',
        ),
        ({"Resource": "arn:aws"}, FULL),
        ({"Resource": "arn:aws:*:::b"}, FULL),
        ({"Resource": "arn:aws:s3::b"}, LEGACY),
        ({"NotResource": "arn:aws:s3::b", "Resource": None}, LEGACY),
        ({"Resource": "arn:aws::b"}, LEGACY),
        ({"Resource": "arn:aws::::b"}, LEGACY),
        ({"Resource": "arn:aws:iam:::b"}, IAM_PATH),
        ({"Resource": "arn:aws:iam::1:us*b"}, None),
        (
            {"Resource": "arn:aws:iam:us-east-1::user/b"},
            "IAM resource arn:aws:iam:us-east-1::user/b cannot contain region information.",
        ),
        (
            {"Resource": "arn:aws:s3:us-east-1::b"},
            "Resource arn:aws:s3:us-east-1::b can not contain region information.",
        ),
        ({"Resource": "arn:aws:s3:us-east-1:123456789012:accesspoint/b"}, None),
        (
            {"Sid": "with space"},
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the "
            "regular expression [0-9A-Za-z]*",
        ),
        ({"Resource": "arn:aws:fdsasf"}, None),
        ({"Resource": ["*", "arn:aws-cn:s3:::b"]}, None),
        ({"Resource": "arn:*:s3:::b"}, None),
        ({"Action": "iam: with spaces "}, None),
        ({"Action": "*"}, None),
        ({"Action": "*:*"}, None),
        ({"Condition": {}}, None),
        ({"Condition": {"unknown": {}}}, None),
        ({"Condition": {"DateGreaterThan": {"a": []}}}, None),
        ({"Condition": {"Bool": {"aws:SecureTransport": True}}}, None),
        ({"Condition": {"NumericLessThan": {"s3:max-keys": 10}}}, None),
    ],
)
def test_one_statement(change: dict[str, Any], message: str | None) -> None:
    statement = {name: value for name, value in {**OK, **change}.items() if value is not None}
    if message is None:
        parse(written(statement), "identity")
    else:
        assert refusal(written(statement)) == message


@pytest.mark.parametrize("version", [None, "2008-10-17"])
def test_identity_policies_speak_the_new_version(version: str | None) -> None:
    assert refusal(written(OK, Version=version)) == VERSION
    parse(written(OK, Version=version), "session")


def test_statement_ids_are_unique() -> None:
    named = {**OK, "Sid": "a"}
    assert refusal(written(named, named)) == (
        "Statement IDs (SID) in a single policy must be unique."
    )
    parse(written({**OK, "Sid": ""}, {**OK, "Sid": ""}), "identity")


TRUST = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
    "Action": "sts:AssumeRole",
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, None),
        ({"Principal": "*"}, None),
        ({"Principal": {"AWS": ["111122223333", "*"]}}, None),
        ({"Principal": {"Service": "ec2.amazonaws.com"}}, None),
        ({"Principal": {"Federated": "cognito-identity.amazonaws.com"}}, None),
        ({"Action": ["sts:AssumeRole", "sts:TagSession"]}, None),
        ({"Resource": "*"}, "Has prohibited field Resource"),
        ({"NotResource": "*"}, "AssumeRole policy must not contain resources."),
        ({"Action": "s3:*"}, "AssumeRole policy may only specify STS AssumeRole actions."),
        ({"Action": "*"}, "AssumeRole policy may only specify STS AssumeRole actions."),
        ({"Action": None}, "Missing required field Action"),
        ({"Effect": None}, "Missing required field Effect"),
        ({"Effect": "allow"}, "Invalid effect: allow"),
        ({"Principal": None}, "Missing required field Principal"),
        ({"Principal": {}}, "Missing required field Principal cannot be empty!"),
        ({"Principal": ["*"]}, "Principal must be a JSON object."),
        ({"NotPrincipal": "*"}, "AssumeRole policy must not contain NotPrincipal field."),
        (
            {"Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}},
            'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/*"',
        ),
        ({"Principal": {"Service": "*"}}, 'Invalid principal in policy: "SERVICE":"*"'),
        ({"Principal": {"User": "*"}}, "Invalid principal type: User"),
        ({"Principal": "111122223333"}, 'Invalid principal in policy: "STAR":"111122223333"'),
        ({"Principal": {"Service": "ec2"}}, 'Invalid principal in policy: "SERVICE":"ec2"'),
        ({"Condition": {"Equals": {"a:b": "c"}}}, "Invalid Condition type : Equals"),
        ({"Other": 1}, "Unknown field Other"),
    ],
)
def test_trust_policies(change: dict[str, Any], message: str | None) -> None:
    statement = {name: value for name, value in {**TRUST, **change}.items() if value is not None}
    if message is None:
        parse(written(statement), "trust")
    else:
        assert refusal(written(statement), "trust") == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "This policy contains invalid Json"),
        ("[]", "This policy contains invalid Json"),
        ("null", "This text appears not to be a policy"),
        ("{}", "Missing required field Statement"),
        (written(), "Could not parse the policy: Statement is empty!"),
        (written(TRUST, Version="2012-10-18"), "The policy must contain a valid version string"),
        (
            written({**TRUST, "Sid": "a"}, {**TRUST, "Sid": "a"}),
            "The Statement Ids in the policy are not unique",
        ),
    ],
)
def test_trust_documents(text: str, message: str) -> None:
    assert refusal(text, "trust") == message


def test_resource_policies_need_resource_and_principal() -> None:
    statement = {**OK, "Principal": "*", "Sid": "Any text"}
    parse(written(statement, Version="2008-10-17"), "resource")
    assert refusal(written(OK), "resource") == "Missing required field Principal"
    allowed = {**OK, "NotPrincipal": {"AWS": "111122223333"}}
    assert refusal(written(allowed), "resource") == "Allow with NotPrincipal is not allowed."
    parse(written({**allowed, "Effect": "Deny"}), "resource")
    bare = {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}
    assert refusal(written(bare), "resource") == "Missing required field Resource"


def test_principals_by_arn() -> None:
    names = ["arn:aws:iam::111122223333:user/a", "arn:aws:iam::111122223333:root", "444455556666"]
    policy = parse(written({**TRUST, "Principal": {"AWS": names}}), "trust")
    assert policy.principal_names() == (names[0],)


def test_size_leaves_white_space_out() -> None:
    assert size('{ "a" :\n\t"b"}\r\n') == len('{"a":"b"}')


def test_a_text_is_compiled_once() -> None:
    assert parse(written(OK), "identity") is parse(written(OK), "identity")


def test_every_policy_that_aws_publishes_is_taken() -> None:
    refused = []
    for policy in managed_policies.all_policies():
        try:
            parse.__wrapped__(policy.document, "identity")
        except MalformedPolicyDocument as fault:
            refused.append((policy.name, fault.text))
    assert not refused


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text("*?${}:'a,", max_size=8)
WORDS = st.sampled_from(
    [
        *("Version", "Id", "Statement", "Sid", "Effect", "Allow", "Deny", "Action", "NotAction"),
        *("Resource", "Principal", "NotPrincipal", "AWS", "Service", "Condition", "StringLike"),
        *("2012-10-17", "sts:AssumeRole", "arn:aws:iam::1:role/${aws:x}", "*", "DateEquals"),
        *("ForAllValues:ArnLike", "aws:username", "IpAddress", "Bool", "Null", "111122223333"),
    ]
)
VALUES = st.recursive(
    LEAVES | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=12,
)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": WORDS | st.just("Allow"), "Action": WORDS | VALUES, "Resource": WORDS | VALUES},
    optional={"Principal": VALUES, "Condition": VALUES, "Sid": VALUES, "NotAction": VALUES},
)


@given(
    VALUES | st.fixed_dictionaries({"Version": WORDS, "Statement": STATEMENTS}),
    st.sampled_from(["identity", "session", "trust", "resource"]),
)
def test_whatever_is_written_is_taken_or_refused(document: Any, kind: Any) -> None:
    with suppress(MalformedPolicyDocument):
        parse(json.dumps(document), kind)


@given(st.text(max_size=40), st.sampled_from(["identity", "trust"]))
def test_any_text_is_taken_or_refused(text: str, kind: Any) -> None:
    with pytest.raises(MalformedPolicyDocument):
        parse(text, kind)

"""The global condition keys, by kind of caller."""

import pytest

from cloudling.kernel.authorize import CallFacts, Question
from cloudling.kernel.authorize.context import Context
from cloudling.kernel.authorize.variables import Value
from cloudling.kernel.identities import Identity, Session

ACCOUNT = "111122223333"
FACTS = CallFacts(now=1_577_836_800.9, region="eu-west-1", source_ip="203.0.113.7", secure=True)
USER = Identity(
    kind="user",
    account=ACCOUNT,
    arn=f"arn:aws:iam::{ACCOUNT}:user/team/ann",
    principal_arn=f"arn:aws:iam::{ACCOUNT}:user/team/ann",
    unique_id="AIDAANNANNANNANNANNAN",
    name="ann",
)
ROLE = Identity(
    kind="role",
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s",
    principal_arn=f"arn:aws:iam::{ACCOUNT}:role/r",
    unique_id="AROAROLEROLEROLEROLER:s",
    name="r",
    session=Session(
        name="s",
        issued_at=1_577_836_000,
        expires_at=1_577_840_000,
        source_identity="ann",
        mfa_at=1_577_836_700,
    ),
)
SERVICE = Identity(
    kind="service", account="", arn="sns.amazonaws.com", principal_arn="", unique_id=""
)
ANONYMOUS = Identity(kind="anonymous", account="", arn="", principal_arn="", unique_id="")


def value(identity: Identity, key: str, **more: object) -> Value:
    question = Question(**{"identity": identity, "action": "a:b", "facts": FACTS, **more})  # type: ignore[arg-type]
    return Context(question, {"Team": "red"})(key)


@pytest.mark.parametrize(
    ("key", "user", "role", "anonymous"),
    [
        ("aws:username", "ann", None, None),
        ("aws:userid", USER.unique_id, ROLE.unique_id, "anonymous"),
        ("aws:principalarn", USER.arn, ROLE.principal_arn, None),
        ("aws:principalaccount", ACCOUNT, ACCOUNT, "anonymous"),
        ("aws:principaltype", "User", "AssumedRole", "Anonymous"),
        ("aws:multifactorauthpresent", None, "true", None),
        ("aws:multifactorauthage", None, "100", None),
        ("aws:tokenissuetime", None, "2019-12-31T23:46:40Z", None),
        ("aws:sourceidentity", None, "ann", None),
        ("aws:principalisawsservice", "false", "false", None),
        ("aws:resourceaccount", ACCOUNT, ACCOUNT, None),
    ],
)
def test_keys_of_the_caller(key: str, user: Value, role: Value, anonymous: Value) -> None:
    assert value(USER, key) == user
    assert value(ROLE, key) == role
    assert value(ANONYMOUS, key) == anonymous


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("aws:currenttime", "2020-01-01T00:00:00Z"),
        ("aws:epochtime", "1577836800"),
        ("aws:securetransport", "true"),
        ("aws:sourceip", "203.0.113.7"),
        ("aws:requestedregion", "eu-west-1"),
        ("aws:useragent", None),
        ("aws:referer", None),
        ("aws:viaawsservice", "false"),
        ("aws:calledvia", None),
        ("aws:principaltag/team", "red"),
        ("aws:principaltag/other", None),
        ("s3:prefix", None),
    ],
)
def test_keys_of_the_call(key: str, expected: Value) -> None:
    assert value(USER, key) == expected


def test_services() -> None:
    assert value(SERVICE, "aws:principalservicename") == "sns.amazonaws.com"
    assert value(SERVICE, "aws:principalisawsservice") == "true"
    assert value(SERVICE, "aws:principalarn") is None


def test_calls_through_services_keep_the_address() -> None:
    facts = CallFacts(now=0, source_ip="203.0.113.7", called_via=("a.aws", "b.aws"))
    assert value(USER, "aws:sourceip", facts=facts) == "203.0.113.7"
    assert value(SERVICE, "aws:sourceip") is None
    assert value(USER, "aws:multifactorauthpresent", facts=facts) == "false"
    assert value(USER, "aws:calledvia", facts=facts) == ("a.aws", "b.aws")
    assert value(USER, "aws:calledviafirst", facts=facts) == "a.aws"
    assert value(USER, "aws:calledvialast", facts=facts) == "b.aws"
    assert value(USER, "aws:viaawsservice", facts=facts) == "true"


def test_the_service_answers_for_its_own_keys_only() -> None:
    context = {"s3:prefix": "home/", "aws:username": "root"}
    assert value(USER, "s3:prefix", context=context) == "home/"
    assert value(USER, "aws:username", context=context) == "ann"
    assert value(USER, "s3:prefix", context=lambda key: key.upper()) == "S3:PREFIX"


def test_the_resource_owner_may_be_another_account() -> None:
    assert value(USER, "aws:resourceaccount", resource_account="9" * 12) == "9" * 12

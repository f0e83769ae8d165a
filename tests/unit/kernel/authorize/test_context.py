"""The global condition keys, by kind of caller."""

import msgspec
import pytest

from cloudling.kernel.authorize import CallFacts, Controls, Question
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


HERE = Controls(organization="o-1", path="o-1/r-1/ou-1/")
THERE = Controls(organization="o-2", path="o-2/r-2/")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("aws:principalorgid", "o-1"),
        ("aws:principalorgpaths", ("o-1/r-1/ou-1/",)),
        ("aws:resourceorgid", "o-2"),
        ("aws:resourceorgpaths", ("o-2/r-2/",)),
        ("aws:sourceorgid", None),
        ("aws:sourceorgpaths", None),
    ],
)
def test_keys_of_organizations(key: str, expected: Value) -> None:
    assert value(USER, key, organization=HERE, owner=THERE) == expected
    assert value(USER, key) is None


def test_the_organization_of_the_source() -> None:
    assert value(SERVICE, "aws:sourceorgid", source=THERE) == "o-2"
    assert value(SERVICE, "aws:sourceorgpaths", source=THERE) == ("o-2/r-2/",)


def test_services_have_a_name_in_each_region() -> None:
    names = value(SERVICE, "aws:principalservicenameslist")
    assert names == ("sns.amazonaws.com", "sns.eu-west-1.amazonaws.com")
    assert value(USER, "aws:principalservicenameslist") is None


def test_sessions_of_identity_providers() -> None:
    assert ROLE.session is not None
    session = msgspec.structs.replace(ROLE.session, provider="accounts.google.com", mfa_at=None)
    federated = msgspec.structs.replace(ROLE, session=session)
    assert value(federated, "aws:federatedprovider") == "accounts.google.com"
    assert value(ANONYMOUS, "aws:federatedprovider", provider="graph.facebook.com") == (
        "graph.facebook.com"
    )
    assert value(federated, "aws:multifactorauthpresent") is None
    assert value(ROLE, "aws:federatedprovider") is None


def test_roots_that_were_taken_on() -> None:
    session = Session(name="s", issued_at=0, expires_at=1, assumed_root=True)
    root = msgspec.structs.replace(USER, kind="root", session=session)
    assert value(root, "aws:assumedroot") == "true"
    assert value(ROLE, "aws:assumedroot") is None


def test_tags_are_asked_for_where_the_service_has_no_answer() -> None:
    asked: list[str] = []

    def tags(key: str) -> Value:
        asked.append(key)
        return "red"

    context = {"aws:resourcetag/team": "blue"}
    assert value(USER, "aws:resourcetag/team", context=context, tags=tags) == "blue"
    assert value(USER, "aws:requesttag/team", context=context, tags=tags) == "red"
    assert asked == ["aws:requesttag/team"]


@pytest.mark.parametrize("action", ["ec2:CreateVpcPeeringConnection", "ebs:GetSnapshotBlock"])
def test_some_actions_know_no_owner(action: str) -> None:
    for key in ("aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths"):
        assert value(USER, key, owner=HERE, action=action) is None
        assert value(USER, key, owner=HERE, action="ec2:CreateVpc") is not None

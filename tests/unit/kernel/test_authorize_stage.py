"""The stage that asks: what it reports, modes that change, keys it knows without the service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError, Call
from cloudling.kernel.authorize import NO_CONTROLS, Controls, NamedPolicy, parse
from cloudling.kernel.authorize.messages import Receipt
from cloudling.kernel.decisions import Asked, Decisions, Denied
from cloudling.kernel.operations import Operation
from cloudling.kernel.origins import Origin, Perimeter
from cloudling.kernel.request_tags import TagKeys
from cloudling.kernel.stages.authorize import trusts_service
from cloudling.services.iam.credentials import root_of
from cloudling.testing import LocalCloud
from cloudling.testing.clouds import SyncClient

if TYPE_CHECKING:
    from collections.abc import Iterator

ID = "d3xbfwcsdoam45n7ms6nv5pl0"


class Notes(Decisions):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bool]] = []
        self.last: Asked | None = None

    def refused(self, asked: Asked) -> Receipt:
        self.heard.append((asked.need.action, False))
        self.last = asked
        return Receipt(ID)

    def allowed(self, asked: Asked) -> None:
        self.heard.append((asked.need.action, True))


class Tree:
    """An organization of the test's own: these controls for every account."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def controls(self, account: str) -> Controls:
        return self._controls if account else NO_CONTROLS


@pytest.fixture
def local() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture
def notes(local: LocalCloud) -> Notes:
    local.cloud.decisions = notes = Notes()
    return notes


def policy(*actions: str, effect: str = "Allow", **more: Any) -> str:
    statement = {"Effect": effect, "Action": actions, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def refusal(call: Any, **request: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        call(**request)
    return caught.value


def from_afar(local: LocalCloud, client: SyncClient, origin: Origin) -> SyncClient:
    """The same caller over a connection."""
    identity = client._client._identity
    return SyncClient(local, local.cloud.client(identity, "eu-west-1", origin))


def test_every_decision_is_reported(local: LocalCloud, notes: Notes) -> None:
    ann = local.user("ann", policy("iam:ListUsers"))
    notes.heard.clear()
    ann.iam.list_users()
    denied = refusal(ann.iam.list_roles)
    assert notes.heard == [("iam:ListUsers", True), ("iam:ListRoles", False)]
    assert isinstance(denied, Denied)
    assert (denied.error_code, denied.http_status) == ("AccessDenied", 403)
    assert denied.asked is notes.last
    assert denied.asked.question.action == "iam:ListRoles"
    assert denied.asked.decision is not None
    assert not denied.asked.decision.allowed
    assert denied.receipt.authorization_id == ID
    assert denied.text.endswith(
        f". Go to https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1"
        f"#/authorization-details/{ID} for complete details, or call the "
        f"GetRequestAuthorizationDetails API with the following authorization id: {ID}"
    )


def test_a_role_that_is_not_there_is_reported_too(local: LocalCloud, notes: Notes) -> None:
    ann = local.user("ann", policy("sts:*"))
    denied = refusal(
        ann.sts.assume_role, RoleArn="arn:aws:iam::111122223333:role/r", RoleSessionName="s-1"
    )
    assert denied.error_code == "AccessDenied"
    assert notes.heard[-1] == ("sts:AssumeRole", False)
    assert notes.last is not None
    assert notes.last.trust


def test_the_mode_may_change_while_it_runs(
    local: LocalCloud, notes: Notes, caplog: pytest.LogCaptureFixture
) -> None:
    ann = local.user("ann")
    assert refusal(ann.iam.list_users).error_code == "AccessDenied"
    local.cloud.iam = "observe"
    ann.iam.list_users()
    assert "observed request_id=" in caplog.text
    assert notes.heard[-1] == ("iam:ListUsers", False)
    local.cloud.iam = "off"
    notes.heard.clear()
    ann.iam.list_users()
    assert notes.heard == []
    local.cloud.iam = "enforce"
    assert refusal(ann.iam.list_users).error_code == "AccessDenied"


def test_control_policies_bind_members(local: LocalCloud) -> None:
    ann = local.user("ann", policy("*"))
    arn = "arn:aws:organizations::999999999999:policy/o-1/service_control_policy/p-1"
    deny = NamedPolicy("no", arn, parse(policy("iam:ListRoles", effect="Deny"), "scp"))
    full = NamedPolicy("all", "", parse(policy("*"), "scp"))
    local.cloud.organizations = Tree(Controls(organization="o-1", service=((full,), (full, deny))))
    ann.iam.list_users()
    for caller in (ann, local.root()):
        denied = f" with an explicit deny in a service control policy: {arn}."
        assert denied in refusal(caller.iam.list_roles).text


def test_global_services_are_in_one_region(local: LocalCloud) -> None:
    lock = policy("*", Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}})
    ann = from_afar(local, local.user("ann", lock), Origin(peer="127.0.0.1"))
    ann.iam.list_users()
    assert refusal(ann.s3.list_buckets).error_code == "AccessDenied"


@pytest.mark.parametrize(
    ("perimeter", "condition", "allowed"),
    [
        (Perimeter(), {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        (Perimeter("203.0.113.7"), {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, False),
        (Perimeter("203.0.113.7"), {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, True),
        (Perimeter(), {"Bool": {"aws:SecureTransport": "true"}}, False),
        (
            Perimeter(loopback_counts_as_tls=True),
            {"Bool": {"aws:SecureTransport": "true"}},
            True,
        ),
    ],
)
def test_connections_as_policies_see_them(
    local: LocalCloud, perimeter: Perimeter, condition: dict[str, Any], allowed: bool
) -> None:
    local.cloud.perimeter = perimeter
    ann = local.user("ann", policy("iam:ListUsers", Condition=condition))
    far = from_afar(local, ann, Origin(peer="127.0.0.1"))
    if allowed:
        far.iam.list_users()
    else:
        assert refusal(far.iam.list_users).error_code == "AccessDenied"


def test_settings_reach_the_perimeter() -> None:
    with LocalCloud(source_ip="203.0.113.7", loopback_counts_as_tls=True) as local:
        assert local.cloud.perimeter == Perimeter("203.0.113.7", loopback_counts_as_tls=True)


def asked(local: LocalCloud, operation: str, resource: str, **request: Any) -> TagKeys:
    """The tag keys of a call of IAM's operation."""
    room = local.cloud.services["iam"]
    made = Operation(operation, room.operations[operation].function)
    call = Call(local.cloud, room, made, root_of("111122223333"), "us-east-1")
    return TagKeys(call, request, resource)


def test_tags_are_known_without_the_service(local: LocalCloud) -> None:
    local.root().iam.create_user(UserName="bob", Tags=[{"Key": "Team", "Value": "red"}])
    bob = "arn:aws:iam::111122223333:user/bob"
    tags = [{"Key": "Cost", "Value": "7"}]
    keys = asked(local, "TagUser", bob, UserName="bob", Tags=tags)
    assert keys("aws:resourcetag/team") == "red"
    assert keys("aws:resourcetag/cost") is None
    assert keys("aws:requesttag/cost") == "7"
    assert keys("aws:tagkeys") == ("Cost",)
    assert keys("iam:policyarn") is None
    assert keys("aws:other") is None
    assert asked(local, "ListUsers", "*")("aws:resourcetag/team") is None
    assert asked(local, "ListUsers", "*")("aws:tagkeys") is None
    made = asked(local, "CreateUser", bob, UserName="bob", Tags=tags)
    assert made("aws:resourcetag/cost") == "7"
    assert made("aws:resourcetag/team") is None
    assert asked(local, "CreateAccessKey", bob, UserName="bob")("aws:resourcetag/team") == "red"


def test_s3_answers_for_its_tags_itself(local: LocalCloud) -> None:
    only = {"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}}
    ann = local.user("ann", policy("s3:PutBucketTagging", Condition=only), policy("s3:Create*"))
    ann.s3.create_bucket(Bucket="tagged")
    tagging = {"TagSet": [{"Key": "team", "Value": "red"}]}
    assert refusal(ann.s3.put_bucket_tagging, Bucket="tagged", Tagging=tagging).error_code == (
        "AccessDenied"
    )


@pytest.mark.parametrize(
    ("service", "source", "trusted"),
    [
        ("lambda.amazonaws.com", "arn:aws:lambda:eu-west-1:111122223333:function:f", True),
        ("lambda.amazonaws.com", "arn:aws:lambda:eu-west-1:444455556666:function:f", False),
        ("ec2.amazonaws.com", "arn:aws:lambda:eu-west-1:111122223333:function:f", False),
    ],
)
def test_services_that_look_whether_a_role_trusts_them(
    local: LocalCloud, service: str, source: str, trusted: bool
) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    room = local.cloud.services["iam"]
    call = Call(local.cloud, room, room.operations["GetRole"], root_of("111122223333"), "eu-west-1")
    call.origin = Origin()
    role = "arn:aws:iam::111122223333:role/r"
    assert trusts_service(call, role, trust, service, source) is trusted

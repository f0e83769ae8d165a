"""What a decision's record tells: AWS's shape, the deciding statement, what would help."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel.decisions.log import DecisionLog
from cloudling.kernel.errors import AccessDenied
from cloudling.testing import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.kernel.decisions.records import DecisionRecord

ARN = "arn:aws:s3:::shelf/a"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


DENY = {"Sid": "Never", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}


@pytest.fixture
def local() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        cloud.root().s3.create_bucket(Bucket="shelf")
        yield cloud


def log_of(local: LocalCloud) -> DecisionLog:
    found = local.cloud.decisions
    assert isinstance(found, DecisionLog)
    return found


def last(local: LocalCloud) -> DecisionRecord:
    return log_of(local).last(1)[0]


def test_an_implicit_denial_names_what_was_missing(local: LocalCloud) -> None:
    ann = local.user("ann", policy(allow("s3:ListBucket")))
    with pytest.raises(AccessDenied):
        ann.s3.put_object(Bucket="shelf", Key="a", Body=b"x")
    record = last(local)
    assert (record.action, record.resource, record.outcome) == ("s3:PutObject", ARN, "denied")
    assert (record.explicit, record.wanting) == (False, ["identity-based policy"])
    [evaluation] = record.details["evaluations"]
    assert evaluation["evaluatedEffect"] == "IMPLICIT_DENY"
    assert evaluation["matchedPolicies"] == []
    context = record.details["requestContext"]
    assert context["aws:PrincipalArn"] == "arn:aws:iam::111122223333:user/ann"
    assert context["aws:username"] == "ann"
    assert record.details["policies"] == [
        {
            "type": "IDENTITY_BASED_POLICY",
            "inline": True,
            "uri": "inline:identity-based-policy:p0",
            "attachedTo": [{"arn": "arn:aws:iam::111122223333:user/ann"}],
        }
    ]


def test_an_explicit_denial_shows_its_statement(local: LocalCloud) -> None:
    ann = local.user("ann", policy(allow("s3:*"), DENY))
    with pytest.raises(AccessDenied):
        ann.s3.delete_object(Bucket="shelf", Key="a")
    record = last(local)
    assert record.explicit
    assert record.wanting == []
    assert record.deciding == {
        "policyType": "identity-based policy",
        "policy": "p0",
        "policyArn": "",
        "statementNumber": 2,
        "sid": "Never",
        "statement": DENY,
    }
    [evaluation] = record.details["evaluations"]
    assert evaluation["matchedPolicies"] == [
        {
            "uri": "inline:identity-based-policy:p0",
            "matchedStatements": [
                {"sid": "Never", "evaluatedEffect": "DENY"},
                {"sid": "Statement1", "evaluatedEffect": "ALLOW"},
            ],
        }
    ]


def test_a_boundary_that_would_still_refuse_is_told(local: LocalCloud) -> None:
    root = local.root().iam
    ann = local.user("ann", policy(allow("s3:ListBucket")))
    made = root.create_policy(PolicyName="limit", PolicyDocument=policy(allow("s3:List*")))
    arn = made["Policy"]["Arn"]
    root.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=arn)
    with pytest.raises(AccessDenied):
        ann.s3.put_object(Bucket="shelf", Key="a", Body=b"x")
    record = last(local)
    assert record.wanting == ["identity-based policy", "permissions boundary"]
    assert [check["policyType"] for check in record.checks] == [
        "identity-based policy",
        "permissions boundary",
    ]


def test_what_the_request_was_allowed_before_stands_in_the_record(local: LocalCloud) -> None:
    ann = local.user("ann", policy(allow("s3:CreateBucket")))
    tags = {"Tags": [{"Key": "team", "Value": "red"}]}
    with pytest.raises(AccessDenied):
        ann.s3.create_bucket(Bucket="tagged", CreateBucketConfiguration=tags)
    evaluations = last(local).details["evaluations"]
    assert [(each["action"], each["evaluatedEffect"]) for each in evaluations] == [
        ("s3:CreateBucket", "ALLOW"),
        ("s3:TagResource", "IMPLICIT_DENY"),
    ]
    assert evaluations[1]["context"]["aws:RequestTag/team"] == "red"


def test_a_denial_is_found_by_each_of_its_names(local: LocalCloud) -> None:
    ann = local.user("ann")
    with pytest.raises(AccessDenied):
        ann.s3.put_object(Bucket="shelf", Key="a", Body=b"x")
    log, record = log_of(local), last(local)
    assert log.find(record.id) == record
    assert log.find(record.request_id) == record
    assert log.find(log.messages.seal(record)) == record
    assert log.find("nothing") is None


def test_who_is_asked_for_by_name(local: LocalCloud) -> None:
    for name in ("ann", "bob"):
        with pytest.raises(AccessDenied):
            local.user(name).s3.put_object(Bucket="shelf", Key=name, Body=b"x")
    log = log_of(local)
    assert [each.principal[-3:] for each in log.last(5)] == ["bob", "ann"]
    for name in ("ann", "user/ann", "arn:aws:iam::111122223333:user/ann"):
        assert [each.resource[-3:] for each in log.last(5, principal=name)] == ["ann"]


def test_allowed_calls_are_told_with_the_statement_that_allowed(local: LocalCloud) -> None:
    ann = local.user("ann", policy(allow("s3:PutObject", Sid="Write")))
    ann.s3.put_object(Bucket="shelf", Key="a", Body=b"x")
    [record] = log_of(local).last(1, allowed=True, principal="ann")
    assert (record.outcome, record.deciding["sid"]) == ("allowed", "Write")


def test_observed_denials_pass_and_are_told_so(local: LocalCloud) -> None:
    ann = local.user("ann")
    local.cloud.iam = "observe"
    ann.s3.put_object(Bucket="shelf", Key="a", Body=b"x")
    assert last(local).outcome == "observed"
    local.cloud.iam = "enforce"
    with pytest.raises(AccessDenied):
        ann.s3.put_object(Bucket="shelf", Key="a", Body=b"x")
    assert last(local).outcome == "denied"


def test_denials_are_stored_and_loaded(local: LocalCloud) -> None:
    ann = local.user("ann", policy(allow("s3:GetObject")))
    with pytest.raises(AccessDenied):
        ann.s3.put_object(Bucket="shelf", Key="a", Body=b"x")
    log, record = log_of(local), last(local)
    log.save()
    again = DecisionLog(local.cloud)
    local.run(again.load())
    assert again.find(record.id) == record
    assert [deed.action for deed in again.activity.deeds("arn:aws:iam::111122223333:user/ann")] == [
        "s3:PutObject"
    ]


def test_only_the_last_denials_are_kept(local: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudling.kernel.decisions.denials.MOST", 3)
    ann, log = local.user("ann"), log_of(local)
    for number in range(5):
        with pytest.raises(AccessDenied):
            ann.s3.put_object(Bucket="shelf", Key=str(number), Body=b"x")
        log.save()
    assert [record.resource[-1] for record in log.last(9)] == ["4", "3", "2"]
    again = DecisionLog(local.cloud)
    local.run(again.load())
    assert [record.resource[-1] for record in again.last(9)] == ["4", "3", "2"]


def test_what_earlier_runs_kept_stands_before_what_is_new(local: LocalCloud) -> None:
    ann = local.user("ann")
    with pytest.raises(AccessDenied):
        ann.s3.put_object(Bucket="shelf", Key="old", Body=b"x")
    log_of(local).save()
    local.cloud.decisions = again = DecisionLog(local.cloud)
    with pytest.raises(AccessDenied):
        ann.s3.put_object(Bucket="shelf", Key="new", Body=b"x")
    local.run(again.load())
    assert [record.resource[-3:] for record in again.last(9)] == ["new", "old"]
    [deed, _] = again.activity.deeds("arn:aws:iam::111122223333:user/ann")
    assert deed.resource == "arn:aws:s3:::shelf/new"

"""What principals did, bounded; and the least policy for it."""

from __future__ import annotations

import pytest

from cloudling.kernel.decisions.activity import MOST_RESOURCES, Activity, Deed, widened
from cloudling.kernel.decisions.suggestions import suggest
from cloudling.store.store import Store

WHO = "arn:aws:iam::111122223333:user/ann"


@pytest.fixture
def activity() -> Activity:
    return Activity(Store.open(None))


def test_deeds_are_counted_with_their_first_and_last_time(activity: Activity) -> None:
    for at in (5.0, 7.0, 9.0):
        activity.note(WHO, "s3:GetObject", "arn:aws:s3:::b/k", "allowed", at)
    activity.note(WHO, "s3:PutObject", "arn:aws:s3:::b/k", "denied", 9.0)
    first, second = activity.deeds(WHO)
    assert (first.count, first.first, first.last) == (3, 5.0, 9.0)
    assert second.outcome == "denied"
    assert list(activity.of(WHO)) == [("s3", "GetObject", 9.0)]
    assert activity.deeds(WHO, since=9.5) == []


def test_resources_without_end_are_told_by_their_bucket(activity: Activity) -> None:
    for number in range(10 * MOST_RESOURCES):
        activity.note(WHO, "s3:GetObject", f"arn:aws:s3:::b/{number}", "allowed", 1.0)
    deeds = activity.deeds(WHO)
    assert len(deeds) == MOST_RESOURCES + 1
    assert deeds[-1].resource == "arn:aws:s3:::b/*"
    assert sum(deed.count for deed in deeds) == 10 * MOST_RESOURCES


@pytest.mark.parametrize(
    ("resource", "pattern"),
    [
        ("arn:aws:s3:::b/dir/key", "arn:aws:s3:::b/*"),
        ("arn:aws:iam::1:user/team/ann", "arn:aws:iam::1:user/team/*"),
        ("arn:aws:sqs:eu-west-1:1:queue", "arn:aws:sqs:eu-west-1:1:*"),
        ("*", "*"),
    ],
)
def test_patterns(resource: str, pattern: str) -> None:
    assert widened(resource) == pattern


def deed(action: str, resource: str, outcome: str = "allowed") -> Deed:
    return Deed(
        principal=WHO, action=action, resource=resource, outcome=outcome, count=1, first=0, last=0
    )


def test_a_statement_for_each_set_of_resources() -> None:
    bucket, objects = "arn:aws:s3:::b", "arn:aws:s3:::b/*"
    found = suggest(
        [
            deed("s3:ListBucket", bucket),
            deed("s3:GetObject", f"{bucket}/one"),
            deed("s3:GetObject", f"{bucket}/two"),
            deed("s3:PutObject", f"{bucket}/one", "observed"),
            deed("s3:DeleteObject", f"{bucket}/one", "denied"),
            deed("s3:ListAllMyBuckets", "*"),
        ]
    )
    assert found["Statement"] == [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": [objects]},
        {"Effect": "Allow", "Action": ["s3:ListAllMyBuckets"], "Resource": ["*"]},
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [bucket]},
    ]


def test_many_resources_are_told_by_their_beginning() -> None:
    found = suggest([deed("iam:GetUser", f"arn:aws:iam::1:user/u{n}") for n in range(9)])
    assert found["Statement"][0]["Resource"] == ["arn:aws:iam::1:user/*"]

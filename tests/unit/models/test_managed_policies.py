"""The policies that AWS publishes, as shipped."""

import json
import re

import pytest

from cloudling.models import managed_policies


def test_a_policy() -> None:
    policy = managed_policies.find("arn:aws:iam::aws:policy/AmazonS3FullAccess")
    assert policy is not None
    assert (policy.name, policy.path, policy.default_version) == ("AmazonS3FullAccess", "/", 2)
    assert (policy.created, policy.updated) == (1423248058, 1632773797)
    assert json.loads(policy.document) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:*", "s3-object-lambda:*"], "Resource": "*"}
        ],
    }


def test_all_are_there_in_order() -> None:
    names = managed_policies.names()
    assert len(names) == 1582
    assert list(names) == sorted(names)
    assert [policy.name for policy in managed_policies.all_policies()] == list(names)


def test_every_policy_is_found_by_its_arn_and_has_an_id_of_its_own() -> None:
    policies = managed_policies.all_policies()
    assert all(managed_policies.find(policy.arn) == policy for policy in policies)
    ids = {policy.id for policy in policies}
    assert len(ids) == len(policies)
    assert all(re.fullmatch("ANPA[A-Z2-7]{17}", each) for each in ids)


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "AmazonS3FullAccess",
        "arn:aws:iam::aws:policy/NoSuchPolicy",
        "arn:aws:iam::111122223333:policy/AmazonS3FullAccess",
        "arn:aws:iam::aws:policy/service-role/AmazonS3FullAccess",
    ],
)
def test_what_is_not_published(arn: str) -> None:
    assert managed_policies.find(arn) is None


def test_paths_are_part_of_the_arn() -> None:
    arn = "arn:aws:iam::aws:policy/job-function/Billing"
    policy = managed_policies.find(arn)
    assert policy is not None
    assert policy.arn == arn

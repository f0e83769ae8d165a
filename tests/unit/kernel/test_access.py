"""What calls ask of policies beyond their own action: PassRole, regions, tags, connections."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from cloudling.kernel import Need, endpoints, pass_role
from cloudling.kernel.access import passing
from cloudling.kernel.errors import AccessDenied
from cloudling.kernel.origins import Origin, Perimeter
from cloudling.kernel.request_tags import requested, requested_keys

HERE: Any = SimpleNamespace(account="111122223333", partition="aws")
ROLE = "arn:aws:iam::111122223333:role/team/worker"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:f"


def test_passing_a_role() -> None:
    need = pass_role(HERE, ROLE, "lambda.amazonaws.com", FUNCTION)
    assert need == Need(
        "iam:PassRole",
        ROLE,
        context={
            "iam:PassedToService": "lambda.amazonaws.com",
            "iam:AssociatedResourceArn": FUNCTION,
        },
    )
    assert pass_role(HERE, ROLE, "ec2.amazonaws.com").context == {
        "iam:PassedToService": "ec2.amazonaws.com"
    }


def test_roles_of_other_accounts_cannot_be_passed() -> None:
    with pytest.raises(AccessDenied, match="Cross-account pass role is not allowed"):
        pass_role(HERE, "arn:aws:iam::444455556666:role/r", "ec2.amazonaws.com")


def passed(member: str, request: dict[str, Any], resource: str = FUNCTION) -> list[str]:
    async def rule(call: Any, request: dict[str, Any]) -> list[Need]:
        return [Need("lambda:CreateFunction", resource)]

    needs = asyncio.run(passing(rule, member, "x.amazonaws.com")(HERE, request))
    assert needs[0].action == "lambda:CreateFunction"
    for need in needs[1:]:
        assert isinstance(need.context, dict)
        assert need.context.get("iam:AssociatedResourceArn", "*") == resource
    return [need.resource for need in needs[1:]]


@pytest.mark.parametrize(
    ("member", "request_", "roles"),
    [
        ("Role", {"Role": ROLE}, [ROLE]),
        ("Role", {}, []),
        ("Role", {"Role": ""}, []),
        ("Role", {"Role": "worker"}, ["arn:aws:iam::111122223333:role/worker"]),
        ("Conf.Role", {"Conf": {"Role": ROLE}}, [ROLE]),
        ("Conf.Role", {"Conf": "text"}, []),
        ("Targets.RoleArn", {"Targets": [{"RoleArn": ROLE}, {}, {"RoleArn": ROLE}]}, [ROLE] * 2),
        ("Roles", {"Roles": [ROLE, "worker"]}, [ROLE, "arn:aws:iam::111122223333:role/worker"]),
    ],
)
def test_roles_that_requests_name(member: str, request_: dict[str, Any], roles: list[str]) -> None:
    assert passed(member, request_) == roles
    assert passed(member, request_, "*") == roles


@pytest.mark.parametrize(
    ("prefix", "asked", "region"),
    [
        ("iam", "eu-west-1", "us-east-1"),
        ("organizations", "ap-south-1", "us-east-1"),
        ("networkmanager", "eu-west-1", "us-west-2"),
        ("iam", "cn-northwest-1", "cn-north-1"),
        ("organizations", "cn-north-1", "cn-northwest-1"),
        ("iam", "us-gov-east-1", "us-gov-west-1"),
        ("sts", "eu-west-1", "eu-west-1"),
        ("s3", "eu-west-1", "eu-west-1"),
        ("", "eu-west-1", "eu-west-1"),
    ],
)
def test_global_services_have_one_region(prefix: str, asked: str, region: str) -> None:
    assert endpoints.region_of(prefix, asked) == region


@pytest.mark.parametrize(
    ("request_", "tags"),
    [
        ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b"}]}, {"a": "1", "b": ""}),
        ({"Tags": [{"TagKey": "a", "TagValue": "1"}]}, {"a": "1"}),
        ({"tags": [{"key": "a", "value": "1"}]}, {"a": "1"}),
        ({"Tags": {"a": "1"}}, {"a": "1"}),
        ({"TagSet": [{"Key": "a", "Value": "1"}]}, {"a": "1"}),
        ({"Tagging": {"TagSet": [{"Key": "a", "Value": "1"}]}}, {"a": "1"}),
        (
            {"TagSpecifications": [{"ResourceType": "i", "Tags": [{"Key": "a", "Value": "1"}]}]},
            {"a": "1"},
        ),
        ({"Tagging": "a=1"}, {}),
        ({"Tags": None}, {}),
        ({"Tags": [1, {"x": "y"}]}, {}),
        ({"Name": "x"}, {}),
    ],
)
def test_tags_in_all_forms_of_requests(request_: dict[str, Any], tags: dict[str, str]) -> None:
    assert requested(request_) == tags
    assert requested_keys(request_) == tuple(tags)


def test_keys_of_tags_that_go() -> None:
    assert requested_keys({"TagKeys": ["a", "b"], "Tags": [{"Key": "a"}]}) == ("a", "b")
    assert requested_keys({"TagKeys": None}) == ()


PLAIN = Origin(peer="127.0.0.1")


def seen(perimeter: Perimeter, origin: Origin) -> tuple[str, bool]:
    return perimeter.view(origin.peer, origin.secure, origin.called_via)


def test_connections_as_they_are() -> None:
    perimeter = Perimeter()
    assert seen(perimeter, PLAIN)[0] == "127.0.0.1"
    assert seen(perimeter, Origin(peer="::ffff:192.0.2.1"))[0] == "192.0.2.1"
    assert not seen(perimeter, PLAIN)[1]
    assert seen(perimeter, Origin(peer="192.0.2.1", secure=True))[1]
    assert seen(perimeter, Origin())[0] == ""
    assert seen(perimeter, Origin())[1]


def test_connections_as_settings_tell() -> None:
    perimeter = Perimeter("203.0.113.7", loopback_counts_as_tls=True)
    assert seen(perimeter, PLAIN)[0] == "203.0.113.7"
    assert seen(perimeter, Origin())[0] == ""
    assert seen(perimeter, PLAIN)[1]
    assert seen(perimeter, Origin(peer="::1"))[1]
    assert seen(perimeter, Origin(peer="::ffff:127.0.0.1"))[1]
    assert not seen(perimeter, Origin(peer="192.0.2.1"))[1]
    assert not seen(perimeter, Origin(peer="no address"))[1]


def test_calls_that_services_make_for_somebody() -> None:
    onward = PLAIN.forwarded("cloudformation.amazonaws.com").forwarded("dynamodb.amazonaws.com")
    assert onward.called_via == ("cloudformation.amazonaws.com", "dynamodb.amazonaws.com")
    assert onward.peer == "127.0.0.1"
    assert seen(Perimeter(), onward)[1]

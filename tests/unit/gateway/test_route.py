"""Which service a head means, and whose words it is refused in."""

from __future__ import annotations

import pytest

from cloudling.gateway import hosts, route
from cloudling.gateway.messages import Request
from cloudling.gateway.route import Target
from cloudling.kernel.streams import Bytes
from cloudling.models import loader

SERVED = frozenset(route.PROTOCOLS)


def target(
    *, signed_for: str = "", host: str = "127.0.0.1", query: bytes = b"", **headers: str
) -> Target:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request("POST", b"/", query, named, Bytes(b""))
    return route.find_target(request, hosts.parse_host(host), signed_for, SERVED)


@pytest.mark.parametrize(
    ("protocol", "dialect"),
    [
        ("rest-xml", "s3"),
        ("query", "query"),
        ("ec2", "ec2"),
        ("json", "json"),
        ("rest-json", "json"),
    ],
)
def test_every_protocol_has_words_for_refusals(protocol: str, dialect: str) -> None:
    assert Target("any", protocol).dialect == dialect


def test_the_tables_are_what_the_models_say() -> None:
    assert {name: loader.load(name).protocols[0] for name in loader.services()} == route.PROTOCOLS
    for prefix, name in route._TARGET_PREFIXES.items():
        assert loader.load(name).metadata["targetPrefix"] == prefix


@pytest.mark.parametrize("name", list(route.PROTOCOLS))
def test_the_scope_of_a_signature_decides(name: str) -> None:
    found = target(signed_for=name, x_amz_target="AWSOrganizationsV20161128.ListRoots")
    assert found == Target(name, route.PROTOCOLS[name])


@pytest.mark.parametrize(
    ("host", "query", "headers", "name"),
    [
        (
            "127.0.0.1",
            b"",
            {"x_amz_target": "AWSOrganizationsV20161128.ListRoots"},
            "organizations",
        ),
        ("organizations.us-east-1.amazonaws.com", b"", {}, "organizations"),
        ("organizations.us-gov-west-1.amazonaws.com", b"", {}, "organizations"),
        ("ec2.eu-west-1.amazonaws.com", b"", {}, "ec2"),
        ("ec2.amazonaws.com", b"", {}, "ec2"),
        ("ec2.eu-west-1.api.aws", b"", {}, "ec2"),
        ("127.0.0.1", b"Action=DescribeVpcs&Version=2016-11-15", {}, "ec2"),
        ("127.0.0.1", b"Action=ListUsers&Version=2010-05-08", {}, "iam"),
        ("127.0.0.1", b"", {"content_type": "application/x-www-form-urlencoded"}, "sts"),
        ("127.0.0.1", b"", {}, "s3"),
    ],
)
def test_unsigned_calls_go_by_their_looks(
    host: str, query: bytes, headers: dict[str, str], name: str
) -> None:
    assert target(host=host, query=query, **headers).model == name


def test_what_nobody_serves_is_guessed() -> None:
    assert target(x_amz_target="DynamoDB_20120810.ListTables") == Target("dynamodb", "json", False)
    assert target(signed_for="sns") == Target("sns", "query", False)

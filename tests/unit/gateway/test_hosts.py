"""What names mean, and which of them this cloud answers to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.gateway.hosts import AcceptedNames, Host, is_accepted, is_loopback, parse_host

NOBODY = AcceptedNames()


def summary(header: str) -> tuple[str, str, str, str, str]:
    host = parse_host(header)
    return host.kind, host.service, host.region, host.bucket, host.account


@pytest.mark.parametrize(
    ("header", "bucket", "region"),
    [
        ("b1.localhost", "b1", ""),
        ("b1.localhost:4566", "b1", ""),
        ("Photos.LOCALHOST.:4566", "photos", ""),
        ("a.b.c.localhost", "a.b.c", ""),
        ("sts.localhost", "sts", ""),
        ("b1.s3.localhost", "b1", ""),
        ("b1.s3.eu-west-1.localhost", "b1", "eu-west-1"),
        ("b1.s3.localhost.localstack.cloud", "b1", ""),
        ("a.b.s3.localhost.localstack.cloud:4566", "a.b", ""),
        ("b1.s3.eu-west-1.localhost.localstack.cloud:443", "b1", "eu-west-1"),
        ("b1.s3.amazonaws.com", "b1", ""),
        ("b1.s3.eu-west-1.amazonaws.com", "b1", "eu-west-1"),
        ("b1.s3.us-gov-west-1.amazonaws.com", "b1", "us-gov-west-1"),
        ("b1.s3-us-west-2.amazonaws.com", "b1", "us-west-2"),
        ("b1.s3-external-1.amazonaws.com", "b1", ""),
        ("b1.s3.dualstack.ap-southeast-2.amazonaws.com", "b1", "ap-southeast-2"),
        ("b1.s3-fips.us-east-1.amazonaws.com", "b1", "us-east-1"),
        ("b1.s3-fips.dualstack.us-east-1.amazonaws.com", "b1", "us-east-1"),
        ("b1.s3-accelerate.amazonaws.com", "b1", ""),
        ("b1.s3-accelerate.dualstack.amazonaws.com", "b1", ""),
        ("b1.s3.cn-north-1.amazonaws.com.cn", "b1", "cn-north-1"),
        ("my.s3.bucket.s3.amazonaws.com", "my.s3.bucket", ""),
        ("s3.s3.amazonaws.com", "s3", ""),
        ("x.s3.eu-west-1.s3.eu-central-1.amazonaws.com", "x.s3.eu-west-1", "eu-central-1"),
        ("b1.s3.cloud.example.test", "b1", ""),
        ("b1.s3.eu-west-1.cloudling.internal:4566", "b1", "eu-west-1"),
    ],
)
def test_virtual_hosted_buckets(header: str, bucket: str, region: str) -> None:
    assert summary(header) == ("s3-bucket", "s3", region, bucket, "")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("s3.amazonaws.com", ("s3", "s3", "", "", "")),
        ("s3.eu-west-1.amazonaws.com", ("s3", "s3", "eu-west-1", "", "")),
        ("s3-eu-west-1.amazonaws.com:443", ("s3", "s3", "eu-west-1", "", "")),
        ("s3.dualstack.eu-west-1.amazonaws.com", ("s3", "s3", "eu-west-1", "", "")),
        ("s3.localhost.localstack.cloud:4566", ("s3", "s3", "", "", "")),
        ("s3.localhost", ("s3", "s3", "", "", "")),
        ("s3.eu-west-1.localhost", ("s3", "s3", "eu-west-1", "", "")),
        ("w.s3-website-eu-west-1.amazonaws.com", ("s3-website", "s3", "eu-west-1", "w", "")),
        ("a.b.s3-website.eu-west-1.amazonaws.com", ("s3-website", "s3", "eu-west-1", "a.b", "")),
        ("w.s3-website.localhost.localstack.cloud:4566", ("s3-website", "s3", "", "w", "")),
        ("w.s3-website.localhost", ("s3-website", "s3", "", "w", "")),
        (
            "123456789012.s3-control.eu-west-1.amazonaws.com",
            ("s3-control", "s3-control", "eu-west-1", "", "123456789012"),
        ),
        ("s3-control.eu-west-1.amazonaws.com", ("s3-control", "s3-control", "eu-west-1", "", "")),
        (
            "my-point-123456789012.s3-accesspoint.eu-west-1.amazonaws.com",
            ("s3-accesspoint", "s3", "eu-west-1", "my-point", "123456789012"),
        ),
        ("sts.amazonaws.com", ("service", "sts", "", "", "")),
        ("iam.amazonaws.com", ("service", "iam", "", "", "")),
        ("STS.EU-WEST-1.AmazonAWS.com", ("service", "sts", "eu-west-1", "", "")),
        ("sts-fips.us-east-1.amazonaws.com", ("service", "sts", "us-east-1", "", "")),
        ("ec2.us-east-1.api.aws", ("service", "ec2", "us-east-1", "", "")),
        ("lambda.dualstack.eu-west-1.amazonaws.com", ("service", "lambda", "eu-west-1", "", "")),
        ("sqs.eu-west-1.localhost.localstack.cloud", ("service", "sqs", "eu-west-1", "", "")),
        ("eu-west-1.queue.amazonaws.com", ("service", "sqs", "eu-west-1", "", "")),
        ("queue.amazonaws.com", ("service", "sqs", "", "", "")),
        ("1234.dkr.ecr.eu-west-1.amazonaws.com", ("service", "ecr", "eu-west-1", "", "")),
        ("console.localhost:4566", ("console", "", "", "", "")),
        ("evil.console.localhost:4566", ("console", "", "", "", "")),
    ],
)
def test_other_names(header: str, expected: tuple[str, ...]) -> None:
    assert summary(header) == expected


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:4566", "localhost"),
        ("LocalHost.", "localhost"),
        ("localhost.:4566", "localhost"),
        ("localhost:", "localhost"),
        ("127.0.0.1:4566", "127.0.0.1"),
        ("[::1]:4566", "::1"),
        ("[0:0:0:0:0:0:0:1]", "::1"),
        ("[fe80::1%25eth0]:4566", "fe80::1%eth0"),
        ("0.0.0.0:4566", "0.0.0.0"),  # noqa: S104 - a name that clients send, not a bind
        ("cloudling:4566", "cloudling"),
        ("my_service", "my_service"),
        ("localhost.localstack.cloud:4566", "localhost.localstack.cloud"),
        ("host.docker.internal:4566", "host.docker.internal"),
        ("cloudling.default.svc.cluster.local", "cloudling.default.svc.cluster.local"),
    ],
)
def test_plain_names_are_accepted_by_everyone(header: str, name: str) -> None:
    host = parse_host(header)
    assert (host.kind, host.name) == ("plain", name)
    assert is_accepted(host, NOBODY)


@pytest.mark.parametrize(
    "header",
    [
        "evil.test",
        "evil.test:4566",
        "127.0.0.1.evil.test",
        "localhost.evil.test",
        "evillocalhost.test",
        "notamazonaws.com",
        "amazonaws.com.evil.test",
        "evil.console.localhost",
        "bucket.s3.evil.test",
        "xlocalhost.localstack.cloud",
        "",
        ".",
        ":4566",
        "::1",
        "[127.0.0.1]",
        "[::1",
        "a..b.localhost",
        "local host",
        "localhost,evil.test",
        "localhost:80x",
        "localhost:456666",
        "user@localhost",
        "localhost/x",
        "-a.localhost",
        "\u212aube.localhost",
        "a" * 254,
    ],
)
def test_foreign_and_malformed_names_are_refused(header: str) -> None:
    assert not is_accepted(parse_host(header), NOBODY)


def test_configured_names() -> None:
    names = AcceptedNames.of(
        ["Cloud.Example.Test:4566", "*.dev.example.test", "ls"],
        machine="Box.lan",
        serves=lambda name: name == "bucket-site.test",
    )
    accepted = [
        "cloud.example.test:80",
        "a.dev.example.test",
        "b.s3.dev.example.test",
        "box.lan:4566",
        "box.local",
        "bucket-site.test",
    ]
    refused = ["example.test", "dev.example.test", "x.cloud.example.test", "evildev.example.test"]
    assert all(is_accepted(parse_host(name), names) for name in accepted)
    assert not any(is_accepted(parse_host(name), names) for name in refused)


def test_nothing_opens_the_names_below_the_console() -> None:
    names = AcceptedNames.of(["*.localhost"])
    assert is_accepted(parse_host("console.localhost"), NOBODY)
    assert not is_accepted(parse_host("evil.console.localhost"), names)


@pytest.mark.parametrize("hostname", ["*", "*.", "a b", "", "http://x.test", "a*.test", "*.*.test"])
def test_a_name_that_is_none_is_refused_with_an_example(hostname: str) -> None:
    with pytest.raises(ValueError, match=r"is not a name\. Give one such as"):
        AcceptedNames.of([hostname])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("::1", False),
        ("10.0.0.1", False),
        ("localhost.localstack.cloud", False),
        ("notlocalhost", False),
    ],
)
def test_loopback(name: str, expected: bool) -> None:
    assert is_loopback(name) is expected


label = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
bucket_name = st.lists(label, min_size=1, max_size=4).map(".".join).filter(lambda b: len(b) >= 3)


@given(
    bucket_name.filter(lambda name: name != "console" and not name.endswith(".console")),
    st.sampled_from(
        [
            "s3.localhost",
            "s3.localhost.localstack.cloud",
            "s3.eu-west-1.localhost.localstack.cloud",
            "s3.amazonaws.com",
            "s3.eu-west-1.amazonaws.com",
            "s3-eu-west-1.amazonaws.com",
            "s3.dualstack.eu-west-1.amazonaws.com",
        ]
    ),
    st.sampled_from(["", ":4566", ".", ".:4566"]),
)
def test_any_bucket_round_trips(bucket: str, endpoint: str, tail: str) -> None:
    host = parse_host(f"{bucket}.{endpoint}{tail}")
    assert (host.kind, host.bucket) == ("s3-bucket", bucket)
    assert is_accepted(host, NOBODY)


@given(st.text(max_size=300))
def test_no_text_breaks_the_parser(text: str) -> None:
    assert isinstance(parse_host(text), Host)


@given(bucket_name)
def test_no_name_below_a_foreign_domain_is_accepted(name: str) -> None:
    assert not is_accepted(parse_host(f"{name}.evil.test"), NOBODY)

"""Security rule 1 for heads that no browser sends, or not any more: over plain sockets."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from tests.raw import Answer, Draft, Headers, Line, ask, head_of, presigned, signed

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

WELCOME = [
    b"127.0.0.1", b"127.0.0.1:80", b"[::1]", b"[::1]:4566", b"0.0.0.0", b"172.17.0.2",
    b"192.168.1.9", b"localhost", b"LOCALHOST.", b"cloudling", b"bucket.localhost",
    b"host.docker.internal", b"cloud.default.svc.cluster.local", b"localhost.localstack.cloud",
    b"s3.amazonaws.com", b"b.s3.localhost.localstack.cloud:4566", b"iam.amazonaws.com",
    b"s3.cn-north-1.amazonaws.com.cn", b"mine.test", b"a.all.test",
]  # fmt: skip
STRANGE = [
    b"evil.test", b"rebound.test:4566", b"127.0.0.1.evil.test", b"localhost.evil.test", b"a.b",
    b"evil-localhost.test", b"amazonaws.com.evil.test", b"evilamazonaws.com", b"1.2.3.4.5",
    b"all.test", b"other.mine.test", b"2130706433.evil.test", b"", b"a b", b"..", b"localhost:x",
    b"evil.test, localhost", b"evil.test\\@localhost", b"user@localhost", b"console.localhost",
    b"x.console.localhost",
]  # fmt: skip


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    allowed = {"hostname": ("mine.test", "*.all.test"), "allow_origin": ("https://app.test",)}
    with RunningCloud(**allowed) as running:
        ask(running.port, signed(Draft("PUT", b"/bucket")))
        ask(running.port, signed(Draft("PUT", b"/bucket/key", body=b"stored")))
        yield running


def refused(answer: Answer, rule: str) -> bool:
    return (
        answer.status == 403
        and answer.headers["content-type"].startswith("text/plain")
        and answer.headers["connection"] == "close"
        and f"rule {rule}" in answer.body.decode()
        and "--" in answer.body.decode()
    )


@pytest.mark.parametrize("host", WELCOME)
def test_names_that_no_page_can_be_rebound_to_are_welcome(cloud: RunningCloud, host: bytes) -> None:
    path = b"/_cloudling/health"
    assert ask(cloud.port, Draft(path=path, host=host, service="")).status == 200


@pytest.mark.parametrize("host", STRANGE)
@pytest.mark.parametrize("path", [b"/", b"/bucket/key"])
def test_other_names_are_refused_whatever_is_signed(
    cloud: RunningCloud, host: bytes, path: bytes
) -> None:
    answer = ask(cloud.port, signed(Draft("GET", path, host=host)))
    assert refused(answer, "Host")


def test_an_absolute_target_replaces_host(cloud: RunningCloud) -> None:
    with Line(cloud.port) as line:
        line.send(b"GET http://evil.test/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert refused(line.answer(), "Host")
    with Line(cloud.port) as line:
        line.send(b"GET http://localhost/_cloudling/health HTTP/1.1\r\nHost: evil.test\r\n\r\n")
        assert line.answer().status == 200


@pytest.mark.parametrize(
    "head",
    [
        Draft("PUT", b"/bucket/key", host=b"evil.test", service=""),
        Draft("PUT", b"/_cloudling/x", headers=[(b"Origin", b"http://evil.test")], service=""),
        Draft("POST", headers=[(b"Origin", b"null")], service="iam"),
        Draft("POST", headers=[(b"Sec-Fetch-Site", b"cross-site")], service="sts"),
    ],
)
def test_a_refusal_leaves_the_body_unread(cloud: RunningCloud, head: Draft) -> None:
    head.headers = [*head.headers, (b"content-length", b"1000"), (b"Expect", b"100-continue")]
    with Line(cloud.port) as line:
        line.send(head_of(signed(head) if head.service else head))
        answer = line.answer()
    assert answer.status == 403
    assert answer.interim == ()
    assert answer.headers["content-type"].startswith("text/plain")


def test_a_refusal_is_logged_once_a_name(
    cloud: RunningCloud, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="cloudling.gateway.browsers"):
        for _ in range(3):
            ask(cloud.port, Draft(host=b"logged.once.test", service=""))
    assert sum("logged.once.test" in record.getMessage() for record in caplog.records) == 1


def page(cloud: RunningCloud, *headers: tuple[bytes, bytes]) -> Headers:
    return [(name, value.replace(b"PORT", b"%d" % cloud.port)) for name, value in headers]


UNTRUSTED = [
    [(b"Origin", b"http://evil.test")],
    [(b"Origin", b"null")],
    [(b"Origin", b"http://127.0.0.1:PORT")],
    [(b"Origin", b"http://localhost:PORT")],
    [(b"Origin", b"http://bucket.localhost:PORT")],
    [(b"Origin", b"http://bucket.s3.localhost.localstack.cloud:PORT")],
    [(b"Origin", b"http://localhost.evil.test:3000")],
    [(b"Origin", b"http://app.test")],
    [(b"Origin", b"file://")],
    [(b"Origin", b"http://localhost:3000, http://evil.test")],
    [(b"Origin", b"http://localhost:3000@evil.test")],
    [(b"Sec-Fetch-Site", b"same-origin")],
    [(b"Sec-Fetch-Site", b"same-site")],
    [(b"Sec-Fetch-Site", b"cross-site"), (b"Sec-Fetch-Mode", b"no-cors")],
    [(b"Origin", b"http://localhost:3000"), (b"Sec-Fetch-Site", b"same-origin")],
]


@pytest.mark.parametrize("headers", UNTRUSTED, ids=str)
def test_pages_may_not_use_the_well_known_keys(cloud: RunningCloud, headers: Headers) -> None:
    own = page(cloud, *headers)
    for draft in (
        Draft("PUT", b"/evil", headers=own),
        Draft("GET", b"/bucket/key", headers=own),
        Draft("GET", b"/", headers=own),
    ):
        assert refused(ask(cloud.port, signed(draft)), "Pages")
    write = presigned(Draft("PUT", b"/bucket/evil", headers=own))
    assert refused(ask(cloud.port, write), "Pages")
    call = presigned(Draft("GET", b"/", b"Action=ListUsers&Version=2010-05-08", own, service="iam"))
    assert refused(ask(cloud.port, call), "Pages")
    for path in (b"/_cloudling/health", b"/_localstack/state/reset", b"/_cloudling"):
        assert refused(ask(cloud.port, Draft("POST", path, headers=own, service="")), "Pages")


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Origin", b"http://localhost:3000")],
        [(b"Origin", b"http://127.0.0.1:3000"), (b"Sec-Fetch-Site", b"same-site")],
        [(b"Origin", b"http://app.localhost:3000"), (b"Sec-Fetch-Site", b"cross-site")],
        [(b"Origin", b"http://[::1]:3000")],
        [(b"Origin", b"https://app.test")],
    ],
    ids=str,
)
def test_trusted_pages_are_as_programs(cloud: RunningCloud, headers: Headers) -> None:
    answer = ask(cloud.port, signed(Draft("GET", b"/bucket/key", headers=headers)))
    assert (answer.status, answer.body) == (200, b"stored")
    assert answer.headers["access-control-allow-origin"] == headers[0][1].decode()


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Sec-Fetch-Mode", b"cors"), (b"Accept-Language", b"*")],
        [(b"Sec-Fetch-Site", b"none"), (b"Sec-Fetch-Mode", b"navigate")],
    ],
)
def test_programs_and_typed_addresses_are_no_pages(cloud: RunningCloud, headers: Headers) -> None:
    assert ask(cloud.port, signed(Draft("GET", b"/bucket/key", headers=headers))).status == 200


@pytest.mark.parametrize(
    ("mode", "destination", "status"),
    [
        (b"navigate", b"document", 200),
        (b"no-cors", b"image", 200),
        (b"no-cors", b"audio", 200),
        (b"no-cors", b"video", 200),
        (b"no-cors", b"script", 403),
        (b"no-cors", b"style", 403),
        (b"cors", b"empty", 403),
    ],
)
def test_pages_may_show_objects_of_presigned_links(
    cloud: RunningCloud, mode: bytes, destination: bytes, status: int
) -> None:
    headers = [
        (b"Sec-Fetch-Site", b"cross-site"),
        (b"Sec-Fetch-Mode", mode),
        (b"Sec-Fetch-Dest", destination),
    ]
    for method in ("GET", "HEAD"):
        link = presigned(Draft(method, b"/bucket/key", headers=headers))
        assert ask(cloud.port, link).status == status
    # Only objects: not the listing of them, and not by other methods.
    for method, path in (("GET", b"/bucket"), ("PUT", b"/bucket/key"), ("DELETE", b"/bucket/key")):
        link = presigned(Draft(method, path, headers=headers))
        assert refused(ask(cloud.port, link), "Pages")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_links_signed_with_the_well_known_key_only_read(cloud: RunningCloud, method: str) -> None:
    changing = b"Action=CreateUser&Version=2010-05-08&UserName=evil"
    link = presigned(Draft(method, b"/", changing, service="iam"))
    answer = ask(cloud.port, link)
    assert answer.status == 403
    assert method == "HEAD" or refused(answer, "Links")
    reading = b"Action=GetCallerIdentity&Version=2011-06-15"
    assert ask(cloud.port, presigned(Draft(method, b"/", reading, service="sts"))).status == 200
    unsigned = Draft(method, b"/", changing, service="")
    assert ask(cloud.port, unsigned).status == 403

"""Security rule 4: what may be sent, how much of it, and how slowly."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from tests.raw import (
    CHUNKED,
    UNSIGNED,
    Answer,
    Draft,
    Key,
    Line,
    ask,
    bytes_of,
    head_of,
    signed,
)

from cloudling.gateway.allowances import Allowance
from cloudling.gateway.limits import Limits
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB = 1024 * 1024
FORM = [(b"Content-Type", b"application/x-www-form-urlencoded")]
EXPECT = (b"Expect", b"100-continue")
NOT_ALLOWED = Key("AKIAAAAAAAAAAAAAAAAA", "nobody's")


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        assert ask(running.port, signed(Draft("PUT", b"/bucket"))).status == 200
        yield running


@pytest.fixture(scope="module")
def powerless(cloud: RunningCloud) -> Key:
    """A user's key that no policy allows anything."""
    return Key(*cloud.user("powerless").values())


def refuse_unread(cloud: RunningCloud, draft: Draft) -> Answer:
    """The answer to a head whose body never comes, with and without the client's asking for it."""
    heads = [draft, Draft(**{**vars(draft), "headers": [*draft.headers, EXPECT]})]
    answers = []
    for each in heads:
        with Line(cloud.port) as line:
            line.send(head_of(each))
            answers.append(line.answer())
    assert answers[0].status == answers[1].status
    assert answers[1].interim == ()
    assert answers[1].headers["connection"] == "close"
    return answers[1]


BIG = Draft("PUT", b"/bucket/key", headers=[(b"content-length", b"5000000000")])


def test_s3_authenticates_before_it_reads(cloud: RunningCloud) -> None:
    assert refuse_unread(cloud, BIG).code == "AccessDenied"
    assert refuse_unread(cloud, signed(BIG, NOT_ALLOWED, UNSIGNED)).code == "InvalidAccessKeyId"
    wrong = signed(BIG, Key("test", "wrong"), UNSIGNED)
    assert refuse_unread(cloud, wrong).code == "SignatureDoesNotMatch"
    late = signed(BIG, Key(at=1_000_000_000), UNSIGNED)
    assert refuse_unread(cloud, late).code == "RequestTimeTooSkewed"


@pytest.mark.parametrize("payload", [UNSIGNED, CHUNKED, "0" * 64])
def test_s3_authorises_before_it_reads(cloud: RunningCloud, powerless: Key, payload: str) -> None:
    assert refuse_unread(cloud, signed(BIG, powerless, payload)).code == "AccessDenied"
    part = Draft("PUT", b"/bucket/key", b"partNumber=1&uploadId=x", BIG.headers)
    assert refuse_unread(cloud, signed(part, powerless, payload)).code == "AccessDenied"


def test_a_missing_bucket_is_told_before_the_body_is_read(cloud: RunningCloud) -> None:
    draft = Draft("PUT", b"/not-there/key", headers=BIG.headers)
    assert refuse_unread(cloud, signed(draft, payload=UNSIGNED)).code == "NoSuchBucket"


def test_who_may_send_is_asked_to_go_on(cloud: RunningCloud) -> None:
    draft = signed(Draft("PUT", b"/bucket/key", headers=[EXPECT], body=b"x" * 10))
    with Line(cloud.port) as line:
        line.send(head_of(draft))
        assert line.answer(final=False).status == 100
        line.send(draft.body)
        assert line.answer().status == 200


def test_query_bodies_may_weigh_a_mebibyte(cloud: RunningCloud) -> None:
    start = b"Action=GetCallerIdentity&Version=2011-06-15&Filler="
    body = start + b"x" * (MIB - len(start))
    draft = Draft("POST", headers=FORM, body=body, service="sts")
    assert ask(cloud.port, signed(draft)).status == 200
    draft.body += b"x"
    answer = ask(cloud.port, signed(draft))
    assert (answer.status, answer.code) == (413, "RequestEntityTooLarge")


@pytest.mark.parametrize("service", ["sts", "iam"])
def test_a_query_body_that_says_it_is_large_is_not_awaited(
    cloud: RunningCloud, service: str
) -> None:
    headers = [*FORM, (b"content-length", b"1048577")]
    answer = refuse_unread(cloud, signed(Draft("POST", headers=headers, service=service)))
    assert (answer.status, answer.code) == (413, "RequestEntityTooLarge")


def test_chunked_bodies_are_counted_while_they_come(cloud: RunningCloud) -> None:
    draft = Draft("POST", headers=[*FORM, (b"Transfer-Encoding", b"chunked")], service="")
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with Line(cloud.port) as line:
        line.send(head_of(draft))
        with contextlib.suppress(OSError):
            for _ in range(20):
                line.send(chunk)
        answer = line.answer()
    assert (answer.status, answer.code) == (413, "RequestEntityTooLarge")


def test_xml_bodies_are_bounded(cloud: RunningCloud) -> None:
    body = b"<Delete>" + b" " * 3 * MIB + b"</Delete>"
    answer = ask(cloud.port, signed(Draft("POST", b"/bucket", b"delete", body=body)))
    assert answer.status == 400


def test_unproven_bodies_are_bounded_together() -> None:
    with RunningCloud() as cloud, contextlib.ExitStack() as lines:
        allowance = cloud.app.unproven
        assert vars(allowance) == vars(Allowance(64 * MIB))
        allowance._most = 3 * MIB  # too much is sooner reached
        headers = [*FORM, (b"content-length", b"%d" % MIB)]
        draft = Draft("POST", headers=headers, service="sts")
        waiting = [lines.enter_context(Line(cloud.port)) for _ in range(3)]
        for line in waiting:
            line.send(head_of(draft) + b"x" * (MIB - 1))
        small = b"Action=GetCallerIdentity&Version=2011-06-15"
        _await_held(cloud, 3 * (MIB - 1))
        with Line(cloud.port) as late:
            late.send(head_of(draft) + b"x" * 1000)
            answer = late.answer()
            assert (answer.status, answer.code) == (503, "ServiceUnavailable")
            assert answer.headers["connection"] == "close"
        # What is here as a whole takes nobody's place.
        whole = Draft("POST", headers=FORM, body=small, service="sts")
        assert ask(cloud.port, signed(whole)).status == 200
        for line in waiting:
            line.send(b"x")
            assert line.answer().code == "MissingAuthenticationToken"
        assert allowance.held == 0


def _await_held(cloud: RunningCloud, size: int) -> None:
    """Wait until so many bytes have come; the suite's time limit bounds it."""
    while cloud.app.unproven.held < size:
        ask(cloud.port, Draft(path=b"/_cloudling/health", service=""))


def test_clients_that_went_away_hold_nothing() -> None:
    with RunningCloud() as cloud:
        headers = [*FORM, (b"content-length", b"1000")]
        with Line(cloud.port) as line:
            line.send(head_of(Draft("POST", headers=headers, service="")) + b"x" * 100)
            _await_held(cloud, 100)
        while cloud.app.unproven.held:
            ask(cloud.port, Draft(path=b"/_cloudling/health", service=""))
        assert cloud.app.unproven.held == 0


TWICE = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
BOMB = (
    b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b"<Delete><Object><Key>&b;</Key></Object></Delete>"
)


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><Delete/>',
        b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&x;</Key>'
        b"</Object></Delete>",
        b"<Delete><Object><Key>&undefined;</Key></Object></Delete>",
        b"<Delete>" + b"<Object>" * 100 + b"</Object>" * 100 + b"</Delete>",
        BOMB.decode().encode("utf-16"),
        b'<?xml version="1.0" encoding="utf-7"?>+ADw-Delete/+AD4-',
        b"<Delete><Object></Delete>",
        b"<Delete>\x00</Delete>",
        b"no xml",
    ],
)
def test_xml_refuses_types_entities_and_depth(cloud: RunningCloud, body: bytes) -> None:
    answer = ask(cloud.port, signed(Draft("POST", b"/bucket", b"delete", body=body)))
    assert (answer.status, answer.code) == (400, "MalformedXML")
    assert b"root:" not in answer.body


def test_policies_that_nest_too_deeply_are_refused(cloud: RunningCloud) -> None:
    nested = "[" * 5000 + "]" * 5000
    document = json.dumps({"Version": "2012-10-17", "Statement": []})[:-2] + nested + "}"
    body = (
        b"Action=CreatePolicy&Version=2010-05-08&PolicyName=p&PolicyDocument=%b"
        % quote(document).encode()
    )
    answer = ask(cloud.port, signed(Draft("POST", headers=FORM, body=body, service="iam")))
    assert 400 <= answer.status < 500


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"a" * 17_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * 300 + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200_000, 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    ],
)
def test_heads_are_bounded_and_unambiguous(cloud: RunningCloud, data: bytes, status: int) -> None:
    with Line(cloud.port) as line:
        with contextlib.suppress(OSError):
            line.send(data)
        answer = line.answer()
        assert answer.status == status
        assert answer.headers["connection"] == "close"
        assert line.rest() == b""


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningCloud]:
    """A cloud that waits for nobody."""
    brief = Limits(head_seconds=0.2, idle_seconds=0.2, body_seconds=0.2, linger_seconds=0.2)
    monkeypatch.setattr("cloudling.gateway.server.Limits", lambda: brief)
    with RunningCloud() as running:
        ask(running.port, signed(Draft("PUT", b"/bucket")))
        yield running


def test_slow_bodies_time_out(hasty: RunningCloud) -> None:
    large = [(b"content-length", b"1000000")]
    for draft in (
        signed(Draft("PUT", b"/bucket/key", headers=large), payload=UNSIGNED),
        Draft("POST", headers=[*FORM, (b"content-length", b"1000")], service=""),
    ):
        with Line(hasty.port) as line:
            line.send(head_of(draft) + b"x")
            assert line.answer().code == "RequestTimeout"
            assert line.rest() == b""


def test_slow_heads_and_idle_connections_are_closed(hasty: RunningCloud) -> None:
    with Line(hasty.port) as line:
        line.send(b"GET / HTTP/1.1\r\nHost:")
        assert b"RequestTimeout" in line.rest()
    with Line(hasty.port) as line:
        line.send(bytes_of(Draft(path=b"/_cloudling/health", service="")))
        assert line.answer().status == 200
        assert line.rest() == b""


UNHASHED = ["--header", f"x-amz-content-sha256: {UNSIGNED}", "--upload-file"]


def curl(user: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    own = ["curl", "--silent", "--fail-with-body", "--aws-sigv4", "aws:amz:us-east-1:s3"]
    return subprocess.run([*own, "--user", user, *arguments], capture_output=True, check=False)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
@pytest.mark.parametrize("size", [0, 5, 3 * MIB])
@pytest.mark.parametrize("sending", ["--data-binary", "--upload-file"])
def test_curl_signs_without_a_hash(
    cloud: RunningCloud, tmp_path: Path, size: int, sending: str
) -> None:
    sent, got = tmp_path / "sent", tmp_path / "got"
    sent.write_bytes(b"curl " * (size // 5))
    url = f"{cloud.endpoint}/bucket/from%20curl"
    # What curl 7.88 uploads from a file it signs as if it were empty, unless told otherwise.
    how = [*UNHASHED, str(sent)]
    if sending == "--data-binary":
        how = ["--request", "PUT", sending, f"@{sent}"]
    assert curl("test:wrong", *how, url).stdout.count(b"SignatureDoesNotMatch") == 1
    for arguments in (how, ["--output", str(got)]):
        done = curl("test:test", *arguments, url)
        assert done.returncode == 0, done.stdout
    assert (got.read_bytes() if size else b"") == sent.read_bytes()


def test_a_body_without_a_hash_is_bound_by_the_signature(cloud: RunningCloud) -> None:
    draft = signed(Draft("PUT", b"/bucket/bound", body=b"mine"), payload="")
    assert ask(cloud.port, draft).status == 200
    draft.body = b"else"
    assert ask(cloud.port, draft).code == "SignatureDoesNotMatch"

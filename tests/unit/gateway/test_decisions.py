"""Decisions over the admin API: the past, the stream, the mode, suggestions."""

from __future__ import annotations

import http.client
import json
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        root = running.client("iam")
        root.create_user(UserName="ann")
        running.client("s3").create_bucket(Bucket="shelf")
        yield running


@pytest.fixture
def ann(cloud: RunningCloud) -> Any:
    root = cloud.client("iam")
    for each in root.list_access_keys(UserName="ann")["AccessKeyMetadata"]:
        root.delete_access_key(UserName="ann", AccessKeyId=each["AccessKeyId"])
    key = root.create_access_key(UserName="ann")["AccessKey"]
    return cloud.client(
        "s3", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )


@contextmanager
def ask(
    cloud: RunningCloud, method: str, path: str, token: str = ""
) -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=60)) as line:
        headers = {"Authorization": f"Bearer {token or cloud.app.token}"}
        line.request(method, f"/_cloudling/{path}", headers=headers)
        with line.getresponse() as answer:
            yield answer


def lines(cloud: RunningCloud, path: str) -> list[dict[str, Any]]:
    with ask(cloud, "GET", path) as answer:
        return [json.loads(line) for line in answer.read().splitlines()]


def test_denials_by_id_and_by_count(cloud: RunningCloud, ann: Any) -> None:
    for key in ("one", "two"):
        with pytest.raises(ClientError):
            ann.put_object(Bucket="shelf", Key=key)
    newest, older = lines(cloud, "decisions?last=2&principal=ann")
    assert newest["resource"].endswith("two")
    assert older["resource"].endswith("one")
    assert lines(cloud, f"decisions?id={older['request_id']}") == [older]
    assert lines(cloud, "decisions?id=nothing") == []
    for count in ("x", "-1", "9" * 5000):
        with ask(cloud, "GET", f"decisions?last={count}") as answer:
            assert answer.status == 400


def test_nobody_reads_them_without_the_token(cloud: RunningCloud) -> None:
    for method, path in (("GET", "decisions"), ("POST", "iam/mode?mode=off")):
        with ask(cloud, method, path, token="wrong") as answer:
            assert answer.status == 401


def test_those_to_come_are_streamed(cloud: RunningCloud, ann: Any) -> None:
    with ask(cloud, "GET", "decisions?principal=ann") as stream:
        assert stream.headers["Transfer-Encoding"] == "chunked"
        for key in ("three", "four"):
            with pytest.raises(ClientError):
                ann.put_object(Bucket="shelf", Key=key)
            assert json.loads(stream.readline())["resource"].endswith(key)


def test_the_mode_changes_while_the_cloud_runs(cloud: RunningCloud, ann: Any) -> None:
    try:
        for mode in ("observe", "off"):
            with ask(cloud, "POST", f"iam/mode?mode={mode}") as answer:
                assert json.load(answer) == {"mode": mode}
            ann.put_object(Bucket="shelf", Key="five")
    finally:
        with ask(cloud, "POST", "iam/mode?mode=enforce") as answer:
            assert answer.status == 200
    with ask(cloud, "GET", "iam/mode") as answer:
        assert json.load(answer) == {"mode": "enforce"}
    with ask(cloud, "POST", "iam/mode?mode=perhaps") as answer:
        assert answer.status == 400
    with pytest.raises(ClientError):
        ann.put_object(Bucket="shelf", Key="five")
    with ask(cloud, "GET", "iam/suggestion?principal=ann") as answer:
        found = json.load(answer)
    assert found["policy"]["Statement"] == [
        {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": ["arn:aws:s3:::shelf/*"]}
    ]
    with ask(cloud, "GET", "iam/suggestion?principal=nobody") as answer:
        assert answer.status == 400

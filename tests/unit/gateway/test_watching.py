"""The cloud at work over the admin API: a stream of what happens, and what reconcilers do."""

from __future__ import annotations

import http.client
import json
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel.handles import handle
from cloudling.kernel.scheduler import Ran
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        yield running


@contextmanager
def ask(
    cloud: RunningCloud, path: str, token: str = "", method: str = "GET"
) -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=60)) as line:
        headers = {"Authorization": f"Bearer {token or cloud.app.token}"}
        line.request(method, f"/_cloudling/{path}", headers=headers)
        with line.getresponse() as answer:
            yield answer


def next_line(stream: http.client.HTTPResponse) -> dict[str, Any]:
    while not (line := stream.readline()).strip():
        assert line, "the stream has ended"
    found: dict[str, Any] = json.loads(line)
    return found


def happen(cloud: RunningCloud, name: str) -> None:
    """An event on the cloud's own loop."""

    async def write() -> None:
        call = handle(cloud.app.cloud, "ec2", "000000000000", "us-east-1")
        async with call.unit():
            await call.emit("aws.ec2", "Something", {"name": name})

    import asyncio

    asyncio.run_coroutine_threadsafe(write(), cloud._loop).result(60)


def test_calls_and_events_come_as_they_happen(cloud: RunningCloud) -> None:
    with ask(cloud, "watch") as stream:
        assert stream.headers["Transfer-Encoding"] == "chunked"
        assert stream.readline() == b"\n"
        cloud.client("sts").get_caller_identity()
        said = next_line(stream)
        assert (said["kind"], said["call"]) == ("call", "sts:GetCallerIdentity")
        assert (said["outcome"], said["principal"]) == ("ok", "arn:aws:iam::000000000000:root")
        happen(cloud, "one")
        said = next_line(stream)
        assert said["kind"] == "event"
        assert said["event"]["detail"] == {"name": "one"}


def test_only_what_is_asked_for(cloud: RunningCloud) -> None:
    with ask(cloud, "watch?only=reconcilers,events") as stream:
        assert stream.readline() == b"\n"
        cloud.client("sts").get_caller_identity()
        happen(cloud, "two")
        assert next_line(stream)["event"]["detail"] == {"name": "two"}
        ran = Ran(1.0, "ec2:work", ("r", "i-1"), "failed", 0.5, 2.0, "why")
        listeners = cloud.app.cloud.reconcilers.scheduler.listeners
        cloud._loop.call_soon_threadsafe(lambda: [each(ran) for each in listeners])
        assert next_line(stream) == {
            "kind": "reconciler",
            "at": 1.0,
            "name": "ec2:work",
            "key": "r/i-1",
            "outcome": "failed",
            "seconds": 0.5,
            "due": 2.0,
            "fault": "why",
        }


def test_what_is_refused(cloud: RunningCloud) -> None:
    with ask(cloud, "watch?only=everything") as answer:
        assert answer.status == 400
    for path in ("watch", "reconcilers"):
        with ask(cloud, path, token="wrong") as answer:
            assert answer.status == 401
    with ask(cloud, "watch", method="HEAD") as answer:
        assert (answer.status, answer.read()) == (200, b"")


def test_what_the_reconcilers_do(cloud: RunningCloud) -> None:
    with ask(cloud, "reconcilers") as answer:
        said = json.load(answer)
    assert {"name": "organizations:create", "running": 0, "waiting": 0, "failing": 0} in said[
        "reconcilers"
    ]
    assert (said["failing"], said["lanes"]) == ([], [])

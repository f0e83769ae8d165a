"""What `watch` and `status --reconcilers` print."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from cloudling.cli import main, watch
from cloudling.cli.cloud import Cloud
from cloudling.cli.runtime import Place
from cloudling.cli.status import reconcilers
from cloudling.settings import UserError
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningCloud]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with RunningCloud() as cloud:
        Place.of(cloud.port).claim("127.0.0.1", cloud.app.token)
        yield cloud


def test_a_call_is_printed_while_it_happens(running: RunningCloud) -> None:
    lines = Cloud(running.port, Place.of(running.port)).stream("/_cloudling/watch?only=calls")
    assert next(lines) == b"\n"
    caller = threading.Thread(target=running.client("sts").get_caller_identity)
    caller.start()
    said = json.loads(next(line for line in lines if line.strip()))
    caller.join()
    lines.close()
    words = watch.tell(said)
    assert "  call        sts:GetCallerIdentity  ok  arn:aws:iam::000000000000:root" in words


def test_the_stream_is_refused_without_the_token(running: RunningCloud) -> None:
    place = Place.of(running.port)
    place.token_file.write_text("wrong")
    with pytest.raises(UserError, match="refused this command"):
        next(Cloud(running.port, place).stream("/_cloudling/watch"))


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="answers no more"):
        next(Cloud(1, Place(tmp_path, 1)).stream("/_cloudling/watch"))


def test_the_reconcilers_of_a_running_cloud(
    running: RunningCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--reconcilers", "--port", str(running.port)]) == 0
    assert "organizations:create   0 running, 0 waiting, 0 failing" in capsys.readouterr().out


def test_what_happened_is_told_in_a_line() -> None:
    event = {
        "source": "aws.ec2",
        "detail-type": "EC2 Instance State-change Notification",
        "resources": ["i-1"],
        "detail": {"state": "running"},
    }
    assert watch.tell({"kind": "event", "at": 0.0, "event": event}) == (
        "00:00:00Z  event       aws.ec2  EC2 Instance State-change Notification  i-1  "
        '{"state": "running"}'
    )
    work = {"name": "ec2:work", "key": "i-1", "outcome": "failed", "seconds": 0.5, "fault": "why"}
    assert watch.tell({"kind": "reconciler", "at": 0.0, **work}) == (
        "00:00:00Z  reconciler  ec2:work  i-1  failed  500.0 ms  why"
    )


def test_failures_and_lanes_are_told() -> None:
    failing = {"name": "a:b", "key": "k", "failures": 2, "due": 60.0, "fault": "why"}
    lane = {"lane": "a:c x", "waiting": 3, "attempts": 1, "due": 5.0, "fault": "deaf"}
    work = {"name": "a:b", "running": 1, "waiting": 0, "failing": 1}
    assert reconcilers({"reconcilers": [work], "failing": [failing], "lanes": [lane]}) == [
        "a:b  1 running, 0 waiting, 1 failing",
        "failing  a:b k: why (2 times; again at 00:01:00Z)",
        "lane     a:c x: 3 to deliver, failed 1 times: deaf",
    ]
    assert len(reconcilers({"reconcilers": [], "failing": [], "lanes": []})) == 1

"""`kill -9` loses no outbox row: each is delivered at least once, in the order of its lane."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from tests.unit.kernel import outbox_writers
from tests.unit.kernel.rooms import House, Job, Jobs

from cloudling.kernel.events import on

ROOT = Path(__file__).parents[3]
CRASHES = int(os.environ.get("CLOUDLING_CRASHES", "3"))


def write_and_be_killed(folder: Path, number: int, seconds: float) -> list[list[str]]:
    """What it said; the killing counts from the first word."""
    program = [sys.executable, outbox_writers.__file__, str(folder), str(number)]
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}
    ) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline()]
        killer = threading.Timer(seconds, child.send_signal, [signal.SIGKILL])
        killer.start()
        lines += child.stdout.readlines()
        killer.join()
    assert child.returncode == -signal.SIGKILL
    return [line.decode().split() for line in lines if line.endswith(b"\n")]


@pytest.mark.timeout(120 + 20 * CRASHES)
def test_what_was_told_is_heard(tmp_path: Path) -> None:
    chance = random.Random()
    told: dict[str, list[int]] = defaultdict(list)
    heard: dict[str, list[int]] = defaultdict(list)
    number = 0
    for _ in range(CRASHES):
        for word, lane, each in write_and_be_killed(tmp_path, number, chance.uniform(0.05, 0.5)):
            (told if word == "told" else heard)[lane].append(int(each))
        number = 1 + max(max(found) for found in (*told.values(), *heard.values()))
        number += outbox_writers.LANES  # one more may be written than was told

    @on({"source": ["aws.jobs"]})
    async def hear(call: Jobs, event: dict[str, Any]) -> None:
        heard[event["resources"][0]].append(event["detail"]["number"])

    with House(hear, folder=tmp_path) as house:
        assert house.settle() is None
        assert house.reconcilers.outbox.status() == []
        last: dict[str, Job | None] = {lane: house.get(lane) for lane in told}
    assert sum(map(len, told.values())) > 0
    for lane, numbers in told.items():
        first = list(dict.fromkeys(heard[lane]))
        assert first == sorted(first)
        assert set(numbers) <= set(first)
        found = last[lane]
        assert found is not None
        assert found.count == first[-1]  # the change and its telling are one

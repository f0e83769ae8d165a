"""`kill -9` under sixteen writers over HTTP: what was acknowledged stays, what was deleted is gone.

`CLOUDLING_CRASHES` says how often; the default is few.
"""

from __future__ import annotations

import os
import random
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest
from tests.crash.writers import BUCKET, MARK, WRITERS, Writer
from tests.processes import CloudProcess
from tests.raw import Draft, Line, ask, signed

if TYPE_CHECKING:
    from pathlib import Path

CRASHES = int(os.environ.get("CLOUDLING_CRASHES", "3"))


def write_and_kill(cloud: CloudProcess, writers: list[Writer], seconds: float) -> None:
    stop = threading.Event()
    threads = [threading.Thread(target=each.work, args=(cloud.port, stop)) for each in writers]
    for thread in threads:
        thread.start()
    # On a laden machine no write may have come back in that time: at least one has to.
    while not stop.wait(seconds) and not any(each.acknowledged for each in writers):
        assert any(thread.is_alive() for thread in threads), [each.fault for each in writers]
    cloud.kill()
    stop.set()
    for thread in threads:
        thread.join()


def find_plain(folder: Path, text: bytes) -> str:
    """The files below the folder in which grep finds the text."""
    found = subprocess.run(
        ["grep", "--recursive", "--files-with-matches", "--fixed-strings", text, folder],
        capture_output=True,
        check=False,
    )
    assert found.returncode in {0, 1}, found.stderr
    return found.stdout.decode()


@pytest.mark.slow
@pytest.mark.timeout(120 + 10 * CRASHES)
def test_what_was_acknowledged_outlives_kill_9(tmp_path: Path) -> None:
    data = tmp_path / "data"
    chance = random.Random()
    with CloudProcess(tmp_path / "home", "--data", str(data)) as cloud:
        assert ask(cloud.port, signed(Draft("PUT", b"/" + BUCKET))).status == 200
        writers = [Writer(f"w{number}", chance.getrandbits(32)) for number in range(WRITERS)]
        for _ in range(CRASHES):
            write_and_kill(cloud, writers, chance.uniform(0.05, 1.5))
            assert [each.fault for each in writers if each.fault] == []
            assert find_plain(data, MARK[:20]) == ""
            # The same port, data folder, pid file and lock as before.
            cloud.start_again()
            with Line(cloud.port) as line:
                wrong = [text for each in writers for text in each.check(line)]
            assert wrong == []


def test_grep_would_find_a_plain_body(tmp_path: Path) -> None:
    data = tmp_path / "data"
    flags = ["--data", str(data), "--object-encryption", "off"]
    with CloudProcess(tmp_path / "home", *flags) as cloud:
        ask(cloud.port, signed(Draft("PUT", b"/" + BUCKET)))
        ask(cloud.port, signed(Draft("PUT", b"/" + BUCKET + b"/key", body=MARK * 5000)))
        assert find_plain(data, MARK) != ""


def test_what_a_killed_cloud_leaves_does_not_hinder_the_next(tmp_path: Path) -> None:
    with CloudProcess(tmp_path / "home", "--data", str(tmp_path / "data")) as cloud:
        files = tmp_path / "home" / "runtime" / "cloudling"
        cloud.kill()
        assert (files / f"{cloud.port}.pid").exists()
        assert (tmp_path / "data" / "lock").exists()
        cloud.start_again()
        assert str(cloud.pid) == (files / f"{cloud.port}.pid").read_text().splitlines()[0]
        assert cloud.stop() == 0
        assert not (files / f"{cloud.port}.pid").exists()

"""`cloudling logs`: what a detached cloud wrote to its log, or the calls that any cloud took."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import TYPE_CHECKING

from cloudling.cli.cloud import find
from cloudling.settings import UserError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator
    from pathlib import Path

    from cloudling.cli.cloud import Cloud

PAUSE = 0.25


def run(given: argparse.Namespace) -> int:
    cloud = find(given)
    if given.access:
        lines = calls(cloud, given.lines, follow=given.follow)
    elif cloud.place.log_file.exists():
        lines = written(cloud.place.log_file, given.lines, follow=given.follow)
    else:
        raise UserError(
            f"There is no log of a cloud on port {cloud.port}: one in the foreground logs to its "
            f"own terminal. Look there, ask for its calls with --access, or start it with --detach."
        )
    for line in lines:
        print(line, flush=given.follow)
    return 0


def written(path: Path, most: int, *, follow: bool = False) -> Generator[str]:
    """The last lines of a file; with `follow`, also those that come, without end."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in deque(file, maxlen=max(most, 0)):
            yield line.rstrip("\n")
        while follow:
            if os.fstat(file.fileno()).st_size < file.tell():
                file.seek(0)
            if line := file.readline():
                yield line.rstrip("\n")
            else:
                time.sleep(PAUSE)


def calls(cloud: Cloud, most: int, *, follow: bool = False) -> Generator[str]:
    """The last calls that the cloud remembers; with `follow`, also those that come."""
    known = _remembered(cloud)
    yield from known[-most:] if most > 0 else ()
    while follow:
        time.sleep(PAUSE)
        now = _remembered(cloud)
        yield from _news(known, now)
        known = now


def _remembered(cloud: Cloud) -> list[str]:
    return cloud.admin("GET", "/_cloudling/logs").body.decode("utf-8", "replace").splitlines()


def _news(known: list[str], now: list[str]) -> list[str]:
    """What `now` has after the last line known; request ids make every line its own."""
    if known and known[-1] in now:
        return now[now.index(known[-1]) + 1 :]
    return now

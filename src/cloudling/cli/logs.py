"""`cloudling logs`: the log of a detached cloud, from its file; of any other, what it remembers."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import TYPE_CHECKING

from cloudling.cli.cloud import find
from cloudling.settings import UserError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

PAUSE = 0.2
ACCESS = " access "


def run(given: argparse.Namespace) -> int:
    cloud = find(given)

    def wanted(line: str) -> bool:
        return not given.access or is_access(line)

    if cloud.place.log_file.exists():
        return _from_file(cloud.place.log_file, given, wanted)
    if given.follow:
        raise UserError(
            f"The cloud on port {cloud.port} has no log file, because it runs in the foreground "
            f"and logs to its own terminal. Look there, or start it with --detach."
        )
    query = f"lines={given.lines}" + ("&access=true" if given.access else "")
    print(cloud.admin("GET", f"/_cloudling/logs?{query}").body.decode("utf-8", "replace"), end="")
    return 0


def is_access(line: str) -> bool:
    """Whether a line records a call: `<time> info access method=… `."""
    return ACCESS in line[:64]


def _from_file(path: Path, given: argparse.Namespace, wanted: Callable[[str], bool]) -> int:
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in deque(filter(wanted, file), maxlen=max(given.lines, 0)):
            print(line, end="")
        while given.follow:
            position = file.tell()
            if os.fstat(file.fileno()).st_size < position:
                file.seek(0)
            line = file.readline()
            if line and wanted(line):
                print(line, end="", flush=True)
            elif not line:
                time.sleep(PAUSE)
    return 0

"""`cloudling stop`: ask the cloud of one port to end, and wait until it has."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from cloudling.cli.cloud import Cloud, command_line, find, is_alive
from cloudling.settings import UserError

if TYPE_CHECKING:
    import argparse

PATIENCE = 30.0
PAUSE = 0.02


def run(given: argparse.Namespace) -> int:
    cloud = find(given)
    pid = cloud.place.pid
    if pid is None or not is_alive(pid):
        if pid is not None:
            cloud.place.release(pid)
        return _say_nothing_runs(cloud)
    if not _is_ours(cloud, pid):
        cloud.place.release(pid)
        return _say_nothing_runs(cloud)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    if not _wait(pid):
        raise UserError(
            f"The cloud on port {cloud.port} (process {pid}) has not ended within "
            f"{PATIENCE:.0f} seconds. `cloudling logs` may say why; `kill -9 {pid}` ends it, and "
            f"nothing that was acknowledged is lost."
        )
    cloud.place.release(pid)
    print(f"The cloud on port {cloud.port} (process {pid}) has stopped.")
    return 0


def _is_ours(cloud: Cloud, pid: int) -> bool:
    """Whether the process is the cloud, and not one that came to its number later."""
    answer = cloud.call("GET", "/_cloudling/status")
    if answer is not None and answer.status == 200:
        return answer.json().get("pid") == pid
    # A cloud that hangs does not answer: its command line must do.
    return "cloudling" in command_line(pid)


def _wait(pid: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True


def _say_nothing_runs(cloud: Cloud) -> int:
    if cloud.health() is not None:
        raise UserError(
            f"The cloud on port {cloud.port} was not started by this user, so it cannot be "
            f"stopped from here. Stop it as the user who started it."
        )
    print(f"No cloud of yours runs on port {cloud.port}.")
    return 0

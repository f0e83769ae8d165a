"""Run the public suites that are fetched against a Cloudling of this tree; record the scores.

python -m conformance [--accept] [--build DIR] [oracle] [protocols] [s3-tests] [moto]
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from conformance import record, suites

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", choices=[*suites.ALL, []], help="default: all")
    parser.add_argument("--accept", action="store_true", help="record scores that have fallen")
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="suites and envs")
    given = parser.parse_args()
    scores: dict[str, suites.Score] = {}
    for name in given.suites or suites.ALL:
        with server() as endpoint:
            found = suites.ALL[name](suites.Place(given.build.absolute(), endpoint))
        if found is None:
            print(f"{name} is not fetched: see docs/conformance.md.")
        else:
            scores |= found
    before = record.read()
    worse = record.fallen(before, scores)
    if worse and not given.accept:
        print("\n".join(["These scores have fallen; nothing is recorded:", *worse]))
        return 1
    record.write(before | scores)
    for name, score in scores.items():
        print(f"{name}: {score.passed} of {score.counted} ({score.share:.1%})")
    return 0


@contextmanager
def server() -> Iterator[str]:
    """A Cloudling in memory on a free port, for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "cloudling", "start", "--port", str(port), "--memory"]
    process = subprocess.Popen(
        [*command, "--log-level", "warning"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait(endpoint, process)
        yield endpoint
    finally:
        process.terminate()
        process.wait(30)


def _wait(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{endpoint}/_cloudling/health", timeout=5):
                return
        except urllib.error.URLError:
            time.sleep(0.1)
    sys.exit("Cloudling did not start. Run `make start` to see why.")


if __name__ == "__main__":
    sys.exit(main())

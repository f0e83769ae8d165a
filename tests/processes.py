"""A cloud in a process of its own, to be measured, killed and started again."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from tests.raw import Draft, Line

ROOT = Path(__file__).parents[1]
PATIENCE = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


class CloudProcess:
    """`cloudling start` with a home of its own below `folder`; the log is kept there."""

    def __init__(self, folder: Path, *flags: str, port: int = 0, env: dict[str, str] | None = None):
        self.folder = folder
        self.port = port or free_port()
        self.log = folder / "log.txt"
        self.runtime = folder / "runtime"
        self.runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        bare = {k: v for k, v in os.environ.items() if not k.startswith(("CLOUDLING_", "XDG_"))}
        self._env = {
            **bare,
            "PYTHONPATH": paths,
            "XDG_RUNTIME_DIR": str(self.runtime),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_STATE_HOME": str(folder / "state"),
            **(env or {}),
        }
        self._command = [sys.executable, "-m", "cloudling", "start", "--port", str(self.port)]
        self._command += flags
        self._process = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(self._command, stdout=log, stderr=log, env=self._env)

    def start_again(self) -> None:
        self._process = self._spawn()
        self.wait()

    def wait(self) -> Self:
        """Wait for the first health answer."""
        deadline = time.monotonic() + PATIENCE
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"The cloud did not start: {self.log.read_text()}")
            time.sleep(0.02)
        return self

    def _healthy(self) -> bool:
        try:
            with Line(self.port) as line:
                return line.ask(Draft(path=b"/_cloudling/health", service="")).status == 200
        except OSError:
            return False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def memory(self) -> int:
        """The bytes of memory that are this process's part (PSS)."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
        assert found
        return int(found[1]) * 1024

    def token(self) -> str:
        return (self.runtime / "cloudling" / f"{self.port}.token").read_text().strip()

    def kill(self) -> None:
        """`kill -9`."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(PATIENCE)

    def stop(self) -> int:
        if self.alive:
            self._process.terminate()
        return self._process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self.wait()

    def __exit__(self, *_: object) -> None:
        if self.alive:
            self.kill()

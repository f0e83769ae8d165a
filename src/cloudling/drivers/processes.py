"""Processes beside control: where they are met, how they are started, what they said last."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cloudling

if TYPE_CHECKING:
    from collections.abc import Sequence

ORPHAN_GRACE = 10.0
# How long the end of one that is ending may take.
PATIENCE = 30.0
_BACKLOG = 8


@dataclass(frozen=True)
class Lodging:
    """A folder of the user's own, in which a process's socket and log lie by its name.

    `module` is the program: it is given the number of its listening socket, the grace in seconds
    for which it stays without control, and the socket's path.
    """

    folder: Path
    name: str
    module: str

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}.sock"

    @property
    def _number(self) -> Path:
        return self.folder / f"{self.name}.pid"

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def _short(self) -> tuple[int, str]:
        """A descriptor of the folder and a short name of the socket: names end at 108 bytes."""
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return descriptor, f"/proc/self/fd/{descriptor}/{self.path.name}"

    def dial(self) -> socket.socket | None:
        """A channel to the process that lives here; None where there is none."""
        descriptor, name = self._short()
        end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            end.connect(name)
        except (FileNotFoundError, ConnectionRefusedError):
            end.close()
            return None
        except OSError:
            end.close()
            raise
        finally:
            os.close(descriptor)
        return end

    def start(
        self, grace: float, *folders: Path, wrapper: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """Start the process, with more folders if its program takes some; waits for the disk.

        `wrapper` is a command that runs it in its turn.
        """
        self.path.unlink(missing_ok=True)
        descriptor, name = self._short()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            try:
                listener.bind(name)
                self.path.chmod(0o600)
            finally:
                os.close(descriptor)
            listener.listen(_BACKLOG)
            paths = [str(each.absolute()) for each in (self.path, *folders)]
            command = [*wrapper, sys.executable, "-m", self.module, str(listener.fileno())]
            with self._log.open("wb") as log:
                process = subprocess.Popen(  # noqa: S603 - our own program
                    [*command, str(grace), *paths],
                    pass_fds=[listener.fileno()],
                    env=environment(),
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        self._number.write_text(str(process.pid), encoding="ascii")
        return process

    def await_end(self, process: subprocess.Popen[bytes] | None) -> None:
        """Wait for its end, which is near; also of one that another control has started."""
        if process is not None:
            process.wait(PATIENCE)
            return
        with suppress(OSError, ValueError):
            number = int(self._number.read_text(encoding="ascii"))
            handle = os.pidfd_open(number)
            try:
                # The number may be somebody else's by now.
                if (
                    os.fsencode(self.path.absolute())
                    in Path(f"/proc/{number}/cmdline").read_bytes()
                ):
                    select.select([handle], [], [], PATIENCE)
            finally:
                os.close(handle)

    def clear(self) -> None:
        """Take away where it was met; what it said last stays."""
        for each in (self.path, self._number):
            each.unlink(missing_ok=True)

    def last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it says nothing"


def environment() -> dict[str, str]:
    """Only what they need to find their own program: it may be read by whatever netd forks."""
    paths = [str(Path(cloudling.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": os.defpath,
    }

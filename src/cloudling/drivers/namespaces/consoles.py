"""A machine's console: a pipe that all may write to, and a file of bounded size behind it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

# Twice what AWS shows is always there; the file is cut before it grows past the other bound.
_KEPT = 128 * 1024
_LARGEST = 1024 * 1024
_CHUNK = 64 * 1024
_PATH = Path("/dev/console")


class Console:
    """Whoever holds it reads the pipe when it is readable; nobody waits who writes the file."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._size = os.fstat(file).st_size
        os.mkfifo(_PATH, 0o600)
        # Held for writing too, so that it never seems closed.
        self._pipe = os.open(_PATH, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self.end = os.open(_PATH, os.O_WRONLY | os.O_CLOEXEC)

    def fileno(self) -> int:
        return self._pipe

    def drain(self) -> None:
        """Take what has been written so far, without end only as far as the pipe is deep."""
        for _ in range(4):
            try:
                data = os.read(self._pipe, _CHUNK)
            except BlockingIOError:
                return
            self.write(data)

    def say(self, line: str) -> None:
        self.write(f"{line}\n".encode(errors="replace"))

    def write(self, data: bytes) -> None:
        # A host whose disk is full loses the console's text, not the machine.
        with suppress(OSError):
            if self._size + len(data) > _LARGEST:
                self._cut()
            self._size += os.write(self._file, data)

    def _cut(self) -> None:
        newest = os.pread(self._file, _KEPT, max(0, self._size - _KEPT))
        os.ftruncate(self._file, 0)
        self._size = os.write(self._file, newest)


class Copied:
    """A pipe whose text goes to the console and into a log of the machine's own."""

    def __init__(self, console: Console, log: Path) -> None:
        self._console = console
        self._reading, self.end = os.pipe()
        os.set_blocking(self._reading, False)
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)

    def fileno(self) -> int:
        return self._reading

    def drain(self) -> bool:
        """Take what has been written so far; False when nobody is left who could write."""
        for _ in range(4):
            try:
                data = os.read(self._reading, _CHUNK)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._console.write(data)
            with suppress(OSError):
                os.write(self._log, data)
        return True

    def let_go(self) -> None:
        """Only those who write hold the other end from now on."""
        os.close(self.end)

    def close(self) -> None:
        os.close(self._reading)
        os.close(self._log)

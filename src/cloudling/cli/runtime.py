"""The runtime folder: which clouds of this user run, one set of files a port.

It lies outside the data folder, because a cloud in memory has none and commands know only a port.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cloudling.settings import UserError


def folder() -> Path:
    """This user's runtime folder, made where it is missing and refused where others may enter."""
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    usable = base.startswith("/") and os.access(base, os.W_OK | os.X_OK)
    # /tmp is everyone's: hence the user's number in the name, and the check of who owns it.
    path = Path(base) / "cloudling" if usable else Path(f"/tmp/cloudling-{os.getuid()}")  # noqa: S108
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    _require_ours(path)
    return path


def _require_ours(path: Path) -> None:
    found = path.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if not ours or found.st_mode & 0o077:
        raise UserError(
            f"The runtime folder {path} cannot be trusted: it is not a folder that only you may "
            f"enter. Remove it, or set XDG_RUNTIME_DIR to a folder of your own."
        )


@dataclass(frozen=True, slots=True)
class Place:
    """The files of the cloud that runs on one port."""

    folder: Path
    port: int

    @classmethod
    def of(cls, port: int) -> Place:
        return cls(folder(), port)

    @property
    def pid_file(self) -> Path:
        return self.folder / f"{self.port}.pid"

    @property
    def token_file(self) -> Path:
        return self.folder / f"{self.port}.token"

    @property
    def shell_socket(self) -> Path:
        """Where `cloudling shell` asks for programs in machines."""
        return self.folder / f"{self.port}.shell"

    @property
    def log_file(self) -> Path:
        """A link to the log in the user's folder of logs; the log itself for a cloud in memory."""
        return self.folder / f"{self.port}.log"

    @property
    def pid(self) -> int | None:
        """The process that said it serves this port; it may have died since."""
        line = self._line(self.pid_file, 0)
        return int(line) if line.isdigit() else None

    @property
    def host(self) -> str:
        """The address under which this machine reaches the cloud."""
        return self._line(self.pid_file, 1) or "127.0.0.1"

    @property
    def token(self) -> str:
        """What opens the admin API; empty where no cloud of ours runs."""
        return self._line(self.token_file, 0)

    def claim(self, host: str, token: str) -> None:
        """Say that this process serves the port."""
        _write(self.token_file, f"{token}\n")
        _write(self.pid_file, f"{os.getpid()}\n{host}\n")

    def release(self, pid: int) -> None:
        """Remove what `pid` claimed, unless another process has claimed it since."""
        if self.pid == pid:
            self.pid_file.unlink(missing_ok=True)
            self.token_file.unlink(missing_ok=True)

    def _line(self, path: Path, index: int) -> str:
        try:
            lines = path.read_text().splitlines()
        except FileNotFoundError:
            return ""
        return lines[index].strip() if index < len(lines) else ""


def _write(path: Path, text: str) -> None:
    """Replace a file as a whole, readable by its owner alone from its first moment."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with open(fresh, "x", opener=_private) as file:
        file.write(text)
    fresh.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)

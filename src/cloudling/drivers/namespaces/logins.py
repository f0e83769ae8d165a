"""Logins where a machine has a single id: a server of OpenSSH's for each connection, as the user.

As root it would have to become the user, for which there is no id; but whoever runs it may let
himself in.
"""

from __future__ import annotations

import socket
from pathlib import Path

from cloudling.drivers.namespaces.orders import Command

SERVER = Path("/usr/sbin/sshd")
KEY = "/etc/ssh/ssh_host_ed25519_key"
_PORT = 22
_BACKLOG = 64
_ENVIRONMENT = Path("/etc/environment")
# A group of its own for terminals would have an id that there is not.
_GROUPS = Path("/etc/group")


class Logins:
    """The socket of the server; `fileno` is readable when somebody comes."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._listener = socket.create_server(("", _PORT), backlog=_BACKLOG)
        self._listener.setblocking(False)

    def fileno(self) -> int:
        return self._listener.fileno()

    def admit(self) -> tuple[Command, socket.socket]:
        """What to start for the next who comes, and his connection. Raises BlockingIOError."""
        line, _ = self._listener.accept()
        argv: tuple[str, ...] = (
            str(SERVER),
            "-i",
            "-h",
            KEY,
            "-o",
            "UsePAM=no",
            "-o",
            "PidFile=none",
        )
        told = _told()
        if told:
            argv += ("-o", f"SetEnv={told}")
        return Command(-1, argv, user=self._user), line


def _told() -> str:
    """What `/etc/environment` tells whoever logs in, which otherwise PAM reads."""
    try:
        lines = _ENVIRONMENT.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    pairs = (line.strip().removeprefix("export ").partition("=") for line in lines)
    # What would need to be quoted within quotes is left out.
    return " ".join(
        f'"{name}={text}"'
        for name, mark, value in pairs
        if mark and name.isidentifier() and not set(text := value.strip("\"'")) & set('"\\')
    )


def prepare() -> None:
    """Take the group of terminals away: without one they are their user's."""
    lines = _GROUPS.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("tty:")]
    if kept != lines:
        _GROUPS.write_text("\n".join([*kept, ""]), encoding="utf-8")

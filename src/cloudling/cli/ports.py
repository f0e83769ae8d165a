"""Whether a port can be had, and who has it, from what Linux tells of its sockets."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

from cloudling.settings import UserError

LISTENING = "0A"


def require_free(host: str, port: int) -> None:
    """Refuse with the owner's name where the address cannot be listened on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            # Binding alone succeeds beside another socket that reuses the address.
            probe.listen(1)
    except OSError as error:
        raise UserError(explain(host, port, error)) from None


def explain(host: str, port: int, error: OSError) -> str:
    """Why an address cannot be listened on, and what to do."""
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else port - 1
        return f"Port {port} is taken by {owner(port)}. Stop it, or start with --port {other}."
    if error.errno == errno.EACCES:
        return (
            f"Port {port} may not be used by this user, because the system keeps low ports for "
            f"root. Start with a --port above 1023."
        )
    return (
        f"The address {host} cannot be listened on: {error.strerror or error}. Start with a --host "
        f"that this machine has."
    )


def owner(port: int) -> str:
    """Who listens on a port, as far as this user may know: `process 812 (python)`."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for process in Path("/proc").glob("[0-9]*"):
        if sockets and sockets & _sockets_of(process):
            try:
                name = (process / "comm").read_text().strip()
            except OSError:
                continue
            return f"process {process.name} ({name})"
    return "another process"


def _inodes(port: int) -> set[str]:
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for columns in (line.split() for line in lines):
            if columns[3] == LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                found.add(columns[9])
    return found


def _sockets_of(process: Path) -> set[str]:
    found = set()
    try:
        for descriptor in (process / "fd").iterdir():
            found.add(os.readlink(descriptor))  # noqa: PTH115 - the target is no path
    except OSError:
        # Another user's process, or one that has just ended.
        return found
    return found

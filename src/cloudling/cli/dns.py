"""`cloudling dns`: this machine resolves the public names of machines, once it is told to."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cloudling.cli import reach
from cloudling.cli.resolvers import Machine, find_resolver, installed
from cloudling.settings import UserError

if TYPE_CHECKING:
    import argparse


def run(given: argparse.Namespace) -> int:
    machine = Machine(Path("/"), sys.platform)
    changes = install(machine, server_port()) if given.what == "install" else uninstall(machine)
    print("\n".join(changes))
    return 0


def install(machine: Machine, port: int) -> list[str]:
    """Send names under AWS's suffixes to our server; what was changed, a line each."""
    resolver = find_resolver(machine)
    changes = []
    with _Guard("install"):
        for path, text in resolver.files(port).items():
            changes += machine.write(path, text)
    if changes:
        changes += machine.reload(resolver.reload)
    return changes or ["Everything is installed already."]


def uninstall(machine: Machine) -> list[str]:
    """Undo whatever was installed, in whichever resolver."""
    changes = []
    for resolver in installed(machine):
        with _Guard("uninstall"):
            for path in resolver.files(0):
                changes += machine.remove(path)
        changes += machine.reload(resolver.reload)
    return changes or ["Nothing was installed."]


class _Guard:
    """Says what to do where the machine's files may not be changed."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, fault: BaseException | None, _trace: object) -> None:
        if isinstance(fault, PermissionError):
            raise UserError(
                f"Only root may change how this machine resolves names. Call it as `sudo "
                f"{sys.argv[0]} dns {self._what}`."
            ) from fault


def server_port() -> int:
    """Where a running cloud's DNS server listens; all of them know all public names."""
    caller = os.environ.get("SUDO_UID", "")
    user = int(caller) if caller.isdecimal() and os.getuid() == 0 else os.getuid()
    for entrance in reach.entrances(user):
        try:
            end, line = reach.ask(entrance, "about")
        except OSError:
            continue
        end.close()
        port = line.rpartition(":")[2]
        if line.startswith("ok ") and port.isdecimal() and int(port):
            return int(port)
    raise UserError(
        "No cloud of this user's answers for names. Start one with `cloudling start`, then try "
        "again."
    )

"""A program of a tree, run with the tree as its root, as the machine's root and nobody more.

As root that is user 100000, to whom the tree belongs; an ordinary user takes a user namespace.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from cloudling.drivers.namespaces import syscalls
from cloudling.drivers.roots.trees import FIRST_ID

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}
_PATIENCE = 600


def run(folder: Path, command: Sequence[str]) -> str:
    """What went wrong, its last line; "" when nothing did."""

    def enter() -> None:
        is_root = os.geteuid() == 0
        if not is_root:
            _become_root_of_nothing()
        os.chroot(folder)
        os.chdir("/")
        if is_root:
            os.setgroups([])
            os.setresgid(FIRST_ID, FIRST_ID, FIRST_ID)
            os.setresuid(FIRST_ID, FIRST_ID, FIRST_ID)

    try:
        done = subprocess.run(  # noqa: S603 - a program of a signed package
            command,
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
            preexec_fn=enter,
        )
    except (OSError, subprocess.SubprocessError) as fault:
        return str(fault)
    if done.returncode == 0:
        return ""
    said = (done.stderr or done.stdout).strip().splitlines()
    return said[-1] if said else f"{command[0]} ends with {done.returncode}"


def _become_root_of_nothing() -> None:
    uid, gid = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="ascii")

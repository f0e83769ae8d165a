"""Runs a Python script in a machine's own network, with the host's programs: as root only."""

from __future__ import annotations

import asyncio
import fcntl
import os
import runpy
import sys
from typing import TYPE_CHECKING

from tests.processes import PATIENCE, ROOT

from cloudling.drivers.namespaces import syscalls

if TYPE_CHECKING:
    from pathlib import Path

    from tests.drivers.carrier.conftest import Plane

_SOCKET_NAMESPACE = 0x894C
_NEWNET, _BIND = 0x40000000, 0x1000


async def run_inside(
    plane: Plane, place: str, script: str, folder: Path, **environment: str
) -> tuple[str, str]:
    """What a script prints there, and complains of; its resolver is the network's."""
    netd = await plane.networks.netd()
    with await netd.socket_of(place=place) as made:
        namespace = fcntl.ioctl(made, _SOCKET_NAMESPACE)
    (folder / "script.py").write_text(script)
    (folder / "resolv.conf").write_text("nameserver 172.31.0.2\noptions timeout:5\n")
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            str(namespace),
            str(folder),
            pass_fds=[namespace],
            env={
                "PATH": os.defpath,
                "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
                "HOME": str(folder),
                **environment,
            },
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    finally:
        os.close(namespace)
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    return out.decode(), err.decode()


def _enter(namespace: int, folder: str) -> None:
    syscalls.setns(namespace, _NEWNET)
    syscalls.unshare(syscalls.NEWNS)
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount(f"{folder}/resolv.conf", "/etc/resolv.conf", None, _BIND)


if __name__ == "__main__":
    _enter(int(sys.argv[1]), sys.argv[2])
    runpy.run_path(f"{sys.argv[2]}/script.py", run_name="__main__")

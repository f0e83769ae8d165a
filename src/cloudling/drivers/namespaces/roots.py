"""A machine's root: an overlay on what its image holds, and the kernel's own file systems in it."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from cloudling.drivers.namespaces import syscalls
from cloudling.drivers.namespaces.syscalls import (
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    mount,
)

if TYPE_CHECKING:
    from cloudling.drivers.namespaces.supervisors import Birth

_SAFE = MS_NOSUID | MS_NODEV | MS_NOEXEC
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_STREAMS = ("stdin", "stdout", "stderr")
_OLD = ".before"


def enter(birth: Birth) -> None:
    """Make the root in a mount namespace of our own, and leave all others behind.

    The folders are opened while we are still the one who may: below a folder of mode 0700 a
    machine's root finds nothing.
    """
    syscalls.unshare(syscalls.NEWNS)
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", _SAFE)
    folder = Path(birth.folder)
    os.chdir(folder)
    opened = {name: _open(folder / name) for name in ("upper", "work")}
    lower = [_open(Path(each)) for each in birth.lower]
    usr = [_open(folder / name) for name in ("usr-upper", "usr-work")] if birth.host_usr else []
    if _may_set_groups():
        os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    _lay("root", [_way(each) for each in lower], _way(opened["upper"]), _way(opened["work"]))
    os.chdir("root")
    if usr:
        _lay("usr", ["/usr"], _way(usr[0]), _way(usr[1]))
    _furnish()
    for each in (opened["upper"], opened["work"], *lower, *usr):
        os.close(each)
    _pivot()
    socket.sethostname(birth.hostname)


def _open(path: Path) -> int:
    return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def _way(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"


def _may_set_groups() -> bool:
    return Path("/proc/self/setgroups").read_text(encoding="ascii").strip() == "allow"


def _lay(target: str, lower: list[str], upper: str, work: str) -> None:
    options = f"userxattr,lowerdir={':'.join(lower)},upperdir={upper},workdir={work}"
    mount("overlay", target, "overlay", MS_NODEV, options)


def _furnish() -> None:
    """What every system has, below the folder that we are in."""
    for name in ("proc", "sys", "dev", "run", "tmp"):
        Path(name).mkdir(exist_ok=True)
    mount("proc", "proc", "proc", _SAFE)
    mount("sysfs", "sys", "sysfs", _SAFE | MS_RDONLY)
    mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755,size=1m")
    for name in _DEVICES:
        Path("dev", name).touch()
        mount(f"/dev/{name}", f"dev/{name}", None, MS_BIND)
    for name in ("pts", "shm"):
        Path("dev", name).mkdir()
    mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666")
    mount("tmpfs", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    mount("tmpfs", "run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    Path("dev/ptmx").symlink_to("pts/ptmx")
    Path("dev/fd").symlink_to("/proc/self/fd")
    for number, name in enumerate(_STREAMS):
        Path("dev", name).symlink_to(f"/proc/self/fd/{number}")
    # The kernel's settings are the machine's own only as far as namespaces reach.
    mount("proc/sys", "proc/sys", None, MS_BIND)
    mount("none", "proc/sys", None, MS_BIND | MS_REMOUNT | MS_RDONLY | _SAFE)
    mount("proc/sys/net", "proc/sys/net", None, MS_BIND)


def _pivot() -> None:
    """Make the folder that we are in the root of all there is."""
    Path(_OLD).mkdir(exist_ok=True)
    syscalls.pivot_root(".", _OLD)
    os.chdir("/")
    syscalls.unmount(f"/{_OLD}")
    Path("/", _OLD).rmdir()

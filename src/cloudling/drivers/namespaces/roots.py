"""A machine's root: an overlay on what its image holds, and the kernel's own file systems in it."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cloudling.drivers.namespaces import syscalls
from cloudling.drivers.namespaces.accounts import has_many_ids
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
    from collections.abc import Sequence

    from cloudling.drivers.namespaces.orders import Birth

_SAFE = MS_NOSUID | MS_NODEV | MS_NOEXEC
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_STREAMS = ("stdin", "stdout", "stderr")
_OLD = ".before"
# What lies in a machine's folder, and what on its disk.
DISK, USR, _ROOT = "disk", "usr", "root"
UPPER, UPPER_USR, _WORK, _WORK_USR = "upper", "usr-upper", "work", "usr-work"
FOLDERS = (DISK, USR, _ROOT)


def enter(birth: Birth, mounts: Sequence[int] = ()) -> None:
    """Make the root in a mount namespace of our own, and leave all others behind.

    The folders are opened while we are still the one who may: below a folder of mode 0700 a
    machine's root finds nothing.
    """
    syscalls.unshare(syscalls.NEWNS | syscalls.NEWCGROUP)
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", _SAFE)
    os.chdir(birth.folder)
    for name, descriptor in zip(birth.mounts, mounts, strict=True):
        syscalls.move_mount(descriptor, name)
        os.close(descriptor)
    lower = [_open(each) for each in birth.lower]
    usr = _open_usr(birth)
    disk = _open(DISK)
    if _may_set_groups():
        os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    for name in (UPPER, _WORK, UPPER_USR, _WORK_USR):
        with suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=disk)
    _lay(_ROOT, lower, disk, (UPPER, _WORK))
    os.chdir(_ROOT)
    if usr:
        _lay("usr", usr, disk, (UPPER_USR, _WORK_USR))
    _furnish()
    for each in (*lower, *usr, disk):
        os.close(each)
    _pivot()
    socket.sethostname(birth.hostname)


def _open_usr(birth: Birth) -> list[int]:
    """What the root's own layers have in `usr`, and below it the host's."""
    if not birth.host_usr:
        return []
    own = [f"{each}/usr" for each in birth.lower if Path(each, "usr").is_dir()]
    return [_open(each) for each in (*own, USR if USR in birth.mounts else "/usr")]


def _open(path: str, within: int | None = None) -> int:
    return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=within)


def _way(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"


def _may_set_groups() -> bool:
    return Path("/proc/self/setgroups").read_text(encoding="ascii").strip() == "allow"


def _lay(target: str, lower: list[int], disk: int, folders: tuple[str, str]) -> None:
    upper, work = (_open(name, disk) for name in folders)
    below = ":".join(_way(each) for each in lower)
    options = f"userxattr,lowerdir={below},upperdir={_way(upper)},workdir={_way(work)}"
    mount("overlay", target, "overlay", MS_NODEV, options)
    os.close(upper)
    os.close(work)


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
    mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, _terminals())
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


def _terminals() -> str:
    """Terminals belong to the group `tty`, where there is more than a single id."""
    owned = ",mode=620,gid=5" if has_many_ids() else ""
    return f"newinstance,ptmxmode=0666{owned}"


def _pivot() -> None:
    """Make the folder that we are in the root of all there is."""
    Path(_OLD).mkdir(exist_ok=True)
    syscalls.pivot_root(".", _OLD)
    os.chdir("/")
    syscalls.unmount(f"/{_OLD}")
    Path("/", _OLD).rmdir()

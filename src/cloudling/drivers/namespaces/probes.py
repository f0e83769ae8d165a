"""What this machine offers of what machines and networks need: each tried, in a process that ends.

It looks at nothing else of the system, and leaves nothing behind.
"""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cloudling.drivers.namespaces import syscalls
from cloudling.drivers.namespaces.messages import EnsureInterface, EnsureRouter
from cloudling.drivers.namespaces.plane import Plane
from cloudling.drivers.namespaces.process import enter_user_namespace

if TYPE_CHECKING:
    from collections.abc import Callable

_PROBED = "an instance's namespaces can be made"
_CONTROLLERS = ("cpu", "memory", "pids")
_CGROUPS = Path("/sys/fs/cgroup")
_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_SWITCHES = (
    (Path("/proc/sys/kernel/unprivileged_userns_clone"), "kernel.unprivileged_userns_clone=1"),
    (Path("/proc/sys/user/max_user_namespaces"), "user.max_user_namespaces=15000"),
)
_PROFILE = (
    "Allow it with a profile: write 'abi <abi/4.0>, include <tunables/global> "
    "profile cloudling {python} flags=(unconfined) {{ userns, }}' to /etc/apparmor.d/cloudling, "
    "a line for each of its three parts, and run: sudo apparmor_parser -r /etc/apparmor.d/cloudling"
)


class Finding(msgspec.Struct, frozen=True):
    """One thing tried; the remedy is for the user to do."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def report() -> int:
    """Print all findings as JSON; 0 when instances can run here."""
    findings = survey()
    print(msgspec.json.encode(findings).decode())  # noqa: T201 - its reader is `doctor`
    return 0 if all(finding.ok for finding in findings[:3]) else 1


def survey() -> list[Finding]:
    """User namespaces first, since all others are tried within one."""
    refusal = _tried(_make_namespaces)
    if refusal:
        return [Finding("user namespaces", False, refusal, _userns_remedy()), cgroups()]
    return [
        Finding("user namespaces", True, _PROBED),
        _finding("packet filter", _route_packets, "networks can be built", _NETFILTER),
        _finding("overlayfs", _mount_overlay, "roots of instances can be laid over", _OVERLAY),
        cgroups(),
    ]


_NETFILTER = (
    "Load what is missing: sudo modprobe -a veth nf_tables nft_ct nft_nat nf_conntrack_netlink "
    "(a container needs these from its host)."
)
_OVERLAY = "Use Linux 5.11 or newer with overlayfs: sudo modprobe overlay."


def _finding(name: str, attempt: Callable[[], None], detail: str, remedy: str) -> Finding:
    refusal = _tried(attempt)
    return Finding(name, not refusal, refusal or detail, remedy if refusal else "")


def _tried(attempt: Callable[[], None]) -> str:
    """Why it failed, in a process of its own; empty when it did not."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = b""
        try:
            os.close(reading)
            attempt()
        except Exception as error:  # noqa: BLE001 - whatever it was is the finding
            said = _reason(error).encode()[:500]
        finally:
            os.write(writing, said)
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answers:
        said = answers.read()
    os.waitpid(child, 0)
    return said.decode(errors="replace")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _make_namespaces() -> None:
    """As netd does; a PID namespace is one's own only in its first process."""
    enter_user_namespace(syscalls.NEWPID)
    refusal = _tried(_mount_proc)
    if refusal:
        raise OSError(errno.EPERM, refusal)


def _mount_proc() -> None:
    kinds = syscalls.NEWNET | syscalls.NEWNS | syscalls.NEWIPC | syscalls.NEWUTS
    syscalls.unshare(kinds | syscalls.NEWCGROUP)
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    syscalls.mount("proc", "/proc", "proc", flags)


def _route_packets() -> None:
    enter_user_namespace(syscalls.NEWNET)
    plane = Plane()
    block = "10.0.0.0/24"
    plane.ensure_router(EnsureRouter("probe", (block,), (block,), ("169.254.169.254",), True))
    plane.ensure_interface(EnsureInterface("probed", "probe", block, ("10.0.0.4",)))
    plane.close()


def _mount_overlay() -> None:
    with tempfile.TemporaryDirectory() as folder:
        refusal = _tried(lambda: _lay_over(Path(folder)))
    if refusal:
        raise OSError(errno.EPERM, refusal)


def _lay_over(folder: Path) -> None:
    enter_user_namespace(syscalls.NEWNS)
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    for name in ("lower", "upper", "work", "root"):
        (folder / name).mkdir()
    options = f"userxattr,lowerdir={folder}/lower,upperdir={folder}/upper,workdir={folder}/work"
    syscalls.mount("overlay", str(folder / "root"), "overlay", 0, options)
    try:
        (folder / "root" / "written").touch()
    finally:
        syscalls.unmount(str(folder / "root"))
        # The kernel's folder within has no permissions, not even for its owner.
        (folder / "work" / "work").chmod(0o700)


def _userns_remedy() -> str:
    if _value(_APPARMOR) not in {"", "0"}:
        return _PROFILE.format(python=Path(sys.executable).resolve())
    for path, setting in _SWITCHES:
        if _value(path) == "0":
            return f"Allow users to make their own: sudo sysctl {setting}"
    return "In a container, run it privileged; elsewhere ask who keeps this system to allow them."


def cgroups() -> Finding:
    """Limits of CPU, memory and processes; without them instances have the limits of processes."""
    name = "cgroups"
    if (_CGROUPS / "cgroup.controllers").exists():
        missing = _missing_v2(_own_cgroup())
        remedy = "systemd-run --user --scope -p Delegate=yes cloudling start"
        if missing and os.getuid() == 0:
            remedy = "Start it in a cgroup that has these controllers."
    else:
        missing = [each for each in _CONTROLLERS if not os.access(_CGROUPS / each, os.W_OK)]
        remedy = "Start it as root, or on a system with cgroups of version 2."
    if not missing:
        return Finding(name, True, "instances are held to their size")
    detail = f"not ours to set: {', '.join(missing)}; limits hold for each process alone"
    return Finding(name, False, detail, remedy)


def _own_cgroup() -> Path:
    lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    return _CGROUPS / own


def _missing_v2(folder: Path) -> list[str]:
    offered = _value(folder / "cgroup.controllers").split()
    is_ours = os.access(folder, os.W_OK) and os.access(folder / "cgroup.procs", os.W_OK)
    return [each for each in _CONTROLLERS if not is_ours or each not in offered]


def _value(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""

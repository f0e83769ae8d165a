"""How netd comes to live in namespaces of its own, and how nothing of it stays when it ends.

Two processes: the outer one waits for the inner one, which is the first of a PID namespace. When
that one ends, however it ends, the kernel ends all others in it, and with them every network
namespace and mount. Always in a user namespace, as root too: there no call of ours can reach the
machine's own network.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
from contextlib import suppress
from pathlib import Path

from cloudling.drivers.namespaces import SCRATCH, syscalls
from cloudling.drivers.namespaces.cgroups import Groups
from cloudling.drivers.namespaces.channels import Channel
from cloudling.drivers.namespaces.keepers import Keeper, fork_keeper
from cloudling.drivers.namespaces.server import Life, Server
from cloudling.drivers.namespaces.signals import Signals
from cloudling.drivers.namespaces.zygotes import FIRST_UID, UIDS, fork_zygote, has_many_ids

NAME = "cloudling-netd"
_NAMESPACES = syscalls.NEWNET | syscalls.NEWNS | syscalls.NEWIPC | syscalls.NEWUTS


def main(arguments: list[str]) -> int:
    """Serve a listening socket: its number, the grace in seconds, where it, data and cache lie."""
    listener, grace = int(arguments[0]), float(arguments[1])
    path, data, cache = (Path(each) for each in arguments[2:5])
    syscalls.name_process(NAME)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    groups = Groups()
    process, keeper = _fork_keeper(data, listener)
    enter_user_namespace(syscalls.NEWPID)
    alive, dead = os.pipe()
    inner = os.fork()
    if inner == 0:
        os.close(dead)
        held = Keeper(Channel(keeper) if keeper else None)
        _live(listener, alive, Life(path, data, cache, grace, groups, held), keeper)
        return 0
    for each in (listener, alive):
        os.close(each)
    status = _await(inner)
    groups.close()
    if keeper:
        keeper.close()
        os.waitpid(process, 0)
    # Not where it was killed: then another netd follows, and the machines boot from their disks.
    with suppress(PermissionError):
        if status == 0 and (data / SCRATCH).exists():
            shutil.rmtree(data, ignore_errors=True)
    return status


def _live(listener: int, alive: int, life: Life, keeper: socket.socket | None) -> None:
    """Be the inner process."""
    _become_inner(alive)
    kept = [keeper.fileno()] if keeper else []
    # Before anything is received, so that nothing that was is in a machine's memory.
    zygote = fork_zygote([listener, alive, *kept])
    _serve(Server(socket.socket(fileno=listener), life, Channel(zygote)), alive)


def _await(inner: int) -> int:
    signal.signal(signal.SIGTERM, lambda *_: os.kill(inner, signal.SIGTERM))
    _, status = os.waitpid(inner, 0)
    return os.waitstatus_to_exitcode(status) & 0xFF


def _fork_keeper(data: Path, listener: int) -> tuple[int, socket.socket | None]:
    """Only where netd is root is there something for it to do."""
    if os.getuid() != 0 or not has_many_ids():
        return 0, None
    return fork_keeper(data, (FIRST_UID, UIDS), [listener])


def enter_user_namespace(others: int = 0) -> None:
    """Become root of a new user namespace, with all ids where that is allowed, else with our own.

    The maps are written by a child that stayed outside: of more than one id only it may.
    """
    uid_map, gid_map = _identity("uid", os.getuid()), _identity("gid", os.getgid())
    is_root = os.getuid() == 0
    ready, go = os.pipe()
    writer = os.fork()
    if writer == 0:
        code = 1
        try:
            os.close(go)
            if os.read(ready, 1):
                _write_maps(os.getppid(), uid_map, gid_map, is_root=is_root)
                code = 0
        finally:
            os._exit(code)
    os.close(ready)
    try:
        syscalls.unshare(syscalls.NEWUSER | others)
        os.write(go, b"x")
    finally:
        os.close(go)
        _, status = os.waitpid(writer, 0)
    if status:
        raise PermissionError(1, "The maps of the user namespace cannot be written.")


def _identity(kind: str, own: int) -> str:
    """As root every id stands for itself; an ordinary user's own one becomes root's."""
    if os.getuid():
        return f"0 {own} 1"
    extents = Path(f"/proc/self/{kind}_map").read_text(encoding="ascii").splitlines()
    inside = [line.split() for line in extents]
    return "\n".join(f"{first} {first} {count}" for first, _, count in inside)


def _write_maps(process: int, uid_map: str, gid_map: str, *, is_root: bool) -> None:
    folder = Path(f"/proc/{process}")
    if not is_root:
        (folder / "setgroups").write_text("deny", encoding="ascii")
    (folder / "uid_map").write_text(uid_map, encoding="ascii")
    (folder / "gid_map").write_text(gid_map, encoding="ascii")


def _become_inner(alive: int) -> None:
    """Take namespaces of our own; end with the outer process, even if it ended just now."""
    syscalls.die_with_parent(signal.SIGKILL)
    os.set_blocking(alive, False)
    try:
        if os.read(alive, 1) == b"":
            os._exit(1)
    except BlockingIOError:
        pass
    syscalls.unshare(_NAMESPACES)
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    syscalls.mount("proc", "/proc", "proc", flags)


def _serve(server: Server, alive: int) -> None:
    signals = Signals(signal.SIGTERM)
    server.watch(signals.fileno(), lambda: _heed(server, signals))
    server.watch(alive, server.stop)
    server.run()


def _heed(server: Server, signals: Signals) -> None:
    if signals.drain():
        server.stop()

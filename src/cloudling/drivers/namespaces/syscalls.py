"""The system calls that Python 3.11 does not offer: namespaces, mounts and process attributes."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NEWNS = 0x00020000
NEWCGROUP = 0x02000000
NEWUTS = 0x04000000
NEWIPC = 0x08000000
NEWUSER = 0x10000000
NEWPID = 0x20000000
NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MS_SLAVE = 0x80000
MNT_DETACH = 0x2

_OPEN_TREE, _MOVE_MOUNT, _FSOPEN, _FSCONFIG, _FSMOUNT, _SETATTR = 428, 429, 430, 431, 432, 442
_MOVE_THIS, _EMPTY_PATH, _CLOSE, _CLONED = 0x4, 0x1000, 0o2000000, 0x1
_SET_FLAG, _SET_STRING, _CREATE = 0, 1, 6
_ATTRIBUTES = 0x2 | 0x4  # neither set-user-id nor devices; an overlay above has its own
_READ_ONLY, _MAPPED = 0x1, 0x100000
_HERE = -100
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NAME = 15

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_ulong, ctypes.c_char_p]
_libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4


def require(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(kinds: int) -> None:
    require(_libc.unshare(kinds), f"unshare {kinds:#x}")


def setns(descriptor: int, kind: int) -> None:
    require(_libc.setns(descriptor, kind), f"setns {kind:#x}")


def mount(
    source: str, target: str, kind: str | None = None, flags: int = 0, options: str | None = None
) -> None:
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() if kind is not None else None,
        flags,
        os.fsencode(options) if options is not None else None,
    )
    require(result, f"mount {source} on {target}")


def move_mount(descriptor: int, target: str) -> None:
    """Put a mount that is nowhere yet in its place."""
    result = _libc.syscall(_MOVE_MOUNT, descriptor, b"", _HERE, os.fsencode(target), _MOVE_THIS)
    require(result, f"mount on {target}")


def mount_detached(kind: str, source: str, options: Sequence[str]) -> int:
    """A mount that is in no place yet."""
    made = require(_libc.syscall(_FSOPEN, kind.encode(), 1), f"fsopen {kind}")
    try:
        configure = partial(_libc.syscall, _FSCONFIG, made)
        require(configure(_SET_STRING, b"source", os.fsencode(source), 0), f"source {source}")
        for each in options:
            require(configure(_SET_FLAG, each.encode(), None, 0), f"{kind} {each}")
        require(configure(_CREATE, None, None, 0), f"mount {source}")
        return require(_libc.syscall(_FSMOUNT, made, 1, _ATTRIBUTES), f"fsmount {source}")
    finally:
        os.close(made)


def clone_mount(path: str, users: int) -> int:
    """A mount of a folder in which files are owned as that user namespace maps them."""
    flags = _CLOSE | _CLONED
    tree = require(_libc.syscall(_OPEN_TREE, _HERE, os.fsencode(path), flags), f"open {path}")
    wanted = struct.pack("=QQQQ", _READ_ONLY | _MAPPED | _ATTRIBUTES, 0, 0, users)
    try:
        done = _libc.syscall(_SETATTR, tree, b"", _EMPTY_PATH, wanted, len(wanted))
        require(done, f"map the owners of {path}")
    except OSError:
        os.close(tree)
        raise
    return tree


def unmount(target: str, flags: int = MNT_DETACH) -> None:
    require(_libc.umount2(os.fsencode(target), flags), f"unmount {target}")


def die_with_parent(number: int) -> None:
    """Let the kernel send this signal when the thread that forked this process ends."""
    require(_libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0), "prctl PDEATHSIG")


def hide_process() -> None:
    """Let nobody look into this process's memory, environment and descriptors."""
    require(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl DUMPABLE")


def show_process() -> None:
    """Let those who are the same user look into this process again."""
    require(_libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl DUMPABLE")


def name_process(name: str) -> None:
    """What `ps` and `top` show; 15 bytes at most."""
    buffer = ctypes.create_string_buffer(name.encode()[:15])
    require(_libc.prctl(_PR_SET_NAME, ctypes.addressof(buffer), 0, 0, 0), "prctl NAME")


def pivot_root(new: str, old: str) -> None:
    number = _PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(38, f"pivot_root is not known on {platform.machine()}.")
    result = _libc.syscall(number, os.fsencode(new), os.fsencode(old))
    require(result, f"pivot_root {new}")


def clone(number: int, flags: int) -> int:
    """The bare system call: 0 in the child, its process in the parent, -1 for an error."""
    result: int = _libc.syscall(number, flags, 0, 0, 0, 0)
    return result

"""Programs in a machine: forked by its first process, as this or that user, with or without a
terminal."""

from __future__ import annotations

import fcntl
import os
import signal
import termios
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from cloudling.drivers.namespaces import accounts, syscalls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.drivers.namespaces.accounts import Account
    from cloudling.drivers.namespaces.orders import Command

_CANNOT_RUN = 127
_HEEDED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE)


def open_terminal() -> tuple[int, int]:
    """Both sides of a terminal of the machine's own: ours, and the program's."""
    ours = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(ours, _UNLOCK, bytes(4))
        number = int.from_bytes(fcntl.ioctl(ours, _NUMBER, bytes(4)), "little")
        theirs = os.open(f"/dev/pts/{number}", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        os.close(ours)
        raise
    return ours, theirs


_UNLOCK, _NUMBER = 0x40045431, 0x80045430


def start(command: Command, streams: Sequence[int], environment: dict[str, str]) -> int:
    """Its process; what goes wrong from here on is said where the program would have spoken."""
    account = accounts.find(command.user) if command.user else None
    process = os.fork()
    if process == 0:
        _become(command, streams, account, environment)
    return process


def _become(
    command: Command, streams: Sequence[int], account: Account | None, environment: dict[str, str]
) -> NoReturn:
    """Never returns."""
    try:
        _let_signals_be()
        os.setsid()
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
        os.closerange(3, 4096)
        if command.has_terminal:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        given = {**environment, **command.environment}
        argv = list(command.argv)
        if account is None:
            _take_ids(command.uid, command.gid, ())
            os.chdir(command.folder or "/")
        else:
            given = {**environment, **_log_in(account, command.folder), **command.environment}
            argv = argv or [account.shell]
        program, argv[0] = argv[0], argv[0] if command.argv else f"-{Path(argv[0]).name}"
        os.execvpe(program, argv, given)  # noqa: S606 - what a machine is for
    except Exception as error:  # noqa: BLE001 - as the docstring of `start` says
        os.write(2, f"{' '.join(command.argv[:1]) or 'shell'}: {error}\n".encode())
    finally:
        os._exit(_CANNOT_RUN)


def _let_signals_be() -> None:
    signal.set_wakeup_fd(-1)
    for each in _HEEDED:
        signal.signal(each, signal.SIG_DFL)


def _log_in(account: Account, folder: str) -> dict[str, str]:
    """Become this user; what a login adds to the environment."""
    _take_ids(account.uid, account.gid, account.groups)
    try:
        os.chdir(folder or account.home)
    except OSError:
        os.chdir("/")
    return {
        "HOME": account.home,
        "USER": account.name,
        "LOGNAME": account.name,
        "SHELL": account.shell,
    }


def _take_ids(uid: int, gid: int, groups: Sequence[int]) -> None:
    if not (uid or gid):
        return
    if accounts.has_many_ids():
        os.setgroups(list(groups))
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        return
    # A single id is all that there is: in a user namespace of its own it bears this number.
    syscalls.unshare(syscalls.NEWUSER)
    # As a fork of the first process it is hidden, even from itself.
    syscalls.show_process()
    for name, number in (("uid", uid), ("gid", gid)):
        Path(f"/proc/self/{name}_map").write_text(f"{number} 0 1", encoding="ascii")

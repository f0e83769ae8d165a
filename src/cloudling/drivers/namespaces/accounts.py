"""A machine's own accounts: read and written as files, since its libraries are not ours to load."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cloudling.drivers.namespaces.orders import Setup

_PASSWD, _GROUP, _SHADOW = Path("/etc/passwd"), Path("/etc/group"), Path("/etc/shadow")
_FIRST_UID, _ENOUGH = 1000, 65_536
_USER_FIELDS, _GROUP_FIELDS = 7, 4
_RULES = Path("/etc/sudoers.d")


class Account(NamedTuple):
    """A line of `/etc/passwd`, and the groups besides its own."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str
    groups: tuple[int, ...] = ()


class NoSuchUser(FileNotFoundError):
    """A name that the machine does not know."""


def find(name: str) -> Account:
    """Raises NoSuchUser."""
    for fields in _entries(_PASSWD, _USER_FIELDS):
        if fields[0] == name:
            groups = tuple(
                int(group[2])
                for group in _entries(_GROUP, _GROUP_FIELDS)
                if name in group[3].split(",")
            )
            shell = fields[6] or "/bin/sh"
            return Account(name, int(fields[2]), int(fields[3]), fields[5] or "/", shell, groups)
    if name == "root":
        return Account("root", 0, 0, "/root", "/bin/sh")
    raise NoSuchUser(errno.ENOENT, f"There is no user {name}.")


def ensure(setup: Setup) -> None:
    """The user who logs in is there, and may become root without a password."""
    try:
        find(setup.user)
    except NoSuchUser:
        _add(setup.user)
    if setup.user != "root" and _RULES.is_dir():
        rules = _RULES / "90-cloud-init-users"
        rules.write_text(f"{setup.user} ALL=(ALL) NOPASSWD:ALL\n", encoding="utf-8")
        rules.chmod(0o440)


def write_keys(setup: Setup) -> None:
    """Those that the root came with stay, as on AWS."""
    if not setup.keys:
        return
    account = find(setup.user)
    folder = Path(account.home) / ".ssh"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "authorized_keys"
    held = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    lines = [*held, *(key for key in setup.keys if key.strip() not in held)]
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    file.chmod(0o600)
    for each in (folder, file):
        _give(each, account)


def has_many_ids() -> bool:
    lines = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[2]) for line in lines) >= _ENOUGH


def _add(name: str) -> None:
    uids = {int(fields[2]) for fields in _entries(_PASSWD, _USER_FIELDS)}
    gids = {int(fields[2]) for fields in _entries(_GROUP, _GROUP_FIELDS)}
    uid = next(each for each in range(_FIRST_UID, _ENOUGH) if each not in uids | gids)
    shell = "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh"
    home = Path("/home", name)
    _append(_PASSWD, f"{name}:x:{uid}:{uid}::{home}:{shell}")
    _append(_GROUP, f"{name}:x:{uid}:")
    # No password fits, but the account is not locked: keys open it.
    _append(_SHADOW, f"{name}:*:19000:0:99999:7:::")
    _SHADOW.chmod(0o600)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    _give(home, find(name))


def _give(path: Path, account: Account) -> None:
    """Where a machine has a single id, all is that one's."""
    if has_many_ids():
        os.chown(path, account.uid, account.gid)


def _entries(path: Path, count: int) -> list[list[str]]:
    try:
        lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return []
    fields = [line.split(":") for line in lines]
    # Users have two numbers, groups one.
    numbers = slice(2, 4 if count == _USER_FIELDS else 3)
    return [
        each
        for each in fields
        if len(each) == count and all(number.isdigit() for number in each[numbers])
    ]


def _append(path: Path, line: str) -> None:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    gap = "" if not before or before.endswith("\n") else "\n"
    path.write_text(f"{before}{gap}{line}\n", encoding="utf-8")

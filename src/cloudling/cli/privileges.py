"""Giving root away: a command called through sudo goes on as the user who called it.

A cloud that runs as root would keep root's files, and its faults would be the machine's.
"""

from __future__ import annotations

import os
import pwd

from cloudling.settings import UserError


def drop() -> None:
    """Become the user who called sudo; nothing happens where there is none."""
    caller = os.environ.get("SUDO_UID", "")
    if os.geteuid() != 0 or not (caller.isascii() and caller.isdigit()) or int(caller) == 0:
        return
    try:
        user = pwd.getpwuid(int(caller))
    except KeyError:
        raise UserError(
            f"Root cannot be given away: sudo names user {caller}, whom this system does not know. "
            f"Start without sudo."
        ) from None
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ.update(HOME=user.pw_dir, USER=user.pw_name, LOGNAME=user.pw_name)
    # Folders of root's that this user may not enter.
    for variable in [name for name in os.environ if name.startswith("XDG_")]:
        if not os.access(os.environ[variable], os.W_OK):
            del os.environ[variable]

"""Users and groups of a root: `/etc/passwd`, `/etc/group`, `/etc/shadow`, and who may be root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.drivers.roots.families import KEPT, USER_ID, users_of

if TYPE_CHECKING:
    from cloudling.drivers.roots.families import Family
    from cloudling.drivers.roots.trees import Tree

SHADOW = 42  # Debian's group for those who may read the passwords' hashes
_DAY = 20_000  # when the passwords that nobody has were last changed
_NOBODY_ELSE = "/usr/sbin/nologin"


def system_user(name: str, uid: int, gid: int, home: str) -> str:
    return f"{name}:x:{uid}:{gid}::{home}:{_NOBODY_ELSE}"


def write(tree: Tree, users: list[str], groups: list[str]) -> None:
    """Lines as in `/etc/passwd` and `/etc/group`; nobody has a password."""
    names = [line.partition(":")[0] for line in users]
    tree.write("etc/passwd", "".join(f"{line}\n" for line in users))
    tree.write("etc/group", "".join(f"{line}\n" for line in groups))
    shadow = "".join(f"{name}:*:{_DAY}:0:99999:7:::\n" for name in names)
    tree.write("etc/shadow", shadow, 0o640, 0, SHADOW)
    names = [line.partition(":")[0] for line in groups]
    tree.write("etc/gshadow", "".join(f"{name}:*::\n" for name in names), 0o640, 0, SHADOW)


def add_people(tree: Tree, below: Tree, family: Family) -> None:
    """Those who log in: one user, who has the family's name and `ec2-user` besides."""
    users, groups = (below.read(f"etc/{name}").splitlines() for name in ("passwd", "group"))
    people = users_of(family)
    for name in people:
        home = f"home/{name}"
        users.append(f"{name}:x:{USER_ID}:{USER_ID}:{family.comment}:/{home}:/bin/bash")
        tree.make(home, 0o700, USER_ID, USER_ID)
        for each in below.names("etc/skel"):
            content = below.follow(f"etc/skel/{each}").read_bytes()
            tree.write(f"{home}/{each}", content, 0o644, USER_ID, USER_ID)
    groups.append(f"{people[0]}:x:{USER_ID}:")
    groups += [f"{name}:x:{USER_ID}:" for name in people[1:]]
    write(tree, users, groups)
    kept = " ".join(KEPT)
    rules = "".join(f"{name} ALL=(ALL) NOPASSWD:ALL\n" for name in people)
    tree.make("etc/sudoers.d", 0o750)
    tree.write(
        "etc/sudoers.d/90-cloud-init-users", f'Defaults env_keep += "{kept}"\n{rules}', 0o440
    )

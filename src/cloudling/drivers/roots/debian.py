"""A root of the machine's own distribution, from a fixed list of packages that we unpack ourselves.

No maintainer script runs: what they would have done that a machine needs is done here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.drivers.roots import accounts, apt, furnishing
from cloudling.drivers.roots.inside import run
from cloudling.drivers.roots.packages import Package
from cloudling.drivers.roots.trees import delete

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cloudling.drivers.roots.trees import Tree

_ESSENTIAL = """
apt base-files base-passwd bash bsdutils coreutils dash debianutils diffutils dpkg findutils grep
gzip hostname init-system-helpers libc-bin login mount ncurses-base ncurses-bin passwd perl-base
sed sysvinit-utils tar util-linux
"""
# What courses and tutorials take for granted.
_EXPECTED = """
adduser bzip2 ca-certificates cron curl e2fsprogs gawk git iproute2 iputils-ping jq less
libpam-modules libpam-runtime lsof nano netbase netcat-openbsd openssh-client openssh-server
openssh-sftp-server openssl procps psmisc python3 python3-pip python3-venv rsync sudo tree tzdata
unzip vim-tiny wget xz-utils zip
"""
PACKAGES = (*_ESSENTIAL.split(), *_EXPECTED.split())
KEYRINGS = {"debian": "debian-archive-keyring", "ubuntu": "ubuntu-keyring"}
_MERGED = ("bin", "sbin", "lib")
_FOLDERS = (
    *("mnt", "srv", "opt", "media", "proc", "sys", "dev", "run", "home", "etc/opt"),
    *("etc/sudoers.d", "etc/ssh/sshd_config.d"),
    *(f"usr/local/{name}" for name in ("bin", "lib", "sbin", "share")),
    *(f"var/{name}" for name in ("opt", "log", "spool", "cache/apt", "lib/apt/lists")),
    *(f"var/lib/dpkg/{name}" for name in ("info", "updates", "triggers", "alternatives", "parts")),
)
_UNWANTED = ("usr/share/man/", "usr/share/info/", "usr/share/locale/", "usr/share/lintian/",
             "usr/share/doc-base/", "usr/share/bug/")  # fmt: skip
# What `update-alternatives` would choose.
_ALTERNATIVES = {
    "awk": "gawk", "nawk": "gawk", "pager": "less", "editor": "nano", "which": "which.debianutils",
    "vi": "vim.tiny", "vim": "vim.tiny", "nc": "nc.openbsd", "python": "python3",
}  # fmt: skip
_UTMP, _CRONTAB = 43, 101
# Rights that packages give when they are set up.
_GRANTS = {
    "usr/bin/ping": (0o4755, 0),
    "usr/bin/crontab": (0o2755, _CRONTAB),
    "var/spool/cron/crontabs": (0o1730, _CRONTAB),
}
_RECORDS = {"wtmp": 0o664, "btmp": 0o660, "lastlog": 0o664}  # of logins
_SSHD = 100
_SSHD_USER = accounts.system_user("sshd", _SSHD, 65534, "/run/sshd")
_APT_USER = accounts.system_user("_apt", 42, 65534, "/nonexistent")


def names() -> tuple[str, ...]:
    """The packages asked for on this machine."""
    keyring = KEYRINGS.get(apt.release().get("ID", ""), "")
    return (*PACKAGES, keyring) if keyring else PACKAGES


def fill(tree: Tree, packages: list[Path], tell: Callable[[str], None]) -> tuple[str, ...]:
    """Unpack and furnish; the packages with their versions."""
    for name in (*_MERGED, "lib64"):
        tree.make(f"usr/{name}")
        tree.symlink(name, f"usr/{name}")
    told, listed, stanzas = -1, [], []
    for number, path in enumerate(packages):
        percent = 100 * number // len(packages) // 10 * 10
        if percent > told:
            told = percent
            tell(f"unpacking {len(packages)} packages, {percent} %")
        package = Package(path)
        _unpack(package, tree)
        stanzas.append(package.stanza(tree))
        listed.append(f"{package.name} {package.fields.get('Version', '')}".strip())
    tell("finishing")
    _finish(tree)
    tree.write("var/lib/dpkg/status", "\n".join(stanzas))
    return tuple(sorted(listed))


def _unpack(package: Package, tree: Tree) -> None:
    contained = package.unpack(tree, is_wanted)
    record = f"var/lib/dpkg/info/{package.record}"
    tree.write(f"{record}.list", "".join(f"{name}\n" for name in contained))
    for name, content in package.control.items():
        if name != "control" and "/" not in name:
            is_script = content.startswith(b"#!")
            tree.write(f"{record}.{name}", content, 0o755 if is_script else 0o644)


def is_wanted(name: str) -> bool:
    """No manuals and translations; licences stay."""
    if name.startswith("usr/share/doc/"):
        return name.endswith("/copyright")
    return not name.startswith(_UNWANTED)


def _finish(tree: Tree) -> None:
    for name in _FOLDERS:
        tree.make(name)
    tree.write("var/lib/dpkg/info/format", "1\n")
    tree.make("tmp", 0o1777)
    tree.make("var/tmp", 0o1777)
    tree.make("root", 0o700)
    _link_what_stays_in_memory(tree)
    _copy_defaults(tree)
    _add_accounts(tree)
    _add_certificates(tree)
    tree.symlink("etc/localtime", "/usr/share/zoneinfo/Etc/UTC")
    for name, program in _ALTERNATIVES.items():
        if not tree.has(f"usr/bin/{name}") and tree.has(f"usr/bin/{program}"):
            tree.symlink(f"usr/bin/{name}", program)
    for version in tree.names("usr/lib"):
        if version.startswith("python3"):
            tree.remove(f"usr/lib/{version}/EXTERNALLY-MANAGED")
    furnishing.furnish(tree, has_systemctl=tree.has("usr/bin/systemctl"))
    for name, (mode, gid) in _GRANTS.items():
        tree.grant(name, mode, gid)
    for name, mode in _RECORDS.items():
        tree.write(f"var/log/{name}", "", mode, 0, _UTMP)
    # Programs start without the index of libraries, but `ctypes.util` asks it; and some look for
    # an authority by its hash. A root without either is poorer, not wrong.
    run(tree.folder, ["/sbin/ldconfig", "-X"])
    run(tree.folder, ["/usr/bin/openssl", "rehash", "/etc/ssl/certs"])


def _link_what_stays_in_memory(tree: Tree) -> None:
    for name, target in (("run", "/run"), ("lock", "/run/lock")):
        place = tree.place(f"var/{name}")
        if place.is_dir() and not place.is_symlink():
            delete(place)
        tree.symlink(f"var/{name}", target)


def _copy_defaults(tree: Tree) -> None:
    for source, target in (
        ("usr/share/base-files/dot.profile", "root/.profile"),
        ("usr/share/base-files/dot.bashrc", "root/.bashrc"),
        ("usr/share/base-files/profile", "etc/profile"),
        ("usr/share/openssh/sshd_config", "etc/ssh/sshd_config"),
    ):
        if tree.has(source):
            tree.write(target, tree.read(source))
    if tree.has("etc/dpkg/origins/debian"):
        tree.symlink("etc/dpkg/origins/default", "debian")


def _add_accounts(tree: Tree) -> None:
    source = "usr/share/base-passwd"
    users = tree.read(f"{source}/passwd.master").replace(":*:", ":x:").splitlines()
    groups = tree.read(f"{source}/group.master").replace(":*:", ":x:").splitlines()
    known = {line.partition(":")[0] for line in users}
    users += [line for line in (_APT_USER, _SSHD_USER) if line.partition(":")[0] not in known]
    groups.append(f"crontab:x:{_CRONTAB}:")
    accounts.write(tree, users, groups)


def _add_certificates(tree: Tree) -> None:
    folder = "usr/share/ca-certificates/mozilla"
    found = [name for name in tree.names(folder) if name.endswith(".crt")]
    bundle = "".join(tree.read(f"{folder}/{name}").rstrip("\n") + "\n" for name in found)
    furnishing.trust(tree, bundle)
    tree.write("etc/ca-certificates.conf", "".join(f"mozilla/{name}\n" for name in found))
    for name in found:
        link = f"etc/ssl/certs/{name.removesuffix('.crt')}.pem"
        tree.symlink(link, f"/{folder}/{name}")

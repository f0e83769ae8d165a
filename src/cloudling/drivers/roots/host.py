"""A skeleton root over the host's own `/usr`: works on any Linux, without a download.

Of the host's other folders only what its programs need and what is no secret is copied. The `usr`
of the tree lies over the host's.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudling.drivers.roots import accounts, apt, furnishing, wheels
from cloudling.drivers.roots.families import USER_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.drivers.roots.trees import Tree

_LINKED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_FOLDERS = ("boot", "dev", "etc", "home", "media", "mnt", "opt", "proc", "run", "srv", "sys", "usr",
            "usr/bin", "usr/lib", "usr/local", "usr/local/bin", "usr/local/lib", "usr/local/sbin",
            "var", "var/cache", "var/lib", "var/lib/dpkg", "var/log", "var/mail", "var/opt",
            "var/spool", "etc/ssh", "etc/ssh/sshd_config.d", "etc/pam.d")  # fmt: skip
# Settings that programs of /usr need. Nothing here says who uses the host, or for what.
_COPIED = ("alternatives", "bash.bashrc", "debian_version", "inputrc", "ld.so.cache", "ld.so.conf",
           "ld.so.conf.d", "locale.alias", "localtime", "login.defs", "magic", "mime.types", "perl",
           "profile", "protocols", "python3", "rpc", "services", "skel", "ssl/certs",
           "ssl/openssl.cnf", "terminfo", "timezone", "vim", "pki/ca-trust", "pki/tls/certs",
           "crypto-policies", "redhat-release", "system-release")  # fmt: skip
_LARGEST = 4 * 1024**2
_FIRST_PERSON = 1000
_BUNDLES = ("etc/ssl/certs/ca-certificates.crt", "etc/pki/tls/certs/ca-bundle.crt",
            "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "etc/ssl/ca-bundle.pem",
            "etc/ssl/cert.pem")  # fmt: skip
_SSHD = """\
UsePAM yes
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
Include /etc/ssh/sshd_config.d/*.conf
"""
_ASK = """\
import importlib.util, json, site, sys, sysconfig
print(json.dumps({
    "version": "%d.%d" % sys.version_info[:2], "folder": site.getsitepackages()[0],
    "pip": importlib.util.find_spec("pip") is not None, "library": sysconfig.get_path("stdlib"),
    "program": sys.executable,
}))
"""


def reason_against(slash: Path = Path("/")) -> str:
    """Why this machine's /usr is of no use; "" when it is."""
    if not (slash / "bin").is_symlink():
        return "this machine's programs do not all lie in /usr"
    for name in ("bash", "python3"):
        if not (slash / "usr/bin" / name).exists():
            return f"this machine has no /usr/bin/{name}"
    return ""


def title() -> str:
    return f"{apt.release().get('PRETTY_NAME', 'Linux')}, over this machine's own /usr"


def fill(tree: Tree, tell: Callable[[str], None], slash: Path = Path("/")) -> str:
    """Furnish the skeleton; the version of its Python."""
    tell("laying a root over this machine's /usr")
    for name in _FOLDERS:
        tree.make(name)
    _open_folders(tree, slash)
    for name in _LINKED:
        if (slash / name).is_symlink():
            tree.symlink(name, os.fspath((slash / name).readlink()))
    for name in ("tmp", "var/tmp"):
        tree.make(name, 0o1777)
    tree.make("root", 0o700)
    for name, target in (("var/run", "/run"), ("var/lock", "/run/lock")):
        tree.symlink(name, target)
    for name in _COPIED:
        _copy(slash, f"etc/{name}", tree)
    _list_packages(slash, tree)
    tree.symlink("etc/os-release", "../usr/lib/os-release")
    _add_accounts(tree, slash)
    _add_certificates(tree, slash)
    tree.write("etc/ssh/sshd_config", _SSHD)
    furnishing.furnish(tree, has_systemctl=(slash / "usr/bin/systemctl").exists())
    return _add_python(tree)


def _copy(slash: Path, name: str, tree: Tree, largest: int = _LARGEST) -> None:
    """What everybody may read: files, folders, and links as they stand."""
    source = slash / name
    try:
        found = source.lstat()
        if stat.S_ISLNK(found.st_mode):
            tree.symlink(name, os.fspath(source.readlink()))
        elif stat.S_ISDIR(found.st_mode):
            tree.make(name)
            for each in sorted(source.iterdir()):
                _copy(slash, f"{name}/{each.name}", tree, largest)
        elif _is_public(found) and found.st_size <= largest:
            mode = 0o755 if found.st_mode & stat.S_IXUSR else 0o644
            tree.write(name, source.read_bytes(), mode)
    except (FileNotFoundError, PermissionError):
        return


def _list_packages(slash: Path, tree: Tree) -> None:
    """For `yum list`: dpkg itself would miss its records of each package."""
    lines = _readable(slash / "var/lib/dpkg/status")
    kept = ("Package:", "Status:", "Version:", "Architecture:")
    listed = [line for line in lines if not line or line.startswith(kept)]
    tree.write("opt/cloudling/packages", "\n".join(listed))


def _open_folders(tree: Tree, slash: Path) -> None:
    """Folders of the host's `/usr` as the machine's own: in those of another nobody may write."""
    outer = _folders_in(slash / "usr")
    for each in [*outer, *(inner for folder in outer for inner in _folders_in(folder))]:
        tree.make(os.fspath(each.relative_to(slash)), each.stat().st_mode & 0o1777)


def _folders_in(folder: Path) -> list[Path]:
    """Those that are no links and may be read."""
    try:
        found = sorted(folder.iterdir())
    except PermissionError:
        return []
    return [each for each in found if each.is_dir() and not each.is_symlink()]


def _is_public(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and bool(found.st_mode & stat.S_IROTH)


def _add_accounts(tree: Tree, slash: Path) -> None:
    """The host's own service users, and none of its people."""
    users = [line for line in _readable(slash / "etc/passwd") if _is_service(line)]
    groups = [line for line in _readable(slash / "etc/group") if _is_service(line)]
    # Who is a member of what is the host's own business.
    bare = [line.rpartition(":")[0] + ":" for line in groups]
    accounts.write(tree, users or ["root:x:0:0:root:/root:/bin/bash"], bare or ["root:x:0:"])


def _readable(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _is_service(line: str) -> bool:
    fields = line.split(":")
    if len(fields) < 4 or not fields[2].isdigit() or not fields[0] or fields[0][0] in "+-":
        return False
    return int(fields[2]) < _FIRST_PERSON or int(fields[2]) == 65534


def _add_certificates(tree: Tree, slash: Path) -> None:
    for name in _BUNDLES:
        lines = _readable(slash / name)
        if lines:
            furnishing.trust(tree, "\n".join(lines) + "\n")
            return


def _add_python(tree: Tree) -> str:
    said = _ask_python()
    if not said:
        return ""
    library = str(said["library"]).removeprefix("/")
    if library.startswith("usr/") and Path("/", library, "EXTERNALLY-MANAGED").exists():
        tree.hide(f"{library}/EXTERNALLY-MANAGED")
    folder = str(said["folder"]).removeprefix("/")
    if folder.startswith("usr/"):
        tree.make(folder)
    if not said["pip"] and folder.startswith("usr/"):
        wheels.add_pip(tree, folder)
    if not Path("/usr/bin/python").exists():
        tree.symlink("usr/bin/python", "python3")
    _add_sudo(tree, Path(str(said["program"])))
    return str(said["version"])


def _ask_python() -> dict[str, Any]:
    try:
        done = subprocess.run(  # noqa: S603 - the host's own Python
            ["/usr/bin/python3", "-I", "-c", _ASK],
            env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return dict(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}


def _add_sudo(tree: Tree, python: Path) -> None:
    """The host's own sudo belongs to the host's root, who is nobody in a machine."""
    if os.geteuid():
        return
    with python.resolve().open("rb") as source:
        tree.fill("usr/lib/cloudling/elevate", source, 0o4750, 0, USER_ID)
    tree.write("usr/bin/sudo", furnishing.program("sudo"), 0o755)

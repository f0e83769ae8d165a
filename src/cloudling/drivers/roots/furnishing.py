"""What every root has, whatever it is made of: sshd's and sudo's settings, pip's, and `yum`."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudling.drivers.roots.trees import Tree

WHEELS = "opt/cloudling/wheels"
_BUNDLE = "etc/ssl/certs/ca-certificates.crt"

_FILES = {
    "etc/nsswitch.conf": """\
passwd: files
group: files
shadow: files
gshadow: files
hosts: files dns
networks: files
protocols: files
services: files
""",
    # Keys of other kinds cost a first boot a third of a second.
    "etc/ssh/sshd_config.d/50-cloudling.conf": """\
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UseDNS no
""",
    # With the internet refused pip is told by PIP_NO_INDEX; without that it shall give up soon.
    "etc/pip.conf": f"""\
[global]
find-links = /{WHEELS}
break-system-packages = true
disable-pip-version-check = true
root-user-action = ignore
retries = 0
timeout = 3
""",
    "etc/environment": "",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/fstab": "",
    "etc/default/locale": "LANG=C.UTF-8\n",
}
_SERVICES = ("other", "login", "sshd", "su", "su-l", "runuser", "runuser-l", "passwd", "cron",
             "sudo", "sudo-i", "chsh", "chfn")  # fmt: skip
_OF_ROOT = ("su", "su-l", "runuser", "runuser-l")
_ROOT_MAY = "auth sufficient pam_rootok.so\n"
_PAM = """\
auth include common-auth
account include common-account
password include common-password
session required pam_env.so
session include common-session
"""
_KINDS = {"account": "", "auth": " nullok", "password": " yescrypt", "session": ""}


def furnish(tree: Tree, *, has_systemctl: bool) -> None:
    """All but users and certificates."""
    for name, content in _FILES.items():
        tree.write(name, content)
    for kind, options in _KINDS.items():
        tree.write(f"etc/pam.d/common-{kind}", f"{kind} required pam_unix.so{options}\n")
    tree.write("etc/pam.d/common-session-noninteractive", "session required pam_unix.so\n")
    for name in _SERVICES:
        if not tree.has(f"etc/pam.d/{name}"):
            first = _ROOT_MAY if name in _OF_ROOT else ""
            tree.write(f"etc/pam.d/{name}", first + _PAM)
    _add_programs(tree, has_systemctl=has_systemctl)
    tree.make(WHEELS)


def _add_programs(tree: Tree, *, has_systemctl: bool) -> None:
    for name in ("usr/bin/yum", "usr/bin/dnf"):
        tree.write(name, program("yum"), 0o755)
    if not has_systemctl:
        tree.write("usr/bin/systemctl", program("systemctl"), 0o755)


def program(name: str) -> bytes:
    """One of the programs that we bring."""
    return (resources.files("cloudling.drivers.roots") / "programs" / f"{name}.txt").read_bytes()


def trust(tree: Tree, bundle: str) -> None:
    """The authorities, also where Amazon Linux has them."""
    tree.make("etc/ssl/certs")
    tree.write(_BUNDLE, bundle)
    tree.make("etc/pki/tls/certs")
    tree.symlink("etc/pki/tls/certs/ca-bundle.crt", f"/{_BUNDLE}")
    tree.make("usr/local/share/ca-certificates")

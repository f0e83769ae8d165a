"""Programs that resolve a machine's names, and how each is told to ask us for some of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from cloudling.settings import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

SUFFIXES = ("compute.amazonaws.com", "compute-1.amazonaws.com")
_NOTE = "Written by `cloudling dns install`; `cloudling dns uninstall` takes it away."
# The first release of systemd that hands some domains to a server without asking it for others.
_DELEGATES = 258
_TIMEOUT = 30


def _run(command: Sequence[str]) -> str:
    """What it prints; raises OSError where it fails."""
    program = shutil.which(command[0])
    if program is None:
        raise OSError(f"there is no {command[0]}")
    try:
        done = subprocess.run(  # noqa: S603 - the system's own tools
            [program, *command[1:]], capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as fault:
        raise OSError(f"{command[0]} does not end") from fault
    if done.returncode:
        raise OSError(done.stderr.strip() or f"it ended with {done.returncode}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Machine:
    """Whose files lie below `root`, and whose programs are called by `run`."""

    root: Path
    system: str
    run: Callable[[Sequence[str]], str] = field(default=_run)

    def path(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def read(self, name: str) -> str:
        try:
            return self.path(name).read_text(errors="replace")
        except OSError:
            return ""

    def write(self, name: str, text: str) -> list[str]:
        path = self.path(name)
        if self.read(name) == text:
            return []
        made = [] if path.parent.is_dir() else [f"Made {path.parent}."]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)
        return [*made, f"Wrote {path}:", *(f"  {line}" for line in text.splitlines())]

    def remove(self, name: str) -> list[str]:
        path = self.path(name)
        if not path.exists():
            return []
        path.unlink()
        return [f"Removed {path}."]

    def reload(self, command: Sequence[str]) -> list[str]:
        """Let the program take note; where that fails, the user is told to do it."""
        if not command:
            return []
        words = " ".join(command)
        try:
            self.run(command)
        except OSError as fault:
            return [f"`{words}` failed: {fault}. Run it yourself, so that the change holds."]
        return [f"Ran `{words}`."]


class Resolver(NamedTuple):
    """Its name, its files by a port of ours, and the command that makes it read them."""

    name: str
    files: Callable[[int], dict[str, str]]
    reload: tuple[str, ...] = ()


def _macos(port: int) -> dict[str, str]:
    text = f"# {_NOTE}\nnameserver 127.0.0.1\nport {port}\n"
    return {f"/etc/resolver/{suffix}": text for suffix in SUFFIXES}


def _domains() -> str:
    return " ".join(f"~{suffix}" for suffix in SUFFIXES)


def _delegate(port: int) -> dict[str, str]:
    text = f"# {_NOTE}\n[Delegate]\nDNS=127.0.0.1:{port}\nDomains={_domains()}\n"
    return {"/etc/systemd/dns-delegate.d/cloudling.dns-delegate": text}


def _resolved(port: int) -> dict[str, str]:
    text = f"# {_NOTE}\n[Resolve]\nDNS=127.0.0.1:{port}\nDomains={_domains()}\n"
    return {"/etc/systemd/resolved.conf.d/cloudling.conf": text}


def _dnsmasq(folder: str) -> Callable[[int], dict[str, str]]:
    def files(port: int) -> dict[str, str]:
        lines = "".join(f"server=/{suffix}/127.0.0.1#{port}\n" for suffix in SUFFIXES)
        return {f"{folder}/cloudling.conf": f"# {_NOTE}\n{lines}"}

    return files


_RESTART_RESOLVED = ("systemctl", "restart", "systemd-resolved.service")
MACOS = Resolver("macOS", _macos)
DELEGATE = Resolver("systemd-resolved", _delegate, _RESTART_RESOLVED)
RESOLVED = Resolver("systemd-resolved", _resolved, _RESTART_RESOLVED)
NETWORK_MANAGER = Resolver(
    "NetworkManager's dnsmasq",
    _dnsmasq("/etc/NetworkManager/dnsmasq.d"),
    ("systemctl", "restart", "NetworkManager.service"),
)
DNSMASQ = Resolver(
    "dnsmasq", _dnsmasq("/etc/dnsmasq.d"), ("systemctl", "restart", "dnsmasq.service")
)


def find_resolver(machine: Machine) -> Resolver:
    """The one that this machine's programs ask; refuses where none can be told."""
    if machine.system == "darwin":
        return MACOS
    servers = re.findall(r"^nameserver\s+(\S+)", machine.read("/etc/resolv.conf"), re.MULTILINE)
    if any(server in ("127.0.0.53", "127.0.0.54") for server in servers):
        return _which_resolved(machine)
    if "127.0.0.1" in servers or "127.0.1.1" in servers:
        if _has_dnsmasq_plugin(machine):
            return NETWORK_MANAGER
        if machine.path("/etc/dnsmasq.d").is_dir():
            return DNSMASQ
    raise UserError(
        f"Names cannot be installed here: the programs of this machine ask "
        f"{', '.join(servers) or 'no server at all'} (/etc/resolv.conf), and neither "
        f"systemd-resolved nor dnsmasq, which could send us those under {SUFFIXES[0]} alone. Use "
        f"public addresses, which need no names; `cloudling ssh-config install` lets ssh take "
        f"names too."
    )


def _which_resolved(machine: Machine) -> Resolver:
    try:
        found = re.match(r"systemd (\d+)", machine.run(("resolvectl", "--version")))
        links = machine.run(("resolvectl", "dns"))
    except OSError as fault:
        raise UserError(
            f"Names cannot be installed here: systemd-resolved is in use, but does not answer "
            f"({fault}). Look at `systemctl status systemd-resolved`, then try again."
        ) from fault
    if found and int(found[1]) >= _DELEGATES:
        return DELEGATE
    # A server of ours would take the place of global ones, and then nothing else would resolve.
    if re.search(r"^Link \d+ \(.*\): *\S", links, re.MULTILINE):
        return RESOLVED
    raise UserError(
        "Names cannot be installed here: no network link of this machine has DNS servers of its "
        "own, and ours would take the place of the global ones. Give the link its servers "
        "(`resolvectl dns`), or use systemd 258 or newer."
    )


def _has_dnsmasq_plugin(machine: Machine) -> bool:
    folder = machine.path("/etc/NetworkManager/conf.d")
    texts = [machine.read("/etc/NetworkManager/NetworkManager.conf")]
    if folder.is_dir():
        texts += [path.read_text(errors="replace") for path in sorted(folder.glob("*.conf"))]
    return any(re.search(r"^\s*dns\s*=\s*dnsmasq\s*$", text, re.MULTILINE) for text in texts)


def installed(machine: Machine) -> list[Resolver]:
    """All that were told of us, now or on an earlier day."""
    known = (MACOS, DELEGATE, RESOLVED, NETWORK_MANAGER, DNSMASQ)
    return [one for one in known if any(machine.path(path).exists() for path in one.files(0))]

"""Packages of the machine's own distribution, fetched by its apt with a state folder of ours.

Works as an ordinary user; nothing of the machine's own packages is read or changed. apt verifies
the release's signature and each package's digest.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from cloudling.drivers.namespaces import syscalls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KNOWN = ("debian", "ubuntu")
_STEP = 5
# What the machine does after its own lists or packages have changed.
_NO_HOOKS = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear AptCli::Hooks;
"""
_PARTS = ("lists/partial", "archives/partial", "parts")
_RELEASE = Path("/etc/os-release")
_SOURCES = Path("/etc/apt")


def release(path: Path = _RELEASE) -> dict[str, str]:
    """What the machine says of itself."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name: value.strip("\"'") for name, _, value in pairs}


def reason_against() -> str:
    """Why this machine's apt is of no use; "" when it is."""
    if shutil.which("apt-get") is None:
        return "this machine has no apt"
    if release().get("ID", "") not in KNOWN:
        return f"{release().get('PRETTY_NAME', 'this system')} is neither Debian nor Ubuntu"
    return "" if own_sources() else "apt has no sources for this release"


def own_sources(folder: Path = _SOURCES, codename: str = "") -> str:
    """The machine's sources for its own release, one a line; those of others are left out."""
    codename = codename or release().get("VERSION_CODENAME", "")
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    lines: list[str] = []
    for path in files:
        if path.suffix in (".list", ".sources") and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            lines += _stanzas(text) if path.suffix == ".sources" else _lines(text)
    suites = {codename, f"{codename}-updates", f"{codename}-security"}
    wanted = [line for line in lines if _suite(line) in suites and codename]
    return "".join(f"{line}\n" for line in dict.fromkeys(wanted))


def _suite(line: str) -> str:
    words = re.sub(r"\[[^]]*\]", "", line).split()
    return words[2] if len(words) > 2 else ""


def _lines(text: str) -> list[str]:
    found = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in found if line.startswith(("deb ", "deb\t"))]


def _stanzas(text: str) -> list[str]:
    """The newer form of sources, in the older."""
    lines: list[str] = []
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", plain):
        pairs = re.findall(r"(?m)^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t]+.*)*)", stanza)
        fields = {name.lower(): value for name, value in pairs}
        if "deb" not in fields.get("types", "").split() or fields.get("enabled") == "no":
            continue
        key = fields.get("signed-by", "").strip()
        # A key written out in the stanza has no place in a line; the machine's own must do.
        options = f"[signed-by={key}] " if key.startswith("/") and "\n" not in key else ""
        parts = fields.get("components", "").strip()
        lines += [
            f"deb {options}{uri} {suite} {parts}"
            for uri in fields.get("uris", "").split()
            for suite in fields.get("suites", "").split()
        ]
    return lines


class Apt:
    """apt-get over a folder of ours, in which nothing is installed."""

    def __init__(self, folder: Path, sources: str) -> None:
        self.folder = folder
        for part in _PARTS:
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "sources.list").write_text(sources, encoding="utf-8")
        (folder / "status").touch()
        (folder / "apt.conf").write_text(self._settings(), encoding="utf-8")

    def _settings(self) -> str:
        said = {
            "Dir::State": self.folder,
            "Dir::State::status": self.folder / "status",
            "Dir::State::lists": self.folder / "lists",
            "Dir::Cache": self.folder,
            "Dir::Cache::archives": self.folder / "archives",
            "Dir::Cache::pkgcache": "",
            "Dir::Cache::srcpkgcache": "",
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": self.folder / "parts",
            "Dir::Etc::preferences": self.folder / "preferences",
            "Dir::Etc::preferencesparts": self.folder / "parts",
            "APT::Architectures": _architecture(),
            "APT::Architecture": _architecture(),
            "APT::Install-Recommends": "false",
            "APT::Get::Assume-Yes": "true",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            "Acquire::http::Timeout": "20",
            "Acquire::https::Timeout": "20",
            "Debug::NoLocking": "true",
        }
        # The machine's own settings are read before these: its mirrors' proxies and passwords hold.
        return _NO_HOOKS + "".join(f'{name} "{value}";\n' for name, value in said.items())

    def download(self, names: tuple[str, ...], tell: Callable[[str], None]) -> list[Path]:
        """These packages and all that they need."""
        tell("reading the lists of packages")
        self._run("update", "--error-on=any", tell=None)
        self._run("install", "--download-only", *names, tell=tell)
        return sorted((self.folder / "archives").glob("*.deb"))

    def forget(self) -> None:
        """All that was fetched; what was unpacked stays."""
        shutil.rmtree(self.folder)

    def _run(self, *words: str, tell: Callable[[str], None] | None) -> None:
        reading, writing = os.pipe()
        options = ("-q", "-c", self.folder / "apt.conf", "-o", f"APT::Status-Fd={writing}")
        with (self.folder / "errors").open("w+b") as errors:
            process = subprocess.Popen(  # noqa: S603 - the machine's own apt
                ["apt-get", *options, *words],  # noqa: S607 - likewise
                env={**os.environ, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=[writing],
                preexec_fn=_end_with_us,  # noqa: PLW1509 - the builder has no other threads
            )
            os.close(writing)
            try:
                with os.fdopen(reading, encoding="utf-8", errors="replace") as progress:
                    _follow(progress, tell)
                process.wait()
            except BaseException:
                # It would write on into a folder that is to go.
                process.kill()
                process.wait()
                raise
            if process.returncode:
                errors.seek(0)
                raise OSError(5, f"apt does not get packages: {_complaint(errors.read())}")


def _end_with_us() -> None:
    syscalls.die_with_parent(signal.SIGTERM)


def _follow(progress: Iterable[str], tell: Callable[[str], None] | None) -> None:
    told = -_STEP
    for line in progress:
        kind, _, rest = line.partition(":")
        parts = rest.split(":")
        if tell is None or kind != "dlstatus" or len(parts) < 2:
            continue
        percent = int(float(parts[1]))
        if percent >= told + _STEP:
            told = percent
            tell(f"downloading packages, {percent} %")


def _complaint(said: bytes) -> str:
    """The first error: those that follow come of it."""
    lines = said.decode(errors="replace").splitlines()
    found = [line[3:].strip() for line in lines if line.startswith("E: ")]
    return (found or [line.strip() for line in lines] or ["it does not say why"])[0]


def _architecture() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())

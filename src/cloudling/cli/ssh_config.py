"""`cloudling ssh-config`: ssh, scp and rsync reach machines without root, DNS or port 22."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cloudling.cli import reach
from cloudling.settings import UserError

if TYPE_CHECKING:
    import argparse

_OURS = "cloudling.config"
_KNOWN = "cloudling.known_hosts"
_HOSTS = "127.??.* ec2-127-??-*.amazonaws.com ec2-127-??-*.amazonaws.com.cn i-" + "?" * 17
_TEXT = """\
# Written by `cloudling ssh-config install`; `cloudling ssh-config uninstall` takes it away.
Host {hosts}
  ProxyCommand {python} -I -S {reach} %h %p {known}
  ProxyUseFdpass yes
  UserKnownHostsFile {known}
  # A machine's first key is taken as it comes; another one of the same machine is refused.
  StrictHostKeyChecking accept-new
  HashKnownHosts no
  CheckHostIP no
  UpdateHostKeys no
"""


def run(given: argparse.Namespace) -> int:
    folder = Path.home() / ".ssh"
    changes = install(folder) if given.what == "install" else uninstall(folder)
    print("\n".join(changes))
    return 0


def install(folder: Path) -> list[str]:
    """What was changed, a line each."""
    changes = []
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
            changes.append(f"Made {folder}.")
        changes += _write_ours(folder)
        changes += _include(folder)
    except OSError as fault:
        raise UserError(
            f"ssh's configuration cannot be changed: {fault}. Make {folder} writable, then try "
            f"again."
        ) from fault
    return changes or ["Everything is installed already."]


def uninstall(folder: Path) -> list[str]:
    """What was changed, a line each."""
    changes = []
    try:
        changes += _exclude(folder)
        for name in (_OURS, _KNOWN, f"{_KNOWN}.machines"):
            with suppress(FileNotFoundError):
                (folder / name).unlink()
                changes.append(f"Removed {folder / name}.")
    except OSError as fault:
        raise UserError(
            f"ssh's configuration cannot be changed: {fault}. Make {folder} writable, then try "
            f"again."
        ) from fault
    return changes or ["Nothing was installed."]


def _write_ours(folder: Path) -> list[str]:
    ours = folder / _OURS
    text = _TEXT.format(
        hosts=_HOSTS,
        python=_quoted(sys.executable),
        reach=_quoted(reach.__file__),
        known=_quoted(folder / _KNOWN),
    )
    if ours.is_file() and ours.read_text() == text:
        return []
    _replace(ours, text)
    return [f"Wrote {ours}: how ssh reaches 127.10-99.x.y, ec2-127-… and i-…"]


def _quoted(path: str | Path) -> str:
    """As ssh reads it, which replaces what follows a percent sign."""
    found = str(path).replace("%", "%%")
    if '"' in found or "\n" in found:
        raise UserError(
            f"ssh cannot be told of {found}, whose name has a quotation mark. Install Cloudling in "
            f"a folder without one."
        )
    return f'"{found}"'


def _line(folder: Path) -> str:
    return f'Include "{folder / _OURS}"'


def _include(folder: Path) -> list[str]:
    """As the first line: below a `Host` it would hold for that host alone."""
    config = folder / "config"
    text = config.read_text() if config.exists() else ""
    line = _line(folder)
    if line in text.splitlines():
        return []
    _replace(config, f"{line}\n{text}")
    return [f"Added to {config} as its first line: {line}"]


def _exclude(folder: Path) -> list[str]:
    config = folder / "config"
    if not config.exists():
        return []
    lines = config.read_text().splitlines(keepends=True)
    line = _line(folder)
    kept = [each for each in lines if each.rstrip("\n") != line]
    if len(kept) == len(lines):
        return []
    if not kept:
        config.unlink()
        return [f"Removed {config}, which had nothing else."]
    _replace(config, "".join(kept))
    return [f"Removed from {config}: {line}"]


def _replace(path: Path, text: str) -> None:
    """As a whole, behind a link where there is one, and for its owner's eyes alone if it is new."""
    real = Path(os.path.realpath(path))
    mode = real.stat().st_mode & 0o777 if real.exists() else 0o600
    fresh = real.with_name(f"{real.name}.cloudling")
    with open(fresh, "w", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(text)
    fresh.chmod(mode)
    fresh.replace(real)

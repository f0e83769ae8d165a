"""Where the peers come from: each in an environment of its own under build/, made when missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

_HERE = Path(__file__).parent.parent
BUILD = _HERE / "build" / "benchmarks"
MOTO = "moto[server]==5.2.5"
MINISTACK = "ministack==1.5.33"


class MissingPeer(Exception):
    """A server to compare with cannot be had here; the text says why and what to do."""


def peer(name: str, requirement: str) -> Path:
    """The folder of a peer's programs."""
    folder = BUILD / name
    stamp = folder / "requirement"
    if not stamp.exists() or stamp.read_text() != requirement:
        print(f"installing {requirement} into {folder}", flush=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            pip = folder / "bin" / "pip"
            subprocess.run([pip, "install", "-qq", requirement], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise MissingPeer(
                f"{requirement} could not be installed: {error}. Give pip access to PyPI, or "
                f"leave {name} out with --servers."
            ) from error
        stamp.write_text(requirement)
    return folder / "bin"


def nginx() -> Path:
    """The installed nginx, or Debian's package unpacked into build/."""
    if found := shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return Path(found)
    unpacked = BUILD / "nginx"
    program = unpacked / "usr" / "sbin" / "nginx"
    if not program.exists():
        unpacked.mkdir(parents=True, exist_ok=True)
        try:
            for package in ("nginx-light", "nginx"):
                subprocess.run(["apt-get", "download", package], cwd=unpacked, check=True)
            for archive in unpacked.glob("*.deb"):
                subprocess.run(["dpkg", "-x", archive, unpacked], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise MissingPeer(
                f"nginx is not here and Debian's package could not be unpacked: {error}. Install "
                "nginx, or leave it out with --servers."
            ) from error
    return program


def versions() -> dict[str, str]:
    """What was measured, by name."""
    project = tomllib.loads((_HERE / "pyproject.toml").read_text())["project"]
    said = subprocess.run([nginx(), "-v"], capture_output=True, text=True, check=True).stderr
    return {
        "Cloudling": f"{project['version']} ({_commit()})",
        "moto": MOTO.partition("==")[2],
        "MiniStack": MINISTACK.partition("==")[2],
        "nginx": said.strip().partition("/")[2],
        "Python": sys.version.split()[0],
    }


def _commit() -> str:
    git = ["git", "-C", str(_HERE), "rev-parse", "--short", "HEAD"]
    said = subprocess.run(git, capture_output=True, text=True, check=False)
    return said.stdout.strip() or "no commit"

"""Programs of other people: found on this machine or installed under build/, run against a cloud.

`CLOUDLING_TEST_CLIENTS=all` (as `make wire` sets it) installs what only a registry has.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STORIES = Path(__file__).with_name("stories")
INSTALLED = ROOT / "build" / "clients"
PATIENCE = 120
INSTALL_PATIENCE = 300
MIB = 1024 * 1024
# Keys that a client or a server which normalises paths would spoil.
ODD_KEYS = ("a//b", "../../x", "x%00y", "+ &=?#", "😀/ü", "dir/")
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
WRONG = {"AWS_SECRET_ACCESS_KEY": "wrong"}


@dataclass(frozen=True)
class Program:
    """A command that starts in a folder of its own and meets one cloud."""

    command: tuple[str, ...]
    folder: Path
    endpoint: str
    variables: dict[str, str] = field(default_factory=dict)

    def run(
        self, *arguments: str | Path, given: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *map(str, arguments)],
            cwd=self.folder,
            env=self._environment() | self.variables | variables,
            input=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def print(self, *arguments: str | Path, given: str = "", **variables: str) -> str:
        """What the program prints; it must succeed."""
        done = self.run(*arguments, given=given, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def fail(self, *arguments: str | Path, **variables: str) -> str:
        """What the program says when it fails, as it must."""
        done = self.run(*arguments, **variables)
        assert done.returncode != 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def _environment(self) -> dict[str, str]:
        return KEYS | {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "ENDPOINT": self.endpoint,
        }


def installs() -> bool:
    return os.environ.get("CLOUDLING_TEST_CLIENTS") == "all"


def find_program(name: str) -> str:
    """Where a system's program lies; skips the test on a machine without it."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"This machine has no {name}.")
    return found


def require_installed(name: str, *commands: list[str]) -> Path:
    """The folder under build/ in which the commands have installed a client."""
    folder = INSTALLED / name
    done = folder / "installed"
    if done.exists():
        return folder
    if not installs():
        pytest.skip(f"{name} is not in build/clients; `make wire` installs it.")
    folder.mkdir(parents=True, exist_ok=True)
    for command in commands:
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, timeout=INSTALL_PATIENCE
        )
    done.touch()
    return folder


def require_python(name: str, *requirements: str) -> str:
    """The interpreter of an environment under build/ with these packages."""
    python = INSTALLED / name / "venv" / "bin" / "python"
    require_installed(
        name,
        [sys.executable, "-m", "venv", "venv"],
        [str(python), "-m", "pip", "install", "--quiet", *requirements],
    )
    return str(python)


def read_tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path there."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }

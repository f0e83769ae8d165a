"""A newcomer's machine, and typing a tutorial there as it is written.

A cloud runs as a process of its own; the AWS CLI is the unmodified one. In a tutorial, each block
marked `sh` is typed, unless it says `by-hand`, and the block marked `text` after it is what must be
printed; `…` stands for what differs each time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PATIENCE = 600  # seconds; a laden machine is slow, and nothing here is a measurement
BLOCK = re.compile(r"^```(sh|text)( by-hand)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "\x1e"
PROGRAM = '#!/bin/sh\nexec "{python}" -m {module} "$@"\n'


@dataclass(frozen=True)
class Place:
    """A newcomer's machine: a home, the example's folder, a cloud, and the shell's variables.

    `wrapper` is a command that runs others as another user.
    """

    folder: Path
    port: int
    environment: dict[str, str]
    wrapper: tuple[str, ...] = ()

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.wrapper, "bash", "-c", script],
            cwd=self.folder,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def print(self, script: str, **variables: str) -> str:
        done = self.run(f"set -e; {script}", **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def a_place(
    tmp_path: Path,
    example: str,
    *,
    wrapper: tuple[str, ...] = (),
    python: str = sys.executable,
    **variables: str,
) -> Iterator[Place]:
    """A new machine with a copy of the example's folder and a running, empty cloud.

    `wrapper` makes all of it run as the user whom the variable USER_ID names.
    """
    folder, home = tmp_path / "example", tmp_path / "home"
    shutil.copytree(
        ROOT / "examples" / example,
        folder,
        ignore=shutil.ignore_patterns("__pycache__", "*.csv", "uploads", ".venv"),
    )
    programs, runtime = home / "bin", home / "runtime"
    programs.mkdir(parents=True)
    runtime.mkdir(mode=0o700)
    for name, module in (("cloudling", "cloudling"), ("aws", "awscli")):
        if name == "cloudling" or python != sys.executable:
            (programs / name).write_text(PROGRAM.format(python=python, module=module))
            (programs / name).chmod(0o755)
    port = free_port()
    paths = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {
        "HOME": str(home),
        "PATH": os.pathsep.join(paths),
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "AWS_PAGER": "",
        "AWS_CONFIG_FILE": str(home / ".aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws" / "credentials"),
        "LC_ALL": "C.UTF-8",
        "XDG_RUNTIME_DIR": str(runtime),
        "CLOUDLING_PORT": str(port),
        **variables,
    }
    if wrapper:
        give(tmp_path, int(environment["USER_ID"]))
    with running_cloud(environment, (*wrapper, python)):
        asked = [python, "-m", "cloudling", "env", "--shell", "json"]
        said = subprocess.run([*wrapper, *asked], env=environment, capture_output=True, check=True)
        yield Place(folder, port, environment | json.loads(said.stdout)["set"], wrapper)


def give(folder: Path, user: int) -> None:
    """Make all that lies in a folder another user's."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user, follow_symlinks=False)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running_cloud(environment: dict[str, str], python: tuple[str, ...]) -> Iterator[None]:
    command = [*python, "-m", "cloudling", "start", "--memory"]
    with running(command, "answers on", env=environment):
        yield


@contextmanager
def running(command: list[str], word: str, **options: Any) -> Iterator[str]:
    """A process, from the line in which it says that it serves; the line."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if word in line:
                break
        try:
            assert said, f"{command} said nothing"
            assert word in said[-1], "".join(said)
            yield said[-1].strip()
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def steps(tutorial: str, instead: dict[str, str]) -> Iterator[tuple[str, str | None]]:
    """What the tutorial tells to type, each with what it shows, in other words where given."""
    text = (ROOT / "docs" / "tutorials" / f"{tutorial}.md").read_text()
    for written, ours in instead.items():
        text = text.replace(written, ours)
    blocks = [found.groups() for found in BLOCK.finditer(text)]
    for (kind, by_hand, script), (next_kind, _, shown) in zip(
        blocks, [*blocks[1:], ("", "", "")], strict=True
    ):
        if kind == "sh" and not by_hand:
            yield script, shown if next_kind == "text" else None


def type_all(place: Place, tutorial: str, instead: dict[str, str] | None = None) -> None:
    """Type the whole tutorial into one shell; each step must print what the tutorial shows."""
    ours = {"127.0.0.1:4566": f"127.0.0.1:{place.port}"}
    typed = list(steps(tutorial, ours | (instead or {})))
    done = place.run("".join(f"{script}\nprintf '{MARK}'\n" for script, _ in typed))
    printed = done.stdout.split(MARK)
    assert len(printed) == len(typed) + 1, done.stdout + done.stderr
    for (script, shown), output in zip(typed, printed, strict=False):
        if shown is not None:
            wanted = as_pattern(settled(shown))
            assert wanted.fullmatch(settled(output)), f"{script}\n{output}\n{done.stderr}"


def as_pattern(shown: str) -> re.Pattern[str]:
    return re.compile(".*?".join(re.escape(part) for part in shown.strip().split("…")), re.DOTALL)


def settled(text: str) -> str:
    """The text with its `delete:` lines sorted, for the CLI deletes on threads, in any order."""
    lines = text.strip().splitlines()
    gone = iter(sorted(line for line in lines if line.startswith("delete: ")))
    return "\n".join(next(gone) if line.startswith("delete: ") else line for line in lines)

"""Story S1, its machines: the tutorial as it stands, typed by root and by an ordinary user.

ssh, curl and the AWS CLI are the unmodified ones; the instances are real.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.loaders import Loader
from tests.scenarios.tutorials import PATIENCE, ROOT, Place, a_place, give, type_all

from cloudling import settings
from cloudling.drivers.namespaces.driver import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

# Longer than the suite's own: a whole tutorial is one test.
pytestmark = pytest.mark.timeout(3 * PATIENCE)
# ssh wants to be called by someone whom the system knows.
STRANGER = "nobody"
PROGRAMS = ("curl", "ssh", "aws")
# ssh takes its home from the system, not from HOME: it must write nothing into the tester's own.
SSH = 'ssh -F "$HOME/.ssh/config" -o UserKnownHostsFile="$HOME/known_hosts"'


@cache
def wrapper_of(who: str) -> tuple[str, ...]:
    if who == "own":
        return ()
    found = pwd.getpwnam(STRANGER)
    return ("setpriv", f"--reuid={found.pw_uid}", f"--regid={found.pw_uid}", "--clear-groups")


@cache
def reason_against(who: str) -> str:
    """Why this user cannot type it here; empty when it can be done."""
    missing = [name for name in PROGRAMS if not find(name)]
    if missing:
        return f"Not installed: {', '.join(missing)}."
    if who != "own" and (os.getuid() or shutil.which("setpriv") is None):
        return "Only root becomes another user, with setpriv."
    if who != "own" and not stranger_python():
        return f"{STRANGER} can run neither {sys.executable} nor another Python with its packages."
    found = probe(wrapper_of(who))
    return f"{found.reason} {found.remedy}".strip()


@cache
def stranger_python() -> str:
    """A Python that the stranger can run with our packages: this one may lie in root's home."""
    for python in (sys.executable, "/usr/bin/python3"):
        tried = f"exec {python} -c 'import cloudling.app, awscli, sys; print(sys.version_info[:2])'"
        done = subprocess.run(
            [*wrapper_of("stranger"), "sh", "-c", tried],
            env={"PYTHONPATH": path_of(python), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.stdout.strip() == str(sys.version_info[:2]):
            return python
    return ""


def path_of(python: str) -> str:
    """Where a Python finds Cloudling, and another one than this the packages as well."""
    own = str(ROOT / "src")
    packages = sysconfig.get_path("purelib")
    return own if python == sys.executable else f"{own}{os.pathsep}{packages}"


def find(program: str) -> str | None:
    beside = Path(sys.executable).parent
    return shutil.which(program, path=f"{beside}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(scope="module")
def stranger_folder() -> Iterator[Path]:
    """Where the stranger's systems behind images are built; below /tmp anyone finds the way."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "cache").mkdir()
        shutil.chown(Path(folder) / "cache", STRANGER)
        yield Path(folder)


@pytest.fixture(params=["own", "stranger"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    who = request.param
    if reason_against(who):
        pytest.skip(reason_against(who))
    if who == "own":
        with a_place(tmp_path, "cloud-storage-api", CLOUDLING_CACHE=str(cache_of_tester())) as made:
            yield made
        return
    folder: Path = request.getfixturevalue("stranger_folder")
    user = pwd.getpwnam(STRANGER).pw_uid
    home = folder / "machine"
    home.mkdir()
    python = stranger_python()
    variables = {
        "CLOUDLING_CACHE": str(folder / "cache"),
        "USER_ID": str(user),
        "PYTHONPATH": path_of(python),
    }
    with a_place(
        home, "cloud-storage-api", wrapper=wrapper_of(who), python=python, **variables
    ) as made:
        yield made


def cache_of_tester() -> Path:
    """The tester's own: what is built there once serves every run."""
    return Path(os.environ.get("CLOUDLING_CACHE", "") or settings.cache_folder())


def look_often(place: Place) -> None:
    """The CLI's own waiters look every 15 seconds; these are the same, but look every one."""
    found = Loader().load_service_model("ec2", "waiters-2")
    for waiter in found["waiters"].values():
        waiter |= {"delay": 1, "maxAttempts": PATIENCE}
    folder = Path(place.environment["HOME"]) / ".aws"
    models = folder / "models" / "ec2" / "2016-11-15"
    models.mkdir(parents=True)
    (models / "waiters-2.json").write_text(json.dumps(found))
    if place.wrapper:
        # Whoever types there writes beside it.
        give(folder, int(place.environment["USER_ID"]))


def test_the_tutorial_as_it_is_written(place: Place) -> None:
    look_often(place)
    place.print("cloudling images prepare amazon-linux-2")
    type_all(place, "an-instance-answers", {"\nssh -i": f"\n{SSH} -i"})
    left = place.print("cloudling status --json")
    assert '"running": 0' in left

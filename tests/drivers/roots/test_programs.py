"""The programs that every root has from us: yum over dpkg, sudo where there is none, systemctl."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cloudling.drivers.roots.furnishing import program

if TYPE_CHECKING:
    from pathlib import Path

STATUS = """\
Package: git
Status: install ok installed
Architecture: amd64
Version: 1:2.39.5

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0

Package: python3-pip
Status: install ok installed
Architecture: all
Version: 23.0.1
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="Only root may install.")


class Yum:
    """yum over a list of packages of ours, with no apt to be found."""

    def __init__(self, folder: Path) -> None:
        status = folder / "status"
        status.write_text(STATUS)
        source = program("yum").decode()
        assert "/var/lib/dpkg/status" in source
        self._program = folder / "yum"
        self._program.write_text(source.replace("/var/lib/dpkg/status", str(status)))
        self._nowhere = folder / "nowhere"
        self._nowhere.mkdir()

    def __call__(self, *words: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-I", str(self._program), *words],
            env={"PATH": str(self._nowhere)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def yum(tmp_path: Path) -> Yum:
    return Yum(tmp_path)


@needs_root
@pytest.mark.parametrize("words", [("update", "-y"), ("-y", "upgrade"), ("install", "-y", "git")])
def test_what_is_there_needs_nothing(yum: Yum, words: tuple[str, ...]) -> None:
    code, said, complaints = yum(*words)

    assert (code, complaints) == (0, "")
    assert said.endswith("Nothing to do.\nComplete!\n")


@needs_root
def test_what_is_nowhere_is_told_as_yum_tells_it(yum: Yum) -> None:
    code, said, complaints = yum("install", "-y", "git", "httpd", "gone")

    assert code == 1
    assert "No match for argument: httpd\nNo match for argument: gone\n" in said
    assert complaints == "Error: Unable to find a match: httpd gone\n"


@needs_root
def test_what_is_not_there_cannot_be_removed(yum: Yum) -> None:
    code, said, _ = yum("remove", "-y", "httpd")

    assert code == 0
    assert said.startswith("No match for argument: httpd\nNo packages marked for removal.\n")


def test_packages_go_by_both_names(yum: Yum) -> None:
    code, said, _ = yum("list", "installed", "python-pip")

    assert code == 0
    assert [line.split()[0] for line in said.splitlines()[1:]] == ["python3-pip.all"]
    assert yum("list")[1].count("@System") == 2
    assert yum("list", "httpd")[::2] == (1, "Error: No matching Packages to list\n")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "usage: yum"),
        (("frobnicate",), "No such command: frobnicate."),
        (("install", "-y"), "Error: Need to pass a list of pkgs to install"),
    ],
)
def test_what_yum_does_not_understand(yum: Yum, words: tuple[str, ...], complaint: str) -> None:
    code, _, complaints = yum(*words)

    assert code == 1
    assert complaints.startswith(complaint)


@pytest.mark.skipif(os.geteuid() == 0, reason="Root may install.")
def test_others_may_not_install(yum: Yum) -> None:
    code, _, complaints = yum("install", "git")

    assert code == 1
    assert complaints.startswith("Error: This command has to be run with superuser privileges")


def sudo(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = folder / "sudo"
    path.write_bytes(program("sudo"))
    return subprocess.run(
        [sys.executable, "-I", str(path), *words],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@needs_root
def test_sudo_becomes_another_and_keeps_what_leads_to_the_cloud(tmp_path: Path) -> None:
    script = 'echo "$(id -un) $USER $SUDO_UID $AWS_ENDPOINT_URL ${SECRET-none} $GIVEN"'
    words = ("-n", "-u", "nobody", "GIVEN=x", "sh", "-c", script)

    done = sudo(tmp_path, *words, AWS_ENDPOINT_URL="http://here", SECRET="s")
    kept = sudo(tmp_path, "-E", *words, SECRET="s")

    assert done.stdout == "nobody nobody 0 http://here none x\n"
    assert kept.stdout == "nobody nobody 0  s x\n"


@needs_root
def test_sudo_ends_as_the_command_does(tmp_path: Path) -> None:
    assert sudo(tmp_path, "sh", "-c", "exit 7").returncode == 7
    assert sudo(tmp_path, "no-such-program").stderr == "sudo: no-such-program: command not found\n"
    assert sudo(tmp_path, "-u", "no-such-user", "id").stderr == "sudo: unknown user no-such-user\n"
    assert sudo(tmp_path, "-i", "echo", "$HOME").stdout == "/root\n"


def test_systemctl_says_that_there_is_no_systemd(tmp_path: Path) -> None:
    path = tmp_path / "systemctl"
    path.write_bytes(program("systemctl"))

    done = subprocess.run(
        ["/bin/sh", str(path), "start", "httpd"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.startswith("System has not been booted with systemd as init system (PID 1).")

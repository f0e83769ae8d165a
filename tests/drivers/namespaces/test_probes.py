"""What `doctor` tells of this machine, and of machines that lack something."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from tests.processes import PATIENCE, ROOT

from cloudling.cli.machine import machine
from cloudling.drivers.namespaces import probes
from cloudling.drivers.namespaces.probes import Finding

REFUSALS = """
import sys
from cloudling.drivers.namespaces import probes, syscalls

def refuse(*_):
    raise PermissionError(1, "Operation not permitted")

setattr({target}, refuse)
sys.exit(probes.report())
"""


def survey_without(target: str) -> tuple[int, list[Finding]]:
    """What is found where one of the driver's ways is barred."""
    done = subprocess.run(
        [sys.executable, "-c", REFUSALS.format(target=target)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        timeout=PATIENCE * 4,
        check=False,
    )
    return done.returncode, msgspec.json.decode(done.stdout, type=list[Finding])


def test_doctor_tries_all_that_instances_need() -> None:
    found = machine()
    assert found[0].name == "user namespaces"
    assert found[-1].name == "cgroups"
    assert all(finding.ok or finding.remedy for finding in found)


def test_without_user_namespaces_nothing_else_is_tried() -> None:
    code, found = survey_without("syscalls, 'unshare'")
    assert code == 1
    assert [finding.name for finding in found] == ["user namespaces", "cgroups"]
    assert not found[0].ok
    assert "Operation not permitted" in found[0].detail
    assert found[0].remedy


@pytest.mark.parametrize(
    ("target", "name"),
    [("probes, 'Plane'", "packet filter"), ("probes, '_lay_over'", "overlayfs")],
)
def test_what_is_missing_is_named_with_its_remedy(target: str, name: str) -> None:
    if not machine()[0].ok:
        pytest.skip(f"{machine()[0].detail} {machine()[0].remedy}")
    code, found = survey_without(target)
    missing = next(finding for finding in found if finding.name == name)
    assert (code, missing.ok) == (1, False)
    assert missing.detail == "Operation not permitted"
    assert "modprobe" in missing.remedy


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_ubuntus_restriction_has_a_profile_as_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "_APPARMOR", write(tmp_path / "restrict", "1\n"))
    remedy = probes._userns_remedy()
    assert str(Path(sys.executable).resolve()) in remedy
    assert "apparmor_parser" in remedy


def test_a_switch_that_is_off_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    off = write(tmp_path / "clone", "0\n")
    monkeypatch.setattr(probes, "_APPARMOR", tmp_path / "none")
    monkeypatch.setattr(probes, "_SWITCHES", ((off, "kernel.unprivileged_userns_clone=1"),))
    remedy = probes._userns_remedy()
    assert "sysctl kernel.unprivileged_userns_clone=1" in remedy


def test_cgroups_of_version_2_must_be_delegated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "cgroup.controllers", "cpu memory pids\n")
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setattr(probes, "_CGROUPS", tmp_path)
    monkeypatch.setattr(probes, "_own_cgroup", lambda: own)
    undelegated = probes.cgroups()
    assert not undelegated.ok
    assert "cpu, memory, pids" in undelegated.detail
    write(own / "cgroup.procs", "")
    write(own / "cgroup.controllers", "memory pids\n")
    assert probes.cgroups().detail.startswith("not ours to set: cpu;")
    write(own / "cgroup.controllers", "cpu memory pids\n")
    assert probes.cgroups().ok

"""The public suites of which scores are kept: where they lie, and how each is run.

A suite that is not fetched is left out; its recorded score stays. What to fetch, and how, stands
in the page that is written (docs/conformance.md).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from conformance import excluded

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
# What a suite's runner calls an outcome that counts.
PASSED = {"passed"}
COUNTED = {"passed", "failed", "error", "not run"}
# Of EC2's tests those whose nouns are here.
_EC2 = ("amis", "instances", "key_pairs", "security_groups", "instance_types", "tags")
# Its root is /dev/sda1, as that of the image which the tests take for granted.
_IMAGE = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20260731"


@dataclass(frozen=True)
class Score:
    """How a suite went; `excluded` is how many cases each feature takes out of the count."""

    passed: int
    counted: int
    version: str = ""
    date: str = ""
    excluded: dict[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float:
        return self.passed / self.counted if self.counted else 0.0


@dataclass(frozen=True)
class Place:
    """Where fetched suites and their environments lie, and where results go."""

    build: Path
    endpoint: str

    def suite(self, name: str) -> Path:
        return self.build / "suites" / name

    def python(self, name: str) -> Path:
        return self.build / "envs" / name / "bin" / "python"

    def results(self, name: str) -> Path:
        return self.build / "conformance" / f"{name}.csv"


def protocols(place: Place) -> dict[str, Score] | None:
    """botocore's protocol cases, read the other way round by our own tests."""
    if not (ROOT / "build" / "suites" / "botocore" / "tests").exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "tests/conformance/test_protocols.py",
                f"--junitxml={report}",
            ],
            cwd=ROOT,
            check=False,
        )
        outcomes = [not list(case) for case in ET.parse(report).iter("testcase")]  # noqa: S314 - ours
    version = _newest(place.suite("botocore"))
    return {"protocols": _score(sum(outcomes), len(outcomes), version)}


def s3_tests(place: Place) -> dict[str, Score] | None:
    found = _run(place, "s3-tests", "run_s3tests.py", ["--workers", "2", "s3", "headers"])
    if found is None:
        return None
    return {"s3-tests": _of_rows("s3-tests", found, _newest(place.suite("s3-tests")))}


def moto(place: Place) -> dict[str, Score] | None:
    """moto's tests of the services that are here, each with a score of its own."""
    services = ("sts", "iam", "s3", "ec2")
    files = [f"ec2/{name}" for name in _EC2]
    found = _run(place, "moto", "run_moto.py", ["--image", _IMAGE, *services[:-1], *files])
    if found is None:
        return None
    version = _newest(place.suite("moto"))
    return {
        f"moto {service}": _of_rows(
            "moto", {t: o for t, o in found.items() if f"/test_{service}/" in t}, version
        )
        for service in services
    }


def oracle(place: Place) -> dict[str, Score] | None:
    """Generated requests, decided as AWS's pages say; CI compares a tenth of them."""
    command = [sys.executable, "-m", "tests.oracle", "--cases", "10000"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    told = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    print(told)
    passed, counted = told.splitlines()[-1].split()
    return {"oracle": _score(int(passed), int(counted), "")}


ALL: dict[str, Callable[[Place], dict[str, Score] | None]] = {
    "oracle": oracle,
    "protocols": protocols,
    "s3-tests": s3_tests,
    "moto": moto,
}


def _run(place: Place, name: str, runner: str, arguments: list[str]) -> dict[str, str] | None:
    """Outcomes by test, None where the suite or its environment is missing."""
    if not place.suite(name).exists() or not place.python(name).exists():
        return None
    out = place.results(name)
    out.parent.mkdir(parents=True, exist_ok=True)
    left_out = out.with_suffix(".excluded")
    left_out.write_text("\n".join(excluded.lines(name)) + "\n")
    command = [sys.executable, str(HERE / runner), "--endpoint", place.endpoint]
    command += ["--suite-dir", str(place.suite(name)), "--python", str(place.python(name))]
    command += ["--out", str(out), "--not-aws", str(left_out), *arguments]
    subprocess.run(command, cwd=ROOT, check=True)
    rows = out.read_text().splitlines()[1:]
    return {test: outcome for test, _, outcome in (row.rpartition(",") for row in rows)}


def _of_rows(suite: str, outcomes: dict[str, str], version: str) -> Score:
    outcomes = {test.strip('"'): outcome for test, outcome in outcomes.items()}
    counts = Counter(outcomes.values())
    left_out = [test for test, outcome in outcomes.items() if outcome == "not aws"]
    by_feature = excluded.by_feature(suite, left_out)
    return _score(
        sum(counts[outcome] for outcome in PASSED),
        sum(counts[outcome] for outcome in COUNTED),
        version,
        {feature: number for feature, number in sorted(by_feature.items()) if number},
    )


def _score(
    passed: int, counted: int, version: str, left_out: dict[str, int] | None = None
) -> Score:
    today = datetime.now(UTC).date().isoformat()
    return Score(passed, counted, version, today, left_out or {})


def _newest(folder: Path) -> str:
    """A suite's version: the day of its newest file, which git archive sets to the commit's."""
    times = [file.stat().st_mtime for file in folder.rglob("*.py")]
    return datetime.fromtimestamp(max(times), UTC).date().isoformat() if times else ""

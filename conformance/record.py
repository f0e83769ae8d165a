"""The recorded scores: docs/conformance.json for programs, docs/conformance.md for people."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from conformance.suites import Score

from conformance import excluded

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "docs" / "conformance.json"
PAGE = ROOT / "docs" / "conformance.md"
NAMES = {
    "oracle": "requests decided as AWS's pages on policy evaluation say (tests/oracle)",
    "protocols": "botocore's protocol cases, inverted (ec2, json, query and rest-xml)",
    "s3-tests": "ceph's s3-tests (s3 and headers)",
    "moto sts": "moto's tests of sts",
    "moto iam": "moto's tests of iam",
    "moto ec2": "moto's tests of ec2 (images, instances, keys, groups, types, tags)",
    "moto s3": "moto's tests of s3",
}
HEAD = """\
# Conformance

<!-- Written by `make conformance`; edit conformance/record.py instead. -->

Other projects wrote thousands of tests of AWS's interfaces. These are the scores of Cloudling in
those that speak of what is built so far. They may only rise. One suite is our own: it puts generated
requests both to the evaluator and to a slow, literal rendering of AWS's flow chart.

A case is not counted where it needs a feature that is not built yet, or states what AWS does not
do. Every such case is listed in `conformance/excluded.toml` with the feature or AWS's page, and
the reason; none is listed because it fails.
"""
FETCHING = """
## Run them

`make conformance` starts a Cloudling in memory and runs what lies in `build/suites` with the
environments in `build/envs`; names of suites as `ARGS` choose some (`ARGS=s3-tests`). It fails, and
records nothing, where a score has fallen; `ARGS=--accept` records it all the same.

```sh
git clone https://github.com/ceph/s3-tests build/suites/s3-tests
python3 -m venv build/envs/s3-tests
build/envs/s3-tests/bin/pip install pytest pytest-timeout pytest-xdist \\
    boto3 munch gevent isodate requests pytz httplib2 lxml PyYAML
git clone https://github.com/getmoto/moto build/suites/moto
python3 -m venv build/envs/moto
build/envs/moto/bin/pip install pytest pytest-timeout pytest-xdist \\
    'moto[server,all]' pytest-order freezegun pyotp pycognito
pip download --no-deps --no-binary botocore -d build botocore
mkdir -p build/suites/botocore
tar xf build/botocore-*.tar.gz --strip-components=1 -C build/suites/botocore
```
"""


def read() -> dict[str, Score]:
    if not DATA.exists():
        return {}
    return {name: Score(**told) for name, told in json.loads(DATA.read_text()).items()}


def fallen(before: dict[str, Score], after: dict[str, Score]) -> list[str]:
    """What is worse than recorded: a smaller share, or fewer cases that pass."""
    return [
        f"{name}: {score.passed} of {score.counted}, recorded are {old.passed} of {old.counted}."
        for name, score in after.items()
        if (old := before.get(name)) and (score.share < old.share or score.passed < old.passed)
    ]


def write(scores: dict[str, Score]) -> None:
    told = {name: dataclasses.asdict(score) for name, score in sorted(scores.items())}
    DATA.write_text(json.dumps(told, indent=2) + "\n")
    PAGE.write_text(page(scores))


def page(scores: dict[str, Score]) -> str:
    lines = [HEAD, "| suite | passed | counted | score | suite of | run on |"]
    lines.append("|---|---:|---:|---:|---|---|")
    for name, score in sorted(scores.items()):
        lines.append(
            f"| {NAMES[name]} | {score.passed} | {score.counted} | {score.share:.1%} "
            f"| {score.version} | {score.date} |"
        )
    lines += ["", "## What is not counted", ""]
    for name, score in sorted(scores.items()):
        if score.excluded:
            told = ", ".join(f"{feature} {number}" for feature, number in score.excluded.items())
            lines.append(f"- {NAMES[name]}: {told}.")
    lines += ["", "## What is not true of AWS", ""]
    for entry in excluded.load():
        if entry.aws:
            lines.append(f"- {entry.suite}: {entry.reason} ([source]({entry.aws}))")
    return "\n".join(lines) + "\n" + FETCHING

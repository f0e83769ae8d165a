"""`python -m tests.fuzz --seed N --requests 100000`: mutated requests against a new cloud."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz.runs import fuzz

parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--requests", type=int, default=100_000)
given = parser.parse_args()
with tempfile.TemporaryDirectory() as folder:
    report = fuzz(Path(folder), given.seed, given.requests)
sys.stdout.write(f"seed {given.seed}: {report}\n")
sys.exit(bool(report.findings))

"""Read which cases of public suites are not counted (excluded.toml), for the runners and scores.

excluded.py s3-tests > list.txt     # for a runner's --not-aws

"""

from __future__ import annotations

import argparse
import fnmatch
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Exclusion:
    """Why some cases are not counted: a feature to come, or AWS's page that says otherwise."""

    suite: str
    reason: str
    tests: tuple[str, ...]
    feature: str = ""
    aws: str = ""

    @property
    def patterns(self) -> list[str]:
        """Patterns of whole test ids; a bare name stands for that test in any file."""
        return [test if "::" in test else f"*::{test}" for test in self.tests]

    def covers(self, test: str) -> bool:
        return any(
            fnmatch.fnmatchcase(test, pattern.replace("[", "[[]")) for pattern in self.patterns
        )


def load(file: Path = FILE) -> list[Exclusion]:
    """The entries, in the file's order; an entry with members it may not have is refused."""
    entries = tomllib.loads(file.read_text())["excluded"]
    return [Exclusion(**{**entry, "tests": tuple(entry["tests"])}) for entry in entries]


def of_suite(suite: str) -> list[Exclusion]:
    return [exclusion for exclusion in load() if exclusion.suite == suite]


def lines(suite: str) -> Iterable[str]:
    """The suite's patterns as a runner's --not-aws reads them, reasons as comments."""
    for exclusion in of_suite(suite):
        yield f"# {exclusion.feature or exclusion.aws}: {exclusion.reason}"
        yield from exclusion.patterns


def by_feature(suite: str, tests: Iterable[str]) -> Counter[str]:
    """How many of these tests each feature takes out of the count."""
    exclusions = of_suite(suite)
    found = (next((entry for entry in exclusions if entry.covers(test)), None) for test in tests)
    return Counter(entry.feature or "not true of AWS" for entry in found if entry)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", choices=sorted({exclusion.suite for exclusion in load()}))
    sys.stdout.writelines(f"{line}\n" for line in lines(parser.parse_args().suite))


if __name__ == "__main__":
    main()

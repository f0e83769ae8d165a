"""The list of cases that are not counted, and the scores that are recorded."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from conformance.suites import Score

from conformance import excluded, record

if TYPE_CHECKING:
    from pathlib import Path

SUITES = {"s3-tests", "moto"}
LEAST_COUNTED = 225


@pytest.mark.parametrize("entry", excluded.load(), ids=lambda entry: entry.tests[0])
def test_each_entry_says_why(entry: excluded.Exclusion) -> None:
    assert entry.suite in SUITES
    assert bool(entry.feature) != bool(entry.aws), "either a feature to come, or AWS's page"
    assert not entry.aws or entry.aws.startswith("https://")
    assert entry.reason.endswith(".")
    assert entry.tests


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_no_case_is_named_twice_and_no_suite_is_left_out_whole(suite: str) -> None:
    patterns = [pattern for entry in excluded.of_suite(suite) for pattern in entry.patterns]
    assert [name for name, times in Counter(patterns).items() if times > 1] == []
    assert not any(pattern.strip("*:") in ("", "test_") for pattern in patterns)


def test_patterns_take_brackets_for_themselves() -> None:
    entry = excluded.Exclusion("s3-tests", "Why.", ("test_copy[a-*", "file.py::test_b"))
    assert entry.covers("some/file.py::test_copy[a-1]")
    assert not entry.covers("some/file.py::test_copya-1")
    assert entry.covers("file.py::test_b")
    assert not entry.covers("other.py::test_b")


def test_enough_cases_of_s3_stay_counted() -> None:
    score = record.read()["s3-tests"]
    assert score.counted >= LEAST_COUNTED
    assert score.share >= 0.9
    assert score.excluded.keys() <= {
        *(entry.feature for entry in excluded.of_suite("s3-tests")),
        "not true of AWS",
    }


@pytest.mark.parametrize(
    ("after", "falls"),
    [
        (Score(9, 10), False),
        (Score(10, 10), False),
        (Score(8, 10), True),
        (Score(9, 11), True),
        (Score(8, 8), True),  # cases that passed are not counted any more
    ],
)
def test_a_score_may_not_fall_unseen(after: Score, falls: bool) -> None:
    assert bool(record.fallen({"moto s3": Score(9, 10)}, {"moto s3": after})) == falls
    assert record.fallen({}, {"moto s3": after}) == []


def test_the_page_is_what_the_data_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert record.page(record.read()) == record.PAGE.read_text()
    monkeypatch.setattr(record, "DATA", tmp_path / "scores.json")
    monkeypatch.setattr(record, "PAGE", tmp_path / "page.md")
    assert record.read() == {}
    scores = {"moto s3": Score(1, 2, "2026-01-02", "2026-03-04", {"website": 3})}
    record.write(scores)
    assert record.read() == scores
    assert json.loads(record.DATA.read_text())["moto s3"]["counted"] == 2
    assert "50.0%" in record.PAGE.read_text()

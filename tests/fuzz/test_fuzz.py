"""A short run of the fuzzer; `python -m tests.fuzz` is the long one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz.runs import fuzz

if TYPE_CHECKING:
    from pathlib import Path


def test_mutated_requests_never_break_the_cloud(tmp_path: Path) -> None:
    report = fuzz(tmp_path, seed=3, requests=2000)
    assert not report.findings, str(report)
    # The mutations get past the signature, and are answered by operations, too.
    assert report.statuses[200] > 100
    assert report.statuses[400] > 100

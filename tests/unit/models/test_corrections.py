"""JSON Patch: RFC 6902's own examples, and what must not be corrected blindly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cloudling.models import corrections, loader

PATCHES = sorted((Path(loader.__file__).parent / "patches").glob("*.json"))


@pytest.mark.parametrize(
    ("document", "step", "expected"),
    [
        ({"a": 1}, {"op": "add", "path": "/b", "value": 2}, {"a": 1, "b": 2}),
        ({"a": [1, 3]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2, 3]}),
        ({"a": [1]}, {"op": "add", "path": "/a/-", "value": 2}, {"a": [1, 2]}),
        ({"a": 1}, {"op": "add", "path": "", "value": []}, []),
        ({"a": 1, "b": 2}, {"op": "remove", "path": "/a"}, {"b": 2}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/0"}, {"a": [2]}),
        ({"a": 1}, {"op": "replace", "path": "/a", "value": 3}, {"a": 3}),
        ({"a": {"x": 1}}, {"op": "move", "from": "/a/x", "path": "/y"}, {"a": {}, "y": 1}),
        ({"a": [1]}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": [1], "b": [1]}),
        ({"a": 1}, {"op": "test", "path": "/a", "value": 1}, {"a": 1}),
        ({"a/b": {"m~n": 1}}, {"op": "remove", "path": "/a~1b/m~0n"}, {"a/b": {}}),
    ],
)
def test_operations(document: Any, step: Any, expected: Any) -> None:
    assert corrections.apply(document, [step]) == expected


@pytest.mark.parametrize(
    "step",
    [
        {"op": "remove", "path": "/absent"},
        {"op": "replace", "path": "/absent", "value": 1},
        {"op": "test", "path": "/a", "value": 2},
        {"op": "add", "path": "/list/5", "value": 2},
        {"op": "add", "path": "/list/x", "value": 2},
        {"op": "add", "path": "a", "value": 2},
        {"op": "rename", "path": "/a"},
    ],
)
def test_what_does_not_fit_is_refused(step: Any) -> None:
    with pytest.raises(corrections.CorrectionFailed):
        corrections.apply({"a": 1, "list": []}, [step])


def test_copies_are_independent() -> None:
    steps = [
        {"op": "copy", "from": "/a", "path": "/b"},
        {"op": "add", "path": "/b/x", "value": [2]},
    ]
    assert corrections.apply({"a": {"x": [1]}}, steps) == {"a": {"x": [1]}, "b": {"x": [2]}}


@pytest.mark.parametrize("file", PATCHES, ids=lambda file: file.stem)
def test_every_correction_says_why(file: Path) -> None:
    assert all(step["why"].endswith(".") for step in json.loads(file.read_text()))
    assert file.stem in loader.services()

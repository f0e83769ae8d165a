"""What the package's metadata promises is there."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

import pytest

import cloudling

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_version_is_said_once_and_everywhere() -> None:
    assert PROJECT["version"] == cloudling.__version__


def test_entry_points_exist() -> None:
    groups = [PROJECT["scripts"], *PROJECT.get("entry-points", {}).values()]
    for target in (target for group in groups for target in group.values()):
        module, _, name = target.partition(":")
        found = importlib.import_module(module)
        assert not name or hasattr(found, name), f"{target} is not there"


def test_base_dependencies_leave_botocore_out() -> None:
    assert not [line for line in PROJECT["dependencies"] if "boto" in line]


def test_wheel_holds_the_data() -> None:
    wheel = pytest.importorskip("hatchling.builders.wheel")
    builder = wheel.WheelBuilder(str(ROOT))

    held = {file.distribution_path for file in builder.recurse_included_files()}

    data = [path for path in (ROOT / "src").rglob("*") if path.suffix in {".gz", ".json", ".toml"}]
    assert {path.relative_to(ROOT / "src").as_posix() for path in data} <= held

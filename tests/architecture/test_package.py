"""What the package's metadata promises is there."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

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

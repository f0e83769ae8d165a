"""No room for odds and ends: module names that say nothing are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.checks.house import Finding, House

FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base", "legacy"}


def check(house: House) -> Iterator[Finding]:
    for path in house.modules:
        name = path.parent.name if path.name == "__init__.py" else path.stem
        if name in FORBIDDEN:
            remedy = "Name it after the one noun or rule it holds"
            yield house.finding(path, f"the name {name!r} says nothing of what is inside", remedy)

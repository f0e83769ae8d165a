"""Every service room has the same fixed files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.checks.house import Finding, Room

FIXED = ("manifest.toml", "README.md", "__init__.py", "call.py", "records.py")


def check(room: Room) -> Iterator[Finding]:
    for name in FIXED:
        if not (room.folder / name).is_file():
            yield room.finding(room.folder, f"{name} is missing", "Add it, as other services have")
    if not room.operations:
        yield room.finding(
            room.folder, "no module has an operation", 'Mark one with @operation("Name")'
        )

"""Every service room has the same fixed files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.checks.house import Finding, Room

FIXED = ("manifest.toml", "README.md", "__init__.py", "call.py", "records.py")
# Of a room that only says who may do what, and answers 501 to those who may.
ACCESS = ("manifest.toml", "README.md", "__init__.py", "access.py")


def check(room: Room) -> Iterator[Finding]:
    only_access = not room.operations and (room.folder / "access.py").is_file()
    for name in ACCESS if only_access else FIXED:
        if not (room.folder / name).is_file():
            yield room.finding(room.folder, f"{name} is missing", "Add it, as other services have")
    if not room.operations and not only_access:
        yield room.finding(
            room.folder, "no module has an operation", 'Mark one with @operation("Name")'
        )

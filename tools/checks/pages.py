"""A service has a page in docs/services/, and a README of at most one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.checks.house import Finding, Room

SCREEN = 50


def check(room: Room) -> Iterator[Finding]:
    if not room.page.is_file():
        yield room.finding(room.folder, f"docs/services/{room.name}.md is missing", "Run make docs")
    readme = room.folder / "README.md"
    if readme.is_file() and len(readme.read_text().splitlines()) > SCREEN:
        yield room.finding(
            readme, f"it is longer than a screen of {SCREEN} lines", "Move details to the docs page"
        )

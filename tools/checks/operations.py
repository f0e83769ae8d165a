"""An operation in the code is one of AWS's models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.models import loader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.checks.house import Finding, Room


def check(room: Room) -> Iterator[Finding]:
    known: set[str] = set()
    for model in set(room.models) & set(loader.services()):
        known |= set(loader.load(model).operations)
    for name, path in room.operations.items():
        if name not in known:
            yield room.finding(
                path, f"AWS's model has no operation {name!r}", "Correct the name in @operation"
            )

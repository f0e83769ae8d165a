"""A manifest says what it must, in the right types, and nothing that no one reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.models import loader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.checks.house import Finding, Room

TIERS = ("answers", "works", "faithful", "proven")
LISTS = ("models", "calls", "needs", "extra_protocols")
TEXTS = ("title", "tier", "validation_error")
OBLIGATORY = ("title", "models", "calls", "needs", "tier")


def check(room: Room) -> Iterator[Finding]:
    path = room.folder / "manifest.toml"
    if not path.is_file():
        return
    for fault, remedy in _faults(room.manifest):
        yield room.finding(path, fault, remedy)
    for name in room.models:
        if name not in loader.services():
            yield room.finding(
                path,
                f"there is no model {name!r}",
                "Correct it, or add it with tools/gen_models.py",
            )


def _faults(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not manifest:
        yield "it is empty or no TOML", "Write it as architecture.md §5 shows"
        return
    for key in OBLIGATORY:
        if key not in manifest:
            yield f"{key!r} is missing", "Add it"
    for key, value in manifest.items():
        if key not in LISTS + TEXTS:
            yield f"nothing reads {key!r}", f"Remove it, or correct it to one of {LISTS + TEXTS}"
        elif not _fits(key, value):
            kind = "a list of names" if key in LISTS else "text"
            yield f"{key!r} is not {kind}", "Correct it"
    if manifest.get("tier", TIERS[0]) not in TIERS:
        yield f"there is no tier {manifest['tier']!r}", f"Choose one of {', '.join(TIERS)}"


def _fits(key: str, value: object) -> bool:
    if key in LISTS:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, str) and bool(value)

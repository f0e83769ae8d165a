"""A manifest says what it must, in the right types, and nothing that no one reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.models import loader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.checks.house import Finding, Room

TIERS = ("answers", "works", "faithful", "proven")
LISTS = ("models", "calls", "needs", "extra_protocols", "reconciles")
TEXTS = ("title", "tier", "validation_error")
SWITCHES = ("own_tag_keys",)
TABLES = ("passes", "missing")
KNOWN = (*LISTS, *TEXTS, *SWITCHES, *TABLES)
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
    for fault, remedy in _faults_of_passes(room):
        yield room.finding(path, fault, remedy)


def _faults_of_passes(room: Room) -> Iterator[tuple[str, str]]:
    """`[passes]` names operations of the room's models and members of their requests."""
    passes = room.manifest.get("passes", {})
    models = [loader.load(name) for name in room.models if name in loader.services()]
    for operation, said in passes.items() if isinstance(passes, dict) else ():
        model = next((each for each in models if operation in each.operations), None)
        if not (isinstance(said, dict) and said.keys() == {"member", "service"}) or model is None:
            yield (
                f"'passes' cannot be read at {operation!r}",
                "Write an operation of the models = { member = ..., service = ... }",
            )


def _faults(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not manifest:
        yield "it is empty or no TOML", "Write it as architecture.md §5 shows"
        return
    for key in OBLIGATORY:
        if key not in manifest:
            yield f"{key!r} is missing", "Add it"
    for key, value in manifest.items():
        if key not in KNOWN:
            yield f"nothing reads {key!r}", f"Remove it, or correct it to one of {KNOWN}"
        elif not _fits(key, value):
            yield f"{key!r} is not {_kind(key)}", "Correct it"
    if manifest.get("tier", TIERS[0]) not in TIERS:
        yield f"there is no tier {manifest['tier']!r}", f"Choose one of {', '.join(TIERS)}"


def _fits(key: str, value: object) -> bool:
    if key in LISTS:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if key in SWITCHES:
        return isinstance(value, bool)
    if key in TABLES:
        return isinstance(value, dict)
    return isinstance(value, str) and bool(value)


def _kind(key: str) -> str:
    if key in LISTS:
        return "a list of names"
    if key in TABLES:
        return "a table"
    return "true or false" if key in SWITCHES else "text"

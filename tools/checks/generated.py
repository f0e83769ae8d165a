"""The generated parts of the docs are what the code says now; `write` makes them so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cloudling.cli.command import COMMANDS, build
from cloudling.kernel.coverage import coverage_of, is_missing
from cloudling.kernel.services import find_services
from cloudling.settings import SETTINGS, Setting
from tools import coverage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.checks.house import Finding, House, Room

REMEDY = "Run make docs"


def check(house: House) -> Iterator[Finding]:
    for path, text in files(house).items():
        if not path.is_file():
            yield house.finding(path, "it is missing", REMEDY)
        elif path.read_text() != text:
            yield house.finding(path, "its generated part is stale", REMEDY)


def write(house: House) -> None:
    for path, text in files(house).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def files(house: House) -> dict[Path, str]:
    """Every file with a generated part, as it should stand."""
    docs = house.root / "docs"
    table = coverage_of(find_services("cloudling.services"))
    found = {
        docs / "coverage.md": coverage.page(table),
        docs / "settings.md": fill(docs / "settings.md", settings()),
        docs / "cli.md": fill(docs / "cli.md", commands()),
        house.root / "README.md": fill(house.root / "README.md", services(house, table)),
        house.root / "CONTRIBUTING.md": fill(house.root / "CONTRIBUTING.md", targets(house)),
    }
    for room in house.rooms:
        found[room.page] = fill(room.page, facts(room, table), f"# {room.manifest.get('title')}\n")
    return found


def fill(path: Path, part: str, otherwise: str = "") -> str:
    """A page with the text between its marks replaced; a new page gets both."""
    text = path.read_text() if path.is_file() else otherwise
    block = f"<!-- generated: make docs -->\n{part}<!-- end -->\n"
    marked = re.compile(r"<!-- generated: make docs -->\n.*?<!-- end -->\n", re.DOTALL)
    if marked.search(text):
        return marked.sub(lambda _: block, text, count=1)
    return f"{text}\n{block}"


def settings() -> str:
    lines = [
        "| flag | variable | key in the file | accepts | default | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for one in SETTINGS:
        again = "; may be repeated" if one.kind.repeats else ""
        lines.append(
            f"| `{one.flag}` | `{one.variable}` | `{one.name}` | {one.kind.words}{again} "
            f"| {default(one)} | {one.meaning} |"
        )
    return "\n".join(lines) + "\n"


def default(one: Setting) -> str:
    if one.shown:
        return one.shown
    if isinstance(one.default, bool):
        return "`on`" if one.default else "`off`"
    return f"`{one.default}`" if one.default != () else "none"


def commands() -> str:
    """Each command with its own options; those of `start` that are settings stand elsewhere."""
    flags = {one.flag for one in SETTINGS}
    lines = []
    _, parsers = build()
    for name, words in COMMANDS.items():
        lines += [f"### cloudling {name}", "", f"{words[0].upper()}{words[1:]}.", ""]
        for action in parsers[name]._actions:
            said = ", ".join(action.option_strings) or f"[{action.dest}]"
            if action.help != "==SUPPRESS==" and not (
                name == "start" and flags & set(action.option_strings)
            ):
                lines.append(f"- `{said}`: {action.help}")
        lines.append("")
    return "\n".join(lines)


def services(house: House, table: coverage.Table) -> str:
    lines = ["| service | operations | tier |", "|---|---|---|"]
    for room in house.rooms:
        title, tier = room.manifest.get("title", room.name), room.manifest.get("tier", "?")
        lines.append(
            f"| [{title}](docs/services/{room.name}.md) | {_counts(room, table)} | {tier} |"
        )
    return "\n".join(lines) + "\n"


def _counts(room: Room, table: coverage.Table) -> str:
    parts = []
    for model in room.models:
        states = table[model].values()
        built = sum(not is_missing(state) for state in states)
        parts.append(f"{model} {built} of {len(states)}")
    return ", ".join(parts)


def facts(room: Room, table: coverage.Table) -> str:
    """What a service's page states of itself."""
    manifest = room.manifest
    lines = [
        "| | |",
        "|---|---|",
        f"| operations | {_counts(room, table)} ([which](../coverage.md)) |",
        f"| tier | {manifest.get('tier', '?')} |",
        f"| calls other services | {', '.join(manifest.get('calls', [])) or 'none'} |",
        f"| needs of the machine | {', '.join(manifest.get('needs', [])) or 'nothing'} |",
        f"| code | `src/cloudling/services/{room.name}/` |",
    ]
    return "\n".join(lines) + "\n"


def targets(house: House) -> str:
    lines = ["| target | what it does |", "|---|---|"]
    text = (house.root / "Makefile").read_text()
    for name, words in re.findall(r"^([a-z]+):.*## (.+)$", text, re.MULTILINE):
        lines.append(f"| `make {name}` | {words} |")
    return "\n".join(lines) + "\n"

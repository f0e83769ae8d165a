"""The docs are in step with the code: all is described, and what is generated is current."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import docs
from tools.checks import generated
from tools.checks.house import House

from cloudling.cli.command import COMMANDS
from cloudling.kernel.coverage import coverage_of
from cloudling.kernel.services import find_services
from cloudling.settings import SETTINGS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("one", SETTINGS, ids=lambda one: one.name)
def test_every_setting_is_documented(one: generated.Setting) -> None:
    page = (ROOT / "docs" / "settings.md").read_text()

    assert f"| `{one.flag}` | `{one.variable}` | `{one.name}` |" in page
    assert one.meaning in page


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    assert f"### cloudling {name}\n" in (ROOT / "docs" / "cli.md").read_text()


def test_every_make_target_says_what_it_does_and_is_documented() -> None:
    lines = (ROOT / "Makefile").read_text().splitlines()
    phony = next(line for line in lines if line.startswith(".PHONY:")).split()[1:]
    page = (ROOT / "CONTRIBUTING.md").read_text()

    for target in phony:
        assert [line for line in lines if line.startswith(f"{target}:") and "## " in line], target
        assert f"| `make {target}` |" in page


def test_generated_parts_are_current() -> None:
    assert [str(finding) for finding in generated.check(House(ROOT))] == []


def test_links_lead_somewhere() -> None:
    assert [finding for page in docs.pages(ROOT) for finding in docs.broken(page)] == []


def test_a_broken_link_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("# One heading\n[a](page.md#one-heading) [b](no.md) [c](#none) `[d](no.md)`\n")

    assert docs.broken(page) == [
        "page.md: no.md leads to no file",
        "page.md: #none leads to no heading",
    ]


def test_whatever_is_missing_has_a_reason_in_its_manifest() -> None:
    services = list(find_services("cloudling.services"))
    table = coverage_of(services)
    for service in services:
        states = [state for model in service.models for state in table[model].values()]
        assert "missing" not in states
        for reason in service.manifest.get("missing", {}).values():
            assert f"missing: {reason}" in states

"""The import contracts of pyproject.toml hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from importlinter.cli import lint_imports

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]


def test_layers_import_only_what_lies_below(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(os.fspath(ROOT / "src"))

    status = lint_imports(no_cache=True)

    assert status == 0, capsys.readouterr().out

"""Story S11: the tutorial as it stands, typed into a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.scenarios.tutorials import PATIENCE, a_place, type_all

if TYPE_CHECKING:
    from pathlib import Path

# Longer than the suite's own: a whole tutorial is one test.
pytestmark = pytest.mark.timeout(3 * PATIENCE)


def test_the_tutorial_as_it_is_written(tmp_path: Path) -> None:
    with a_place(tmp_path, "who-may-do-what") as place:
        type_all(place, "who-may-do-what")

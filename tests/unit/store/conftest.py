"""A store in memory, one in a folder, and the records that the tests keep in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cloudling.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store.open(None)
    yield store
    store.shut()


@pytest.fixture
def disk_store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "data")
    yield store
    store.shut()

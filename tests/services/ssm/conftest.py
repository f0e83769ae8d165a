"""A cloud in memory for every test of Systems Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cloudling.testing import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def local() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        yield cloud

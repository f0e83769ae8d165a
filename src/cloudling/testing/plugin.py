"""The pytest plugin that comes with the package: `cloudling` is a running, empty cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.testing.servers import RunningCloud


@pytest.fixture
def cloudling() -> Iterator[RunningCloud]:
    """A cloud of this test's own, in memory, on a free port."""
    # Imported here, so that a user's test run without the fixture pays nothing.
    from cloudling.testing.servers import RunningCloud  # noqa: PLC0415

    with RunningCloud() as cloud:
        yield cloud

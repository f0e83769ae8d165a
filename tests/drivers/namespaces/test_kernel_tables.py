"""What the kernel makes of our netlink messages, and what we read of its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.drivers.namespaces import within
from tests.drivers.namespaces.conftest import require
from tests.drivers.namespaces.inside import inside

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    "work",
    [
        within.make_links,
        within.make_ways,
        within.be_refused,
        within.make_tables,
        within.fail_in_the_midst,
    ],
)
def test_within_namespaces(work: Callable[[], None]) -> None:
    require("own")
    inside(work)

"""A cloud in memory for every test of EC2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.services.ec2.data_plane import Plane

from cloudling.testing import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def local() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture
def plane(local: LocalCloud) -> Plane:
    """The cloud's machines, networks, roots and carrier, all of them fakes."""
    return Plane(local)

"""A cloud in memory with one bucket for every test of S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from cloudling.testing import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "shelf"

# The machine may be busy with other tests; slowness is measured by benchmarks, not here.
settings.register_profile("s3", deadline=None)
settings.load_profile("s3")


@pytest.fixture
def local() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        cloud.root().s3.create_bucket(Bucket=BUCKET)
        yield cloud


@pytest.fixture
def s3(local: LocalCloud) -> Any:
    return local.root().s3

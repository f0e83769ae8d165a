"""A cloud in memory with one bucket for every test of S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cloudling.testing import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "shelf"


@pytest.fixture
def local() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        cloud.root().s3.create_bucket(Bucket=BUCKET)
        yield cloud


@pytest.fixture
def s3(local: LocalCloud) -> Any:
    return local.root().s3

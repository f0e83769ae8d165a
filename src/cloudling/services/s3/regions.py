"""Where a bucket lies, for the gateway: it checks signatures against the bucket's region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.services.s3.call import S3Call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cloudling.kernel.cloud import Cloud


def bucket_regions(cloud: Cloud) -> Callable[[str], Awaitable[str | None]]:
    """A function that tells the region of the bucket of a name, None when there is none."""
    buckets = cloud.store.table(S3Call.buckets.spec).bind("", "")

    async def region_of(name: str) -> str | None:
        found = await buckets.get(name)
        return found.region if found else None

    return region_of

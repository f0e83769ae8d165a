"""Where a bucket lies, for the gateway: it checks signatures against the bucket's region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.services.s3.call import S3Call

if TYPE_CHECKING:
    from cloudling.kernel.cloud import Cloud

_MOST_KNOWN = 10_000


class BucketRegions:
    """The regions of buckets, by name; remembered until any bucket changes."""

    def __init__(self, cloud: Cloud) -> None:
        table = cloud.store.table(S3Call.buckets.spec)
        table.watchers.append(self._forget)
        self._buckets = table.bind("", "")
        self.known: dict[str, str] = {}

    async def of(self, bucket: str) -> str | None:
        """The bucket's region, None where there is no such bucket."""
        found = await self._buckets.get(bucket)
        if found is None:
            return None
        if len(self.known) < _MOST_KNOWN:
            self.known[bucket] = found.region
        return found.region

    def _forget(self, _: bytes | None) -> None:
        self.known.clear()

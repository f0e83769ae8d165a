"""The handle of S3's operations."""

from __future__ import annotations

from cloudling.kernel import Call, collection
from cloudling.services.s3.records import Bucket, Object, Part, Upload

# What the ARNs of all buckets begin with, by the region, which tells the partition.
_PREFIXES: dict[str, str] = {}
_MOST_PREFIXES = 256


class S3Call(Call):
    """Bucket names are the whole world's; what lies in a bucket is found by the bucket's id."""

    buckets = collection(
        Bucket, name="s3_buckets", key=("name",), scope="world", indexes=("owner",)
    )
    objects = collection(Object, name="s3_objects", key=("bucket", "key"), scope="world")
    uploads = collection(Upload, name="s3_uploads", key=("bucket", "key", "id"), scope="world")
    parts = collection(Part, name="s3_parts", key=("upload", "number"), scope="world")

    # The bucket that authorization looked up for this very call.
    known_bucket: Bucket | None = None

    def bucket_arn(self, bucket: str) -> str:
        return (_PREFIXES.get(self.region) or self._prefix()) + bucket

    def object_arn(self, bucket: str, key: str) -> str:
        return f"{_PREFIXES.get(self.region) or self._prefix()}{bucket}/{key}"

    def _prefix(self) -> str:
        values = {"Partition": self.partition, "BucketName": ""}
        found = self.cloud.resources.arn("s3", "bucket", values)
        if len(_PREFIXES) < _MOST_PREFIXES:
            _PREFIXES[self.region] = found
        return found

    @property
    def encryption(self) -> dict[str, str]:
        """How results tell that objects are encrypted at rest, which is so unless switched off."""
        return {"ServerSideEncryption": "AES256"} if self.blobs.encrypted else {}

"""The handle of S3's operations."""

from __future__ import annotations

from cloudling.kernel import Call, collection
from cloudling.services.s3.records import Bucket, Object, Part, Upload

# What the ARNs of all buckets of a partition begin with.
_PREFIXES: dict[str, str] = {}


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
        partition = self.partition
        prefix = _PREFIXES.get(partition)
        if prefix is None:
            values = {"Partition": partition, "BucketName": ""}
            prefix = _PREFIXES[partition] = self.cloud.resources.arn("s3", "bucket", values)
        return prefix + bucket

    def object_arn(self, bucket: str, key: str) -> str:
        return f"{self.bucket_arn(bucket)}/{key}"

    @property
    def encryption(self) -> dict[str, str]:
        """How results tell that objects are encrypted at rest, which is so unless switched off."""
        return {"ServerSideEncryption": "AES256"} if self.blobs.encrypted else {}

"""Taking objects and uploads away with their bytes, inside the caller's unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.records import Object, Part, Upload


async def drop_object(call: S3Call, found: Object) -> None:
    await call.objects.delete(found.bucket, found.key)
    for blob in found.blobs:
        call.blobs.release(blob)


async def drop_part(call: S3Call, part: Part, *, keep_bytes: bool = False) -> None:
    await call.parts.delete(part.upload, part.number)
    if not keep_bytes:
        for blob in part.blobs:
            call.blobs.release(blob)


async def drop_upload(call: S3Call, upload: Upload) -> None:
    """The upload with all its parts."""
    while parts := await call.parts.page(upload.id):
        for part in parts:
            await drop_part(call, part)
    await call.uploads.delete(upload.bucket, upload.key, upload.id)

"""What a bucket made today has without being configured: encryption, ownership, who pays.

Writers take exactly what already holds, which changes nothing, and refuse the rest by name.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/creating-bucket-overview.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.s3 import buckets
from cloudling.services.s3.errors import (
    ServerSideEncryptionConfigurationNotFoundError,
)

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call

Request = dict[str, Any]

# New buckets refuse customers' keys since April 2026:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-s3-c-encryption-setting-faq.html
_ENCRYPTION = {
    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
    "BucketKeyEnabled": False,
    "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
}
_OWNERSHIP = "BucketOwnerEnforced"
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@operation("GetBucketEncryption")
async def get_bucket_encryption(call: S3Call, request: Request) -> Request:
    bucket = await buckets.of_request(call, request)
    if not call.encryption:
        # Only here: whoever switched encryption at rest off is told no tale.
        raise ServerSideEncryptionConfigurationNotFoundError(BucketName=bucket.name)
    return {"ServerSideEncryptionConfiguration": {"Rules": [_ENCRYPTION]}}


@operation("GetBucketOwnershipControls")
async def get_bucket_ownership_controls(call: S3Call, request: Request) -> Request:
    await buckets.of_request(call, request)
    return {"OwnershipControls": {"Rules": [{"ObjectOwnership": _OWNERSHIP}]}}


@operation("GetPublicAccessBlock")
async def get_public_access_block(call: S3Call, request: Request) -> Request:
    await buckets.of_request(call, request)
    return {"PublicAccessBlockConfiguration": dict.fromkeys(_BLOCKS, True)}


@operation("GetBucketRequestPayment")
async def get_bucket_request_payment(call: S3Call, request: Request) -> Request:
    await buckets.of_request(call, request)
    return {"Payer": "BucketOwner"}


@operation("GetBucketAbac")
async def get_bucket_abac(call: S3Call, request: Request) -> Request:
    await buckets.of_request(call, request)
    return {"AbacStatus": {"Status": "Disabled"}}


@operation("GetBucketVersioning")
async def get_bucket_versioning(call: S3Call, request: Request) -> Request:
    return await _nothing(call, request)


@operation("GetBucketLogging")
async def get_bucket_logging(call: S3Call, request: Request) -> Request:
    return await _nothing(call, request)


@operation("GetBucketAccelerateConfiguration")
async def get_bucket_accelerate_configuration(call: S3Call, request: Request) -> Request:
    return await _nothing(call, request)


@operation("GetBucketNotification")
async def get_bucket_notification(call: S3Call, request: Request) -> Request:
    return await _nothing(call, request)


@operation("GetBucketNotificationConfiguration")
async def get_bucket_notification_configuration(call: S3Call, request: Request) -> Request:
    return await _nothing(call, request)


async def _nothing(call: S3Call, request: Request) -> Request:
    await buckets.of_request(call, request)
    return {}

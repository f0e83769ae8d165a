"""What a bucket made today has without being configured: encryption, ownership, who pays.

Writers take exactly what already holds, which changes nothing, and refuse the rest by name.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/creating-bucket-overview.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.kernel.errors import NotImplementedHere
from cloudling.services.s3 import bodies, buckets
from cloudling.services.s3.errors import (
    InvalidArgument,
    MalformedXML,
    ServerSideEncryptionConfigurationNotFoundError,
)
from cloudling.services.s3.partial import NOTHING_TO_DELETE, UNCONFIGURED

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
_OWNERSHIPS = (_OWNERSHIP, "BucketOwnerPreferred", "ObjectWriter")
_ALGORITHMS = ("AES256", "aws:kms", "aws:kms:dsse", "aws:fsx", "aws:backup")
_PARTIAL = "takes only what holds already"


@operation("GetBucketEncryption", partial=UNCONFIGURED)
async def get_bucket_encryption(call: S3Call, request: Request) -> Request:
    bucket = await buckets.of_request(call, request)
    if not call.encryption:
        # Only here: whoever switched encryption at rest off is told no tale.
        raise ServerSideEncryptionConfigurationNotFoundError(BucketName=bucket.name)
    return {"ServerSideEncryptionConfiguration": {"Rules": [_ENCRYPTION]}}


@operation("PutBucketEncryption", partial=_PARTIAL)
async def put_bucket_encryption(call: S3Call, request: Request) -> None:
    bodies.require_digest(call)
    rule = _only_rule(request.get("ServerSideEncryptionConfiguration"))
    wanted = rule.get("ApplyServerSideEncryptionByDefault") or {"SSEAlgorithm": "AES256"}
    if wanted.get("SSEAlgorithm") not in _ALGORITHMS:
        raise MalformedXML
    if wanted["SSEAlgorithm"] != "AES256":
        raise _not_here(call, f"SSEAlgorithm {wanted['SSEAlgorithm']}")
    if "KMSMasterKeyID" in wanted:
        raise InvalidArgument(
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or "
            "aws:kms:dsse",
            ArgumentName="ApplyServerSideEncryptionByDefault",
        )
    # AWS keeps its block of SSE-C where the rule does not speak of it:
    # https://github.com/hashicorp/terraform-provider-aws/issues/47320
    blocked = (rule.get("BlockedEncryptionTypes") or {}).get("EncryptionType") or ["SSE-C"]
    if blocked != ["SSE-C"]:
        raise _not_here(call, f"EncryptionType {' '.join(blocked)}")
    if rule.get("BucketKeyEnabled"):
        raise _not_here(call, "BucketKeyEnabled true")
    await buckets.of_request(call, request)
    if not call.encryption:
        raise _not_here(call, "a cloud started without encryption at rest")


@operation("DeleteBucketEncryption", partial=NOTHING_TO_DELETE)
async def delete_bucket_encryption(call: S3Call, request: Request) -> None:
    """AWS resets the bucket to AES256, which it has."""
    await buckets.of_request(call, request)


@operation("GetBucketOwnershipControls", partial=UNCONFIGURED)
async def get_bucket_ownership_controls(call: S3Call, request: Request) -> Request:
    await buckets.of_request(call, request)
    return {"OwnershipControls": {"Rules": [{"ObjectOwnership": _OWNERSHIP}]}}


@operation("PutBucketOwnershipControls", partial=_PARTIAL)
async def put_bucket_ownership_controls(call: S3Call, request: Request) -> None:
    bodies.require_digest(call)
    wanted = _only_rule(request.get("OwnershipControls")).get("ObjectOwnership")
    if wanted not in _OWNERSHIPS:
        raise MalformedXML
    await buckets.of_request(call, request)
    if wanted != _OWNERSHIP:
        raise _not_here(call, f"ObjectOwnership {wanted}")


@operation("GetBucketRequestPayment", partial=UNCONFIGURED)
async def get_bucket_request_payment(call: S3Call, request: Request) -> Request:
    await buckets.of_request(call, request)
    return {"Payer": "BucketOwner"}


@operation("PutBucketRequestPayment", partial=_PARTIAL)
async def put_bucket_request_payment(call: S3Call, request: Request) -> None:
    bodies.require_digest(call)
    wanted = (request.get("RequestPaymentConfiguration") or {}).get("Payer")
    if wanted not in ("BucketOwner", "Requester"):
        raise MalformedXML
    await buckets.of_request(call, request)
    if wanted == "Requester":
        raise _not_here(call, "Payer Requester")


@operation("GetBucketAbac", partial=UNCONFIGURED)
async def get_bucket_abac(call: S3Call, request: Request) -> Request:
    await buckets.of_request(call, request)
    return {"AbacStatus": {"Status": "Disabled"}}


@operation("PutBucketAbac", partial=_PARTIAL)
async def put_bucket_abac(call: S3Call, request: Request) -> None:
    wanted = (request.get("AbacStatus") or {}).get("Status")
    if wanted not in ("Enabled", "Disabled"):
        raise MalformedXML
    await buckets.of_request(call, request)
    if wanted == "Enabled":
        raise _not_here(call, "Status Enabled")


@operation("GetBucketVersioning", partial=UNCONFIGURED)
async def get_bucket_versioning(call: S3Call, request: Request) -> Request:
    return await _nothing(call, request)


@operation("GetBucketLogging", partial=UNCONFIGURED)
async def get_bucket_logging(call: S3Call, request: Request) -> Request:
    return await _nothing(call, request)


@operation("PutBucketLogging", partial=_PARTIAL)
async def put_bucket_logging(call: S3Call, request: Request) -> None:
    bodies.require_digest(call)
    await _take_nothing(call, request, "BucketLoggingStatus")


@operation("GetBucketAccelerateConfiguration", partial=UNCONFIGURED)
async def get_bucket_accelerate_configuration(call: S3Call, request: Request) -> Request:
    return await _nothing(call, request)


@operation("GetBucketNotification", partial=UNCONFIGURED)
async def get_bucket_notification(call: S3Call, request: Request) -> Request:
    return await _nothing(call, request)


@operation("GetBucketNotificationConfiguration", partial=UNCONFIGURED)
async def get_bucket_notification_configuration(call: S3Call, request: Request) -> Request:
    return await _nothing(call, request)


@operation("PutBucketNotification", partial=_PARTIAL)
async def put_bucket_notification(call: S3Call, request: Request) -> None:
    bodies.require_digest(call)
    await _take_nothing(call, request, "NotificationConfiguration")


@operation("PutBucketNotificationConfiguration", partial=_PARTIAL)
async def put_bucket_notification_configuration(call: S3Call, request: Request) -> None:
    await _take_nothing(call, request, "NotificationConfiguration")


async def _nothing(call: S3Call, request: Request) -> Request:
    await buckets.of_request(call, request)
    return {}


async def _take_nothing(call: S3Call, request: Request, member: str) -> None:
    """An empty configuration switches off what is off."""
    wanted = request.get(member)
    if wanted is None:
        raise MalformedXML
    await buckets.of_request(call, request)
    for name in wanted:
        raise _not_here(call, name)


def _only_rule(configuration: Request | None) -> Request:
    rules: list[Request] = (configuration or {}).get("Rules") or []
    if len(rules) != 1:
        raise MalformedXML
    return rules[0]


def _not_here(call: S3Call, wanted: str) -> NotImplementedHere:
    name = call.operation.name
    return NotImplementedHere(f"{name} with {wanted} is not implemented in Cloudling yet.")

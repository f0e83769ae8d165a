"""Headers of features that are not here yet, and values that AWS refuses.

Nothing is ignored: what AWS takes and we cannot do answers 501 by the header's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.services.s3.errors import (
    AccessControlListNotSupported,
    InvalidArgument,
    InvalidBucketAclWithObjectOwnership,
    InvalidRequest,
    InvalidStorageClass,
    UnsupportedHeader,
    not_here,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.services.s3.call import S3Call

Request = dict[str, Any]

_STORAGE_CLASSES = {
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
}
_ACLS = {
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
}
_BUCKET_ACLS = {"private", "public-read", "public-read-write", "authenticated-read"}
_GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
_ENCRYPTIONS = {"aws:kms", "aws:kms:dsse", "aws:fsx", "aws:backup"}
_OF_KMS = ("SSEKMSKeyId", "SSEKMSEncryptionContext")
_SSE_C = "Encryption with customer keys"
_KMS = "Encryption with KMS keys"
_LOCK = "Object lock"
# Members whose mere presence asks for what is not built, with header and feature.
_ABSENT = {
    "SSECustomerAlgorithm": ("x-amz-server-side-encryption-customer-algorithm", _SSE_C),
    "SSECustomerKey": ("x-amz-server-side-encryption-customer-key", _SSE_C),
    "SSECustomerKeyMD5": ("x-amz-server-side-encryption-customer-key-MD5", _SSE_C),
    "CopySourceSSECustomerAlgorithm": (
        "x-amz-copy-source-server-side-encryption-customer-algorithm",
        _SSE_C,
    ),
    "CopySourceSSECustomerKey": (
        "x-amz-copy-source-server-side-encryption-customer-key",
        _SSE_C,
    ),
    "CopySourceSSECustomerKeyMD5": (
        "x-amz-copy-source-server-side-encryption-customer-key-MD5",
        _SSE_C,
    ),
    "SSEKMSKeyId": ("x-amz-server-side-encryption-aws-kms-key-id", _KMS),
    "SSEKMSEncryptionContext": ("x-amz-server-side-encryption-context", _KMS),
    "ObjectLockMode": ("x-amz-object-lock-mode", _LOCK),
    "ObjectLockRetainUntilDate": ("x-amz-object-lock-retain-until-date", _LOCK),
    "ObjectLockLegalHoldStatus": ("x-amz-object-lock-legal-hold", _LOCK),
    "ObjectLockEventHold": ("x-amz-object-lock-event-hold", _LOCK),
    "ObjectLockEventHoldDurationDays": ("x-amz-object-lock-event-hold-duration-days", _LOCK),
    "ObjectLockEventHoldDurationYears": ("x-amz-object-lock-event-hold-duration-years", _LOCK),
    "AnnotationDirective": ("x-amz-annotation-directive", "Annotations"),
}


def check(request: Request) -> None:
    """Refuse what an object's request asks for beyond what is built."""
    if _NAMES.isdisjoint(request):
        return
    _check_kms(request)
    for member in request:
        rule = _RULES.get(member)
        if rule is not None:
            rule(member, request[member])


def check_read(call: S3Call, request: Request) -> None:
    """As `check`, for GET and HEAD, which take no encryption header."""
    if not _NAMES.isdisjoint(request):
        check(request)
    if "x-amz-server-side-encryption" in call.origin.headers:
        raise InvalidArgument(
            "x-amz-server-side-encryption header is not supported for this operation.",
            ArgumentName="x-amz-server-side-encryption",
            ArgumentValue=call.origin.headers["x-amz-server-side-encryption"],
        )


def check_bucket(request: Request) -> None:
    """Refuse what CreateBucket's headers ask for beyond what is built."""
    if request.get("ObjectLockEnabledForBucket"):
        raise not_here("x-amz-bucket-object-lock-enabled", _LOCK)
    ownership = request.get("ObjectOwnership", "BucketOwnerEnforced")
    if ownership in ("BucketOwnerPreferred", "ObjectWriter"):
        raise not_here("x-amz-object-ownership", f"Object ownership {ownership}")
    if ownership != "BucketOwnerEnforced":
        raise InvalidArgument(
            "Invalid x-amz-object-ownership header",
            ArgumentName="x-amz-object-ownership",
            ArgumentValue=ownership,
        )
    if request.get("BucketNamespace", "global") != "global":
        raise not_here("x-amz-bucket-namespace", "The account's regional namespace")
    acl = request.get("ACL", "private")
    if acl not in _BUCKET_ACLS:
        raise InvalidArgument(ArgumentName="x-amz-acl", ArgumentValue=acl)
    if acl != "private" or any(member in request for member in _GRANTS):
        raise InvalidBucketAclWithObjectOwnership
    wanted = request.get("CreateBucketConfiguration") or {}
    if "Location" in wanted or "Bucket" in wanted:
        raise not_here("CreateBucketConfiguration", "Directory buckets")


def _check_kms(request: Request) -> None:
    """A KMS key, or a context for it, goes with encryption by KMS only."""
    named = request.get("ServerSideEncryption")
    if named in _ENCRYPTIONS or not any(member in request for member in _OF_KMS):
        return
    raise InvalidArgument(
        "Server Side Encryption with AWS KMS managed key requires HTTP header "
        "x-amz-server-side-encryption : aws:kms",
        ArgumentName="x-amz-server-side-encryption",
        ArgumentValue=named or "null",
    )


def _absent(member: str, value: object) -> None:
    raise not_here(*_ABSENT[member])


def _encryption(_: str, value: str) -> None:
    if value in _ENCRYPTIONS:
        raise not_here("x-amz-server-side-encryption", f"Encryption by {value}")
    if value != "AES256":
        raise InvalidArgument(
            "The encryption method specified is not supported",
            ArgumentName="x-amz-server-side-encryption",
            ArgumentValue=value,
        )


def _bucket_key(_: str, value: bool) -> None:
    if value:
        raise not_here("x-amz-server-side-encryption-bucket-key-enabled", _KMS)


def _storage_class(_: str, value: str) -> None:
    if value in _STORAGE_CLASSES:
        raise not_here("x-amz-storage-class", f"Storage class {value}")
    if value != "STANDARD":
        raise InvalidStorageClass(StorageClassRequested=value)


def _acl(_: str, value: str) -> None:
    if value not in _ACLS:
        raise InvalidArgument(ArgumentName="x-amz-acl", ArgumentValue=value)
    if value not in ("private", "bucket-owner-full-control"):
        raise AccessControlListNotSupported


def _grant(_: str, value: str) -> None:
    raise AccessControlListNotSupported


def _redirect(_: str, value: str) -> None:
    if not value.startswith(("/", "http://", "https://")):
        raise InvalidRequest(
            "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
            code="InvalidRedirectLocation",
        )


def _payer(_: str, value: str) -> None:
    if value != "requester":
        raise InvalidArgument(ArgumentName="x-amz-request-payer", ArgumentValue=value)


def _offset(_: str, value: int) -> None:
    # As on AWS, where only directory buckets take it.
    raise UnsupportedHeader(Header="x-amz-write-offset-bytes")


def _bypass(_: str, value: bool) -> None:
    if value:
        raise InvalidArgument(
            "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
            ArgumentName="x-amz-bypass-governance-retention",
        )


_RULES: dict[str, Callable[[str, Any], None]] = {
    **dict.fromkeys(_ABSENT, _absent),
    **dict.fromkeys(_GRANTS, _grant),
    "ServerSideEncryption": _encryption,
    "BucketKeyEnabled": _bucket_key,
    "StorageClass": _storage_class,
    "ACL": _acl,
    "WebsiteRedirectLocation": _redirect,
    "RequestPayer": _payer,
    "WriteOffsetBytes": _offset,
    "BypassGovernanceRetention": _bypass,
}
_NAMES = frozenset((*_RULES, *_OF_KMS))

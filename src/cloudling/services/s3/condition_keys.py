"""S3's own condition keys, by lower-case name, gathered when a condition first asks for one.

Few policies ever ask, so that most calls pay for none of it.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-policy-keys
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel.authorize.moments import format_date
from cloudling.kernel.units import run_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.records import Bucket

Request = dict[str, Any]
Tags = list[tuple[str, str]]
Value = str | list[str] | None

_EXISTING_TAG = "s3:existingobjecttag/"
_SCHEMES = {"header": "REST-HEADER", "query": "REST-QUERY-STRING"}
_DAY = 86400
_END_OF_DATES = 253_402_300_800  # the year 10000
# Keys that hold a member of the request.
_MEMBERS = {
    "Prefix": "s3:prefix",
    "Delimiter": "s3:delimiter",
    "MaxKeys": "s3:max-keys",
    "VersionId": "s3:versionid",
    "ACL": "s3:x-amz-acl",
    "CopySource": "s3:x-amz-copy-source",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "StorageClass": "s3:x-amz-storage-class",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
    "ObjectOwnership": "s3:x-amz-object-ownership",
    "BucketNamespace": "s3:x-amz-bucket-namespace",
    "GrantFullControl": "s3:x-amz-grant-full-control",
    "GrantRead": "s3:x-amz-grant-read",
    "GrantReadACP": "s3:x-amz-grant-read-acp",
    "GrantWrite": "s3:x-amz-grant-write",
    "GrantWriteACP": "s3:x-amz-grant-write-acp",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
    "ObjectLockMode": "s3:object-lock-mode",
    "ObjectLockLegalHoldStatus": "s3:object-lock-legal-hold",
}
# Whether a write makes the object, or only goes on with an upload that will.
_CREATING = {
    "PutObject": "true",
    "CopyObject": "true",
    "CompleteMultipartUpload": "true",
    "CreateMultipartUpload": "false",
    "UploadPart": "false",
    "UploadPartCopy": "false",
}


class Keys(msgspec.Struct):
    """Answers S3's keys of one request. `tags` reads the tags that the request sets.

    `existing` is the key of an object whose tags conditions may ask for.
    """

    call: S3Call
    request: Request
    bucket: Bucket | None = None
    tags: Callable[[], Tags] | None = None
    existing: str = ""
    found: dict[str, Value] | None = None
    tags_there: dict[str, str] | None = None

    def __call__(self, key: str) -> str | Sequence[str] | None:
        if key.startswith(_EXISTING_TAG):
            return self._existing_tag(key[len(_EXISTING_TAG) :])
        found = self.found
        if found is None:
            found = self.found = self._gather()
        return found.get(key)

    def _gather(self) -> dict[str, Value]:
        call, request = self.call, self.request
        found: dict[str, Value] = {
            _MEMBERS[member]: str(request[member]) for member in _MEMBERS.keys() & request.keys()
        }
        found["s3:resourceaccount"] = self.bucket.owner if self.bucket else call.account
        found["s3:objectcreationoperation"] = _CREATING.get(call.operation.name)
        found |= _of_signature(call)
        found |= _of_location(request)
        found |= _of_lock(request, call.clock.now())
        tags = self.tags() if self.tags else []
        if tags:
            found |= {f"s3:requestobjecttag/{key.lower()}": value for key, value in tags}
            found["s3:requestobjecttagkeys"] = [key for key, _ in tags]
        return found

    def _existing_tag(self, name: str) -> str | None:
        if self.tags_there is None:
            self.tags_there = self._read_tags()
        return self.tags_there.get(name)

    def _read_tags(self) -> dict[str, str]:
        if self.bucket is None or not self.existing:
            return {}
        # Conditions cannot wait, and need not: collections never do.
        found = run_unit(self.call.objects.get(self.bucket.id, self.existing))
        return {key.lower(): value for key, value in found.tags.items()} if found else {}


def _of_signature(call: S3Call) -> dict[str, Value]:
    origin = call.origin
    if origin.scheme not in _SCHEMES:
        return {}
    found: dict[str, Value] = {
        "s3:authtype": _SCHEMES[origin.scheme],
        "s3:signatureversion": origin.signature_version,
        "s3:x-amz-content-sha256": origin.headers.get("x-amz-content-sha256"),
    }
    if origin.signed_at is not None:
        age = call.clock.now() - origin.signed_at
        found["s3:signatureage"] = str(max(int(age * 1000), 0))
    return found


def _of_location(request: Request) -> dict[str, Value]:
    wanted = (request.get("CreateBucketConfiguration") or {}).get("LocationConstraint")
    return {"s3:locationconstraint": wanted} if wanted else {}


def _of_lock(request: Request, now: float) -> dict[str, Value]:
    """Retention and legal hold, of headers or of the documents that set them."""
    retention = request.get("Retention") or {}
    hold = request.get("LegalHold") or {}
    found: dict[str, Value] = {}
    if retention.get("Mode"):
        found["s3:object-lock-mode"] = retention["Mode"]
    if hold.get("Status"):
        found["s3:object-lock-legal-hold"] = hold["Status"]
    until = request.get("ObjectLockRetainUntilDate", retention.get("RetainUntilDate"))
    if isinstance(until, int | float) and 0 <= until < _END_OF_DATES:
        found["s3:object-lock-retain-until-date"] = format_date(until)
        found["s3:object-lock-remaining-retention-days"] = str(int((until - now) // _DAY))
    return found

"""S3's actions and resources, which seldom have an operation's name.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from cloudling.kernel import Need, access
from cloudling.services.s3 import buckets
from cloudling.services.s3.actions import CONFIGURATION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloudling.services.s3.call import S3Call

Request = dict[str, Any]
Context = dict[str, "str | Sequence[str]"]
Tags = list[tuple[str, str]]

_BUCKET_ACTIONS = {
    "DeleteBucket": "s3:DeleteBucket",
    "HeadBucket": "s3:ListBucket",
    "GetBucketLocation": "s3:GetBucketLocation",
    **CONFIGURATION,
    "ListObjects": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
}
# With and without a version id in the request.
_OBJECT_ACTIONS = {
    "GetObject": (("s3:GetObject",), ("s3:GetObjectVersion",)),
    "HeadObject": (("s3:GetObject",), ("s3:GetObjectVersion",)),
    "GetObjectAttributes": (
        ("s3:GetObject", "s3:GetObjectAttributes"),
        ("s3:GetObjectVersion", "s3:GetObjectVersionAttributes"),
    ),
    "DeleteObject": (("s3:DeleteObject",), ("s3:DeleteObjectVersion",)),
    "GetObjectTagging": (("s3:GetObjectTagging",), ("s3:GetObjectVersionTagging",)),
    "PutObjectTagging": (("s3:PutObjectTagging",), ("s3:PutObjectVersionTagging",)),
    "DeleteObjectTagging": (("s3:DeleteObjectTagging",), ("s3:DeleteObjectVersionTagging",)),
    "GetObjectAcl": (("s3:GetObjectAcl",), ("s3:GetObjectVersionAcl",)),
    "PutObjectAcl": (("s3:PutObjectAcl",), ("s3:PutObjectVersionAcl",)),
    "GetObjectRetention": (("s3:GetObjectRetention",),) * 2,
    "PutObjectRetention": (("s3:PutObjectRetention",),) * 2,
    "GetObjectLegalHold": (("s3:GetObjectLegalHold",),) * 2,
    "PutObjectLegalHold": (("s3:PutObjectLegalHold",),) * 2,
    "ListParts": (("s3:ListMultipartUploadParts",),) * 2,
    "AbortMultipartUpload": (("s3:AbortMultipartUpload",),) * 2,
    # Not built.
    "GetObjectTorrent": (("s3:GetObjectTorrent",),) * 2,
    "RestoreObject": (("s3:RestoreObject",),) * 2,
    "SelectObjectContent": (("s3:GetObject",),) * 2,
    "UpdateObjectEncryption": (("s3:UpdateObjectEncryption",),) * 2,
    "GetObjectAnnotation": (("s3:GetObjectAnnotation",),) * 2,
    "ListObjectAnnotations": (("s3:ListObjectAnnotations",),) * 2,
    "PutObjectAnnotation": (("s3:PutObjectAnnotation",),) * 2,
    "DeleteObjectAnnotation": (("s3:DeleteObjectAnnotation",),) * 2,
    "RenameObject": (("s3:PutObject",),) * 2,
}
_OF_ACL = frozenset({"ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP"})
# Condition keys that hold a member of the request.
_MEMBER_KEYS = {
    "Prefix": "s3:prefix",
    "Delimiter": "s3:delimiter",
    "MaxKeys": "s3:max-keys",
    "VersionId": "s3:VersionId",
    "ACL": "s3:x-amz-acl",
    "CopySource": "s3:x-amz-copy-source",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "StorageClass": "s3:x-amz-storage-class",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
    "GrantFullControl": "s3:x-amz-grant-full-control",
    "GrantRead": "s3:x-amz-grant-read",
    "GrantReadACP": "s3:x-amz-grant-read-acp",
    "GrantWrite": "s3:x-amz-grant-write",
    "GrantWriteACP": "s3:x-amz-grant-write-acp",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
}
_SCHEMES = {"header": "REST-HEADER", "query": "REST-QUERY-STRING"}


@access("ListBuckets")
async def on_all_buckets(call: S3Call, request: Request) -> Sequence[Need]:
    return [Need("s3:ListAllMyBuckets", context=_context(call, request))]


@access("CreateBucket")
async def on_new_bucket(call: S3Call, request: Request) -> Sequence[Need]:
    arn = call.bucket_arn(request["Bucket"])
    wanted = request.get("CreateBucketConfiguration") or {}
    context = _context(call, request)
    if wanted.get("LocationConstraint"):
        context["s3:locationconstraint"] = wanted["LocationConstraint"]
    tags = {tag.get("Key", ""): tag.get("Value", "") for tag in wanted.get("Tags") or ()}
    if not tags:
        return [Need("s3:CreateBucket", arn, context=context)]
    context.update({f"aws:RequestTag/{key}": value for key, value in tags.items()})
    context["aws:TagKeys"] = list(tags)
    return [Need(action, arn, context=context) for action in ("s3:CreateBucket", "s3:TagResource")]


@access(*_BUCKET_ACTIONS)
async def on_bucket(call: S3Call, request: Request) -> Sequence[Need]:
    bucket = call.known_bucket = await buckets.require(call, request["Bucket"])
    action = _BUCKET_ACTIONS[call.operation.name]
    return [Need(action, call.bucket_arn(bucket.name), bucket.owner, _context(call, request))]


@access(*_OBJECT_ACTIONS)
async def on_object(call: S3Call, request: Request) -> Sequence[Need]:
    bucket = call.known_bucket = await buckets.require(call, request["Bucket"])
    actions = _OBJECT_ACTIONS[call.operation.name]["VersionId" in request]
    if call.operation.name == "DeleteObject" and request.get("IfMatch", "*") != "*":
        # Who compares ETags learns of the object what a reader would.
        actions = (*actions, "s3:GetObject")
    tagged = request.get("Tagging")
    context = _Keys(call, request, tagged and partial(_in_set, tagged))
    arn = call.object_arn(bucket.name, request["Key"])
    return [Need(action, arn, bucket.owner, context) for action in actions]


@access(
    "PutObject",
    "CopyObject",
    "CreateMultipartUpload",
    "UploadPart",
    "UploadPartCopy",
    "CompleteMultipartUpload",
)
async def on_written_object(call: S3Call, request: Request) -> Sequence[Need]:
    bucket = call.known_bucket = await buckets.require(call, request["Bucket"])
    arn = call.object_arn(bucket.name, request["Key"])
    actions = ["s3:PutObject"]
    tagged = request.get("Tagging")
    if tagged:
        actions.append("s3:PutObjectTagging")
    context = _Keys(call, request, tagged and partial(parse_qsl, tagged, keep_blank_values=True))
    if not _OF_ACL.isdisjoint(request):
        actions.append("s3:PutObjectAcl")
    return [Need(action, arn, bucket.owner, context) for action in actions]


@access("DeleteObjects")
async def on_each_object(call: S3Call, request: Request) -> Sequence[Need]:
    """The operation asks for every key by itself, and reports each refusal."""
    await buckets.require(call, request["Bucket"])
    return []


# Of S3's siblings, whose operations share the model; none is built.
_ELSEWHERE = {
    "CreateSession": "s3express:CreateSession",
    "ListDirectoryBuckets": "s3express:ListAllMyDirectoryBuckets",
    "WriteGetObjectResponse": "s3-object-lambda:WriteGetObjectResponse",
}


@access(*_ELSEWHERE)
async def on_what_is_elsewhere(call: S3Call, request: Request) -> Sequence[Need]:
    return [Need(_ELSEWHERE[call.operation.name])]


@access("PostObject")
async def on_form(call: S3Call, request: Request) -> Sequence[Need]:
    """The form's own fields say who posts it, and they are not read yet."""
    return []


class _Keys:
    """S3's own condition keys, gathered when a condition first asks for one: few ever do.

    `tags` reads the tags that the request sets.
    """

    __slots__ = ("_call", "_found", "_request", "_tags")

    def __init__(self, call: S3Call, request: Request, tags: Callable[[], Tags] | None) -> None:
        self._call = call
        self._request = request
        self._tags = tags
        self._found: Context | None = None

    def __call__(self, key: str) -> str | Sequence[str] | None:
        found = self._found
        if found is None:
            context = _context(self._call, self._request)
            if self._tags:
                _add_tags(context, self._tags())
            found = self._found = {name.lower(): value for name, value in context.items()}
        return found.get(key)


def _in_set(tagged: Request) -> Tags:
    return [(tag.get("Key", ""), tag.get("Value", "")) for tag in tagged.get("TagSet") or ()]


def _context(call: S3Call, request: Request) -> Context:
    """S3's own condition keys."""
    origin = call.origin
    context: Context = {}
    if origin.scheme in _SCHEMES:
        context["s3:authType"] = _SCHEMES[origin.scheme]
        context["s3:signatureversion"] = origin.signature_version
        if "x-amz-content-sha256" in origin.headers:
            context["s3:x-amz-content-sha256"] = origin.headers["x-amz-content-sha256"]
        if origin.signed_at is not None:
            age = call.clock.now() - origin.signed_at
            context["s3:signatureAge"] = str(max(int(age * 1000), 0))
    for member in _MEMBER_KEYS.keys() & request.keys():
        context[_MEMBER_KEYS[member]] = str(request[member])
    return context


def _add_tags(context: Context, tags: Tags) -> None:
    if tags:
        context.update({f"s3:RequestObjectTag/{key}": value for key, value in tags})
        context["s3:RequestObjectTagKeys"] = [key for key, _ in tags]

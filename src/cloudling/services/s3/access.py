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
from cloudling.services.s3.condition_keys import Keys
from cloudling.services.s3.permissions import policy_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.condition_keys import Tags
    from cloudling.services.s3.records import Bucket

Request = dict[str, Any]

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


@access("ListBuckets")
async def on_all_buckets(call: S3Call, request: Request) -> Sequence[Need]:
    return [Need("s3:ListAllMyBuckets", context=Keys(call, request))]


@access("CreateBucket")
async def on_new_bucket(call: S3Call, request: Request) -> Sequence[Need]:
    arn = call.bucket_arn(request["Bucket"])
    wanted = request.get("CreateBucketConfiguration") or {}
    keys = Keys(call, request)
    tags = {tag.get("Key", ""): tag.get("Value", "") for tag in wanted.get("Tags") or ()}
    if not tags:
        return [Need("s3:CreateBucket", arn, context=keys)]
    told: dict[str, str | list[str]] = {
        f"aws:requesttag/{key.lower()}": value for key, value in tags.items()
    }
    told["aws:tagkeys"] = list(tags)

    def context(key: str) -> str | Sequence[str] | None:
        return told.get(key) or keys(key)

    return [Need(action, arn, context=context) for action in ("s3:CreateBucket", "s3:TagResource")]


@access(*_BUCKET_ACTIONS)
async def on_bucket(call: S3Call, request: Request) -> Sequence[Need]:
    bucket = call.known_bucket = await buckets.require(call, request["Bucket"])
    action = _BUCKET_ACTIONS[call.operation.name]
    policy = bucket.policy and policy_of(call, bucket, action)
    keys = Keys(call, request, bucket)
    return [Need(action, call.bucket_arn(bucket.name), bucket.owner, keys, policy)]


@access(*_OBJECT_ACTIONS)
async def on_object(call: S3Call, request: Request) -> Sequence[Need]:
    name = request["Bucket"]
    bucket = await call.buckets.get(name) or await buckets.require(call, name)
    call.known_bucket = bucket
    actions = _OBJECT_ACTIONS[call.operation.name]["VersionId" in request]
    if call.operation.name == "DeleteObject" and request.get("IfMatch", "*") != "*":
        # Who compares ETags learns of the object what a reader would.
        actions = (*actions, "s3:GetObject")
    key, tagged = request["Key"], request.get("Tagging")
    tags = tagged and partial(_in_set, tagged)
    keys = Keys(call, request, bucket, tags, key)
    return _needs(call, bucket, actions, call.object_arn(name, key), keys)


@access(
    "PutObject",
    "CopyObject",
    "CreateMultipartUpload",
    "UploadPart",
    "UploadPartCopy",
    "CompleteMultipartUpload",
)
async def on_written_object(call: S3Call, request: Request) -> Sequence[Need]:
    name = request["Bucket"]
    bucket = await call.buckets.get(name) or await buckets.require(call, name)
    call.known_bucket = bucket
    actions = ["s3:PutObject"]
    tagged = request.get("Tagging")
    if tagged:
        actions.append("s3:PutObjectTagging")
    tags = tagged and partial(parse_qsl, tagged, keep_blank_values=True)
    if not _OF_ACL.isdisjoint(request):
        actions.append("s3:PutObjectAcl")
    keys = Keys(call, request, bucket, tags)
    return _needs(call, bucket, actions, call.object_arn(name, request["Key"]), keys)


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


def _needs(
    call: S3Call, bucket: Bucket, actions: Sequence[str], arn: str, keys: Keys
) -> Sequence[Need]:
    """All these actions on one object."""
    policy = bucket.policy and policy_of(call, bucket)
    if len(actions) == 1:
        return [Need(actions[0], arn, bucket.owner, keys, policy)]
    return [Need(action, arn, bucket.owner, keys, policy) for action in actions]


def _in_set(tagged: Request) -> Tags:
    return [(tag.get("Key", ""), tag.get("Value", "")) for tag in tagged.get("TagSet") or ()]

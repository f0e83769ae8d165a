"""The bucket's policy as it holds for a caller, and permissions that operations ask for late."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cloudling.kernel import Need
from cloudling.kernel.stages import authorize
from cloudling.services.s3.condition_keys import Keys
from cloudling.services.s3.owners import canonical_id

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.records import Bucket

# What RestrictPublicBuckets makes of a public policy for everyone outside: an explicit deny.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
_RESTRICTED = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Sid": "RestrictPublicBuckets",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "*",
            "Resource": "*",
        },
    }
)
# What the root of the bucket's account may always do, so that nobody is locked out for good.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
_REPAIRS = frozenset({"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"})


def policy_of(call: S3Call, bucket: Bucket, action: str = "") -> str | None:
    """The text of the bucket's policy for this caller and action; None where none holds."""
    text = bucket.policy
    if text is None:
        return None
    identity = call.identity
    outside = identity.account != bucket.owner
    if identity.kind == "root" and action in _REPAIRS and not outside:
        return None
    if outside and bucket.public and bucket.restricts_public and identity.kind != "service":
        return _RESTRICTED
    if "CanonicalUser" in text and identity.account:
        return _with_account(text, identity.account)
    return text


async def require(call: S3Call, bucket: Bucket, action: str, key: str = "", **request: str) -> None:
    """Require one more permission on the bucket, or on the object of this key.

    `request` holds the members that conditions see: those of the call that is asked for.
    """
    arn = call.object_arn(bucket.name, key) if key else call.bucket_arn(bucket.name)
    keys = Keys(call, request, bucket, existing=key)
    need = Need(action, arn, bucket.owner, keys, policy_of(call, bucket, action))
    await authorize.require(call, need)


@lru_cache(maxsize=256)
def _with_account(text: str, account: str) -> str:
    """The policy with the account's root where it names the account by its canonical id."""
    document = json.loads(text)
    for statement in document["Statement"]:
        for field in ("Principal", "NotPrincipal"):
            named = statement.get(field)
            if isinstance(named, dict) and canonical_id(account) in named.get("CanonicalUser", ()):
                named["AWS"] = [*_listed(named.get("AWS", [])), account]
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

"""Buckets: making, finding, listing and removing them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation, step
from cloudling.kernel.pages import WrongToken
from cloudling.services.s3 import features, names, owners, removal, tagging
from cloudling.services.s3.errors import (
    AccessDenied,
    BucketAlreadyExists,
    BucketAlreadyOwnedByYou,
    BucketNotEmpty,
    IllegalLocationConstraintException,
    InvalidArgument,
    InvalidBucketName,
    InvalidBucketOwnerAWSAccountID,
    InvalidLocationConstraint,
    NoSuchBucket,
    TooManyBuckets,
)
from cloudling.services.s3.records import Bucket

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call

Request = dict[str, Any]

# The region without a location constraint, whose endpoint takes requests for all others.
FIRST_REGION = "us-east-1"
MOST_BUCKETS = 10_000
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
# Buckets once had wider names; what does not even fit those is refused as a name.
_ONCE_VALID = re.compile(r"[A-Za-z0-9._-]{3,255}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


async def require(call: S3Call, name: str, expected_owner: str | None = None) -> Bucket:
    """The bucket, which must belong to `expected_owner` when that is given."""
    found = await call.buckets.get(name)
    if found is None:
        if _ONCE_VALID.fullmatch(name) is None:
            raise InvalidBucketName(BucketName=name)
        raise NoSuchBucket(BucketName=name)
    if expected_owner is not None:
        _check_owner(found, expected_owner)
    return found


async def of_request(call: S3Call, request: Request) -> Bucket:
    """The bucket a request names; to be asked first of all, before anything waits."""
    known, expected = call.known_bucket, request.get("ExpectedBucketOwner")
    if known is not None and known.name == request["Bucket"] and expected is None:
        return known
    return await require(call, request["Bucket"], expected)


async def still(call: S3Call, bucket: Bucket) -> None:
    """After a wait: the bucket must be the same one still."""
    found = await call.buckets.get(bucket.name)
    if found is None or found.id != bucket.id:
        raise NoSuchBucket(BucketName=bucket.name)


async def pause(call: S3Call, bucket: Bucket) -> None:
    """Let other requests come as far as this one; the bucket must be the same one after it."""
    table = call.buckets.table
    seen = table.changes
    await step()
    if table.changes != seen:
        await still(call, bucket)


def _check_owner(bucket: Bucket, expected: str) -> None:
    if _ACCOUNT.fullmatch(expected) is None:
        raise InvalidBucketOwnerAWSAccountID
    if bucket.owner != expected:
        raise AccessDenied


@operation("CreateBucket")
async def create_bucket(call: S3Call, request: Request) -> Request:
    name = request["Bucket"]
    if not names.is_valid(name):
        raise InvalidBucketName(BucketName=name)
    features.check_bucket(request)
    wanted = request.get("CreateBucketConfiguration") or {}
    region = _region(call.region, wanted.get("LocationConstraint") or "")
    tags = tagging.from_set(wanted.get("Tags") or (), most=tagging.BUCKET_MOST)
    location = f"/{name}" if region == FIRST_REGION else f"http://{name}.s3.amazonaws.com/"
    existing = await call.buckets.get(name)
    if existing is not None:
        if existing.owner != call.account:
            raise BucketAlreadyExists(BucketName=name)
        # Only there making one's own bucket again succeeds, for the sake of old programs.
        if not existing.region == region == FIRST_REGION:
            raise BucketAlreadyOwnedByYou(BucketName=name)
        return {"Location": location}
    if len(await call.buckets.find(MOST_BUCKETS, owner=call.account)) >= MOST_BUCKETS:
        raise TooManyBuckets
    await call.buckets.put(
        Bucket(
            name=name,
            id=call.new_id("", 20),
            owner=call.account,
            region=region,
            created=call.clock.now(),
        )
    )
    if tags:
        await call.tags.replace(call.bucket_arn(name), tags)
    return {"Location": location}


def _region(endpoint: str, constraint: str) -> str:
    """Where a new bucket goes: as AWS, only the first region's endpoint makes them elsewhere."""
    region = "eu-west-1" if constraint == "EU" else constraint
    if not region:
        if endpoint != FIRST_REGION:
            raise IllegalLocationConstraintException("unspecified")
        return FIRST_REGION
    if _REGION.fullmatch(region) is None:
        raise InvalidLocationConstraint(LocationConstraint=constraint)
    if endpoint not in (region, FIRST_REGION):
        raise IllegalLocationConstraintException(constraint)
    if region == FIRST_REGION:
        raise InvalidLocationConstraint(LocationConstraint=constraint)
    return region


@operation("DeleteBucket")
async def delete_bucket(call: S3Call, request: Request) -> None:
    bucket = await of_request(call, request)
    if await call.objects.page(bucket.id, limit=1):
        raise BucketNotEmpty(BucketName=bucket.name)
    while uploads := await call.uploads.page(bucket.id, limit=100):
        for upload in uploads:
            await removal.drop_upload(call, upload)
    await call.buckets.delete(bucket.name)
    await call.tags.replace(call.bucket_arn(bucket.name), {})


@operation("HeadBucket")
async def head_bucket(call: S3Call, request: Request) -> Request:
    bucket = await of_request(call, request)
    return {
        "BucketRegion": bucket.region,
        "AccessPointAlias": False,
        "ContentType": "application/xml",
    }


@operation("GetBucketLocation")
async def get_bucket_location(call: S3Call, request: Request) -> Request:
    bucket = await of_request(call, request)
    return {} if bucket.region == FIRST_REGION else {"LocationConstraint": bucket.region}


@operation("ListBuckets")
async def list_buckets(call: S3Call, request: Request) -> Request:
    prefix = request.get("Prefix") or ""
    region = request.get("BucketRegion")
    most = request.get("MaxBuckets", MOST_BUCKETS)
    if not 1 <= most <= MOST_BUCKETS:
        raise InvalidArgument(
            f"Argument max-buckets must be an integer between 1 and {MOST_BUCKETS}",
            ArgumentName="max-buckets",
            ArgumentValue=most,
        )
    after = _position(call, request.get("ContinuationToken"))
    found = [
        bucket
        for bucket in await call.buckets.find(owner=call.account)
        if bucket.name.startswith(prefix)
        and bucket.name > after
        and region in (None, bucket.region)
    ]
    # AWS tells the region only where a parameter shows that the client knows of it.
    with_region = any(name in request for name in ("Prefix", "BucketRegion", "MaxBuckets"))
    result: Request = {
        "Owner": owners.owner(call.account),
        "Buckets": [_describe(bucket, with_region=with_region) for bucket in found[:most]],
    }
    if "Prefix" in request:
        result["Prefix"] = prefix
    if len(found) > most:
        result["ContinuationToken"] = call.pages.seal(
            found[most - 1].name, "ListBuckets", call.account
        )
    return result


def _describe(bucket: Bucket, *, with_region: bool) -> Request:
    told: Request = {"Name": bucket.name, "CreationDate": int(bucket.created)}
    if with_region:
        told["BucketRegion"] = bucket.region
    return told


def _position(call: S3Call, token: str | None) -> str:
    if token is None:
        return ""
    try:
        return str(call.pages.open(token, "ListBuckets", call.account))
    except WrongToken as fault:
        raise InvalidArgument(
            "The continuation token provided is incorrect", ArgumentName="continuation-token"
        ) from fault

"""Buckets through the in-process client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

OTHER = "444455556666"


def refused(function: Any, **request: Any) -> AwsError:
    with pytest.raises(AwsError) as found:
        function(**request)
    return found.value


def placed(region: str) -> dict[str, Any]:
    return {"CreateBucketConfiguration": {"LocationConstraint": region}}


def test_a_bucket_is_made_found_and_removed(local: LocalCloud, s3: Any) -> None:
    assert s3.create_bucket(Bucket="abc") == {"Location": "/abc"}
    assert s3.head_bucket(Bucket="abc")["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket="abc") == {}
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["abc", "shelf"]
    s3.delete_bucket(Bucket="abc")
    assert refused(s3.head_bucket, Bucket="abc").error_code == "NoSuchBucket"


def test_buckets_lie_in_regions(local: LocalCloud, s3: Any) -> None:
    ireland = local.root(region="eu-west-1").s3
    ireland.create_bucket(Bucket="in-ireland", **placed("eu-west-1"))
    assert ireland.get_bucket_location(Bucket="in-ireland") == {"LocationConstraint": "eu-west-1"}
    ireland.create_bucket(Bucket="in-eu", **placed("EU"))
    assert ireland.head_bucket(Bucket="in-eu")["BucketRegion"] == "eu-west-1"
    # The first region's endpoint makes buckets everywhere.
    s3.create_bucket(Bucket="in-oregon", **placed("us-west-2"))
    assert s3.get_bucket_location(Bucket="in-oregon") == {"LocationConstraint": "us-west-2"}
    regions = {one["Name"]: one["BucketRegion"] for one in s3.list_buckets(MaxBuckets=9)["Buckets"]}
    assert regions["in-oregon"] == "us-west-2"
    found = s3.list_buckets(BucketRegion="eu-west-1")["Buckets"]
    assert [one["Name"] for one in found] == ["in-eu", "in-ireland"]


@pytest.mark.parametrize(
    ("region", "constraint", "code"),
    [
        ("eu-west-1", {}, "IllegalLocationConstraintException"),
        ("eu-west-1", placed("us-west-2"), "IllegalLocationConstraintException"),
        ("us-west-2", placed("us-east-1"), "IllegalLocationConstraintException"),
        ("us-east-1", placed("us-east-1"), "InvalidLocationConstraint"),
        ("us-east-1", placed("nowhere"), "InvalidLocationConstraint"),
    ],
)
def test_wrong_places(
    local: LocalCloud, region: str, constraint: dict[str, Any], code: str
) -> None:
    create = local.root(region=region).s3.create_bucket
    assert refused(create, Bucket="abc", **constraint).error_code == code


def test_making_a_bucket_again(local: LocalCloud, s3: Any) -> None:
    assert s3.create_bucket(Bucket="shelf") == {"Location": "/shelf"}
    ireland = local.root(region="eu-west-1").s3
    ireland.create_bucket(Bucket="abc", **placed("eu-west-1"))
    again = refused(ireland.create_bucket, Bucket="abc", **placed("eu-west-1"))
    assert (again.error_code, again.http_status) == ("BucketAlreadyOwnedByYou", 409)
    others = refused(local.root(OTHER).s3.create_bucket, Bucket="shelf")
    assert (others.error_code, others.http_status) == ("BucketAlreadyExists", 409)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"Bucket": "No"}, "InvalidBucketName"),
        ({"ObjectLockEnabledForBucket": True}, "NotImplemented"),
        ({"ObjectOwnership": "ObjectWriter"}, "NotImplemented"),
        ({"ObjectOwnership": "Nobody"}, "InvalidArgument"),
        ({"ACL": "public-read"}, "InvalidBucketAclWithObjectOwnership"),
        ({"ACL": "public"}, "InvalidArgument"),
        ({"GrantRead": "id=1"}, "InvalidBucketAclWithObjectOwnership"),
        ({"BucketNamespace": "account-regional"}, "NotImplemented"),
        ({"CreateBucketConfiguration": {"Bucket": {}}}, "NotImplemented"),
        ({"CreateBucketConfiguration": {"Tags": [{"Key": "", "Value": ""}]}}, "InvalidTag"),
    ],
)
def test_refused_new_buckets(s3: Any, request_: dict[str, Any], code: str) -> None:
    assert refused(s3.create_bucket, **{"Bucket": "abc", **request_}).error_code == code


def test_new_buckets_take_what_is_so_anyway(s3: Any) -> None:
    s3.create_bucket(Bucket="abc", ACL="private", ObjectOwnership="BucketOwnerEnforced")
    s3.create_bucket(Bucket="abd", ObjectLockEnabledForBucket=False)
    assert {"abc", "abd"} <= {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}


def test_full_buckets_stay(s3: Any) -> None:
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")
    full = refused(s3.delete_bucket, Bucket="shelf")
    assert (full.error_code, full.http_status) == ("BucketNotEmpty", 409)


def test_a_bucket_goes_with_its_uploads_and_comes_back_empty(local: LocalCloud, s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="shelf", Key="k")["UploadId"]
    s3.upload_part(Bucket="shelf", Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    s3.delete_bucket(Bucket="shelf")
    s3.create_bucket(Bucket="shelf")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="shelf")
    missing = refused(s3.list_parts, Bucket="shelf", Key="k", UploadId=upload)
    assert missing.error_code == "NoSuchUpload"


def test_buckets_are_listed_in_pages(local: LocalCloud, s3: Any) -> None:
    for name in ("aa1", "aa2", "aa3", "bb1"):
        s3.create_bucket(Bucket=name)
    first = s3.list_buckets(Prefix="aa", MaxBuckets=2)
    assert [one["Name"] for one in first["Buckets"]] == ["aa1", "aa2"]
    token = first["ContinuationToken"]
    second = s3.list_buckets(Prefix="aa", MaxBuckets=2, ContinuationToken=token)
    assert [one["Name"] for one in second["Buckets"]] == ["aa3"]
    assert "ContinuationToken" not in second
    assert refused(s3.list_buckets, ContinuationToken="x").error_code == "InvalidArgument"
    assert refused(s3.list_buckets, MaxBuckets=0).error_code == "InvalidArgument"
    others = local.root(OTHER).s3.list_buckets()
    assert others["Buckets"] == []
    assert len(others["Owner"]["ID"]) == 64


def test_the_expected_owner_is_checked(s3: Any) -> None:
    owned = s3.head_bucket(Bucket="shelf", ExpectedBucketOwner="111122223333")
    assert owned["BucketRegion"] == "us-east-1"
    wrong = refused(s3.head_bucket, Bucket="shelf", ExpectedBucketOwner=OTHER)
    assert (wrong.error_code, wrong.http_status) == ("AccessDenied", 403)
    malformed = refused(s3.head_bucket, Bucket="shelf", ExpectedBucketOwner="me")
    assert malformed.error_code == "InvalidBucketOwnerAWSAccountID"


def test_names_that_no_bucket_can_have(s3: Any) -> None:
    assert refused(s3.head_bucket, Bucket="a?").error_code == "InvalidBucketName"

"""Who may do what: actions, resources, and what the refused learn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

BUCKET = "arn:aws:s3:::shelf"
OBJECTS = f"{BUCKET}/*"


def allow(action: str | list[str], resource: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def user(local: LocalCloud, *policies: str) -> Any:
    return local.user("someone", *policies).s3


def denied(function: Any, **request: Any) -> str:
    with pytest.raises(AwsError) as refused:
        function(**{"Bucket": "shelf", **request})
    assert (refused.value.error_code, refused.value.http_status) == ("AccessDenied", 403)
    return refused.value.text


def test_reading_needs_the_permission_to_read(local: LocalCloud, s3: Any) -> None:
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")
    reader = user(local, allow("s3:GetObject", OBJECTS))
    assert reader.get_object(Bucket="shelf", Key="k")["ContentLength"] == 1
    assert "s3:GetObjectVersion on" in denied(reader.get_object, Key="k", VersionId="null")
    text = denied(reader.put_object, Key="k", Body=b"x")
    assert "is not authorized to perform: s3:PutObject on resource" in text
    assert f"{BUCKET}/k" in text
    assert "s3:ListBucket on" in denied(reader.list_objects_v2)
    assert "s3:ListBucket on" in denied(reader.head_bucket)


def test_a_missing_key_is_a_secret_to_who_may_not_list(local: LocalCloud, s3: Any) -> None:
    reader = user(local, allow("s3:GetObject", OBJECTS))
    assert "s3:ListBucket" in denied(reader.get_object, Key="none")
    local.root().iam.put_user_policy(
        UserName="someone", PolicyName="l", PolicyDocument=allow("s3:ListBucket", BUCKET)
    )
    with pytest.raises(AwsError, match="NoSuchKey"):
        reader.get_object(Bucket="shelf", Key="none")


def test_writing_with_tags_needs_more(local: LocalCloud, s3: Any) -> None:
    writer = user(local, allow("s3:PutObject", OBJECTS))
    writer.put_object(Bucket="shelf", Key="k", Body=b"x")
    assert "s3:PutObjectTagging" in denied(writer.put_object, Key="k", Body=b"x", Tagging="a=b")
    assert "s3:PutObjectAcl" in denied(writer.put_object, Key="k", Body=b"x", ACL="private")
    upload = writer.create_multipart_upload(Bucket="shelf", Key="m")["UploadId"]
    names = {"Key": "m", "UploadId": upload}
    part = writer.upload_part(Bucket="shelf", **names, PartNumber=1, Body=b"x")
    assert "s3:ListMultipartUploadParts" in denied(writer.list_parts, **names)
    assert "s3:AbortMultipartUpload" in denied(writer.abort_multipart_upload, **names)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    writer.complete_multipart_upload(Bucket="shelf", **names, MultipartUpload=parts)


def test_copying_needs_the_permission_to_read_the_source(local: LocalCloud, s3: Any) -> None:
    s3.put_object(Bucket="shelf", Key="k", Body=b"x", Tagging="a=b")
    copier = user(local, allow(["s3:PutObject"], OBJECTS))
    copy = {"Key": "c", "CopySource": "shelf/k"}
    assert "s3:GetObject on" in denied(copier.copy_object, **copy)
    root = local.root().iam
    root.put_user_policy(
        UserName="someone", PolicyName="r", PolicyDocument=allow("s3:GetObject", OBJECTS)
    )
    assert "s3:GetObjectTagging on" in denied(copier.copy_object, **copy)
    copier.copy_object(Bucket="shelf", **copy, TaggingDirective="REPLACE")


def test_each_deletion_of_a_batch_is_asked_for(local: LocalCloud, s3: Any) -> None:
    for key in ("mine/1", "other"):
        s3.put_object(Bucket="shelf", Key=key, Body=b"x")
    remover = user(local, allow("s3:DeleteObject", f"{BUCKET}/mine/*"))
    wanted = {"Objects": [{"Key": "mine/1"}, {"Key": "other"}]}
    told = remover.delete_objects(Bucket="shelf", Delete=wanted)
    assert told["Deleted"] == [{"Key": "mine/1"}]
    assert [(one["Key"], one["Code"]) for one in told["Errors"]] == [("other", "AccessDenied")]
    assert s3.head_object(Bucket="shelf", Key="other")["ContentLength"] == 1


def test_conditions_on_a_listing(local: LocalCloud, s3: Any) -> None:
    condition = {"StringLike": {"s3:prefix": "home/*"}}
    lister = user(local, allow("s3:ListBucket", BUCKET, Condition=condition))
    assert lister.list_objects_v2(Bucket="shelf", Prefix="home/me")["KeyCount"] == 0
    denied(lister.list_objects_v2, Prefix="away")
    denied(lister.list_objects_v2)


def test_conditions_on_new_tags(local: LocalCloud, s3: Any) -> None:
    condition = {"StringEquals": {"s3:RequestObjectTag/team": "red"}}
    writer = user(
        local,
        allow("s3:PutObject", OBJECTS),
        allow("s3:PutObjectTagging", OBJECTS, Condition=condition),
    )
    writer.put_object(Bucket="shelf", Key="k", Body=b"x", Tagging="team=red")
    denied(writer.put_object, Key="k", Body=b"x", Tagging="team=blue")
    denied(writer.put_object_tagging, Key="k", Tagging={"TagSet": [{"Key": "team", "Value": "x"}]})
    kept = s3.get_object_tagging(Bucket="shelf", Key="k")["TagSet"]
    assert kept == [{"Key": "team", "Value": "red"}]


def test_other_accounts_are_strangers(local: LocalCloud, s3: Any) -> None:
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")
    stranger = local.root("444455556666").s3
    denied(stranger.get_object, Key="k")
    denied(stranger.list_objects_v2)
    denied(stranger.delete_bucket)
    with pytest.raises(AwsError, match="NoSuchBucket"):
        stranger.get_object(Bucket="none-such", Key="k")


def test_listing_and_making_buckets(local: LocalCloud) -> None:
    nobody = user(local)
    with pytest.raises(AwsError, match="s3:ListAllMyBuckets"):
        nobody.list_buckets()
    with pytest.raises(AwsError, match="s3:CreateBucket"):
        nobody.create_bucket(Bucket="abc")

"""Each of S3's condition keys, as a policy that denies by it sees the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.services.s3.policies import (
    ACCOUNT,
    BUCKET,
    OBJECTS,
    STRANGER,
    denied,
    from_origin,
    policy,
    put,
    statement,
)

from cloudling.kernel.origins import Origin
from cloudling.services.iam.credentials import root_of

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud


def deny(s3: Any, action: str, operator: str, key: str, value: str) -> None:
    put(
        s3,
        statement(
            Effect="Deny",
            Principal="*",
            Action=action,
            Resource=[BUCKET, OBJECTS],
            Condition={operator: {key: value}},
        ),
    )


@pytest.fixture
def tagged(s3: Any) -> Any:
    for key, team in (("red", "red"), ("blue", "blue")):
        s3.put_object(Bucket="shelf", Key=key, Body=b"x", Tagging=f"Team={team}")
    return s3


ENCRYPTION = "s3:x-amz-server-side-encryption"
COPY = {"CopySource": "shelf/red"}
# Action and key, the method that is denied, with which request, and one that is not.
MEMBERS: list[tuple[str, str, str, dict[str, Any], dict[str, Any]]] = [
    ("s3:ListBucket s3:prefix", "a/", "list_objects_v2", {"Prefix": "a/"}, {"Prefix": "b/"}),
    ("s3:ListBucket s3:prefix", "a/", "list_objects", {"Prefix": "a/"}, {}),
    ("s3:ListBucket s3:delimiter", "/", "list_objects_v2", {"Delimiter": "/"}, {}),
    ("s3:ListBucket s3:max-keys", "10", "list_objects_v2", {"MaxKeys": 10}, {"MaxKeys": 11}),
    ("s3:ListBucketVersions s3:prefix", "a", "list_object_versions", {"Prefix": "a"}, {}),
    ("s3:PutObject s3:x-amz-acl", "private", "put_object", {"ACL": "private"}, {}),
    (f"s3:PutObject {ENCRYPTION}", "AES256", "put_object", {"ServerSideEncryption": "AES256"}, {}),
    (
        "s3:PutObject s3:x-amz-storage-class",
        "STANDARD",
        "put_object",
        {"StorageClass": "STANDARD"},
        {},
    ),
    (
        "s3:PutObject s3:x-amz-copy-source",
        "shelf/red",
        "copy_object",
        COPY,
        {"CopySource": "shelf/blue"},
    ),
    (
        "s3:PutObject s3:x-amz-metadata-directive",
        "REPLACE",
        "copy_object",
        {**COPY, "MetadataDirective": "REPLACE"},
        COPY,
    ),
    (
        "s3:PutObject s3:RequestObjectTag/team",
        "red",
        "put_object",
        {"Tagging": "Team=red"},
        {"Tagging": "Team=x"},
    ),
    (
        "s3:PutObject s3:RequestObjectTagKeys",
        "Team",
        "put_object",
        {"Tagging": "Team=red"},
        {"Tagging": "x=red"},
    ),
    ("s3:PutObject s3:if-none-match", "*", "put_object", {"IfNoneMatch": "*"}, {}),
]


@pytest.mark.parametrize("case", MEMBERS, ids=lambda case: f"{case[2]} {case[0]}")
def test_members_of_the_request(tagged: Any, case: Any) -> None:
    asked, value, method, hit, miss = case
    action, key = asked.split()
    operator = "ForAnyValue:StringEquals" if key.endswith("Keys") else "StringEquals"
    deny(tagged, action, operator, key, value)
    place = {} if method.startswith("list") else {"Key": "new"}
    denied(getattr(tagged, method), **place, **hit)
    getattr(tagged, method)(Bucket="shelf", **place, **miss)


@pytest.mark.parametrize(
    ("method", "creating"), [("put_object", "true"), ("create_multipart_upload", "false")]
)
def test_what_makes_an_object(s3: Any, method: str, creating: str) -> None:
    deny(s3, "s3:PutObject", "Bool", "s3:ObjectCreationOperation", creating)
    denied(getattr(s3, method), Key="k")
    deny(s3, "s3:PutObject", "BoolIfExists", "s3:ObjectCreationOperation", "maybe")
    getattr(s3, method)(Bucket="shelf", Key="k")


@pytest.mark.parametrize(
    ("key", "value", "headers"),
    [
        ("s3:x-amz-grant-read", 'id="a"', {"GrantRead": 'id="a"'}),
        ("s3:x-amz-grant-full-control", 'id="a"', {"GrantFullControl": 'id="a"'}),
        ("s3:x-amz-grant-read-acp", 'id="a"', {"GrantReadACP": 'id="a"'}),
        ("s3:x-amz-grant-write-acp", 'id="a"', {"GrantWriteACP": 'id="a"'}),
        (f"{ENCRYPTION}-aws-kms-key-id", "k", {"SSEKMSKeyId": "k"}),
        (f"{ENCRYPTION}-customer-algorithm", "AES256", {"SSECustomerAlgorithm": "AES256"}),
        ("s3:x-amz-website-redirect-location", "/x", {"WebsiteRedirectLocation": "/x"}),
        ("s3:object-lock-mode", "GOVERNANCE", {"ObjectLockMode": "GOVERNANCE"}),
        ("s3:object-lock-legal-hold", "ON", {"ObjectLockLegalHoldStatus": "ON"}),
    ],
)
def test_headers_are_judged_before_the_feature(
    s3: Any, key: str, value: str, headers: dict[str, Any]
) -> None:
    deny(s3, "s3:PutObject", "StringEquals", key, value)
    denied(s3.put_object, Key="k", Body=b"x", **headers)
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")


def test_retention(local: LocalCloud, s3: Any) -> None:
    deny(s3, "s3:PutObject", "NumericGreaterThan", "s3:object-lock-remaining-retention-days", "10")
    until = local.clock.now() + 12 * 86400
    denied(s3.put_object, Key="k", Body=b"x", ObjectLockRetainUntilDate=until)
    deny(
        s3,
        "s3:PutObject",
        "DateGreaterThan",
        "s3:object-lock-retain-until-date",
        "2020-01-01T00:00:00Z",
    )
    denied(s3.put_object, Key="k", Body=b"x", ObjectLockRetainUntilDate=until)
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")


def test_versions(tagged: Any) -> None:
    deny(tagged, "s3:GetObjectVersion", "StringEquals", "s3:VersionId", "null")
    denied(tagged.get_object, Key="red", VersionId="null")
    tagged.get_object(Bucket="shelf", Key="red")["Body"].close()


@pytest.mark.parametrize(
    ("action", "method", "more"),
    [
        ("s3:GetObject", "get_object", {}),
        ("s3:GetObject", "head_object", {}),
        ("s3:GetObjectTagging", "get_object_tagging", {}),
        ("s3:PutObjectTagging", "put_object_tagging", {"Tagging": {"TagSet": []}}),
        ("s3:DeleteObjectTagging", "delete_object_tagging", {}),
        ("s3:GetObjectAcl", "get_object_acl", {}),
    ],
)
def test_tags_of_the_object(tagged: Any, action: str, method: str, more: dict[str, Any]) -> None:
    deny(tagged, action, "StringEquals", "s3:ExistingObjectTag/team", "red")
    denied(getattr(tagged, method), Key="red", **more)
    told = getattr(tagged, method)(Bucket="shelf", Key="blue", **more)
    if told and "Body" in told:
        told["Body"].close()


def test_tags_of_the_source_of_a_copy(tagged: Any) -> None:
    deny(tagged, "s3:GetObject", "StringEquals", "s3:ExistingObjectTag/Team", "red")
    denied(tagged.copy_object, Key="c", CopySource="shelf/red")
    tagged.copy_object(Bucket="shelf", Key="c", CopySource="shelf/blue")


def test_tags_in_the_policy_of_a_user(local: LocalCloud, tagged: Any) -> None:
    allow = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": OBJECTS,
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/Team": "red"}},
    }
    ann = local.user("ann", policy(allow)).s3
    ann.get_object(Bucket="shelf", Key="red")["Body"].close()
    denied(ann.get_object, Key="blue")
    denied(ann.get_object, Key="none")


def test_the_location_of_a_new_bucket(local: LocalCloud) -> None:
    deny_abroad = {
        "Effect": "Deny",
        "Action": "s3:CreateBucket",
        "Resource": "*",
        "Condition": {"StringNotEquals": {"s3:LocationConstraint": "eu-west-1"}},
    }
    allow = {"Effect": "Allow", "Action": "s3:CreateBucket", "Resource": "*"}
    text = policy(deny_abroad, allow)
    ann = local.user("ann", text).s3
    place = {"LocationConstraint": "eu-west-1"}
    ann.create_bucket(Bucket="european", CreateBucketConfiguration=place)
    denied(ann.create_bucket, Bucket="american")


def signed(local: LocalCloud, scheme: str, age: float = 0, **headers: str) -> Any:
    origin = Origin(
        peer="192.0.2.1",
        scheme=scheme,
        signature_version="AWS4-HMAC-SHA256",
        signed_at=local.clock.now() - age,
        headers=headers,
    )
    return from_origin(local, root_of(ACCOUNT), origin)


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("StringEquals", "s3:authType", "REST-QUERY-STRING"),
        ("StringEquals", "s3:signatureversion", "AWS4-HMAC-SHA256"),
        ("NumericGreaterThan", "s3:signatureAge", "600000"),
    ],
)
def test_how_the_request_was_signed(
    local: LocalCloud, s3: Any, operator: str, key: str, value: str
) -> None:
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")
    deny(s3, "s3:GetObject", operator, key, value)
    denied(signed(local, "query", age=601).get_object, Key="k")
    # Calls of services among themselves have no signature.
    s3.get_object(Bucket="shelf", Key="k")["Body"].close()


def test_the_digest_of_the_payload(local: LocalCloud, s3: Any) -> None:
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")
    deny(s3, "s3:GetObject", "StringNotEqualsIfExists", "s3:x-amz-content-sha256", "abc")
    unsigned = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    denied(signed(local, "header", **unsigned).get_object, Key="k")
    right = signed(local, "header", **{"x-amz-content-sha256": "abc"})
    right.get_object(Bucket="shelf", Key="k")["Body"].close()


def test_the_account_of_the_resource(local: LocalCloud, s3: Any) -> None:
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")
    put(s3, statement(Principal={"AWS": STRANGER}))
    only_own = {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"StringEquals": {"s3:ResourceAccount": STRANGER}},
    }
    text = policy(only_own)
    ann = local.user("ann", text, account=STRANGER).s3
    denied(ann.get_object, Key="k")
    ann.create_bucket(Bucket="theirs")

"""Bucket tags, and what a bucket made today says of all it was never configured with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError
from cloudling.models import actions, loader
from cloudling.services.s3.actions import CONFIGURATION
from cloudling.store.blobs import Blobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.testing import LocalCloud

NO_CONFIGURATION = ("NoSuchConfiguration", "The specified configuration does not exist.")
NO_METADATA = ("MetadataConfigurationNotFound", "The metadata configuration does not exist")
NO_POLICY = ("NoSuchBucketPolicy", "The bucket policy does not exist")
NO_LIFECYCLE = ("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
NOT_THERE = {
    "get_bucket_policy": NO_POLICY,
    "get_bucket_policy_status": NO_POLICY,
    "get_bucket_cors": ("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
    "get_bucket_lifecycle": NO_LIFECYCLE,
    "get_bucket_lifecycle_configuration": NO_LIFECYCLE,
    "get_bucket_replication": (
        "ReplicationConfigurationNotFoundError",
        "The replication configuration was not found",
    ),
    "get_bucket_website": (
        "NoSuchWebsiteConfiguration",
        "The specified bucket does not have a website configuration",
    ),
    "get_bucket_tagging": ("NoSuchTagSet", "The TagSet does not exist"),
    "get_object_lock_configuration": (
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
    ),
    "get_bucket_metadata_configuration": NO_METADATA,
    "get_bucket_metadata_table_configuration": NO_METADATA,
    "delete_bucket_metadata_configuration": NO_METADATA,
    "delete_bucket_metadata_table_configuration": NO_METADATA,
}
WITH_ID = (
    "get_bucket_analytics_configuration",
    "delete_bucket_analytics_configuration",
    "get_bucket_inventory_configuration",
    "delete_bucket_inventory_configuration",
    "get_bucket_metrics_configuration",
    "delete_bucket_metrics_configuration",
    "get_bucket_intelligent_tiering_configuration",
    "delete_bucket_intelligent_tiering_configuration",
)
LISTS = (
    "list_bucket_analytics_configurations",
    "list_bucket_inventory_configurations",
    "list_bucket_metrics_configurations",
    "list_bucket_intelligent_tiering_configurations",
)
EMPTY = (
    "get_bucket_versioning",
    "get_bucket_logging",
    "get_bucket_accelerate_configuration",
    "get_bucket_notification",
    "get_bucket_notification_configuration",
)
NO_EFFECT = (
    "delete_bucket_policy",
    "delete_bucket_cors",
    "delete_bucket_lifecycle",
    "delete_bucket_replication",
    "delete_bucket_website",
    "delete_bucket_encryption",
    "delete_bucket_tagging",
)
MISSING = (
    "put_bucket_versioning",
    "put_bucket_cors",
    "put_bucket_lifecycle_configuration",
    "put_bucket_replication",
    "put_bucket_website",
    "put_bucket_accelerate_configuration",
    "put_bucket_analytics_configuration",
    "put_object_lock_configuration",
    "delete_bucket_ownership_controls",
)
BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def refusal(function: Callable[..., Any], **request: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        function(**{"Bucket": "shelf", **request})
    return caught.value


def code(function: Callable[..., Any], **request: Any) -> tuple[str, int]:
    found = refusal(function, **request)
    return found.error_code, found.http_status


def tag_set(count: int) -> dict[str, Any]:
    return {"TagSet": [{"Key": f"k{number}", "Value": "v"} for number in range(count)]}


def test_tags_are_set_replaced_and_removed(s3: Any) -> None:
    first = [{"Key": "team", "Value": "red"}, {"Key": "é /=+-@.:_", "Value": ""}]
    s3.put_bucket_tagging(Bucket="shelf", Tagging={"TagSet": first})
    assert s3.get_bucket_tagging(Bucket="shelf") == {"TagSet": first}
    s3.put_bucket_tagging(Bucket="shelf", Tagging=tag_set(50))
    assert s3.get_bucket_tagging(Bucket="shelf") == tag_set(50)
    s3.delete_bucket_tagging(Bucket="shelf")
    assert code(s3.get_bucket_tagging) == ("NoSuchTagSet", 404)
    s3.put_bucket_tagging(Bucket="shelf", Tagging=tag_set(1))
    s3.put_bucket_tagging(Bucket="shelf", Tagging={"TagSet": []})
    assert code(s3.get_bucket_tagging) == ("NoSuchTagSet", 404)


@pytest.mark.parametrize(
    ("tags", "error", "text"),
    [
        ([("a", "1"), ("a", "2")], "InvalidTag", "Cannot provide multiple Tags with the same key"),
        ([("", "1")], "InvalidTag", "The TagKey you have provided is invalid"),
        ([("k" * 129, "1")], "InvalidTag", "The TagKey you have provided is invalid"),
        ([("k", "1" * 257)], "InvalidTag", "The TagValue you have provided is invalid"),
        ([("k", "<b>")], "InvalidTag", "The TagValue you have provided is invalid"),
        ([("aws:x", "1")], "InvalidTag", "System tags cannot be added/updated by requester"),
        (
            [(f"k{number}", "") for number in range(51)],
            "BadRequest",
            "Bucket tags cannot be greater than 50",
        ),
    ],
)
def test_wrong_tags_change_nothing(
    s3: Any, tags: list[tuple[str, str]], error: str, text: str
) -> None:
    s3.put_bucket_tagging(Bucket="shelf", Tagging=tag_set(2))
    wanted = {"TagSet": [{"Key": key, "Value": value} for key, value in tags]}
    found = refusal(s3.put_bucket_tagging, Tagging=wanted)
    assert (found.error_code, found.text, found.http_status) == (error, text, 400)
    assert s3.get_bucket_tagging(Bucket="shelf") == tag_set(2)


def test_tags_come_and_go_with_the_bucket(s3: Any) -> None:
    tags = [{"Key": "team", "Value": "red"}]
    s3.create_bucket(Bucket="tagged", CreateBucketConfiguration={"Tags": tags})
    assert s3.get_bucket_tagging(Bucket="tagged")["TagSet"] == tags
    s3.delete_bucket(Bucket="tagged")
    s3.create_bucket(Bucket="tagged")
    assert code(s3.get_bucket_tagging, Bucket="tagged") == ("NoSuchTagSet", 404)


@pytest.mark.parametrize("method", NOT_THERE)
def test_what_is_not_configured_is_not_there(s3: Any, method: str) -> None:
    found = refusal(getattr(s3, method))
    assert (found.error_code, found.text) == NOT_THERE[method]
    assert (found.http_status, found.fields) == (404, {"BucketName": "shelf"})


@pytest.mark.parametrize("method", WITH_ID)
def test_configurations_with_ids(s3: Any, method: str) -> None:
    found = refusal(getattr(s3, method), Id="one")
    assert (found.error_code, found.text) == NO_CONFIGURATION
    assert found.http_status == 404


@pytest.mark.parametrize("method", LISTS)
def test_lists_are_empty(s3: Any, method: str) -> None:
    assert getattr(s3, method)(Bucket="shelf") == {"IsTruncated": False}


@pytest.mark.parametrize("method", EMPTY)
def test_what_is_off_is_empty(s3: Any, method: str) -> None:
    assert getattr(s3, method)(Bucket="shelf") == {}


def test_defaults(s3: Any) -> None:
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BucketKeyEnabled": False,
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }
    encryption = s3.get_bucket_encryption(Bucket="shelf")
    assert encryption == {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}
    ownership = s3.get_bucket_ownership_controls(Bucket="shelf")["OwnershipControls"]
    assert ownership == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    block = s3.get_public_access_block(Bucket="shelf")["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(BLOCKS, True)
    assert s3.get_bucket_request_payment(Bucket="shelf") == {"Payer": "BucketOwner"}
    assert s3.get_bucket_abac(Bucket="shelf") == {"AbacStatus": {"Status": "Disabled"}}


def test_a_cloud_without_encryption_does_not_claim_it(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Blobs, "encrypted", False)
    error = ("ServerSideEncryptionConfigurationNotFoundError", 404)
    assert code(s3.get_bucket_encryption) == error
    wanted = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    refused = code(s3.put_bucket_encryption, ServerSideEncryptionConfiguration=wanted)
    assert refused == ("NotImplemented", 501)


@pytest.mark.parametrize("method", NO_EFFECT)
def test_deleting_what_is_not_there_succeeds(s3: Any, method: str) -> None:
    assert not getattr(s3, method)(Bucket="shelf")
    assert code(getattr(s3, method), Bucket="none") == ("NoSuchBucket", 404)


@pytest.mark.parametrize("method", MISSING)
def test_configuring_refuses_by_name(s3: Any, method: str) -> None:
    found = refusal(getattr(s3, method))
    assert (found.error_code, found.http_status) == ("NotImplemented", 501)
    assert found.text.lower().startswith(method.replace("_", ""))


def test_every_read_of_a_bucket_needs_the_bucket(s3: Any) -> None:
    for method in (*NOT_THERE, *EMPTY, *WITH_ID, *LISTS, "get_bucket_acl", "get_bucket_encryption"):
        assert code(getattr(s3, method), Bucket="none", Id="one") == ("NoSuchBucket", 404)
    for method in (*NOT_THERE, *EMPTY):
        refused = code(getattr(s3, method), ExpectedBucketOwner="999999999999")
        assert refused == ("AccessDenied", 403)


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        (
            "put_bucket_encryption",
            {
                "ServerSideEncryptionConfiguration": {
                    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                }
            },
        ),
        (
            "put_bucket_encryption",
            {
                "ServerSideEncryptionConfiguration": {
                    "Rules": [{"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}]
                }
            },
        ),
        (
            "put_bucket_ownership_controls",
            {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
        ),
        (
            "put_public_access_block",
            {"PublicAccessBlockConfiguration": dict.fromkeys(BLOCKS, True)},
        ),
        ("put_bucket_request_payment", {"RequestPaymentConfiguration": {"Payer": "BucketOwner"}}),
        ("put_bucket_abac", {"AbacStatus": {"Status": "Disabled"}}),
        ("put_bucket_logging", {"BucketLoggingStatus": {}}),
        ("put_bucket_notification", {"NotificationConfiguration": {}}),
        ("put_bucket_notification_configuration", {"NotificationConfiguration": {}}),
    ],
)
def test_stating_what_holds_already(s3: Any, method: str, request_: dict[str, Any]) -> None:
    assert not getattr(s3, method)(Bucket="shelf", **request_)
    assert code(getattr(s3, method), Bucket="none", **request_) == ("NoSuchBucket", 404)
    assert code(getattr(s3, method)) == ("MalformedXML", 400)


def rules(**rule: Any) -> dict[str, Any]:
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


@pytest.mark.parametrize(
    ("method", "request_", "word"),
    [
        (
            "put_bucket_encryption",
            rules(ApplyServerSideEncryptionByDefault={"SSEAlgorithm": "aws:kms"}),
            "aws:kms",
        ),
        ("put_bucket_encryption", rules(BucketKeyEnabled=True), "BucketKeyEnabled"),
        (
            "put_bucket_encryption",
            rules(BlockedEncryptionTypes={"EncryptionType": ["NONE"]}),
            "EncryptionType NONE",
        ),
        (
            "put_bucket_ownership_controls",
            {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}},
            "ObjectWriter",
        ),
        (
            "put_bucket_request_payment",
            {"RequestPaymentConfiguration": {"Payer": "Requester"}},
            "Requester",
        ),
        ("put_bucket_abac", {"AbacStatus": {"Status": "Enabled"}}, "Enabled"),
        (
            "put_bucket_logging",
            {"BucketLoggingStatus": {"LoggingEnabled": {"TargetBucket": "b", "TargetPrefix": ""}}},
            "LoggingEnabled",
        ),
        (
            "put_bucket_notification_configuration",
            {"NotificationConfiguration": {"EventBridgeConfiguration": {}}},
            "EventBridgeConfiguration",
        ),
    ],
)
def test_anything_else_refuses_by_name(
    s3: Any, method: str, request_: dict[str, Any], word: str
) -> None:
    found = refusal(getattr(s3, method), **request_)
    assert (found.error_code, found.http_status) == ("NotImplemented", 501)
    assert word in found.text
    assert found.text.lower().startswith(method.replace("_", ""))


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        (
            "put_bucket_encryption",
            rules(ApplyServerSideEncryptionByDefault={"SSEAlgorithm": "rot13"}),
        ),
        ("put_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": [{}, {}]}}),
        ("put_bucket_ownership_controls", {"OwnershipControls": {"Rules": []}}),
        (
            "put_bucket_ownership_controls",
            {"OwnershipControls": {"Rules": [{"ObjectOwnership": "Nobody"}]}},
        ),
        ("put_bucket_request_payment", {"RequestPaymentConfiguration": {"Payer": "Nobody"}}),
        ("put_bucket_abac", {"AbacStatus": {"Status": "Perhaps"}}),
    ],
)
def test_nonsense_is_malformed(s3: Any, method: str, request_: dict[str, Any]) -> None:
    assert code(getattr(s3, method), **request_) == ("MalformedXML", 400)


def test_a_key_without_kms_is_an_argument_that_does_not_apply(s3: Any) -> None:
    default = {"SSEAlgorithm": "AES256", "KMSMasterKeyID": "k"}
    wanted = rules(ApplyServerSideEncryptionByDefault=default)
    assert code(s3.put_bucket_encryption, **wanted) == ("InvalidArgument", 400)


def test_acls_are_the_owners_and_off(s3: Any) -> None:
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")
    acl = s3.get_bucket_acl(Bucket="shelf")
    owner = s3.list_buckets()["Owner"]
    grantee = {"Type": "CanonicalUser", **owner}
    assert acl == {"Owner": owner, "Grants": [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]}
    assert s3.get_object_acl(Bucket="shelf", Key="k") == acl
    assert s3.get_object_acl(Bucket="shelf", Key="k", VersionId="null") == acl
    off = ("AccessControlListNotSupported", 400)
    for wanted in ({"ACL": "private"}, {"GrantRead": "id=1"}, {"AccessControlPolicy": acl}):
        assert code(s3.put_bucket_acl, **wanted) == off
        assert code(s3.put_object_acl, Key="k", **wanted) == off
    assert code(s3.get_object_acl, Key="none") == ("NoSuchKey", 404)
    assert code(s3.put_object_acl, Key="none", ACL="private") == ("NoSuchKey", 404)
    assert code(s3.put_object_acl, Key="k", ACL="mine") == ("InvalidArgument", 400)


@pytest.mark.parametrize(
    "method",
    [
        "get_object_retention",
        "put_object_retention",
        "get_object_legal_hold",
        "put_object_legal_hold",
    ],
)
def test_no_lock_no_retention(s3: Any, method: str) -> None:
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")
    found = refusal(getattr(s3, method), Key="k")
    assert (found.error_code, found.http_status) == ("InvalidRequest", 400)
    assert found.text == "Bucket is missing Object Lock Configuration"
    assert code(getattr(s3, method), Key="none") == ("NoSuchKey", 404)
    assert code(getattr(s3, method), Bucket="none", Key="k") == ("NoSuchBucket", 404)


def test_actions_are_ones_that_iam_knows() -> None:
    operations = loader.load("s3").operations
    for name, action in CONFIGURATION.items():
        assert name in operations
        assert actions.find(action) is not None


@pytest.mark.parametrize(
    ("method", "request_", "action"),
    [
        ("get_bucket_encryption", {}, "s3:GetEncryptionConfiguration"),
        ("get_public_access_block", {}, "s3:GetBucketPublicAccessBlock"),
        ("get_object_lock_configuration", {}, "s3:GetBucketObjectLockConfiguration"),
        ("get_bucket_cors", {}, "s3:GetBucketCORS"),
        ("delete_bucket_tagging", {}, "s3:PutBucketTagging"),
        ("delete_bucket_lifecycle", {}, "s3:PutLifecycleConfiguration"),
        ("delete_bucket_website", {}, "s3:DeleteBucketWebsite"),
        ("list_bucket_metrics_configurations", {}, "s3:GetMetricsConfiguration"),
        ("get_object_acl", {"Key": "k"}, "s3:GetObjectAcl"),
        ("get_object_acl", {"Key": "k", "VersionId": "null"}, "s3:GetObjectVersionAcl"),
        ("get_object_retention", {"Key": "k"}, "s3:GetObjectRetention"),
    ],
)
def test_each_asks_for_its_own_action(
    local: LocalCloud, s3: Any, method: str, request_: dict[str, Any], action: str
) -> None:
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")
    resource = "arn:aws:s3:::shelf" + ("/k" if "Key" in request_ else "")
    policy, others = (
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", element: action, "Resource": resource},
            }
        )
        for element in ("Action", "NotAction")
    )
    allowed = getattr(local.user("may", policy).s3, method)
    try:
        allowed(Bucket="shelf", **request_)
    except AwsError as answer:
        assert answer.error_code != "AccessDenied"  # noqa: PT017 - success is right as well
    found = refusal(getattr(local.user("others", others).s3, method), **request_)
    assert found.error_code == "AccessDenied"
    assert f"{action} on resource" in found.text


def test_another_account_is_refused(local: LocalCloud) -> None:
    stranger = local.root("444455556666").s3
    methods = (*NOT_THERE, *EMPTY, *NO_EFFECT, "get_bucket_acl", "put_bucket_acl")
    for method in (*methods, "put_bucket_tagging", "get_bucket_encryption"):
        assert code(getattr(stranger, method)) == ("AccessDenied", 403)

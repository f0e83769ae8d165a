"""Every operation of a bucket's configuration by boto3 over HTTP, and its XML as clients see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "shelf"
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
READS = {
    "get_bucket_abac": {"AbacStatus": {"Status": "Disabled"}},
    "get_bucket_accelerate_configuration": {},
    "get_bucket_encryption": {
        "ServerSideEncryptionConfiguration": {
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
                    "BucketKeyEnabled": False,
                    "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
                }
            ]
        }
    },
    "get_bucket_logging": {},
    "get_bucket_notification": {},
    "get_bucket_notification_configuration": {},
    "get_bucket_ownership_controls": {
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    },
    "get_bucket_request_payment": {"Payer": "BucketOwner"},
    "get_bucket_versioning": {},
    "get_public_access_block": {
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        }
    },
    "list_bucket_analytics_configurations": {"IsTruncated": False},
    "list_bucket_inventory_configurations": {"IsTruncated": False},
    "list_bucket_metrics_configurations": {"IsTruncated": False},
    "list_bucket_intelligent_tiering_configurations": {"IsTruncated": False},
}
ABSENT = {
    "get_bucket_cors": "NoSuchCORSConfiguration",
    "get_bucket_lifecycle": "NoSuchLifecycleConfiguration",
    "get_bucket_lifecycle_configuration": "NoSuchLifecycleConfiguration",
    "get_bucket_metadata_configuration": "MetadataConfigurationNotFound",
    "get_bucket_metadata_table_configuration": "MetadataConfigurationNotFound",
    "delete_bucket_metadata_configuration": "MetadataConfigurationNotFound",
    "delete_bucket_metadata_table_configuration": "MetadataConfigurationNotFound",
    "get_bucket_policy": "NoSuchBucketPolicy",
    "get_bucket_policy_status": "NoSuchBucketPolicy",
    "get_bucket_replication": "ReplicationConfigurationNotFoundError",
    "get_bucket_tagging": "NoSuchTagSet",
    "get_bucket_website": "NoSuchWebsiteConfiguration",
    "get_object_lock_configuration": "ObjectLockConfigurationNotFoundError",
}
DELETES = (
    "delete_bucket_policy",
    "delete_bucket_cors",
    "delete_bucket_lifecycle",
    "delete_bucket_replication",
    "delete_bucket_website",
    "delete_bucket_encryption",
    "delete_bucket_tagging",
)
STATED: dict[str, dict[str, Any]] = {
    "put_bucket_abac": {"AbacStatus": {"Status": "Disabled"}},
    "put_bucket_encryption": READS["get_bucket_encryption"],
    "put_bucket_logging": {"BucketLoggingStatus": {}},
    "put_bucket_notification": {"NotificationConfiguration": {}},
    "put_bucket_notification_configuration": {"NotificationConfiguration": {}},
    "put_bucket_ownership_controls": READS["get_bucket_ownership_controls"],
    "put_bucket_request_payment": {"RequestPaymentConfiguration": {"Payer": "BucketOwner"}},
    "put_public_access_block": READS["get_public_access_block"],
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        yield running


@pytest.fixture(scope="module")
def s3(cloud: RunningCloud) -> Iterator[Any]:
    client = cloud.client("s3")
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key="k", Body=b"x")
    yield client
    client.close()


def answer(function: Any, **request: Any) -> tuple[int, dict[str, Any]]:
    """Status and members of a result."""
    result = function(**{"Bucket": BUCKET, **request})
    metadata = result.pop("ResponseMetadata")
    return metadata["HTTPStatusCode"], result


def refused(function: Any, **request: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as found:
        function(**{"Bucket": BUCKET, **request})
    response = found.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


@pytest.mark.parametrize("method", READS)
def test_reads(s3: Any, method: str) -> None:
    assert answer(getattr(s3, method)) == (200, READS[method])


@pytest.mark.parametrize("method", ABSENT)
def test_what_is_not_there(s3: Any, method: str) -> None:
    assert refused(getattr(s3, method)) == (404, ABSENT[method])


@pytest.mark.parametrize("method", WITH_ID)
def test_configurations_with_ids(s3: Any, method: str) -> None:
    assert refused(getattr(s3, method), Id="one") == (404, "NoSuchConfiguration")


@pytest.mark.parametrize("method", DELETES)
def test_deletes(s3: Any, method: str) -> None:
    assert answer(getattr(s3, method)) == (204, {})


@pytest.mark.parametrize("method", STATED)
def test_stating_what_holds(s3: Any, method: str) -> None:
    assert answer(getattr(s3, method), **STATED[method]) == (200, {})


def test_tags(s3: Any) -> None:
    s3.create_bucket(Bucket="tagged")
    tags = {"TagSet": [{"Key": "a b", "Value": "é"}, {"Key": "c", "Value": ""}]}
    assert answer(s3.put_bucket_tagging, Bucket="tagged", Tagging=tags) == (204, {})
    assert answer(s3.get_bucket_tagging, Bucket="tagged") == (200, tags)
    wrong = {"TagSet": [{"Key": "aws:x", "Value": ""}]}
    assert refused(s3.put_bucket_tagging, Bucket="tagged", Tagging=wrong) == (400, "InvalidTag")
    assert answer(s3.delete_bucket_tagging, Bucket="tagged") == (204, {})
    assert refused(s3.get_bucket_tagging, Bucket="tagged") == (404, "NoSuchTagSet")


def test_acls(s3: Any) -> None:
    owner = s3.list_buckets()["Owner"]
    grant = {"Grantee": {"Type": "CanonicalUser", **owner}, "Permission": "FULL_CONTROL"}
    acl = {"Owner": owner, "Grants": [grant]}
    assert answer(s3.get_bucket_acl) == (200, acl)
    assert answer(s3.get_object_acl, Key="k") == (200, acl)
    off = (400, "AccessControlListNotSupported")
    assert refused(s3.put_bucket_acl, ACL="private") == off
    assert refused(s3.put_bucket_acl, AccessControlPolicy=acl) == off
    assert refused(s3.put_object_acl, Key="k", ACL="public-read") == off


def test_no_lock_no_retention(s3: Any) -> None:
    missing = (400, "InvalidRequest")
    assert refused(s3.get_object_retention, Key="k") == missing
    assert refused(s3.get_object_legal_hold, Key="k") == missing
    until = {"Mode": "GOVERNANCE", "RetainUntilDate": 4102444800}
    assert refused(s3.put_object_retention, Key="k", Retention=until) == missing
    assert refused(s3.put_object_legal_hold, Key="k", LegalHold={"Status": "ON"}) == missing
    assert refused(s3.get_object_retention, Key="none") == (404, "NoSuchKey")


def test_configuring_refuses_by_name(s3: Any) -> None:
    with pytest.raises(ClientError, match="PutBucketVersioning") as found:
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    assert found.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_the_error_names_the_bucket(s3: Any) -> None:
    with pytest.raises(ClientError) as found:
        s3.get_bucket_policy(Bucket=BUCKET)
    assert found.value.response["Error"] == {
        "Code": "NoSuchBucketPolicy",
        "Message": "The bucket policy does not exist",
        "BucketName": BUCKET,
    }


def test_the_xml_of_an_acl(cloud: RunningCloud) -> None:
    """The grantee's type is an attribute of another namespace, which strict readers ask for."""
    client = cloud.client("s3", config=Config(signature_version="s3v4"))
    client.create_bucket(Bucket=BUCKET)
    url = client.generate_presigned_url("get_bucket_acl", Params={"Bucket": BUCKET})
    client.close()
    with urlopen(url) as response:  # noqa: S310 - to our own server
        text = response.read().decode()
    assert '<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' in text
    assert 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"' in text
    assert 'xsi:type="CanonicalUser"' in text

"""Bucket policies and Block Public Access by boto3, and without any signature, over HTTP."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from tests.services.s3.policies import OPEN, STRANGER, identity_policy, policy, statement

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "000000000000"
BUCKET = "arn:aws:s3:::shelf"
EVERYTHING = [BUCKET, f"{BUCKET}/*"]


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        yield running


@pytest.fixture
def s3(cloud: RunningCloud) -> Iterator[Any]:
    client = cloud.client("s3")
    client.create_bucket(Bucket="shelf")
    client.put_object(Bucket="shelf", Key="k", Body=b"x")
    yield client
    client.delete_bucket_policy(Bucket="shelf")
    for one in client.list_objects_v2(Bucket="shelf").get("Contents", ()):
        client.delete_object(Bucket="shelf", Key=one["Key"])
    client.delete_bucket(Bucket="shelf")
    client.close()


@pytest.fixture
def ann(cloud: RunningCloud) -> Iterator[Any]:
    """A user of the account without any policy."""
    iam = cloud.client("iam")
    keys = cloud.user("ann")
    client = cloud.client("s3", **keys)
    yield client
    client.close()
    iam.delete_access_key(UserName="ann", AccessKeyId=keys["aws_access_key_id"])
    iam.delete_user(UserName="ann")
    iam.close()


def put(s3: Any, *statements: dict[str, Any]) -> int:
    answer = s3.put_bucket_policy(Bucket="shelf", Policy=policy(*statements))
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def refused(function: Any, **request: Any) -> tuple[int, dict[str, str]]:
    with pytest.raises(ClientError) as found:
        function(**{"Bucket": "shelf", **request})
    response = found.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]


def code(function: Any, **request: Any) -> tuple[int, str]:
    status, error = refused(function, **request)
    return status, error["Code"]


def fetched(cloud: RunningCloud, target: str, method: str = "GET") -> int:
    """The status of an unsigned request, or of a presigned one."""
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=60)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def test_put_get_status_and_delete(s3: Any) -> None:
    assert put(s3, statement(Principal={"AWS": ACCOUNT})) == 204
    answer = s3.get_bucket_policy(Bucket="shelf")
    assert json.loads(answer["Policy"])["Statement"][0]["Effect"] == "Allow"
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/json"
    status = s3.get_bucket_policy_status(Bucket="shelf")["PolicyStatus"]
    assert status == {"IsPublic": False}
    deleted = s3.delete_bucket_policy(Bucket="shelf")
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert code(s3.get_bucket_policy) == (404, "NoSuchBucketPolicy")


def test_refusals_tell_the_detail(s3: Any) -> None:
    status, error = refused(s3.put_bucket_policy, Policy=policy(statement(Action="s3:Nothing")))
    assert status == 400
    assert error == {
        "Code": "MalformedPolicy",
        "Message": "Policy has invalid action",
        "Detail": "s3:Nothing",
    }
    assert code(s3.put_bucket_policy, Policy="no policy") == (400, "MalformedPolicy")
    assert code(s3.put_bucket_policy, Policy="é") == (400, "MalformedPolicy")


def test_a_wrong_digest_is_refused(s3: Any) -> None:
    def spoil(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["Content-MD5"] = "1B2M2Y8AsgTpgAmY7PhCfg=="

    s3.meta.events.register("before-call.s3.PutBucketPolicy", spoil)
    assert code(s3.put_bucket_policy, Policy=policy(statement())) == (400, "BadDigest")
    s3.meta.events.unregister("before-call.s3.PutBucketPolicy", spoil)
    assert code(s3.get_bucket_policy) == (404, "NoSuchBucketPolicy")


def test_public_access_block(s3: Any) -> None:
    public = statement(Principal="*")
    assert code(s3.put_bucket_policy, Policy=policy(public)) == (403, "AccessDenied")
    s3.put_public_access_block(Bucket="shelf", PublicAccessBlockConfiguration=OPEN)
    found = s3.get_public_access_block(Bucket="shelf")["PublicAccessBlockConfiguration"]
    assert found == OPEN
    assert put(s3, public) == 204
    assert s3.get_bucket_policy_status(Bucket="shelf")["PolicyStatus"] == {"IsPublic": True}
    deleted = s3.delete_public_access_block(Bucket="shelf")
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    gone = (404, "NoSuchPublicAccessBlockConfiguration")
    assert code(s3.get_public_access_block) == gone
    empty = (400, "InvalidRequest")
    assert code(s3.put_public_access_block, PublicAccessBlockConfiguration={}) == empty


def test_anonymous_access(cloud: RunningCloud, s3: Any) -> None:
    assert fetched(cloud, "/shelf/k") == 403
    s3.delete_public_access_block(Bucket="shelf")
    put(s3, statement(Principal="*"))
    assert fetched(cloud, "/shelf/k") == 200
    assert fetched(cloud, "/shelf/k", "HEAD") == 200
    assert fetched(cloud, "/shelf/none") == 403
    assert fetched(cloud, "/shelf/k", "DELETE") == 403
    assert fetched(cloud, "/shelf") == 403
    s3.put_public_access_block(
        Bucket="shelf", PublicAccessBlockConfiguration={**OPEN, "RestrictPublicBuckets": True}
    )
    assert fetched(cloud, "/shelf/k") == 403


def test_presigned_links(cloud: RunningCloud, s3: Any, ann: Any) -> None:
    def link(client: Any) -> str:
        url = urlsplit(
            client.generate_presigned_url("get_object", Params={"Bucket": "shelf", "Key": "k"})
        )
        return f"{url.path}?{url.query}"

    assert fetched(cloud, link(s3)) == 200
    assert fetched(cloud, link(ann)) == 403
    named = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"}
    put(s3, statement(Principal=named))
    assert fetched(cloud, link(ann)) == 200
    no_links = {"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}
    put(
        s3,
        statement(Principal=named),
        statement(Effect="Deny", Principal="*", Condition=no_links),
    )
    assert fetched(cloud, link(ann)) == 403
    assert fetched(cloud, link(s3)) == 403
    assert ann.get_object(Bucket="shelf", Key="k")["ContentLength"] == 1


def test_a_user_let_in_by_the_bucket_alone(s3: Any, ann: Any) -> None:
    status, error = refused(ann.get_object, Key="k")
    assert status == 403
    assert error["Message"].endswith("no identity-based policy allows the s3:GetObject action")
    put(s3, statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"}))
    assert ann.get_object(Bucket="shelf", Key="k")["ContentLength"] == 1
    put(s3, statement(Effect="Deny", Principal="*", Action="s3:*", Resource=EVERYTHING))
    _, error = refused(ann.get_object, Key="k")
    assert error["Message"].endswith("with an explicit deny in a resource-based policy")


def test_another_account(cloud: RunningCloud, s3: Any) -> None:
    stranger = cloud.client("s3", aws_access_key_id=STRANGER)
    try:
        _, error = refused(stranger.get_object, Key="k")
        assert error["Message"] == "Access Denied"
        put(s3, statement(Principal={"AWS": STRANGER}))
        assert stranger.get_object(Bucket="shelf", Key="k")["ContentLength"] == 1
        assert code(stranger.put_object, Key="k", Body=b"y") == (403, "AccessDenied")
    finally:
        stranger.close()


def test_plain_connections_denied(s3: Any) -> None:
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    put(
        s3,
        statement(
            Effect="Deny",
            Principal="*",
            Action="s3:*",
            Resource=EVERYTHING,
            Condition=insecure,
        ),
    )
    assert code(s3.get_object, Key="k") == (403, "AccessDenied")
    assert code(s3.list_objects_v2) == (403, "AccessDenied")


def test_only_from_elsewhere(s3: Any) -> None:
    elsewhere = {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    put(s3, statement(Effect="Deny", Principal="*", Condition=elsewhere))
    assert code(s3.get_object, Key="k") == (403, "AccessDenied")
    here = {"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "127.0.0.0/8"]}}
    put(s3, statement(Effect="Deny", Principal="*", Condition=here))
    assert s3.get_object(Bucket="shelf", Key="k")["ContentLength"] == 1


def test_encryption_headers_forced(s3: Any) -> None:
    absent = {"Null": {"s3:x-amz-server-side-encryption": "true"}}
    put(s3, statement(Effect="Deny", Principal="*", Action="s3:PutObject", Condition=absent))
    assert code(s3.put_object, Key="new", Body=b"x") == (403, "AccessDenied")
    s3.put_object(Bucket="shelf", Key="new", Body=b"x", ServerSideEncryption="AES256")


def test_home_folders(cloud: RunningCloud, s3: Any, ann: Any) -> None:
    everyone = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"}
    prefix = {"StringLike": {"s3:prefix": "home/${aws:username}/*"}}
    put(
        s3,
        statement(Principal=everyone, Action="s3:ListBucket", Resource=BUCKET, Condition=prefix),
        statement(
            Principal=everyone,
            Action="s3:PutObject",
            Resource=f"{BUCKET}/home/${{aws:username}}/*",
        ),
    )
    ann.put_object(Bucket="shelf", Key="home/ann/a", Body=b"x")
    assert ann.list_objects_v2(Bucket="shelf", Prefix="home/ann/")["KeyCount"] == 1
    assert code(ann.list_objects_v2, Prefix="home/") == (403, "AccessDenied")
    assert code(ann.put_object, Key="home/bob/a", Body=b"x") == (403, "AccessDenied")


def test_policies_outlive_a_user_policy(cloud: RunningCloud, s3: Any, ann: Any) -> None:
    iam = cloud.client("iam")
    allow = identity_policy("s3:*")
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=allow)
    put(s3, statement(Effect="Deny", Principal="*", Action="s3:GetObject"))
    assert code(ann.get_object, Key="k") == (403, "AccessDenied")
    assert ann.list_objects_v2(Bucket="shelf")["KeyCount"] == 1
    iam.delete_user_policy(UserName="ann", PolicyName="p")
    iam.close()

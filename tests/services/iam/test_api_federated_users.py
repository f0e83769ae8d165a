"""STS: sessions of people that a user vouches for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.services.iam.test_api_policies import document
from tests.services.iam.test_api_principals import refusal
from tests.services.iam.test_api_sessions import INVALID

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud
    from cloudling.testing.clouds import SyncClient

BOB = "arn:aws:sts::111122223333:federated-user/bob"
LIST = document("s3:ListAllMyBuckets")


@pytest.fixture
def broker(local: LocalCloud) -> SyncClient:
    """A user who vouches for others, and may do anything in S3 and IAM."""
    return local.user("broker", document("s3:*", "iam:*", "sts:*"))


def vouched(local: LocalCloud, broker: SyncClient, **more: Any) -> SyncClient:
    answer = broker.sts.get_federation_token(Name="bob", **more)
    return local.session(answer["Credentials"])


def test_a_federated_user(local: LocalCloud, broker: SyncClient) -> None:
    answer = broker.sts.get_federation_token(Name="bob", Policy=LIST)
    assert answer["FederatedUser"] == {"FederatedUserId": "111122223333:bob", "Arn": BOB}
    assert answer["Credentials"]["Expiration"] == local.clock.now() + 43_200
    assert 0 < answer["PackedPolicySize"] < 20
    bob = local.session(answer["Credentials"])
    assert bob.sts.get_caller_identity() == {
        "UserId": "111122223333:bob",
        "Account": "111122223333",
        "Arn": BOB,
    }
    assert bob.s3.list_buckets()["Buckets"] == []
    code, text, _ = refusal(bob.s3.create_bucket, Bucket="bucket")
    assert code == "AccessDenied"
    assert text.startswith(f"User: {BOB} is not authorized to perform: s3:CreateBucket")
    assert text.endswith("because no session policy allows the s3:CreateBucket action")


def test_never_more_than_the_user_may(local: LocalCloud, broker: SyncClient) -> None:
    everything = vouched(local, broker, Policy=document("*"))
    assert everything.s3.list_buckets()["Buckets"] == []
    iam = local.root().iam
    iam.delete_user_policy(UserName="broker", PolicyName="p0")
    assert refusal(everything.s3.list_buckets)[1].endswith(
        "because no identity-based policy allows the s3:ListAllMyBuckets action"
    )


def test_without_policies_a_session_may_do_nothing(local: LocalCloud, broker: SyncClient) -> None:
    answer = broker.sts.get_federation_token(Name="bob")
    assert "PackedPolicySize" not in answer
    assert refusal(local.session(answer["Credentials"]).s3.list_buckets)[1].endswith(
        "because no session policy allows the s3:ListAllMyBuckets action"
    )


def test_managed_policies_narrow(local: LocalCloud, broker: SyncClient) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    bob = vouched(local, broker, PolicyArns=[{"arn": arn}])
    assert bob.s3.list_buckets()["Buckets"] == []
    assert refusal(bob.s3.create_bucket, Bucket="bucket")[0] == "AccessDenied"


def test_what_a_federated_user_may_not_call(local: LocalCloud, broker: SyncClient) -> None:
    bob = vouched(local, broker, Policy=document("*"))
    assert refusal(bob.iam.list_users) == INVALID
    role = {"RoleArn": "arn:aws:iam::111122223333:role/r", "RoleSessionName": "session"}
    for operation, call in (
        ("AssumeRole", lambda: bob.sts.assume_role(**role)),
        ("GetFederationToken", lambda: bob.sts.get_federation_token(Name="eve")),
        ("GetSessionToken", bob.sts.get_session_token),
        ("GetAccessKeyInfo", lambda: bob.sts.get_access_key_info(AccessKeyId="A" * 20)),
    ):
        text = f"Cannot call {operation} with session credentials"
        assert refusal(call) == ("AccessDenied", text, 403)


def test_the_permission_to_vouch(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:GetFederationToken", resource=BOB))
    assert ann.sts.get_federation_token(Name="bob")["Credentials"]
    start = "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: sts:"
    eve = "arn:aws:sts::111122223333:federated-user/eve"
    assert refusal(ann.sts.get_federation_token, Name="eve")[1] == (
        f"{start}GetFederationToken on resource: {eve} because no identity-based policy allows the "
        "sts:GetFederationToken action"
    )
    tags = [{"Key": "team", "Value": "red"}]
    assert refusal(ann.sts.get_federation_token, Name="bob", Tags=tags)[1] == (
        f"{start}TagSession on resource: {BOB} because no identity-based policy allows the "
        "sts:TagSession action"
    )


def test_tags_of_federated_users(local: LocalCloud) -> None:
    red = {"Condition": {"StringEquals": {"aws:RequestTag/team": "red"}}}
    own = {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}
    both = {"Condition": {"StringEquals": {"aws:PrincipalTag/site": "north"}}}
    ann = local.user(
        "ann",
        document("sts:GetFederationToken"),
        document("sts:TagSession", **red),
        document("s3:ListAllMyBuckets", **own),
        document("s3:CreateBucket", **both),
    )
    local.root().iam.tag_user(
        UserName="ann", Tags=[{"Key": "Team", "Value": "blue"}, {"Key": "site", "Value": "north"}]
    )
    blue = [{"Key": "team", "Value": "blue"}]
    assert refusal(ann.sts.get_federation_token, Name="bob", Tags=blue)[0] == "AccessDenied"
    bob = vouched(local, ann, Policy=document("*"), Tags=[{"Key": "team", "Value": "red"}])
    assert bob.s3.list_buckets()["Buckets"] == []
    assert bob.s3.create_bucket(Bucket="bucket")["Location"]
    assert refusal(vouched(local, ann, Policy=document("*")).s3.list_buckets)[0] == "AccessDenied"


def test_variables_and_keys_of_federated_users(local: LocalCloud) -> None:
    names = {"aws:userid": "111122223333:bob", "aws:PrincipalArn": BOB}
    names["aws:PrincipalType"] = "FederatedUser"
    condition = {"StringEquals": names, "Null": {"aws:username": "true"}}
    ann = local.user("ann", document("sts:*"), document("s3:ListAllMyBuckets", Condition=condition))
    assert vouched(local, ann, Policy=document("s3:*")).s3.list_buckets()["Buckets"] == []


def test_a_boundary_binds_the_federated_user(local: LocalCloud, broker: SyncClient) -> None:
    only_iam = "arn:aws:iam::aws:policy/IAMFullAccess"
    bob = vouched(local, broker, Policy=document("*"))
    local.root().iam.put_user_permissions_boundary(UserName="broker", PermissionsBoundary=only_iam)
    assert refusal(bob.s3.list_buckets)[1].endswith(
        "because no permissions boundary allows the s3:ListAllMyBuckets action"
    )


def test_root_vouches(local: LocalCloud) -> None:
    bob = vouched(local, local.root(), Policy=LIST)
    assert bob.s3.list_buckets()["Buckets"] == []
    assert refusal(bob.s3.create_bucket, Bucket="bucket")[0] == "AccessDenied"


def test_a_user_made_again_vouches_for_nobody_of_before(
    local: LocalCloud, broker: SyncClient
) -> None:
    bob = vouched(local, broker, Policy=LIST)
    iam = local.root().iam
    key = iam.list_access_keys(UserName="broker")["AccessKeyMetadata"][0]["AccessKeyId"]
    iam.delete_access_key(UserName="broker", AccessKeyId=key)
    assert bob.s3.list_buckets()["Buckets"] == []
    iam.delete_user_policy(UserName="broker", PolicyName="p0")
    iam.delete_user(UserName="broker")
    local.user("broker", document("s3:*"))
    assert refusal(bob.s3.list_buckets)[0] == "AccessDenied"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Policy": "{}"}, "MalformedPolicyDocument"),
        ({"Policy": "x" * 2049}, "ValidationError"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::111122223333:policy/no"}]}, "ValidationError"),
        ({"Tags": [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]}, "InvalidParameterValue"),
        ({"DurationSeconds": 129_601}, "ValidationError"),
        ({"Name": "b"}, "ValidationError"),
    ],
)
def test_bad_requests(broker: SyncClient, given: dict[str, Any], code: str) -> None:
    assert refusal(broker.sts.get_federation_token, **{"Name": "bob"} | given)[0] == code


def test_a_federated_user_has_no_key_of_mfa(local: LocalCloud) -> None:
    absent = {"Condition": {"Null": {"aws:MultiFactorAuthPresent": "true"}}}
    bob = vouched(local, local.root(), Policy=document("s3:*", **absent))
    assert bob.s3.list_buckets()["Buckets"] == []

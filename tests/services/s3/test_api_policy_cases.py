"""Who may do what where a bucket has a policy: the cases that courses teach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.services.s3.policies import (
    ACCOUNT,
    BUCKET,
    NOBODY,
    OBJECTS,
    STRANGER,
    anonymous,
    denied,
    from_origin,
    identity_policy,
    policy,
    put,
    refusal,
    statement,
    unblock,
)

from cloudling.kernel.origins import Origin
from cloudling.services.iam.credentials import root_of
from cloudling.services.s3.owners import canonical_id

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

ANN = f"arn:aws:iam::{ACCOUNT}:user/ann"
READS = identity_policy("s3:GetObject", OBJECTS)
SUBJECT = f'User: {ANN} is not authorized to perform: s3:GetObject on resource: "{BUCKET}/k"'


@pytest.fixture
def k(s3: Any) -> str:
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")
    return "k"


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("buckets", ["Allow", "", "Deny"])
def test_identity_and_bucket_policy(
    local: LocalCloud, s3: Any, k: str, *, own: bool, buckets: str
) -> None:
    ann = local.user("ann", *([READS] if own else [])).s3
    if buckets:
        put(s3, statement(Effect=buckets, Principal={"AWS": ANN}))
    if buckets == "Deny":
        words = f"{SUBJECT} with an explicit deny in a resource-based policy"
        assert denied(ann.get_object, Key=k) == words
    elif own or buckets == "Allow":
        assert ann.get_object(Bucket="shelf", Key=k)["ContentLength"] == 1
    else:
        words = f"{SUBJECT} because no identity-based policy allows the s3:GetObject action"
        assert denied(ann.get_object, Key=k) == words


def test_an_explicit_deny_of_the_identity_wins(local: LocalCloud, s3: Any, k: str) -> None:
    ann = local.user("ann", identity_policy("s3:GetObject", OBJECTS, "Deny")).s3
    put(s3, statement(Principal={"AWS": ANN}))
    assert denied(ann.get_object, Key=k).endswith("explicit deny in an identity-based policy")


def test_naming_the_account_leaves_it_to_the_account(local: LocalCloud, s3: Any, k: str) -> None:
    put(s3, statement(Principal={"AWS": ACCOUNT}))
    denied(local.user("ann").s3.get_object, Key=k)
    assert local.user("bob", READS).s3.get_object(Bucket="shelf", Key=k)["ContentLength"] == 1


def test_across_accounts_both_must_allow(local: LocalCloud, s3: Any, k: str) -> None:
    named = f"arn:aws:iam::{STRANGER}:user/"
    with_rights = local.user("able", READS, account=STRANGER).s3
    without = local.user("unable", account=STRANGER).s3
    assert denied(with_rights.get_object, Key=k) == "Access Denied"
    put(s3, statement(Principal={"AWS": [f"{named}able", f"{named}unable"]}))
    assert with_rights.get_object(Bucket="shelf", Key=k)["ContentLength"] == 1
    assert denied(without.get_object, Key=k) == "Access Denied"
    put(s3, statement(Principal={"AWS": STRANGER}))
    assert with_rights.get_object(Bucket="shelf", Key=k)["ContentLength"] == 1
    assert local.root(STRANGER).s3.get_object(Bucket="shelf", Key=k)["ContentLength"] == 1
    denied(with_rights.put_object, Key=k, Body=b"y")


def test_a_role_of_another_account(local: LocalCloud, s3: Any, k: str) -> None:
    iam = local.root(STRANGER).iam
    trust = policy({"Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": "sts:AssumeRole"})
    role = iam.create_role(RoleName="guest", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="guest", PolicyName="r", PolicyDocument=READS)
    put(s3, statement(Principal={"AWS": role}))
    caller = local.user("u", identity_policy("sts:AssumeRole"), account=STRANGER).sts
    assumed = caller.assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    assert local.session(assumed).s3.get_object(Bucket="shelf", Key=k)["ContentLength"] == 1


def test_an_account_by_its_canonical_id(local: LocalCloud, s3: Any, k: str) -> None:
    others = ["0" * 64, canonical_id(STRANGER)]
    put(s3, statement(Principal={"CanonicalUser": others, "AWS": "777788889999"}))
    assert local.root(STRANGER).s3.get_object(Bucket="shelf", Key=k)["ContentLength"] == 1
    assert local.root("777788889999").s3.get_object(Bucket="shelf", Key=k)["ContentLength"] == 1
    denied(local.root("222233334444").s3.get_object, Key=k)
    put(s3, statement(Principal={"CanonicalUser": canonical_id(STRANGER)}))
    assert local.root(STRANGER).s3.get_object(Bucket="shelf", Key=k)["ContentLength"] == 1


def test_copies_ask_both_buckets(local: LocalCloud, s3: Any) -> None:
    s3.put_object(Bucket="shelf", Key="public/a", Body=b"x")
    s3.put_object(Bucket="shelf", Key="private/a", Body=b"x")
    put(s3, statement(Principal={"AWS": STRANGER}, Resource=f"{BUCKET}/public/*"))
    stranger = local.root(STRANGER).s3
    stranger.create_bucket(Bucket="theirs")
    stranger.copy_object(Bucket="theirs", Key="a", CopySource="shelf/public/a")
    denied(stranger.copy_object, Bucket="theirs", Key="b", CopySource="shelf/private/a")
    denied(stranger.copy_object, Bucket="shelf", Key="b", CopySource="theirs/a")
    upload = stranger.create_multipart_upload(Bucket="theirs", Key="m")["UploadId"]
    part = {"Bucket": "theirs", "Key": "m", "UploadId": upload, "PartNumber": 1}
    stranger.upload_part_copy(**part, CopySource="shelf/public/a")
    denied(stranger.upload_part_copy, **part, CopySource="shelf/private/a")


def test_each_deletion_of_a_batch(local: LocalCloud, s3: Any) -> None:
    for key in ("keep/1", "2"):
        s3.put_object(Bucket="shelf", Key=key, Body=b"x")
    put(
        s3,
        statement(
            Effect="Deny", Principal="*", Action="s3:DeleteObject", Resource=f"{BUCKET}/keep/*"
        ),
    )
    told = s3.delete_objects(Bucket="shelf", Delete={"Objects": [{"Key": "keep/1"}, {"Key": "2"}]})
    assert [one["Key"] for one in told["Deleted"]] == ["2"]
    (error,) = told["Errors"]
    assert (error["Key"], error["Code"]) == ("keep/1", "AccessDenied")
    assert error["Message"].endswith("with an explicit deny in a resource-based policy")


def test_a_missing_key_is_told_to_whom_the_policy_lets_list(local: LocalCloud, s3: Any) -> None:
    lists = statement(
        Principal={"AWS": STRANGER},
        Action="s3:ListBucket",
        Resource=BUCKET,
        Condition={"StringLike": {"s3:prefix": "public/*"}},
    )
    put(s3, lists, statement(Principal={"AWS": STRANGER}))
    stranger = local.root(STRANGER).s3
    assert refusal(stranger.get_object, Key="public/none").error_code == "NoSuchKey"
    assert denied(stranger.get_object, Key="private/none") == "Access Denied"


def test_home_folders_by_user_name(local: LocalCloud, s3: Any) -> None:
    ann = local.user("ann").s3
    named = {"AWS": ANN}
    put(
        s3,
        statement(
            Principal=named,
            Action="s3:ListBucket",
            Resource=BUCKET,
            Condition={"StringLike": {"s3:prefix": "home/${aws:username}/*"}},
        ),
        statement(
            Principal=named,
            Action=["s3:GetObject", "s3:PutObject"],
            Resource=f"{BUCKET}/home/${{aws:username}}/*",
        ),
    )
    ann.put_object(Bucket="shelf", Key="home/ann/a", Body=b"x")
    assert ann.list_objects_v2(Bucket="shelf", Prefix="home/ann/")["KeyCount"] == 1
    for request in ({"Prefix": "home/bob/"}, {}):
        denied(ann.list_objects_v2, **request)
    denied(ann.put_object, Key="home/bob/a", Body=b"x")
    denied(ann.get_object, Key="home/annie/a")


def test_only_over_tls(local: LocalCloud, s3: Any, k: str) -> None:
    put(
        s3,
        statement(
            Effect="Deny",
            Principal="*",
            Action="s3:*",
            Resource=[BUCKET, OBJECTS],
            Condition={"Bool": {"aws:SecureTransport": "false"}},
        ),
    )
    root = root_of(ACCOUNT)
    plain = from_origin(local, root, Origin(peer="198.51.100.7", scheme="header"))
    secure = from_origin(local, root, Origin(peer="198.51.100.7", scheme="header", secure=True))
    assert secure.get_object(Bucket="shelf", Key=k)["ContentLength"] == 1
    assert denied(plain.get_object, Key=k).endswith("explicit deny in a resource-based policy")


def test_only_from_one_network(local: LocalCloud, s3: Any, k: str) -> None:
    put(
        s3,
        statement(Principal="*", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
    )
    s3.delete_public_access_block(Bucket="shelf")
    inside, outside = (
        from_origin(local, NOBODY, Origin(peer=peer, scheme="anonymous"))
        for peer in ("192.0.2.9", "198.51.100.7")
    )
    assert inside.get_object(Bucket="shelf", Key=k)["ContentLength"] == 1
    assert denied(outside.get_object, Key=k) == "Access Denied"


@pytest.mark.parametrize("wanted", ["AES256", "aws:kms"])
def test_forced_encryption(s3: Any, wanted: str) -> None:
    key = "s3:x-amz-server-side-encryption"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject"}
    put(
        s3,
        statement(**deny, Condition={"StringNotEquals": {key: wanted}}),
        statement(**deny, Condition={"Null": {key: "true"}}),
    )
    denied(s3.put_object, Key="k", Body=b"x")
    denied(s3.create_multipart_upload, Key="k")
    other = "aws:kms" if wanted == "AES256" else "AES256"
    denied(s3.put_object, Key="k", Body=b"x", ServerSideEncryption=other)
    if wanted == "AES256":
        s3.put_object(Bucket="shelf", Key="k", Body=b"x", ServerSideEncryption="AES256")
    else:
        found = refusal(s3.put_object, Key="k", Body=b"x", ServerSideEncryption="aws:kms")
        assert found.http_status == 501


def test_a_public_website_folder(local: LocalCloud, s3: Any, k: str) -> None:
    s3.put_object(Bucket="shelf", Key="www/index.html", Body=b"hello")
    unblock(s3)
    put(s3, statement(Principal="*", Resource=f"{BUCKET}/www/*"))
    nobody = anonymous(local)
    assert nobody.get_object(Bucket="shelf", Key="www/index.html")["ContentLength"] == 5
    assert denied(nobody.get_object, Key=k) == "Access Denied"
    assert denied(nobody.get_object, Key="www/none") == "Access Denied"
    denied(nobody.list_objects_v2)
    denied(nobody.put_object, Key="www/index.html", Body=b"x")
    denied(nobody.get_bucket_policy)


def test_allowing_all_but_one_principal_is_a_denial(local: LocalCloud, s3: Any, k: str) -> None:
    ann, bob = local.user("ann", READS).s3, local.user("bob", READS).s3
    spared = [ANN, f"arn:aws:iam::{ACCOUNT}:root"]
    put(s3, statement(Effect="Deny", Principal=None, NotPrincipal={"AWS": spared}))
    assert ann.get_object(Bucket="shelf", Key=k)["ContentLength"] == 1
    denied(bob.get_object, Key=k)


def test_a_missing_operation_obeys_the_policy_too(s3: Any, k: str) -> None:
    assert refusal(s3.put_bucket_cors).http_status == 501
    put(s3, statement(Effect="Deny", Principal="*", Action="s3:*", Resource=[BUCKET, OBJECTS]))
    denied(s3.get_bucket_cors)
    denied(s3.get_object_acl, Key=k)

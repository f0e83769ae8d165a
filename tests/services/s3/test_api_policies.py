"""Bucket policies: what S3 takes and keeps, and Block Public Access, which refuses some."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.s3.policies import (
    ACCOUNT,
    BUCKET,
    OBJECTS,
    OPEN,
    STRANGER,
    anonymous,
    denied,
    identity_policy,
    policy,
    put,
    refusal,
    statement,
    unblock,
)

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

BLOCKED = (
    f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: s3:PutBucketPolicy on "
    f'resource: "{BUCKET}" because public policies are prevented by the BlockPublicPolicy setting '
    "in S3 Block Public Access."
)


def kept(s3: Any) -> str:
    return str(s3.get_bucket_policy(Bucket="shelf")["Policy"])


def malformed(s3: Any, text: str) -> tuple[str, str | None]:
    found = refusal(s3.put_bucket_policy, Policy=text)
    assert (found.error_code, found.http_status) == ("MalformedPolicy", 400)
    return found.text, found.fields.get("Detail")


def test_a_policy_comes_back_in_the_form_s3_keeps(s3: Any) -> None:
    written = {
        "Statement": {
            "Resource": [OBJECTS],
            "Condition": {"NumericLessThan": {"s3:signatureAge": [600000]}},
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Principal": {"AWS": [STRANGER]},
            "Effect": "Deny",
            "Sid": "Old links",
        },
        "Id": "p",
        "Version": "2012-10-17",
    }
    s3.put_bucket_policy(Bucket="shelf", Policy=json.dumps(written, indent=4))
    assert kept(s3) == (
        '{"Version":"2012-10-17","Id":"p","Statement":[{"Sid":"Old links","Effect":"Deny",'
        f'"Principal":{{"AWS":"arn:aws:iam::{STRANGER}:root"}},'
        f'"Action":["s3:GetObject","s3:PutObject"],"Resource":"{OBJECTS}",'
        '"Condition":{"NumericLessThan":{"s3:signatureAge":"600000"}}}]}'
    )
    assert s3.get_bucket_policy(Bucket="shelf")["ContentType"] == "application/json"


def test_putting_replaces_and_deleting_ends_it(s3: Any) -> None:
    put(s3, statement())
    put(s3, statement(Effect="Deny"))
    assert '"Deny"' in kept(s3)
    for _ in range(2):
        s3.delete_bucket_policy(Bucket="shelf")
    assert refusal(s3.get_bucket_policy).error_code == "NoSuchBucketPolicy"
    assert refusal(s3.get_bucket_policy_status).error_code == "NoSuchBucketPolicy"


def test_a_bucket_made_again_has_no_policy(s3: Any) -> None:
    put(s3, statement())
    s3.delete_bucket(Bucket="shelf")
    s3.create_bucket(Bucket="shelf")
    assert refusal(s3.get_bucket_policy).error_code == "NoSuchBucketPolicy"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Policies must be valid JSON and the first byte must be '{'"),
        (" {}", "Policies must be valid JSON and the first byte must be '{'"),
        ("{", "This policy contains invalid Json"),
        ("{" * 5000, "This policy contains invalid Json"),
        (policy(statement(Sid="half a pair: \ud800")), "This policy contains invalid Json"),
        ("{}", "Missing required field Statement"),
        ('{"Statement":[]}', "Could not parse the policy: Statement is empty!"),
        ('{"Version":"2020","Statement":[{}]}', "The policy must contain a valid version string"),
        ('{"Statement":1}', "Invalid policy syntax."),
        (policy(statement(Principal=None)), "Missing required field Principal"),
        (policy(statement(Principal="arn:aws:iam::111122223333:root")), "Invalid policy syntax."),
        (policy(statement(Action=None)), "Missing required field Action"),
        (policy(statement(Resource=None)), "Missing required field Resource"),
        (policy(statement(Effect="allow")), "Invalid effect: allow"),
        (policy(statement(Colour="red")), "Unknown field Colour"),
        (policy(statement(Condition={"Is": {"aws:x": "y"}})), "Invalid Condition type : Is"),
        (
            policy(statement(Principal=None, NotPrincipal={"AWS": ACCOUNT})),
            "Allow with NotPrincipal is not allowed.",
        ),
    ],
)
def test_what_is_no_policy(s3: Any, text: str, words: str) -> None:
    assert malformed(s3, text) == (words, None)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("AWS", "someone"),
        ("AWS", f"arn:aws:iam::{ACCOUNT}:user/*"),
        ("AWS", f"arn:aws:iam::{ACCOUNT}:role/none"),
        ("AWS", "AIDAQQQQQQQQQQQQQQQQQ"),
        ("CanonicalUser", "1234"),
        ("Service", "everything"),
    ],
)
def test_principals_exist(s3: Any, kind: str, name: str) -> None:
    text = policy(statement(Principal={kind: name}))
    assert malformed(s3, text) == ("Invalid principal in policy", f'"{kind}" : "{name}"')


def test_details_name_what_is_wrong(s3: Any) -> None:
    text = policy(statement(Resource=f"{BUCKET}2/*"))
    assert malformed(s3, text) == ("Policy has invalid resource", f"{BUCKET}2/*")
    text = policy(statement(), statement(Action="s3:ListBucket"))
    words = "Action does not apply to any resource(s) in statement"
    assert malformed(s3, text) == (words, 'Action "s3:ListBucket" in Statement "NO_ID-1"')


def test_twenty_kilobytes_without_white_space(s3: Any) -> None:
    def sized(count: int) -> str:
        root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        condition = {"StringEquals": {"aws:x": "y" * count}}
        return policy(statement(Principal=root, Condition=condition))

    s3.put_bucket_policy(Bucket="shelf", Policy=sized(1))
    room = 20_480 - len(kept(s3)) + 1
    s3.put_bucket_policy(Bucket="shelf", Policy=sized(room).replace(":", " " * 9000 + ":", 1))
    words = "Normalized policy document exceeds the maximum allowed size of 20480 bytes"
    assert malformed(s3, sized(room + 1)) == (words, None)
    assert malformed(s3, sized(500_000)) == (words, None)


def test_who_is_deleted_and_made_again_is_somebody_else(local: LocalCloud, s3: Any) -> None:
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")
    ann = local.user("ann").s3
    named = f"arn:aws:iam::{ACCOUNT}:user/ann"
    put(s3, statement(Principal={"AWS": named}))
    assert ann.get_object(Bucket="shelf", Key="k")["ContentLength"] == 1
    assert named in kept(s3)
    iam = local.root().iam
    for key in iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="ann")
    other = local.user("ann").s3
    denied(other.get_object, Key="k")
    assert named not in kept(s3)
    assert '"AWS":"AIDA' in kept(s3)


def test_policies_are_the_business_of_the_buckets_account(local: LocalCloud, s3: Any) -> None:
    actions = ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
    grant = statement(
        Principal={"AWS": STRANGER}, Action=[*actions, "s3:GetBucketPolicyStatus"], Resource=BUCKET
    )
    put(s3, grant)
    stranger = local.root(STRANGER).s3
    for function, request in (
        (stranger.get_bucket_policy, {}),
        (stranger.put_bucket_policy, {"Policy": policy(grant)}),
        (stranger.delete_bucket_policy, {}),
    ):
        found = refusal(function, **request)
        assert (found.error_code, found.http_status) == ("MethodNotAllowed", 405)
    status = stranger.get_bucket_policy_status(Bucket="shelf")
    assert status == {"PolicyStatus": {"IsPublic": False}}
    denied(local.root("777788889999").s3.get_bucket_policy)


def test_an_expected_owner(s3: Any) -> None:
    put(s3, statement())
    for function, request in (
        (s3.get_bucket_policy, {}),
        (s3.put_bucket_policy, {"Policy": policy(statement())}),
        (s3.get_bucket_policy_status, {}),
        (s3.delete_bucket_policy, {}),
        (s3.get_public_access_block, {}),
        (s3.delete_public_access_block, {}),
    ):
        denied(function, ExpectedBucketOwner=STRANGER, **request)
        function(Bucket="shelf", ExpectedBucketOwner=ACCOUNT, **request)


def test_the_root_can_always_repair(local: LocalCloud, s3: Any) -> None:
    admin = local.user("admin", identity_policy("*")).s3
    everything = statement(Effect="Deny", Principal="*", Action="s3:*", Resource=[BUCKET, OBJECTS])
    s3.put_bucket_policy(
        Bucket="shelf", Policy=policy(everything), ConfirmRemoveSelfBucketAccess=True
    )
    words = "with an explicit deny in a resource-based policy"
    for caller in (admin.get_bucket_policy, admin.delete_bucket_policy, s3.list_objects_v2):
        assert denied(caller).endswith(words)
    assert denied(admin.put_bucket_policy, Policy=policy(statement())).endswith(words)
    assert "Deny" in kept(s3)
    put(s3, everything)
    s3.delete_bucket_policy(Bucket="shelf")
    assert s3.list_objects_v2(Bucket="shelf")["KeyCount"] == 0


def test_a_bucket_made_today_blocks_all_that_is_public(s3: Any) -> None:
    block = s3.get_public_access_block(Bucket="shelf")["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(OPEN, True)
    text = policy(statement(Principal="*"))
    assert denied(s3.put_bucket_policy, Policy=text) == BLOCKED
    assert refusal(s3.get_bucket_policy).error_code == "NoSuchBucketPolicy"
    put(s3, statement(Principal="*", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}}))
    assert s3.get_bucket_policy_status(Bucket="shelf")["PolicyStatus"] == {"IsPublic": False}


def test_setting_and_deleting_the_block(s3: Any) -> None:
    s3.put_public_access_block(
        Bucket="shelf", PublicAccessBlockConfiguration={"BlockPublicPolicy": True}
    )
    found = s3.get_public_access_block(Bucket="shelf")["PublicAccessBlockConfiguration"]
    assert found == {**OPEN, "BlockPublicPolicy": True}
    for _ in range(2):
        s3.delete_public_access_block(Bucket="shelf")
    gone = refusal(s3.get_public_access_block)
    assert (gone.error_code, gone.http_status) == ("NoSuchPublicAccessBlockConfiguration", 404)
    assert gone.text == "The public access block configuration was not found"
    put(s3, statement(Principal="*"))
    assert s3.get_bucket_policy_status(Bucket="shelf")["PolicyStatus"] == {"IsPublic": True}


def test_blocks_that_say_nothing(s3: Any) -> None:
    nothing = refusal(s3.put_public_access_block, PublicAccessBlockConfiguration={})
    assert nothing.error_code == "InvalidRequest"
    assert nothing.text == "Must specify at least one configuration."
    assert refusal(s3.put_public_access_block).error_code == "MalformedXML"


def test_a_block_set_later_leaves_the_policy_but_holds_it_back(local: LocalCloud, s3: Any) -> None:
    s3.put_object(Bucket="shelf", Key="k", Body=b"x")
    unblock(s3)
    put(s3, statement(Principal="*"), statement(Principal={"AWS": STRANGER}, Action="s3:PutObject"))
    stranger = local.user("s", identity_policy("s3:*"), account=STRANGER).s3
    reader = local.user("reader").s3
    nobody = anonymous(local)
    for caller in (stranger, reader, nobody):
        assert caller.get_object(Bucket="shelf", Key="k")["ContentLength"] == 1
    s3.put_public_access_block(
        Bucket="shelf", PublicAccessBlockConfiguration={"RestrictPublicBuckets": True}
    )
    assert '"Principal":"*"' in kept(s3)
    assert reader.get_object(Bucket="shelf", Key="k")["ContentLength"] == 1
    assert denied(nobody.get_object, Key="k") == "Access Denied"
    assert denied(stranger.get_object, Key="k") == "Access Denied"
    # What was not public is held back with it.
    denied(stranger.put_object, Key="k", Body=b"y")
    put(s3, statement(Principal={"AWS": STRANGER}))
    assert stranger.get_object(Bucket="shelf", Key="k")["ContentLength"] == 1

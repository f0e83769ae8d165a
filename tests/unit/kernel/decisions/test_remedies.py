"""What a denial's record and `cloudling explain` say would help: it does, and nothing less does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.services.s3.policies import anonymous

from cloudling.cli.explain import tell
from cloudling.kernel.decisions.log import DecisionLog
from cloudling.kernel.errors import AccessDenied
from cloudling.testing import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cloudling.kernel.decisions.records import DecisionRecord

OBJECTS = "arn:aws:s3:::shelf/*"
DENY = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}
OUTSIDER = "444455556666"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*", **more}


@pytest.fixture
def local() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        s3 = cloud.root().s3
        s3.create_bucket(Bucket="shelf")
        off = dict.fromkeys(("BlockPublicPolicy", "RestrictPublicBuckets"), False)
        s3.put_public_access_block(Bucket="shelf", PublicAccessBlockConfiguration=off)
        s3.put_object(Bucket="shelf", Key="a", Body=b"x")
        yield cloud


def denied(local: LocalCloud, call: Callable[[], object]) -> DecisionRecord:
    with pytest.raises(AccessDenied):
        call()
    log = local.cloud.decisions
    assert isinstance(log, DecisionLog)
    return log.last(1)[0]


def told(record: DecisionRecord) -> str:
    return tell(msgspec.to_builtins(record))


def test_root_lacks_no_policy_of_its_own(local: LocalCloud) -> None:
    root = local.root().s3
    root.put_bucket_policy(
        Bucket="shelf", Policy=policy({**DENY, "Principal": "*", "Resource": OBJECTS})
    )
    record = denied(local, lambda: root.get_object(Bucket="shelf", Key="a"))
    assert record.wanting == []
    assert [check["policyType"] for check in record.checks] == ["resource-based policy"]
    assert "but " not in told(record)


def test_a_resource_that_allows_makes_up_for_the_callers_own_policies(local: LocalCloud) -> None:
    ann = local.user("ann", policy(DENY))
    grant = {**allow("s3:GetObject"), "Resource": OBJECTS}
    grant["Principal"] = {"AWS": "arn:aws:iam::111122223333:user/ann"}
    local.root().s3.put_bucket_policy(Bucket="shelf", Policy=policy(grant))
    assert denied(local, lambda: ann.s3.get_object(Bucket="shelf", Key="a")).wanting == []


def test_across_accounts_both_sides_are_told_and_are_enough(local: LocalCloud) -> None:
    ann = local.user("ann", account=OUTSIDER)
    record = denied(local, lambda: ann.s3.get_object(Bucket="shelf", Key="a"))
    assert record.wanting == ["resource-based policy", "identity-based policy"]
    of_bucket, own = record.remedies
    assert of_bucket["Principal"] == {"AWS": f"arn:aws:iam::{OUTSIDER}:user/ann"}
    local.root().s3.put_bucket_policy(Bucket="shelf", Policy=policy(of_bucket))
    local.root(OUTSIDER).iam.put_user_policy(
        UserName="ann", PolicyName="own", PolicyDocument=policy(own)
    )
    ann.s3.get_object(Bucket="shelf", Key="a")
    assert "the identity-based policy would still refuse it" in told(record)


def test_the_anonymous_are_everyone(local: LocalCloud) -> None:
    nobody = anonymous(local)
    record = denied(local, lambda: nobody.get_object(Bucket="shelf", Key="a"))
    assert record.wanting == ["resource-based policy"]
    local.root().s3.put_bucket_policy(Bucket="shelf", Policy=policy(*record.remedies))
    nobody.get_object(Bucket="shelf", Key="a")


@pytest.mark.parametrize("key", ["a*b", "a?b", "a${aws:username}b", "a${*}"])
def test_a_key_is_told_literally(local: LocalCloud, key: str) -> None:
    local.root().s3.put_object(Bucket="shelf", Key=key, Body=b"x")
    ann = local.user("ann", policy(allow("s3:ListBucket")))
    record = denied(local, lambda: ann.s3.get_object(Bucket="shelf", Key=key))
    root = local.root().iam
    root.put_user_policy(UserName="ann", PolicyName="more", PolicyDocument=policy(*record.remedies))
    ann.s3.get_object(Bucket="shelf", Key=key)
    for other in ("axb", "a1", "aannb"):
        denied(local, lambda other=other: ann.s3.get_object(Bucket="shelf", Key=other))


def test_statements_that_nearly_fit_are_told(local: LocalCloud) -> None:
    needs_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    ann = local.user(
        "ann",
        policy(
            allow("s3:Get*", Sid="WithMfa", Condition=needs_mfa),
            allow("s3:GetObject", Resource="arn:aws:s3:::shelf"),
            allow("s3:PutObject"),
        ),
    )
    record = denied(local, lambda: ann.s3.get_object(Bucket="shelf", Key="a"))
    with_mfa, other = record.checks[-1]["nearly"]
    assert with_mfa["unmet"] == [
        {
            "element": "Condition",
            "operator": "Bool",
            "key": "aws:MultiFactorAuthPresent",
            "wanted": "true",
            "given": None,
        }
    ]
    assert other["unmet"] == [{"element": "Resource", "wanted": "arn:aws:s3:::shelf"}]
    text = told(record)
    assert 'nearly statement 1 "WithMfa" of p0: Bool wants aws:MultiFactorAuthPresent' in text
    assert 'nearly statement 2 of p0: its Resource is "arn:aws:s3:::shelf"' in text
    assert "remedy  call so that a statement above fits, or add to a policy of the caller" in text


def test_a_statement_for_somebody_else_nearly_fits(local: LocalCloud) -> None:
    ann, _ = local.user("ann"), local.user("bob")
    grant = {**allow("s3:GetObject"), "Resource": OBJECTS}
    grant["Principal"] = {"AWS": "arn:aws:iam::111122223333:user/bob"}
    local.root().s3.put_bucket_policy(Bucket="shelf", Policy=policy(grant))
    record = denied(local, lambda: ann.s3.get_object(Bucket="shelf", Key="a"))
    [near] = record.checks[0]["nearly"]
    assert [unmet["element"] for unmet in near["unmet"]] == ["Principal"]


def test_all_that_deny_are_told(local: LocalCloud) -> None:
    ann = local.user("ann", policy(allow("s3:*"), DENY), policy(DENY))
    record = denied(local, lambda: ann.s3.get_object(Bucket="shelf", Key="a"))
    assert "these deny it as well: statement 1 of p1 (identity-based policy)" in told(record)


def test_a_role_that_is_not_there(local: LocalCloud) -> None:
    ann = local.user("ann", policy(allow("sts:*")))
    arn = "arn:aws:iam::111122223333:role/gone"
    record = denied(local, lambda: ann.sts.assume_role(RoleArn=arn, RoleSessionName="ann"))
    assert (record.service, record.wanting) == ("sts", [])
    assert "there is no such role" in told(record)


def test_restricted_buckets_name_the_setting(local: LocalCloud) -> None:
    root = local.root().s3
    grant = {**allow("s3:GetObject"), "Resource": OBJECTS, "Principal": "*"}
    root.put_bucket_policy(Bucket="shelf", Policy=policy(grant))
    restrict = {"RestrictPublicBuckets": True}
    root.put_public_access_block(Bucket="shelf", PublicAccessBlockConfiguration=restrict)
    nobody = anonymous(local)
    record = denied(local, lambda: nobody.get_object(Bucket="shelf", Key="a"))
    assert "turn RestrictPublicBuckets off" in told(record)

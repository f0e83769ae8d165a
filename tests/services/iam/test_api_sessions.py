"""STS: who calls, and roles taken on for a while."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.iam.test_api_policies import document
from tests.services.iam.test_api_principals import TRUST, refusal

from cloudling.kernel.identities import Identity
from cloudling.kernel.ports import BadToken
from cloudling.services.iam.credentials import root_of

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

ROLE = "arn:aws:iam::111122223333:role/r"


@pytest.fixture
def role(local: LocalCloud) -> str:
    iam = local.root().iam
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, MaxSessionDuration=7200)
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document("iam:*"))
    return ROLE


def assume(client: Any, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.sts.assume_role(RoleArn=ROLE, RoleSessionName="session", **more)
    return answer


def test_who_calls(local: LocalCloud) -> None:
    assert local.root().sts.get_caller_identity() == {
        "UserId": "111122223333",
        "Account": "111122223333",
        "Arn": "arn:aws:iam::111122223333:root",
    }
    ann = local.user("ann", document("*", effect="Deny"))
    assert ann.sts.get_caller_identity()["Arn"] == "arn:aws:iam::111122223333:user/ann"


@pytest.mark.usefixtures("role")
def test_a_session_of_a_role(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:AssumeRole", resource=ROLE))
    answer = assume(ann)
    credentials = answer["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA")
    assert credentials["Expiration"] == local.clock.now() + 3600
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::111122223333:assumed-role/r/session"
    session = local.session(credentials)
    who = session.sts.get_caller_identity()
    assert who["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    assert [user["UserName"] for user in session.iam.list_users()["Users"]] == ["ann"]
    info = ann.sts.get_access_key_info
    assert refusal(info, AccessKeyId=credentials["AccessKeyId"])[0] == "AccessDenied"
    told = local.root().sts.get_access_key_info(AccessKeyId=credentials["AccessKeyId"])
    assert told == {"Account": "111122223333"}


@pytest.mark.usefixtures("role")
def test_trust_of_the_account_leaves_the_rest_to_the_callers_policies(local: LocalCloud) -> None:
    code, text, status = refusal(lambda: assume(local.user("eve")))
    assert (code, status) == ("AccessDenied", 403)
    assert text == (
        "User: arn:aws:iam::111122223333:user/eve is not authorized to perform: sts:AssumeRole on "
        f"resource: {ROLE} because no identity-based policy allows the sts:AssumeRole action"
    )


def test_trust_that_names_the_user_needs_no_policy_of_theirs(local: LocalCloud) -> None:
    ann = local.user("ann")
    local.root().iam.create_role(
        RoleName="r", AssumeRolePolicyDocument=TRUST.replace(":root", ":user/ann")
    )
    assert assume(ann)["Credentials"]["SecretAccessKey"]


def test_a_role_that_is_not_there_is_denied(local: LocalCloud) -> None:
    ann = local.user("ann", document("*"))
    assert refusal(lambda: assume(ann))[0] == "AccessDenied"


@pytest.mark.usefixtures("role")
def test_another_account_must_allow_too(local: LocalCloud) -> None:
    other = "444455556666"
    bob = local.user("bob", document("sts:AssumeRole"), account=other)
    assert refusal(lambda: assume(bob))[0] == "AccessDenied"
    local.root().iam.update_assume_role_policy(
        RoleName="r", PolicyDocument=TRUST.replace("111122223333", other)
    )
    credentials = assume(bob)["Credentials"]
    assert local.session(credentials).sts.get_caller_identity()["Account"] == "111122223333"


@pytest.mark.usefixtures("role")
def test_durations(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:AssumeRole"))
    assert assume(ann, DurationSeconds=7200)["Credentials"]["Expiration"] == (
        local.clock.now() + 7200
    )
    assert refusal(lambda: assume(ann, DurationSeconds=7201))[:2] == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    assert refusal(lambda: assume(ann, DurationSeconds=899))[0] == "ValidationError"
    local.root().iam.put_role_policy(
        RoleName="r", PolicyName="q", PolicyDocument=document("sts:AssumeRole")
    )
    first = local.session(assume(ann)["Credentials"])
    assert refusal(lambda: assume(first, DurationSeconds=3601))[:2] == (
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role "
        "chaining.",
    )
    assert assume(first)["Credentials"]["SessionToken"]


@pytest.mark.usefixtures("role")
def test_session_policies_only_narrow(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:AssumeRole"))
    answer = assume(ann, Policy=document("iam:ListUsers", "s3:*"))
    assert 0 < answer["PackedPolicySize"] <= 100
    session = local.session(answer["Credentials"])
    assert session.iam.list_users()["Users"]
    code, text, _ = refusal(session.iam.list_roles)
    assert code == "AccessDenied"
    assert text.endswith("because no session policy allows the iam:ListRoles action")


@pytest.mark.usefixtures("role")
def test_external_id(local: LocalCloud) -> None:
    trust = json.loads(TRUST)
    trust["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": "secret-id"}}
    local.root().iam.update_assume_role_policy(RoleName="r", PolicyDocument=json.dumps(trust))
    ann = local.user("ann", document("sts:AssumeRole"))
    assert refusal(lambda: assume(ann))[0] == "AccessDenied"
    assert assume(ann, ExternalId="secret-id")["Credentials"]


@pytest.mark.usefixtures("role")
def test_root_assumes_no_role_unless_it_is_the_well_known_one(local: LocalCloud) -> None:
    assert refusal(lambda: assume(local.root()))[:2] == (
        "AccessDenied",
        "Roles may not be assumed by root accounts.",
    )
    known = root_of("111122223333", "test", well_known=True)
    assert assume(local.as_(known))["Credentials"]


@pytest.mark.usefixtures("role")
def test_a_role_made_again_is_another_role(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:AssumeRole"))
    session = local.session(assume(ann)["Credentials"])
    iam = local.root().iam
    iam.delete_role_policy(RoleName="r", PolicyName="p")
    iam.delete_role(RoleName="r")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document("iam:*"))
    assert refusal(session.iam.list_users)[0] == "AccessDenied"


@pytest.mark.usefixtures("role")
def test_a_token_with_a_flipped_bit_opens_nothing(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:AssumeRole"))
    credentials = assume(ann)["Credentials"]
    token = credentials["SessionToken"]
    for place in range(0, len(token), 29):
        other = "A" if token[place] != "A" else "B"
        changed = token[:place] + other + token[place + 1 :]
        with pytest.raises(BadToken):
            local.run(local.cloud.credentials.find(credentials["AccessKeyId"], changed))
    with pytest.raises(BadToken):
        local.run(local.cloud.credentials.find("ASIA" + "A" * 16, token))


@pytest.mark.usefixtures("role")
def test_what_is_missing_is_refused_by_name(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:AssumeRole"))
    code, text, status = refusal(lambda: assume(ann, SourceIdentity="someone"))
    assert (code, status) == ("NotImplemented", 501)
    assert "SourceIdentity" in text


def test_identities_are_values() -> None:
    one = root_of("111122223333")
    assert isinstance(one, Identity)
    assert one == root_of("111122223333")

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


@pytest.mark.usefixtures("role")
def test_session_policies_are_checked(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:AssumeRole"))
    code, text, _ = refusal(lambda: assume(ann, Policy="{}"))
    assert (code, "Syntax" in text) == ("MalformedPolicyDocument", True)
    missing = {"arn": "arn:aws:iam::111122223333:policy/none"}
    assert refusal(lambda: assume(ann, PolicyArns=[missing]))[0] == "ValidationError"
    known = {"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    assert assume(ann, PolicyArns=[known] * 10)["PackedPolicySize"] > 0
    assert refusal(lambda: assume(ann, PolicyArns=[known] * 11))[1].endswith(
        "at 'policyArns' failed to satisfy constraint: Member must have length less than or equal "
        "to 10"
    )
    long = document(*[f"s3:Get{number:05}" for number in range(200)])
    assert refusal(lambda: assume(ann, Policy=long))[1].endswith("less than or equal to 2048")


@pytest.mark.usefixtures("role")
def test_managed_session_policies_are_those_of_the_roles_account(local: LocalCloud) -> None:
    iam = local.root().iam
    made = iam.create_policy(PolicyName="narrow", PolicyDocument=document("iam:ListUsers"))
    arn = made["Policy"]["Arn"]
    ann = local.user("ann", document("sts:AssumeRole"))
    session = local.session(assume(ann, PolicyArns=[{"arn": arn}])["Credentials"])
    assert session.iam.list_users()["Users"]
    assert refusal(session.iam.list_groups)[0] == "AccessDenied"


@pytest.mark.usefixtures("role")
def test_denials_say_which_policy_is_missing(local: LocalCloud) -> None:
    ann = local.user("ann", document("*"))
    start = f"User: arn:aws:iam::111122223333:user/ann is not authorized to perform: sts:AssumeRole on resource: {ROLE}"  # noqa: E501 - one sentence
    trust = json.loads(TRUST)
    trust["Statement"][0]["Principal"] = {"AWS": "444455556666"}
    iam = local.root().iam
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=json.dumps(trust))
    nobody = f"{start} because no role trust policy allows the sts:AssumeRole action"
    assert refusal(lambda: assume(ann))[1] == nobody
    trust["Statement"][0] |= {"Effect": "Deny", "Principal": {"AWS": "111122223333"}}
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=json.dumps(trust))
    assert refusal(lambda: assume(ann))[1] == (
        f"{start} with an explicit deny in the role trust policy"
    )
    iam.delete_role_policy(RoleName="r", PolicyName="p")
    iam.delete_role(RoleName="r")
    assert refusal(lambda: assume(ann))[1] == nobody
    # Nothing is told across accounts, not even whether there is such a role.
    eve = local.user("eve", document("*"), account="444455556666")
    assert refusal(lambda: assume(eve))[1].endswith(f"on resource: {ROLE}")


@pytest.mark.usefixtures("role")
def test_mfa_that_nobody_has_fails(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:AssumeRole"))
    serial = "arn:aws:iam::111122223333:mfa/ann"
    code, text, status = refusal(lambda: assume(ann, SerialNumber=serial, TokenCode="123456"))
    assert (code, status) == ("AccessDenied", 403)
    assert text.startswith("MultiFactorAuthentication failed")


@pytest.mark.parametrize("member", ["Tags", "TransitiveTagKeys", "ProvidedContexts"])
@pytest.mark.usefixtures("role")
def test_members_of_later_are_never_ignored(local: LocalCloud, member: str) -> None:
    given = {
        "Tags": [{"Key": "a", "Value": "b"}],
        "TransitiveTagKeys": ["a"],
        "ProvidedContexts": [{"ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter"}],
    }
    ann = local.user("ann", document("sts:AssumeRole"))
    code, text, status = refusal(lambda: assume(ann, **{member: given[member]}))
    assert (code, status) == ("NotImplemented", 501)
    assert text.startswith(member)

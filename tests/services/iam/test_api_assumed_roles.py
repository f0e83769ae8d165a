"""STS: roles taken on for a while."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.iam.test_api_policies import document
from tests.services.iam.test_api_principals import TRUST, refusal
from tests.services.iam.test_api_sessions import Device

from cloudling.kernel.authorize.moments import format_date
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


def trusting(*actions: str, **more: Any) -> str:
    """A trust policy that leaves these actions to the account's own policies."""
    policy = json.loads(TRUST)
    policy["Statement"][0] |= {"Action": list(actions), **more}
    return json.dumps(policy)


def trust(local: LocalCloud, *actions: str, **more: Any) -> None:
    local.root().iam.update_assume_role_policy(
        RoleName="r", PolicyDocument=trusting(*actions, **more)
    )


TAGS = [{"Key": "Team", "Value": "red"}, {"Key": "cost", "Value": "1"}]


@pytest.mark.usefixtures("role")
def test_session_tags_need_a_permission_of_both_sides(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:*"))
    bob = local.user("bob", document("sts:AssumeRole"))
    told = f"is not authorized to perform: sts:TagSession on resource: {ROLE} because no"
    assert refusal(lambda: assume(ann, Tags=TAGS))[1].endswith(
        f"{told} role trust policy allows the sts:TagSession action"
    )
    trust(local, "sts:AssumeRole", "sts:TagSession")
    assert refusal(lambda: assume(bob, Tags=TAGS))[1].endswith(
        f"{told} identity-based policy allows the sts:TagSession action"
    )
    assert 0 < assume(ann, Tags=TAGS)["PackedPolicySize"] < 10


@pytest.mark.usefixtures("role")
def test_session_tags_cover_the_roles_tags(local: LocalCloud) -> None:
    own = {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}
    trust(local, "sts:AssumeRole", "sts:TagSession")
    iam = local.root().iam
    iam.tag_role(RoleName="r", Tags=[{"Key": "team", "Value": "blue"}])
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document("s3:*", **own))
    ann = local.user("ann", document("sts:*"))
    plain, tagged = assume(ann)["Credentials"], assume(ann, Tags=TAGS)["Credentials"]
    assert refusal(local.session(plain).s3.list_buckets)[0] == "AccessDenied"
    assert local.session(tagged).s3.list_buckets()["Buckets"] == []


CONDITIONS = [
    ({"StringEquals": {"aws:RequestTag/team": "red"}}, {"Tags": TAGS}, {"Tags": TAGS[1:]}),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["cost"]}}, {"Tags": TAGS[1:]}, {"Tags": TAGS}),
    (
        {"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "cost"}},
        {"Tags": TAGS, "TransitiveTagKeys": ["cost"]},
        {"Tags": TAGS, "TransitiveTagKeys": ["Team"]},
    ),
    ({"StringEquals": {"sts:SourceIdentity": "ann"}}, {"SourceIdentity": "ann"}, {}),
    ({"StringLike": {"sts:RoleSessionName": "s*"}}, {}, {"RoleSessionName": "other"}),
    ({"StringEquals": {"sts:ExternalId": "secret"}}, {"ExternalId": "secret"}, {}),
    ({"StringEquals": {"aws:ResourceTag/team": "blue", "iam:ResourceTag/team": "blue"}}, {}, None),
    ({"Null": {"aws:TokenIssueTime": "true", "aws:MultiFactorAuthPresent": "true"}}, {}, None),
]


@pytest.mark.parametrize(("condition", "right", "wrong"), CONDITIONS)
@pytest.mark.usefixtures("role")
def test_conditions_of_trust(
    local: LocalCloud, condition: Any, right: dict[str, Any], wrong: dict[str, Any] | None
) -> None:
    actions = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
    trust(local, *actions, Condition=condition)
    local.root().iam.tag_role(RoleName="r", Tags=[{"Key": "team", "Value": "blue"}])
    ann = local.user("ann", document("sts:*"))
    call, start = ann.sts.assume_role, {"RoleArn": ROLE, "RoleSessionName": "session"}
    assert call(**start | right)["Credentials"]
    if wrong is not None:
        assert refusal(call, **start | wrong)[0] == "AccessDenied"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"Tags": [*TAGS, {"Key": "TEAM", "Value": "x"}]},
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
        (
            {"Tags": TAGS, "TransitiveTagKeys": ["other"]},
            "The specified transitive tag key must be included in the requested tags.",
        ),
        (
            {"TransitiveTagKeys": ["team"]},
            "The specified transitive tag key must be included in the requested tags.",
        ),
        (
            {"Tags": [{"Key": "aws:team", "Value": "x"}]},
            "Tag keys cannot start with 'aws:', which is reserved.",
        ),
    ],
)
@pytest.mark.usefixtures("role")
def test_session_tags_are_checked(local: LocalCloud, given: dict[str, Any], text: str) -> None:
    ann = local.user("ann", document("sts:*"))
    assert refusal(lambda: assume(ann, **given)) == ("InvalidParameterValue", text, 400)


@pytest.mark.usefixtures("role")
def test_more_tags_than_a_session_has(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:*"))
    many = [{"Key": f"k{number}", "Value": ""} for number in range(51)]
    code, text, _ = refusal(lambda: assume(ann, Tags=many))
    assert (code, "less than or equal to 50" in text) == ("ValidationError", True)
    trust(local, "sts:AssumeRole", "sts:TagSession")
    # Measured on AWS: 498 %.
    large = [{"Key": f"T{number}", "Value": "a" * 250} for number in range(1, 10)]
    assert refusal(lambda: assume(ann, Tags=large)) == (
        "PackedPolicyTooLarge",
        "Packed size of session tags consumes 498% of allotted space.",
        400,
    )


@pytest.mark.usefixtures("role")
def test_policies_that_pack_badly(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:AssumeRole"))
    names = "".join(chr(33 + local.cloud.ids.random.randrange(93)) for _ in range(1500))
    sid = "".join(each for each in names if each.isalnum())
    policy = document(*(f"s3:{sid[start : start + 9]}" for start in range(0, len(sid), 9)))
    code, text, _ = refusal(lambda: assume(ann, Policy=policy))
    assert code == "PackedPolicyTooLarge"
    assert text.startswith("Packed policy consumes ")
    assert text.endswith("% of allotted space, please use smaller policy.")


def chain(local: LocalCloud, *actions: str) -> None:
    """A role `r` that may assume the role `next`."""
    iam = local.root().iam
    trust(local, "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
    iam.put_role_policy(RoleName="r", PolicyName="q", PolicyDocument=document("sts:*"))
    iam.create_role(RoleName="next", AssumeRolePolicyDocument=trusting(*actions))


def further(client: Any, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.sts.assume_role(
        RoleArn="arn:aws:iam::111122223333:role/next", RoleSessionName="second", **more
    )
    return answer


@pytest.mark.usefixtures("role")
def test_transitive_tags_go_along_a_chain(local: LocalCloud) -> None:
    chain(local, "sts:AssumeRole", "sts:TagSession")
    may = {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}
    may_not = {"Condition": {"StringEquals": {"aws:PrincipalTag/cost": "1"}}}
    iam = local.root().iam
    iam.put_role_policy(RoleName="next", PolicyName="a", PolicyDocument=document("s3:*", **may))
    iam.put_role_policy(
        RoleName="next", PolicyName="b", PolicyDocument=document("iam:*", **may_not)
    )
    ann = local.user("ann", document("sts:*"))
    first = local.session(assume(ann, Tags=TAGS, TransitiveTagKeys=["TEAM"])["Credentials"])
    answer = further(first)
    assert answer["PackedPolicySize"] > 0
    second = local.session(answer["Credentials"])
    assert second.s3.list_buckets()["Buckets"] == []
    assert refusal(second.iam.list_users)[0] == "AccessDenied"
    assert refusal(lambda: further(first, Tags=[{"Key": "team", "Value": "blue"}])) == (
        "InvalidParameterValue",
        "One of the specified transitive tag keys can't be set because it conflicts with a "
        "transitive tag key from the calling session.",
        400,
    )
    assert further(first, Tags=[{"Key": "cost", "Value": "2"}])["Credentials"]


@pytest.mark.usefixtures("role")
def test_transitive_tags_need_the_permission_at_each_link(local: LocalCloud) -> None:
    chain(local, "sts:AssumeRole")
    ann = local.user("ann", document("sts:*"))
    first = local.session(assume(ann, Tags=TAGS, TransitiveTagKeys=["cost"])["Credentials"])
    assert "sts:TagSession" in refusal(lambda: further(first))[1]
    assert further(local.session(assume(ann, Tags=TAGS)["Credentials"]))["Credentials"]


@pytest.mark.usefixtures("role")
def test_a_source_identity_sticks(local: LocalCloud) -> None:
    chain(local, "sts:AssumeRole", "sts:SetSourceIdentity")
    only_ann = {"Condition": {"StringEquals": {"aws:SourceIdentity": "ann"}}}
    local.root().iam.put_role_policy(
        RoleName="next", PolicyName="a", PolicyDocument=document("s3:*", **only_ann)
    )
    ann = local.user("ann", document("sts:*"))
    answer = assume(ann, SourceIdentity="ann")
    assert answer["SourceIdentity"] == "ann"
    first = local.session(answer["Credentials"])
    answer = further(first)
    assert answer["SourceIdentity"] == "ann"
    assert local.session(answer["Credentials"]).s3.list_buckets()["Buckets"] == []
    assert further(first, SourceIdentity="ann")["SourceIdentity"] == "ann"
    code, text, status = refusal(lambda: further(first, SourceIdentity="bob"))
    assert (code, status) == ("AccessDenied", 403)
    assert "is not authorized to perform: sts:SetSourceIdentity on resource: " in text
    anonymous = local.session(assume(ann)["Credentials"])
    assert "SourceIdentity" not in further(anonymous)


@pytest.mark.usefixtures("role")
def test_a_source_identity_needs_a_permission_of_both_sides(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:*"))
    bob = local.user("bob", document("sts:AssumeRole"))
    told = f"is not authorized to perform: sts:SetSourceIdentity on resource: {ROLE} because no"
    assert refusal(lambda: assume(ann, SourceIdentity="ann"))[1].endswith(
        f"{told} role trust policy allows the sts:SetSourceIdentity action"
    )
    trust(local, "sts:AssumeRole", "sts:SetSourceIdentity")
    assert refusal(lambda: assume(bob, SourceIdentity="bob"))[1].endswith(
        f"{told} identity-based policy allows the sts:SetSourceIdentity action"
    )


@pytest.mark.usefixtures("role")
def test_roles_that_ask_for_mfa(local: LocalCloud) -> None:
    present = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    trust(
        local,
        "sts:AssumeRole",
        Condition=present | {"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}},
    )
    local.root().iam.put_role_policy(
        RoleName="r", PolicyName="q", PolicyDocument=document("s3:*", Condition=present)
    )
    ann = local.user("ann", document("sts:AssumeRole"))
    device = Device(local, "ann-phone", "ann")
    assert refusal(lambda: assume(ann))[0] == "AccessDenied"
    assert refusal(lambda: assume(ann, **device.proof() | {"TokenCode": device.wrong()})) == (
        "AccessDenied",
        "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
        403,
    )
    session = local.session(assume(ann, **device.proof())["Credentials"])
    assert session.iam.list_users()["Users"]
    # AWS: "The temporary credentials returned by AssumeRole do not include MFA information".
    assert refusal(session.s3.list_buckets)[0] == "AccessDenied"


@pytest.mark.usefixtures("role")
def test_a_code_is_used_up_even_by_a_call_that_is_refused(local: LocalCloud) -> None:
    ann = local.user("ann")
    proof = Device(local, "ann-phone", "ann").proof()
    assert "no identity-based policy allows" in refusal(lambda: assume(ann, **proof))[1]
    assert refusal(lambda: assume(ann, **proof))[1].startswith("MultiFactorAuthentication failed")


@pytest.mark.usefixtures("role")
def test_a_role_has_no_device(local: LocalCloud) -> None:
    chain(local, "sts:AssumeRole")
    ann = local.user("ann", document("sts:AssumeRole"))
    proof = Device(local, "ann-phone", "ann").proof()
    first = local.session(assume(ann)["Credentials"])
    assert "unable to validate MFA code." in refusal(lambda: further(first, **proof))[1]


@pytest.mark.usefixtures("role")
def test_a_role_gets_no_sessions_of_users(local: LocalCloud) -> None:
    local.root().iam.put_role_policy(RoleName="r", PolicyName="q", PolicyDocument=document("*"))
    session = local.session(assume(local.user("ann", document("sts:*")))["Credentials"])
    assert refusal(session.sts.get_session_token) == (
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
        403,
    )
    assert refusal(session.sts.get_federation_token, Name="bob") == (
        "AccessDenied",
        "Cannot call GetFederationToken with session credentials",
        403,
    )
    told = session.sts.get_access_key_info(AccessKeyId="A" * 20)
    assert len(told["Account"]) == 12


@pytest.mark.usefixtures("role")
def test_older_sessions_are_revoked(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:AssumeRole"))
    older = local.session(assume(ann)["Credentials"])
    local.clock.advance(10)
    moment = {"DateLessThan": {"aws:TokenIssueTime": "[policy creation time]"}}
    policy = document("*", effect="Deny", Condition=moment)
    now = format_date(local.clock.now())
    local.root().iam.put_role_policy(
        RoleName="r",
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=policy.replace("[policy creation time]", now),
    )
    assert refusal(older.iam.list_users)[1].endswith(
        "with an explicit deny in an identity-based policy"
    )
    local.clock.advance(1)
    assert local.session(assume(ann)["Credentials"]).iam.list_users()["Users"]


@pytest.mark.usefixtures("role")
def test_provided_contexts_are_never_ignored(local: LocalCloud) -> None:
    ann = local.user("ann", document("sts:AssumeRole"))
    context = {"ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter"}
    code, text, status = refusal(lambda: assume(ann, ProvidedContexts=[context]))
    assert (code, status) == ("NotImplemented", 501)
    assert text.startswith("ProvidedContexts")


@pytest.mark.parametrize(
    "arn", ["not-an-arn-but-long-enough", "arn:aws:iam::111122223333:user/ann", f"{ROLE[:-1]}"]
)
def test_what_is_no_role(local: LocalCloud, arn: str) -> None:
    ann = local.user("ann", document("*"))
    call = ann.sts.assume_role
    assert refusal(call, RoleArn=arn, RoleSessionName="session")[:2] == (
        "ValidationError",
        f"{arn} is invalid",
    )

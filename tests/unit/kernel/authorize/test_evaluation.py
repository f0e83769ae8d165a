"""Decisions: AWS's flow chart, the examples of its pages, and what must hold of any policies."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.kernel.authorize import (
    NO_CONTROLS,
    CallFacts,
    Controls,
    Decision,
    NamedPolicy,
    PrincipalPolicies,
    Question,
    evaluate,
    evaluate_trust,
    parse,
    plainly_allows,
)
from cloudling.kernel.identities import Identity, Session

HOME, OTHER = "111122223333", "444455556666"
KEY = "arn:aws:s3:::bucket/key"
FACTS = CallFacts(now=1_577_836_800, region="eu-west-1")
SESSION = Session(name="s", issued_at=0, expires_at=1)
ISSUED = Session(name="eve", issued_at=0, expires_at=1, issuer=(f"arn:aws:iam::{HOME}:user/ann",))


def who(kind: Any, name: str = "ann", account: str = HOME) -> Identity:
    own = f"arn:aws:iam::{account}:{'root' if kind == 'root' else f'{kind}/{name}'}"
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/s" if kind == "role" else own
    return Identity(
        kind=kind,
        account=account,
        arn=arn,
        principal_arn=own,
        unique_id={"role": "AROAROLEROLEROLEROLER:s", "user": "AIDAANNANNANNANNANNAN"}.get(
            kind, account
        ),
        name=name,
        session=SESSION if kind == "role" else None,
    )


USER, ROLE, ROOT = who("user"), who("role"), who("root")
FEDERATED = Identity(
    kind="federated",
    account=HOME,
    arn=f"arn:aws:sts::{HOME}:federated-user/eve",
    principal_arn=f"arn:aws:sts::{HOME}:federated-user/eve",
    unique_id=f"{HOME}:eve",
    name="eve",
    session=ISSUED,
)
SERVICE = Identity(
    kind="service", account="", arn="sns.amazonaws.com", principal_arn="", unique_id=""
)
ANONYMOUS = Identity(kind="anonymous", account="", arn="", principal_arn="", unique_id="")


def says(effect: str = "Allow", **members: Any) -> dict[str, Any]:
    if "NotAction" not in members:
        members.setdefault("Action", "s3:*")
    if "NotResource" not in members:
        members.setdefault("Resource", "*")
    return {"Effect": effect, **members}


def text(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def named(name: str, *statements: dict[str, Any]) -> NamedPolicy:
    arn = f"arn:aws:iam::{HOME}:policy/{name}"
    return NamedPolicy(name, arn, parse(text(*statements), "identity"))


def holds(
    *identity: dict[str, Any],
    boundary: dict[str, Any] | None = None,
    session: Sequence[dict[str, Any]] | None = None,
) -> PrincipalPolicies:
    return PrincipalPolicies(
        (named("own", *identity),) if identity else (),
        None if boundary is None else named("limit", boundary),
        None if session is None else tuple(named("narrow", each) for each in session),
    )


def ask(
    identity: Identity,
    policies: PrincipalPolicies,
    resource_policy: str | None = None,
    owner: str = HOME,
    *,
    action: str = "s3:GetObject",
    resource: str = KEY,
    guard: Controls = NO_CONTROLS,
    **more: Any,
) -> Decision:
    question = Question(
        identity=identity,
        action=action,
        resource=resource,
        resource_account=owner,
        owner=guard,
        facts=FACTS,
        **more,
    )
    decision = evaluate(question, policies, resource_policy)
    if resource_policy is None and plainly_allows(question, policies):
        assert decision.allowed
    return decision


def test_the_short_way_to_a_yes() -> None:
    mine = PrincipalPolicies(identity=(named("mine", says(Resource="*")),))
    limited = msgspec.structs.replace(
        mine, boundary=named("limit", says(Resource="arn:aws:s3:::nothing"))
    )
    session = msgspec.structs.replace(mine, session=())
    denied = PrincipalPolicies(
        identity=(named("mine", says(Resource="*"), says("Deny", Resource="*")),)
    )
    question = Question(
        identity=who("user"), action="s3:GetObject", resource=KEY, facts=FACTS, context={}
    )
    foreign = msgspec.structs.replace(question, resource_account="999999999999")
    assert plainly_allows(question, mine)
    assert not any(plainly_allows(question, less) for less in (limited, session, denied))
    assert not plainly_allows(foreign, mine)


def bucket(principal: Any, effect: str = "Allow", **more: Any) -> str:
    return text(says(effect, Principal=principal, **more))


ALLOW, DENY = says(), says("Deny")
NOT_THIS = says(Action="s3:PutObject")


@pytest.mark.parametrize(
    ("identity", "policies", "allowed", "deciding", "explicit"),
    [
        (USER, holds(), False, "identity-based policy", False),
        (USER, holds(ALLOW), True, "identity-based policy", True),
        (USER, holds(ALLOW, DENY), False, "identity-based policy", True),
        (USER, holds(NOT_THIS), False, "identity-based policy", False),
        (USER, holds(ALLOW, boundary=ALLOW), True, "identity-based policy", True),
        (USER, holds(boundary=ALLOW), False, "identity-based policy", False),
        (USER, holds(ALLOW, boundary=NOT_THIS), False, "permissions boundary", False),
        (USER, holds(ALLOW, boundary=DENY), False, "permissions boundary", True),
        (ROLE, holds(ALLOW, session=[ALLOW]), True, "identity-based policy", True),
        (ROLE, holds(session=[ALLOW]), False, "identity-based policy", False),
        (ROLE, holds(ALLOW, session=[NOT_THIS]), False, "session policy", False),
        (ROLE, holds(ALLOW, session=[NOT_THIS, ALLOW]), True, "identity-based policy", True),
        (ROLE, holds(ALLOW, session=[ALLOW, DENY]), False, "session policy", True),
        (ROLE, holds(ALLOW, session=[]), False, "session policy", False),
        (
            ROLE,
            holds(ALLOW, boundary=NOT_THIS, session=[ALLOW]),
            False,
            "permissions boundary",
            False,
        ),
        (ROOT, holds(), True, None, False),
        (SERVICE, holds(), False, "resource-based policy", False),
        (ANONYMOUS, holds(), False, "resource-based policy", False),
    ],
)
def test_without_resource_policy(
    identity: Identity,
    policies: PrincipalPolicies,
    allowed: bool,
    deciding: str | None,
    explicit: bool,
) -> None:
    decision = ask(identity, policies)
    assert (decision.allowed, decision.policy_type, decision.explicit) == (
        allowed,
        deciding,
        explicit,
    )


ACCOUNT_ROOT = {"AWS": f"arn:aws:iam::{HOME}:root"}


@pytest.mark.parametrize(
    ("identity", "policies", "resource", "allowed", "deciding"),
    [
        # A user's own ARN suffices, whatever identity policies and boundary leave out.
        (USER, holds(), bucket({"AWS": USER.arn}), True, "resource-based policy"),
        (USER, holds(boundary=NOT_THIS), bucket({"AWS": USER.arn}), True, "resource-based policy"),
        (USER, holds(boundary=DENY), bucket({"AWS": USER.arn}), False, "permissions boundary"),
        (USER, holds(DENY), bucket({"AWS": USER.arn}), False, "identity-based policy"),
        (USER, holds(), bucket({"AWS": USER.unique_id}), True, "resource-based policy"),
        (USER, holds(), bucket("*"), True, "resource-based policy"),
        (USER, holds(ALLOW), bucket("*", "Deny"), False, "resource-based policy"),
        # The account only delegates.
        (USER, holds(), bucket(ACCOUNT_ROOT), False, "identity-based policy"),
        (USER, holds(ALLOW), bucket({"AWS": HOME}), True, "identity-based policy"),
        (USER, holds(ALLOW), bucket({"AWS": HOME}, "Deny"), False, "resource-based policy"),
        (USER, holds(ALLOW), bucket({"AWS": OTHER}), True, "identity-based policy"),
        # A role's ARN grants within boundary and session, its session's ARN beyond them.
        (ROLE, holds(), bucket({"AWS": ROLE.principal_arn}), True, "resource-based policy"),
        (
            ROLE,
            holds(boundary=NOT_THIS),
            bucket({"AWS": ROLE.principal_arn}),
            False,
            "permissions boundary",
        ),
        (
            ROLE,
            holds(session=[NOT_THIS]),
            bucket({"AWS": ROLE.principal_arn}),
            False,
            "session policy",
        ),
        (
            ROLE,
            holds(boundary=NOT_THIS, session=[NOT_THIS]),
            bucket({"AWS": ROLE.arn}),
            True,
            "resource-based policy",
        ),
        (ROLE, holds(session=[DENY]), bucket({"AWS": ROLE.arn}), False, "session policy"),
        (
            FEDERATED,
            holds(session=[]),
            bucket({"AWS": FEDERATED.arn}),
            True,
            "resource-based policy",
        ),
        (FEDERATED, holds(ALLOW, session=[]), bucket({"AWS": HOME}), False, "session policy"),
        (FEDERATED, holds(ALLOW), None, False, "session policy"),
        (FEDERATED, holds(ALLOW, session=[ALLOW]), None, True, "identity-based policy"),
        # "*" grants beyond them, as its condition on aws:PrincipalArn may; so does the user who
        # asked for a federated user's session only within them.
        (
            ROLE,
            holds(boundary=NOT_THIS, session=[NOT_THIS]),
            bucket("*"),
            True,
            "resource-based policy",
        ),
        (FEDERATED, holds(session=[]), bucket({"AWS": USER.arn}), False, "session policy"),
        (
            FEDERATED,
            holds(session=[ALLOW]),
            bucket({"AWS": USER.arn}),
            True,
            "resource-based policy",
        ),
        # A root's session is limited by its policies.
        (ROOT, holds(session=[NOT_THIS]), None, False, "session policy"),
        (ROOT, holds(session=[ALLOW]), None, True, None),
        # Root is bound by the resource's explicit denies.
        (ROOT, holds(), bucket("*", "Deny"), False, "resource-based policy"),
        (ROOT, holds(), bucket({"AWS": OTHER}), True, None),
        (ANONYMOUS, holds(), bucket("*"), True, "resource-based policy"),
        (ANONYMOUS, holds(), bucket({"AWS": HOME}), False, "resource-based policy"),
        (
            SERVICE,
            holds(),
            bucket({"Service": "sns.amazonaws.com"}),
            True,
            "resource-based policy",
        ),
        (
            SERVICE,
            holds(),
            bucket({"Service": "sqs.amazonaws.com"}),
            False,
            "resource-based policy",
        ),
    ],
)
def test_inside_one_account(
    identity: Identity,
    policies: PrincipalPolicies,
    resource: str | None,
    allowed: bool,
    deciding: str | None,
) -> None:
    decision = ask(identity, policies, resource)
    assert (decision.allowed, decision.policy_type) == (allowed, deciding)


@pytest.mark.parametrize(
    ("identity", "policies", "resource", "allowed", "deciding"),
    [
        (USER, holds(ALLOW), None, False, "resource-based policy"),
        (USER, holds(ALLOW), bucket({"AWS": HOME}), True, "identity-based policy"),
        (USER, holds(), bucket({"AWS": HOME}), False, "identity-based policy"),
        (USER, holds(), bucket({"AWS": USER.arn}), False, "identity-based policy"),
        (USER, holds(ALLOW), bucket({"AWS": USER.arn}), True, "identity-based policy"),
        (USER, holds(ALLOW), bucket({"AWS": OTHER}), False, "resource-based policy"),
        (
            USER,
            holds(ALLOW, boundary=NOT_THIS),
            bucket({"AWS": USER.arn}),
            False,
            "permissions boundary",
        ),
        (ROLE, holds(), bucket({"AWS": ROLE.arn}), False, "identity-based policy"),
        (ROOT, holds(), None, False, "resource-based policy"),
        (ROOT, holds(), bucket({"AWS": HOME}), True, None),
    ],
)
def test_across_accounts(
    identity: Identity,
    policies: PrincipalPolicies,
    resource: str | None,
    allowed: bool,
    deciding: str | None,
) -> None:
    decision = ask(identity, policies, resource, owner=OTHER)
    assert (decision.allowed, decision.policy_type) == (allowed, deciding)
    assert decision.cross_account


def test_a_required_policy_must_allow_even_inside_the_account() -> None:
    question = Question(
        identity=USER, action="kms:Decrypt", resource="*", resource_account=HOME, facts=FACTS
    )
    allow = says(Action="kms:*")
    silent = text(says(Principal={"AWS": OTHER}, Action="kms:*"))
    delegating = text(says(Principal={"AWS": HOME}, Action="kms:*"))
    assert not evaluate(question, holds(allow), silent, required=True).allowed
    assert evaluate(question, holds(allow), delegating, required=True).allowed
    assert not evaluate(question, holds(), delegating, required=True).allowed


def test_a_canonical_user_stands_for_its_account() -> None:
    resource = bucket({"CanonicalUser": "a" * 64})
    assert ask(USER, holds(ALLOW), resource, owner=OTHER, canonical_id="a" * 64).allowed
    assert not ask(USER, holds(ALLOW), resource, owner=OTHER, canonical_id="b" * 64).allowed


@pytest.mark.parametrize(
    ("identity", "policies", "names", "allowed"),
    [
        (USER, holds(ALLOW), [USER.arn, HOME], True),
        (USER, holds(ALLOW), [USER.arn], False),
        (USER, holds(ALLOW), [HOME], False),
        (USER, holds(ALLOW, boundary=ALLOW), [USER.arn, HOME], False),
        (ROLE, holds(ALLOW), [ROLE.principal_arn, ROLE.arn, HOME], True),
        (ROLE, holds(ALLOW), [ROLE.principal_arn, HOME], False),
        (ROOT, holds(), [HOME], True),
        (ROOT, holds(), [USER.arn], False),
    ],
)
def test_not_principal(
    identity: Identity, policies: PrincipalPolicies, names: list[str], allowed: bool
) -> None:
    statement = says("Deny", NotPrincipal={"AWS": names})
    assert ask(identity, policies, text(statement)).allowed is allowed


def test_the_deciding_statement_is_told() -> None:
    policies = holds(ALLOW, says("Deny", Sid="NoKeys", Resource=KEY))
    decision = ask(USER, policies)
    assert (decision.policy_name, decision.statement_index, decision.sid) == ("own", 1, "NoKeys")
    assert decision.policy_arn == f"arn:aws:iam::{HOME}:policy/own"


@pytest.mark.parametrize(
    ("statement", "action", "resource", "allowed"),
    [
        (says(Action="S3:getobject"), "s3:GetObject", KEY, True),
        (says(Action="s3:Get*", Resource="arn:aws:s3:::bucket/*"), "s3:GetObject", KEY, True),
        (says(Action="s3:Get*", Resource="arn:aws:s3:::bucket"), "s3:GetObject", KEY, False),
        (says(Resource="arn:aws:s3:::BUCKET/key"), "s3:GetObject", KEY, False),
        (says(NotAction="iam:*"), "s3:GetObject", KEY, True),
        (says(NotAction="iam:*"), "iam:GetUser", "*", False),
        (says(NotResource=["arn:aws:s3:::hr/*"]), "s3:GetObject", KEY, True),
        (says(NotResource=[KEY]), "s3:GetObject", KEY, False),
        (says(Resource="arn:aws:s3:::bucket/${aws:username}*"), "s3:GetObject", KEY, False),
        (
            says(Resource="arn:aws:s3:::bucket/${aws:username}/*"),
            "s3:GetObject",
            "arn:aws:s3:::bucket/ann/x",
            True,
        ),
        (says(NotResource="arn:aws:s3:::bucket/${x:absent}"), "s3:GetObject", KEY, True),
        (says(Action="*"), "sts:GetCallerIdentity", "*", True),
        (says(Action="sqs:*", Resource="arn:aws:sqs"), "sqs:X", "arn:aws:sqs:r:1:q", True),
    ],
)
def test_actions_and_resources(
    statement: dict[str, Any], action: str, resource: str, allowed: bool
) -> None:
    assert ask(USER, holds(statement), action=action, resource=resource).allowed is allowed


# --- trust -----------------------------------------------------------------------------------


def may_assume(
    identity: Identity,
    policies: PrincipalPolicies,
    principal: Any,
    owner: str = HOME,
    **more: Any,
) -> Decision:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "sts:AssumeRole",
        "Condition": more.pop("condition", {}),
    }
    more["owner"] = more.pop("guard", NO_CONTROLS)
    question = Question(
        identity=identity,
        action="sts:AssumeRole",
        resource=f"arn:aws:iam::{owner}:role/target",
        resource_account=owner,
        facts=FACTS,
        **more,
    )
    return evaluate_trust(question, policies, text(statement))


MAY = says(Action="sts:AssumeRole", Resource=f"arn:aws:iam::{HOME}:role/*")


@pytest.mark.parametrize(
    ("identity", "policies", "principal", "owner", "allowed"),
    [
        (USER, holds(), ACCOUNT_ROOT, HOME, False),
        (USER, holds(MAY), ACCOUNT_ROOT, HOME, True),
        (USER, holds(MAY), {"AWS": HOME}, HOME, True),
        (USER, holds(), {"AWS": USER.arn}, HOME, True),
        (USER, holds(says("Deny", Action="sts:*")), {"AWS": USER.arn}, HOME, False),
        (USER, holds(says(Action="*")), {"AWS": who("user", "bob").arn}, HOME, False),
        (USER, holds(says(Action="*")), {"Service": "ec2.amazonaws.com"}, HOME, False),
        (USER, holds(), "*", HOME, True),
        (USER, holds(MAY), {"AWS": HOME}, OTHER, False),
        (USER, holds(says(Action="sts:*")), {"AWS": HOME}, OTHER, True),
        (USER, holds(), {"AWS": USER.arn}, OTHER, False),
        (ROLE, holds(), {"AWS": ROLE.principal_arn}, HOME, True),
        (ROLE, holds(), {"AWS": ROLE.arn}, HOME, True),
        (ROLE, holds(boundary=NOT_THIS), {"AWS": ROLE.principal_arn}, HOME, False),
        (ROOT, holds(), {"AWS": OTHER}, HOME, False),
        (SERVICE, holds(), {"Service": "sns.amazonaws.com"}, HOME, True),
        (ANONYMOUS, holds(), {"AWS": HOME}, HOME, False),
    ],
)
def test_trust(
    identity: Identity, policies: PrincipalPolicies, principal: Any, owner: str, allowed: bool
) -> None:
    assert may_assume(identity, policies, principal, owner).allowed is allowed


def test_trust_is_always_needed() -> None:
    decision = may_assume(USER, holds(says(Action="*")), {"AWS": OTHER})
    assert (decision.allowed, decision.policy_type) == (False, "role trust policy")


def test_external_ids() -> None:
    condition = {"StringEquals": {"sts:ExternalId": "12345"}}
    policies = holds(says(Action="sts:AssumeRole"))
    for sent, allowed in (("12345", True), ("54321", False), (None, False)):
        context = {"sts:externalid": sent} if sent else {}
        decision = may_assume(
            USER, policies, {"AWS": HOME}, OTHER, condition=condition, context=context
        )
        assert decision.allowed is allowed


def test_identity_providers() -> None:
    principal = {"Federated": "accounts.google.com"}
    assert may_assume(ANONYMOUS, holds(), principal, provider="accounts.google.com").allowed
    assert not may_assume(ANONYMOUS, holds(), principal, provider="graph.facebook.com").allowed


# --- what must hold of any policies ----------------------------------------------------------

STATEMENTS = st.builds(
    says,
    st.sampled_from(["Allow", "Allow", "Deny"]),
    Action=st.sampled_from(["s3:*", "s3:GetObject", "s3:Get*", "s3:PutObject", "*", "iam:*"]),
    Resource=st.sampled_from(["*", KEY, "arn:aws:s3:::bucket/*", "arn:aws:s3:::other/*"]),
    Condition=st.sampled_from(
        [
            {},
            {"StringEquals": {"aws:username": "ann"}},
            {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}},
            {"Bool": {"aws:SecureTransport": "false"}},
        ]
    ),
)
LISTS = st.lists(STATEMENTS, max_size=4)
CALLERS = st.sampled_from([USER, ROLE, ROOT])
RESOURCES = st.sampled_from(
    [None, bucket("*"), bucket({"AWS": HOME}), bucket({"AWS": ROLE.arn}), bucket({"AWS": OTHER})]
)
OWNERS = st.sampled_from([HOME, OTHER])


@given(CALLERS, LISTS, RESOURCES, OWNERS)
def test_a_deny_always_wins(
    identity: Identity, statements: list[dict[str, Any]], resource: str | None, owner: str
) -> None:
    decision = ask(identity, holds(*statements, says("Deny", Action="*")), resource, owner)
    assert not decision.allowed
    assert decision.explicit


@given(CALLERS, LISTS, STATEMENTS, RESOURCES, OWNERS)
def test_another_allow_takes_nothing_away(
    identity: Identity,
    statements: list[dict[str, Any]],
    more: dict[str, Any],
    resource: str | None,
    owner: str,
) -> None:
    more = {**more, "Effect": "Allow"}
    before = ask(identity, holds(*statements), resource, owner)
    after = ask(identity, holds(*statements, more), resource, owner)
    assert after.allowed or not before.allowed


@given(CALLERS, LISTS, STATEMENTS, RESOURCES, OWNERS)
def test_a_limit_gives_nothing(
    identity: Identity,
    statements: list[dict[str, Any]],
    limit: dict[str, Any],
    resource: str | None,
    owner: str,
) -> None:
    free = ask(identity, holds(*statements), resource, owner)
    for bounded in (
        holds(*statements, boundary=limit),
        holds(*statements, session=[limit]),
        holds(*statements, boundary=limit, session=[limit]),
    ):
        assert free.allowed or not ask(identity, bounded, resource, owner).allowed


@given(CALLERS, LISTS, RESOURCES, OWNERS)
def test_the_order_of_statements_does_not_matter(
    identity: Identity, statements: list[dict[str, Any]], resource: str | None, owner: str
) -> None:
    forth = ask(identity, holds(*statements), resource, owner)
    back = ask(identity, holds(*reversed(statements)), resource, owner)
    assert forth.allowed is back.allowed
    assert forth.explicit is back.explicit


# --- examples of AWS's pages -----------------------------------------------------------------


def test_explicit_and_implicit_denies() -> None:
    """reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay."""
    policies = holds(
        says(Sid="AllowGetList", Action=["iam:Get*", "iam:List*"]),
        says("Deny", Sid="DenyReports", Action="iam:*Report"),
    )
    assert ask(USER, policies, action="iam:ListUsers", resource="*").allowed
    implicit = ask(USER, policies, action="iam:CreatePolicy", resource="*")
    assert (implicit.allowed, implicit.explicit) == (False, False)
    for action in ("iam:GetCredentialReport", "iam:GenerateCredentialReport"):
        explicit = ask(USER, policies, action=action, resource="*")
        assert (explicit.allowed, explicit.sid) == (False, "DenyReports")


def test_carlos_and_his_bucket() -> None:
    """reference_policies_evaluation-logic_policy-eval-basics."""
    carlos = who("user", "carlossalazar")
    own = holds(
        says(Action=["s3:GetBucketLocation", "s3:GetAccountPublicAccessBlock", "s3:ListBucket"]),
        says(Action="s3:*", Resource="arn:aws:s3:::amzn-s3-demo-bucket-carlossalazar/*"),
        says("Deny", Action="s3:*", Resource="arn:aws:s3:::*log*"),
    )
    resource = text(
        says(
            Principal={"AWS": carlos.arn},
            Action="s3:*",
            Resource="arn:aws:s3:::amzn-s3-demo-bucket-carlossalazar-logs/*",
        )
    )
    logs = "arn:aws:s3:::amzn-s3-demo-bucket-carlossalazar-logs/file"
    question = Question(
        identity=carlos, action="s3:PutObject", resource=logs, resource_account=HOME, facts=FACTS
    )
    decision = evaluate(question, own, resource)
    assert (decision.allowed, decision.explicit) == (False, True)


def test_mfa_for_everything_but_setting_it_up() -> None:
    """The self-service example: without MFA only what sets it up; long-term keys have no key."""
    policies = holds(
        says(Action="*"),
        says(
            "Deny",
            NotAction=["iam:EnableMFADevice", "sts:GetSessionToken"],
            Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        ),
    )
    assert not ask(USER, policies).allowed
    assert ask(USER, policies, action="iam:EnableMFADevice").allowed
    with_mfa = Session(name="s", issued_at=0, expires_at=1, mfa_at=0)
    identity = Identity(
        kind="user",
        account=HOME,
        arn=USER.arn,
        principal_arn=USER.arn,
        unique_id=USER.unique_id,
        name="ann",
        session=with_mfa,
    )
    assert ask(identity, policies).allowed

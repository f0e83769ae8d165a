"""Control policies: who is bound, at which level, and what AWS's pages give as examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.unit.kernel.authorize.test_evaluation import (
    ALLOW,
    ANONYMOUS,
    DENY,
    HOME,
    KEY,
    NOT_THIS,
    OTHER,
    ROLE,
    ROOT,
    SERVICE,
    USER,
    ask,
    bucket,
    holds,
    may_assume,
    says,
    text,
)

from cloudling.kernel.authorize import (
    NO_CONTROLS,
    CallFacts,
    Controls,
    Decision,
    MalformedPolicyDocument,
    NamedPolicy,
    Question,
    evaluate,
    parse,
    plainly_allows,
)
from cloudling.kernel.authorize.control_grammar import MALFORMED
from cloudling.kernel.authorize.controls import RESOURCE_CONTROLLED

if TYPE_CHECKING:
    from cloudling.kernel.identities import Identity

SCP = "service control policy"
RCP = "resource control policy"
LINKED = msgspec.structs.replace(
    ROLE, principal_arn=f"arn:aws:iam::{HOME}:role/aws-service-role/ecs.amazonaws.com/R"
)


def scp(name: str, *statements: dict[str, Any]) -> NamedPolicy:
    arn = f"arn:aws:organizations::999999999999:policy/o-1/service_control_policy/{name}"
    return NamedPolicy(name, arn, parse(text(*statements), "scp"))


def rcp(name: str, *statements: dict[str, Any]) -> NamedPolicy:
    arn = f"arn:aws:organizations::999999999999:policy/o-1/resource_control_policy/{name}"
    everyone = [{"Principal": "*", **statement} for statement in statements]
    return NamedPolicy(name, arn, parse(text(*everyone), "rcp"))


FULL = scp("p-FullAWSAccess", says(Action="*"))
RESOURCE_FULL = rcp("p-RCPFullAWSAccess", says(Action="*"))


def member(*levels: tuple[NamedPolicy, ...], organization: str = "o-1") -> Controls:
    return Controls(organization=organization, path=f"{organization}/r-1/", service=levels)


def guarded(*policies: NamedPolicy) -> Controls:
    return Controls(
        organization="o-1",
        path="o-1/r-1/",
        resource=((RESOURCE_FULL,), (RESOURCE_FULL, *policies), (RESOURCE_FULL,)),
    )


def told(decision: Decision) -> tuple[bool, str | None, bool]:
    return decision.allowed, decision.policy_type, decision.explicit


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (((FULL,), (FULL,), (FULL,)), (True, "identity-based policy", True)),
        (((FULL,), (scp("p", NOT_THIS),), (FULL,)), (False, SCP, False)),
        (((FULL,), (scp("p", NOT_THIS), FULL), (FULL,)), (True, "identity-based policy", True)),
        (((FULL,), (FULL,), ()), (False, SCP, False)),
        (((FULL, scp("p", DENY)), (FULL,), (FULL,)), (False, SCP, True)),
        (((FULL,), (FULL,), (FULL, scp("p", DENY))), (False, SCP, True)),
        (((scp("p", ALLOW),), (FULL,), (FULL,)), (True, "identity-based policy", True)),
    ],
)
def test_every_level_must_allow_and_none_deny(
    levels: Any, expected: tuple[bool, str, bool]
) -> None:
    assert told(ask(USER, holds(ALLOW), organization=member(*levels))) == expected


def test_control_policies_grant_nothing() -> None:
    decision = ask(USER, holds(), organization=member((FULL,)))
    assert told(decision) == (False, "identity-based policy", False)


@pytest.mark.parametrize(
    ("identity", "allowed"),
    [(USER, False), (ROLE, False), (ROOT, False), (LINKED, True)],
)
def test_who_is_bound_by_an_scp(identity: Identity, allowed: bool) -> None:
    controls = member((FULL, scp("p", DENY)))
    assert ask(identity, holds(ALLOW), organization=controls).allowed is allowed
    management = msgspec.structs.replace(controls, management=True)
    assert ask(identity, holds(ALLOW), organization=management).allowed


def test_an_scp_does_not_bind_those_outside() -> None:
    controls = member((FULL, scp("p", DENY)))
    open_bucket = bucket("*")
    # The resource's account has the SCP, the callers are of none.
    assert ask(ANONYMOUS, holds(), open_bucket, guard=controls).allowed
    assert ask(SERVICE, holds(), open_bucket, organization=controls).allowed


def test_a_resources_policy_does_not_pass_an_scp() -> None:
    controls = member((FULL, scp("p", says("Deny", Sid="Closed"))))
    decision = ask(USER, holds(), bucket({"AWS": USER.arn}), organization=controls)
    assert told(decision) == (False, SCP, True)
    assert decision.sid == "Closed"
    assert decision.policy_arn.endswith("/service_control_policy/p")


def test_an_rcp_binds_the_resource_of_its_account() -> None:
    outsiders = says("Deny", Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}})
    owner = guarded(rcp("p", outsiders))
    foreign = ask(USER, holds(ALLOW), bucket({"AWS": HOME}), OTHER, guard=owner)
    assert told(foreign) == (False, RCP, True)
    assert not foreign.same_organization
    own = ask(USER, holds(ALLOW), bucket({"AWS": HOME}), OTHER, guard=owner, organization=owner)
    assert own.allowed
    assert own.same_organization


@pytest.mark.parametrize(
    ("action", "identity", "allowed"),
    [
        ("s3:GetObject", USER, False),
        ("s3:GetObject", ROOT, False),
        ("s3:GetObject", LINKED, True),
        ("iam:GetUser", USER, True),
        ("kms:Decrypt", USER, False),
        ("kms:RetireGrant", USER, True),
    ],
)
def test_where_an_rcp_holds(action: str, identity: Identity, allowed: bool) -> None:
    owner = guarded(rcp("p", says("Deny", Action=["s3:*", "iam:*", "kms:*"])))
    decision = ask(identity, holds(says(Action="*")), action=action, guard=owner)
    assert decision.allowed is allowed


def test_an_rcp_binds_services_and_the_anonymous() -> None:
    owner = guarded(rcp("p", DENY))
    everyone = text(says(Principal={"Service": "sns.amazonaws.com"}), says(Principal="*"))
    assert told(ask(SERVICE, holds(), everyone, guard=owner)) == (False, RCP, True)
    assert told(ask(ANONYMOUS, holds(), everyone, guard=owner)) == (False, RCP, True)


def test_confused_deputies() -> None:
    """aws:SourceOrgID in reference_policies_condition-keys."""
    owner = guarded(
        rcp(
            "p",
            says(
                "Deny",
                Condition={
                    "StringNotEqualsIfExists": {"aws:SourceOrgID": "o-1"},
                    "Null": {"aws:SourceAccount": "false"},
                    "Bool": {"aws:PrincipalIsAWSService": "true"},
                },
            ),
        )
    )
    topic = bucket({"Service": "sns.amazonaws.com"})

    def asked(source: Controls, account: str) -> Question:
        facts = CallFacts(now=0, source_account=account)
        return Question(
            identity=SERVICE,
            action="s3:PutObject",
            resource=KEY,
            facts=facts,
            owner=owner,
            source=source,
        )

    assert evaluate(asked(owner, OTHER), holds(), topic).allowed
    assert evaluate(asked(NO_CONTROLS, ""), holds(), topic).allowed
    assert not evaluate(asked(NO_CONTROLS, OTHER), holds(), topic).allowed


def test_trust_of_roles_is_bound_but_not_that_of_service_linked_ones() -> None:
    owner = guarded(rcp("p", says("Deny", Action="sts:*")))
    named = {"AWS": USER.arn}
    assert told(may_assume(USER, holds(), named)) == (True, "role trust policy", True)
    assert told(may_assume(USER, holds(), named, guard=owner)) == (False, RCP, True)


def test_the_short_way_leaves_controlled_accounts_alone() -> None:
    controls = member((FULL,))
    question = Question(
        identity=USER,
        action="s3:GetObject",
        resource=KEY,
        facts=CallFacts(now=0),
        organization=controls,
    )
    assert not plainly_allows(question, holds(ALLOW))
    assert evaluate(question, holds(ALLOW)).allowed


def test_a_region_lock_spares_global_services() -> None:
    """reference_policies_elements_notaction: NotAction with Deny."""
    lock = says(
        "Deny",
        NotAction=["iam:*", "organizations:*", "route53:*", "support:*"],
        Condition={"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}},
    )
    controls = member((FULL, scp("p", lock)))
    everything = holds(says(Action="*"))
    assert not ask(USER, everything, organization=controls).allowed
    assert ask(USER, everything, action="iam:ListUsers", organization=controls).allowed


def test_types_are_named_in_the_charts_order() -> None:
    both = msgspec.structs.replace(guarded(rcp("r", DENY)), service=((FULL, scp("s", DENY)),))
    decision = ask(USER, holds(DENY), bucket("*", "Deny"), organization=both, guard=both)
    assert decision.policy_type == SCP
    decision = ask(USER, holds(DENY), bucket("*", "Deny"), guard=both)
    assert decision.policy_type == RCP
    silent = Controls(service=((),), resource=((),))
    decision = ask(USER, holds(), organization=silent, guard=silent)
    assert told(decision) == (False, RCP, False)


def test_the_services_are_those_of_the_list() -> None:
    assert {"s3", "sts", "kms", "sqs", "secretsmanager", "ecr", "dynamodb"} <= RESOURCE_CONTROLLED
    assert not {"iam", "ec2", "lambda", "sns", "organizations"} & RESOURCE_CONTROLLED


GOOD_SCP = [
    says(),
    says("Deny", NotAction="iam:*", NotResource="arn:aws:s3:::b"),
    says("Deny", Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}),
]
BAD_SCP = [
    says(Principal="*"),
    says("Deny", NotPrincipal={"AWS": HOME}),
    {"Effect": "Deny", "Action": "s3:*"},
    {"Effect": "Deny", "Resource": "*"},
    says("Forbid"),
    says(Action="nothing"),
    says(Condition={"Like": {"a": "b"}}),
]
GOOD_RCP = [
    says("Deny", Principal="*"),
    says("Deny", Principal={"AWS": "*"}),
    says(Principal="*", Action="*"),
    says("Deny", Principal="*", NotResource="arn:aws:s3:::b"),
]
BAD_RCP = [
    says("Deny"),
    says(Principal="*"),
    says("Deny", Principal={"AWS": HOME}),
    says("Deny", Principal="*", Action="*"),
    says("Deny", Principal="*", NotAction="s3:*"),
    says("Deny", NotPrincipal="*"),
]


@pytest.mark.parametrize(
    ("kind", "statement"),
    [*(("scp", each) for each in GOOD_SCP), *(("rcp", each) for each in GOOD_RCP)],
)
def test_what_organizations_takes(kind: Any, statement: dict[str, Any]) -> None:
    assert len(parse(text(statement), kind).statements) == 1


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        *(("scp", text(each)) for each in BAD_SCP),
        *(("rcp", text(each)) for each in BAD_RCP),
        ("scp", "{"),
        ("scp", "null"),
        ("scp", "[]"),
        ("rcp", '{"Version": "2012-10-17", "Statement": []}'),
        ("rcp", '{"Version": "2012-10-17", "Statement": [1]}'),
        ("scp", text(says(Sid="a"), says(Sid="a"))),
        (
            "scp",
            '{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
        ),
    ],
)
def test_what_organizations_refuses(kind: Any, written: str) -> None:
    with pytest.raises(MalformedPolicyDocument) as refused:
        parse(written, kind)
    assert refused.value.text == MALFORMED

"""Explanations: what each type of policy said, and that it is what decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.kernel.authorize.test_controls import FULL, guarded, member, rcp, scp
from tests.unit.kernel.authorize.test_evaluation import (
    ALLOW,
    ANONYMOUS,
    CALLERS,
    FACTS,
    HOME,
    KEY,
    LISTS,
    NOT_THIS,
    OTHER,
    OWNERS,
    RESOURCES,
    STATEMENTS,
    USER,
    bucket,
    holds,
    says,
    text,
)

from cloudling.kernel.authorize import (
    NO_CONTROLS,
    Evaluation,
    PrincipalPolicies,
    Question,
    evaluate,
    evaluate_trust,
    explain,
)

if TYPE_CHECKING:
    from cloudling.kernel.identities import Identity

CONTROLS = st.sampled_from(
    [
        NO_CONTROLS,
        member((FULL,), (FULL,)),
        member((FULL,), (scp("p", NOT_THIS),)),
        member((FULL, scp("p", says("Deny", Action="s3:GetObject"))), (FULL,)),
        guarded(rcp("p", says("Deny", Action="s3:*", Resource="arn:aws:s3:::bucket/*"))),
    ]
)


def question(identity: Identity, account: str = HOME, **more: Any) -> Question:
    return Question(
        identity=identity,
        action="s3:GetObject",
        resource=KEY,
        resource_account=account,
        facts=FACTS,
        **more,
    )


def results(evaluation: Evaluation) -> dict[str, str]:
    return {check.policy_type: check.result for check in evaluation.checks}


def test_every_type_that_has_a_say_is_told() -> None:
    policies = holds(ALLOW, boundary=NOT_THIS, session=[ALLOW])
    evaluation = explain(
        question(USER, organization=member((FULL,)), owner=guarded()), policies, bucket("*")
    )
    assert results(evaluation) == {
        "service control policy": "ALLOW",
        "resource control policy": "ALLOW",
        "resource-based policy": "ALLOW",
        "identity-based policy": "ALLOW",
        "permissions boundary": "IMPLICIT_DENY",
        "session policy": "ALLOW",
    }


def test_types_without_a_say_are_left_out() -> None:
    assert list(results(explain(question(USER), holds()))) == ["identity-based policy"]


def test_all_matching_statements_are_told() -> None:
    policies = holds(NOT_THIS, says(Sid="One"), says("Deny", Sid="Two"), says(Sid="Three"))
    evaluation = explain(question(USER), policies)
    check = evaluation.check("identity-based policy")
    assert check is not None
    assert [(each.sid, each.position, each.effect) for each in check.matched] == [
        ("Two", 2, "Deny"),
        ("One", 1, "Allow"),
        ("Three", 3, "Allow"),
    ]
    assert {each.name for each in check.matched} == {"own"}
    assert [policy.name for policy in check.policies] == ["own"]
    assert evaluation.check("session policy") is None


def test_trust_is_a_type_of_its_own() -> None:
    trust = text({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"})
    asked = Question(identity=USER, action="sts:AssumeRole", resource="r", facts=FACTS)
    evaluation = explain(asked, holds(), trust, trust=True)
    assert results(evaluation) == {
        "role trust policy": "ALLOW",
        "identity-based policy": "IMPLICIT_DENY",
    }
    assert evaluation.decision == evaluate_trust(asked, holds(), trust)
    assert evaluation.decision.allowed


POLICIES = st.builds(
    lambda statements, boundary, session: holds(*statements, boundary=boundary, session=session),
    LISTS,
    st.none() | STATEMENTS,
    st.none() | st.lists(STATEMENTS, max_size=2),
)
QUESTIONS = st.builds(
    lambda identity, account, above, guard: question(
        identity, account, organization=above, owner=guard
    ),
    CALLERS | st.just(ANONYMOUS),
    OWNERS,
    CONTROLS,
    CONTROLS,
)


@given(QUESTIONS, POLICIES, RESOURCES)
def test_explanations_agree_with_decisions(
    asked: Question, policies: PrincipalPolicies, resource: str | None
) -> None:
    evaluation = explain(asked, policies, resource)
    decision = evaluation.decision
    found = results(evaluation)
    assert decision == evaluate(asked, policies, resource)
    denying = [name for name, result in found.items() if result == "EXPLICIT_DENY"]
    assert bool(denying) is (decision.explicit and not decision.allowed)
    if denying:
        assert decision.policy_type == denying[0]
    elif decision.policy_type is not None:
        said = "ALLOW" if decision.allowed else "IMPLICIT_DENY"
        assert found.get(decision.policy_type, "IMPLICIT_DENY") == said
    if decision.allowed:
        for name in ("service control policy", "resource control policy"):
            assert found.get(name, "ALLOW") == "ALLOW"
    if asked.resource_account == OTHER and resource is None:
        assert found["resource-based policy"] == "IMPLICIT_DENY"

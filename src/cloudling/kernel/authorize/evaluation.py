"""The decision, as AWS's flow chart draws it.

An explicit deny anywhere ends it. Then every level of the organization must allow, for the resource
and for the caller. Then, inside one account, the resource's policy or the identity's must allow;
across accounts both must. What the identity is allowed is limited by its permissions boundary and
its session's policies; a resource's policy that names a user or a session itself is not.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.kernel.authorize.checks import Case, Guard, closest_grant, first, permits
from cloudling.kernel.authorize.context import Context
from cloudling.kernel.authorize.documents import parse
from cloudling.kernel.authorize.principals import Grade

if TYPE_CHECKING:
    from cloudling.kernel.authorize.checks import Match
    from cloudling.kernel.authorize.context import Question
    from cloudling.kernel.authorize.decisions import Decision
    from cloudling.kernel.authorize.holdings import PrincipalPolicies

_OUTSIDE = ("anonymous", "service")
_BY_POLICY = ("role", "user")


def evaluate(
    question: Question,
    principal: PrincipalPolicies,
    resource_policy: str | None = None,
    *,
    required: bool = False,
) -> Decision:
    """Decide; `resource_policy` is the text of the resource's own policy.

    `required` is for policies without which nobody may, as those of KMS keys.
    """
    return decide(resource_case(question, principal, resource_policy, required=required))


def evaluate_trust(question: Question, principal: PrincipalPolicies, trust: str) -> Decision:
    """May the caller assume the role that has this trust policy?

    A policy that names the caller's account leaves the decision to the caller's own policies; one
    that names a user or role of the role's account needs none of them.
    """
    return decide(trust_case(question, principal, trust))


def plainly_allows(question: Question, principal: PrincipalPolicies) -> bool:
    """Is it a yes that is the identity's own policies' alone to give? Else `evaluate` must say.

    So it is for nearly all calls: of a user or a session, inside the account, with neither
    boundary nor session policy nor control policies, on a resource without a policy of its own.
    """
    identity, owner = question.identity, question.resource_account
    if (
        identity.kind in _BY_POLICY
        and (not owner or owner == identity.account)
        and principal.boundary is None
        and principal.session is None
        and not question.organization.service
        and not question.owner.resource
        and not question.provider
    ):
        resource, lookup = question.resource, Context(question, principal.tags)
        action = question.action
        denies, allows = principal.remembered.get(action) or principal.candidates(action)
        for _, statement in denies:
            if statement.applies(resource, lookup):
                return False
        likely = principal.likely.get(action)
        if likely is not None and likely.applies(resource, lookup):
            return True
        for _, statement in allows:
            if statement.applies(resource, lookup):
                principal.likely[action] = statement
                return True
    return False


def resource_case(
    question: Question,
    principal: PrincipalPolicies,
    resource_policy: str | None = None,
    *,
    required: bool = False,
) -> Case:
    policy = parse(resource_policy, "resource") if resource_policy else None
    guard = Guard("resource-based policy", policy, required)
    return Case(question, principal, guard)


def trust_case(question: Question, principal: PrincipalPolicies, trust: str) -> Case:
    guard = Guard("role trust policy", parse(trust, "trust"), required=True)
    return Case(question, principal, guard)


def decide(case: Case) -> Decision:
    """AWS's chart, from its top; RCPs come before SCPs in it where nothing is denied."""
    denied = _denial(case)
    if denied is not None:
        return case.decided_by(denied)
    for policy_type in reversed(case.above):
        if not permits(case, policy_type):
            return case.missing(policy_type)
    return _granted(case)


def _denial(case: Case) -> Match | None:
    """The explicit deny that AWS would name, in the order in which its chart lists the policies."""
    for policy_type in case.above:
        if denial := first(case, policy_type, allows=False):
            return denial
    if case.guard.policy and (denial := first(case, case.guard.policy_type, allows=False)):
        return denial
    if denial := first(case, "identity-based policy", allows=False):
        return denial
    for policy_type in case.limits:
        if denial := first(case, policy_type, allows=False):
            return denial
    return None


def _granted(case: Case) -> Decision:
    """Nothing forbids it: who allows it?"""
    question, guard = case.question, case.guard
    grant = closest_grant(case)
    # A service at work inside an account has policies; one that works for itself has none.
    outside = question.identity.kind in _OUTSIDE and not case.principal.identity
    if outside or question.provider:
        return case.decided_by(grant) if grant else case.missing(guard.policy_type)
    if grant is None and (case.cross_account or guard.required):
        return case.missing(guard.policy_type)
    if grant is not None and not case.cross_account and _suffices(case, grant):
        return case.decided_by(grant)
    return _within_limits(case, grant)


def _suffices(case: Case, grant: Match) -> bool:
    """Does the resource's policy grant by itself, whatever boundary and session say?

    AWS: a user's ARN, a session's ARN and "*" do; a role's is limited by both, and so is that of
    the user who asked for a federated user's session.
    """
    if grant.grade is Grade.SESSION:
        return True
    return grant.grade is Grade.PRINCIPAL and case.question.identity.kind == "user"


def _within_limits(case: Case, grant: Match | None) -> Decision:
    """Identity policies (or a resource's that name the role), boundary and session in turn."""
    own: Match | None = None
    if case.question.identity.kind != "root":
        own = first(case, "identity-based policy", allows=True)
        if own is None and grant and grant.grade is not Grade.ACCOUNT and not case.cross_account:
            own = grant
        if own is None:
            return case.missing("identity-based policy")
    for policy_type in case.limits:
        if not permits(case, policy_type):
            return case.missing(policy_type)
    return case.decided_by(own)

"""A decision taken apart: what each type of policy said of it, and which statements applied.

Simulator and decision records show this. The statements are those that the decision itself is made
from (`checks`), so the two cannot disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from cloudling.kernel.authorize.checks import levels, matches, permits
from cloudling.kernel.authorize.evaluation import decide, resource_case, trust_case

if TYPE_CHECKING:
    from cloudling.kernel.authorize.checks import Case, Match
    from cloudling.kernel.authorize.context import Question
    from cloudling.kernel.authorize.decisions import Decision, NamedPolicy, PolicyType
    from cloudling.kernel.authorize.holdings import PrincipalPolicies

_WITHOUT = ("root", "service", "anonymous")
Result = Literal["ALLOW", "EXPLICIT_DENY", "IMPLICIT_DENY"]


class Matched(NamedTuple):
    """A statement that applies. `name` and `arn` are "" where the policy has none."""

    policy_type: PolicyType
    name: str
    arn: str
    position: int
    sid: str
    effect: Literal["Allow", "Deny"]


class Check(msgspec.Struct, frozen=True):
    """What the policies of one type say; `policies` are all that were looked at."""

    policy_type: PolicyType
    result: Result
    matched: tuple[Matched, ...]
    policies: tuple[NamedPolicy, ...] = ()


class Evaluation(msgspec.Struct, frozen=True):
    """The decision, and a check for every type of policy that had a say in it.

    Types that limit nobody here (no boundary, no organization) have none.
    """

    decision: Decision
    checks: tuple[Check, ...]

    def check(self, policy_type: PolicyType) -> Check | None:
        return next((each for each in self.checks if each.policy_type == policy_type), None)


def explain(
    question: Question,
    principal: PrincipalPolicies,
    resource_policy: str | None = None,
    *,
    required: bool = False,
    trust: bool = False,
) -> Evaluation:
    """What `evaluate` says (`evaluate_trust` where `trust`), and why."""
    if trust and resource_policy is not None:
        return explain_case(trust_case(question, principal, resource_policy))
    return explain_case(resource_case(question, principal, resource_policy, required=required))


def explain_case(case: Case) -> Evaluation:
    """What `decide` says, and why."""
    types: tuple[PolicyType, ...] = (
        "service control policy",
        "resource control policy",
        case.guard.policy_type,
        "identity-based policy",
        "permissions boundary",
        "session policy",
    )
    checks = (_check(case, policy_type) for policy_type in types)
    return Evaluation(decide(case), tuple(check for check in checks if check))


def _check(case: Case, policy_type: PolicyType) -> Check | None:
    guard = case.guard
    of_guard = policy_type == guard.policy_type
    found = levels(case, policy_type)
    if policy_type == "identity-based policy" and _has_none(case):
        return None
    if not found and not (of_guard and (guard.policy or guard.required or case.cross_account)):
        return None
    denies = [_matched(match) for match in matches(case, policy_type, allows=False)]
    allows = [_matched(match) for match in matches(case, policy_type, allows=True)]
    allowed = bool(allows) if of_guard else permits(case, policy_type)
    result: Result = "EXPLICIT_DENY" if denies else "ALLOW" if allowed else "IMPLICIT_DENY"
    policies = tuple(named for level in found for named in level)
    return Check(policy_type, result, (*denies, *allows), policies)


def _has_none(case: Case) -> bool:
    """Roots, services and the anonymous have no policies of their own that could be asked."""
    return case.question.identity.kind in _WITHOUT and not case.principal.identity


def _matched(match: Match) -> Matched:
    statement = match.statement
    return Matched(
        match.policy_type,
        match.policy.name,
        match.policy.arn,
        statement.position,
        statement.sid,
        "Allow" if statement.allows else "Deny",
    )

"""The decision, as AWS's flow chart draws it.

An explicit deny anywhere ends it. Then, inside one account, the resource's policy or the
identity's must allow; across accounts both must. What the identity is allowed is limited by its
permissions boundary and its session's policies; a resource's policy that names a user or a session
itself is not.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from cloudling.kernel.authorize.context import CallFacts, Context, Question
from cloudling.kernel.authorize.documents import Kind, Policy, Statement, parse
from cloudling.kernel.authorize.principals import Grade

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "CallFacts",
    "Decision",
    "NamedPolicy",
    "PolicyType",
    "PrincipalPolicies",
    "Question",
    "evaluate",
    "evaluate_trust",
]

PolicyType = Literal[
    "identity-based policy",
    "resource-based policy",
    "permissions boundary",
    "session policy",
    "role trust policy",
]


class NamedPolicy(NamedTuple):
    """A compiled policy and what it is called; `arn` is "" for inline ones."""

    name: str
    policy: Policy
    arn: str = ""

    @classmethod
    def of(cls, name: str, text: str, kind: Kind = "identity", arn: str = "") -> NamedPolicy:
        return cls(name, parse(text, kind), arn)


class PrincipalPolicies(msgspec.Struct, frozen=True):
    """What IAM holds about a principal: its policies, and its tags with its session's over them.

    `session` is None where no session policy was given; an empty one allows nothing.
    """

    identity: tuple[NamedPolicy, ...] = ()
    boundary: NamedPolicy | None = None
    session: tuple[NamedPolicy, ...] | None = None
    tags: Mapping[str, str] = {}


class Decision(msgspec.Struct, frozen=True):
    """Yes or no, and the policy that decided: the one that allowed or denied.

    Where nothing allowed, `policy_type` tells what kind of policy would have had to. A root user's
    own right has no policy and `policy_type` None.
    """

    allowed: bool
    policy_type: PolicyType | None = None
    explicit: bool = False
    policy: NamedPolicy | None = None
    statement: Statement | None = None
    cross_account: bool = False

    @property
    def policy_arn(self) -> str:
        return self.policy.arn if self.policy else ""

    @property
    def policy_name(self) -> str:
        return self.policy.name if self.policy else ""

    @property
    def statement_index(self) -> int | None:
        return self.statement.position if self.statement else None

    @property
    def sid(self) -> str:
        return self.statement.sid if self.statement else ""


class _Match(NamedTuple):
    """A statement that applies; `grade` is how closely a resource's policy names the caller."""

    policy_type: PolicyType
    policy: NamedPolicy
    statement: Statement
    grade: Grade = Grade.NOT

    def decides(self, *, cross_account: bool) -> Decision:
        allows = self.statement.allows
        return Decision(allows, self.policy_type, True, self.policy, self.statement, cross_account)


class _Guard(NamedTuple):
    """The resource's own policy; a required one must allow even inside the account."""

    policy_type: PolicyType
    policy: NamedPolicy | None
    required: bool


class _Case(NamedTuple):
    """All a decision is made from."""

    question: Question
    principal: PrincipalPolicies
    guard: _Guard
    lookup: Context
    cross_account: bool


def evaluate(
    question: Question,
    principal: PrincipalPolicies,
    resource_policy: NamedPolicy | None = None,
    *,
    required: bool = False,
) -> Decision:
    """Decide; `required` is for policies without which nobody may, as those of KMS keys."""
    return _decide(question, principal, _Guard("resource-based policy", resource_policy, required))


def evaluate_trust(question: Question, principal: PrincipalPolicies, trust: Policy) -> Decision:
    """May the caller assume the role that has this trust policy?

    A policy that names the caller's account leaves the decision to the caller's own policies; one
    that names a user or role of the role's account needs none of them.
    """
    return _decide(
        question, principal, _Guard("role trust policy", NamedPolicy("", trust), required=True)
    )


def _decide(question: Question, principal: PrincipalPolicies, guard: _Guard) -> Decision:
    identity = question.identity
    owner = question.resource_account
    cross_account = bool(owner) and owner != identity.account
    lookup = Context(question, principal.tags)
    case = _Case(question, principal, guard, lookup, cross_account)
    denial = next(_denials(case), None)
    if denial is not None:
        return denial.decides(cross_account=cross_account)
    grant = _resource_grant(case)
    if identity.kind in ("anonymous", "service") or question.provider:
        return _allowed(case, grant) if grant else _missing(case, guard.policy_type)
    if grant is None and (cross_account or guard.required):
        return _missing(case, guard.policy_type)
    if not cross_account and grant is not None and _suffices(case, grant):
        return _allowed(case, grant)
    return _within_limits(case, grant)


def _within_limits(case: _Case, grant: _Match | None) -> Decision:
    """Identity policies (or a resource's that name the role), boundary and session in turn."""
    question, principal = case.question, case.principal
    if question.identity.kind == "root":
        return Decision(True, cross_account=case.cross_account)
    own = next(_matches("identity-based policy", principal.identity, case, allows=True), None)
    if own is None and grant and grant.grade is not Grade.ACCOUNT and not case.cross_account:
        own = grant
    if own is None:
        return _missing(case, "identity-based policy")
    if principal.boundary is not None and not any(
        _matches("permissions boundary", (principal.boundary,), case, allows=True)
    ):
        return _missing(case, "permissions boundary")
    if principal.session is not None and not any(
        _matches("session policy", principal.session, case, allows=True)
    ):
        return _missing(case, "session policy")
    return _allowed(case, own)


def _suffices(case: _Case, grant: _Match) -> bool:
    """Does the resource's policy grant by itself, whatever boundary and session say?

    AWS: a user's ARN and a session's ARN do; a role's is limited by both.
    """
    if grant.grade is Grade.SESSION:
        return True
    return grant.grade is Grade.PRINCIPAL and case.question.identity.kind == "user"


def _denials(case: _Case) -> Iterator[_Match]:
    principal = case.principal
    if case.guard.policy is not None:
        yield from _resource_matches(case, case.guard.policy, allows=False)
    yield from _matches("identity-based policy", principal.identity, case, allows=False)
    if principal.boundary is not None:
        yield from _matches("permissions boundary", (principal.boundary,), case, allows=False)
    if principal.session is not None:
        yield from _matches("session policy", principal.session, case, allows=False)


def _matches(
    policy_type: PolicyType, policies: Iterable[NamedPolicy], case: _Case, *, allows: bool
) -> Iterator[_Match]:
    """The statements of the wanted effect that apply."""
    question = case.question
    for policy in policies:
        denying, allowing = policy.policy.relevant(question.action)
        for statement in allowing if allows else denying:
            if statement.applies(question.resource, case.lookup):
                yield _Match(policy_type, policy, statement)


def _resource_grant(case: _Case) -> _Match | None:
    """The allowing statement of the resource's policy that names the caller most closely."""
    if case.guard.policy is None:
        return None
    found = _resource_matches(case, case.guard.policy, allows=True)
    return max(found, key=lambda match: match.grade, default=None)


def _resource_matches(case: _Case, policy: NamedPolicy, *, allows: bool) -> Iterator[_Match]:
    for match in _matches(case.guard.policy_type, (policy,), case, allows=allows):
        grade = _grade(case, match.statement)
        if grade is not Grade.NOT:
            yield match._replace(grade=grade)


def _grade(case: _Case, statement: Statement) -> Grade:
    question, principals = case.question, statement.principals
    if principals is None:
        return Grade.NOT
    if statement.principals_negated:
        bounded = case.principal.boundary is not None
        spared = principals.spares(question.identity, bounded=bounded)
        return Grade.NOT if spared else Grade.PRINCIPAL
    if question.provider:
        return principals.grade_of_provider(question.provider)
    return principals.grade(question.identity, question.canonical_id)


def _allowed(case: _Case, match: _Match) -> Decision:
    return match.decides(cross_account=case.cross_account)


def _missing(case: _Case, policy_type: PolicyType) -> Decision:
    return Decision(False, policy_type, cross_account=case.cross_account)

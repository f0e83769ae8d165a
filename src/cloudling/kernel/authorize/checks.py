"""Which statements apply to a question: what decisions and explanations are both made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cloudling.kernel.authorize.context import Context
from cloudling.kernel.authorize.controls import binding_caller, binding_resource
from cloudling.kernel.authorize.decisions import Decision, NamedPolicy
from cloudling.kernel.authorize.holdings import candidates
from cloudling.kernel.authorize.principals import Grade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.kernel.authorize.context import Question
    from cloudling.kernel.authorize.controls import Levels, Speaking
    from cloudling.kernel.authorize.decisions import PolicyType
    from cloudling.kernel.authorize.documents import Policy, Statement
    from cloudling.kernel.authorize.holdings import PrincipalPolicies


# In the order in which AWS's chart names them.
_ABOVE: tuple[PolicyType, ...] = ("service control policy", "resource control policy")
_LIMITS: tuple[PolicyType, ...] = ("permissions boundary", "session policy")


class Match(msgspec.Struct, frozen=True):
    """A statement that applies; `grade` is how closely a resource's policy names the caller."""

    policy_type: PolicyType
    policy: NamedPolicy
    statement: Statement
    grade: Grade = Grade.NOT


class Guard(msgspec.Struct, frozen=True):
    """The resource's own policy; a required one must allow even inside the account."""

    policy_type: PolicyType
    policy: Policy | None
    required: bool


class Case:
    """All a decision is made from.

    `above` are the types of control policies that bind somebody here, `limits` the other types
    that only limit: boundary and session.
    """

    __slots__ = (
        "above",
        "cross_account",
        "guard",
        "limits",
        "lookup",
        "principal",
        "question",
        "session",
    )

    def __init__(self, question: Question, principal: PrincipalPolicies, guard: Guard) -> None:
        owner = question.resource_account
        self.question = question
        self.principal = principal
        self.guard = guard
        self.lookup = question.given or Context(question, principal.tags)
        self.cross_account = bool(owner) and owner != question.identity.account
        self.above: tuple[PolicyType, ...] = ()
        if question.organization.service or question.owner.resource:
            self.above = tuple(kind for kind in _ABOVE if levels(self, kind))
        self.session = principal.session
        if self.session is None and question.identity.kind == "federated":
            # Without session policies such a session may do what resources' policies allow it.
            self.session = ()
        self.limits: tuple[PolicyType, ...] = ()
        if principal.boundary is not None or self.session is not None:
            self.limits = tuple(kind for kind in _LIMITS if levels(self, kind))

    def missing(self, policy_type: PolicyType) -> Decision:
        """No, because no policy of that type allows it."""
        return Decision(
            False,
            policy_type,
            cross_account=self.cross_account,
            same_organization=self._is_within_organization(),
        )

    def decided_by(self, match: Match | None) -> Decision:
        """What the statement says; without one it is a root user's own right."""
        within = self._is_within_organization()
        if match is None:
            return Decision(True, cross_account=self.cross_account, same_organization=within)
        return Decision(
            match.statement.allows,
            match.policy_type,
            True,
            match.policy,
            match.statement,
            self.cross_account,
            within,
        )

    def _is_within_organization(self) -> bool:
        own = self.question.organization.organization
        return self.cross_account and bool(own) and own == self.question.owner.organization


def first(case: Case, policy_type: PolicyType, *, allows: bool) -> Match | None:
    """The first statement of one effect that applies, of the policies of one type."""
    return next(matches(case, policy_type, allows=allows), None)


def matches(case: Case, policy_type: PolicyType, *, allows: bool) -> Iterator[Match]:
    """All statements of one effect that apply, of the policies of one type."""
    if policy_type == case.guard.policy_type:
        yield from _of_resource(case, allows=allows)
        return
    resource, lookup = case.question.resource, case.lookup
    for level in _speaking(case, policy_type, allows=allows):
        for named, statement in level:
            if statement.applies(resource, lookup):
                yield Match(policy_type, named, statement)


def permits(case: Case, policy_type: PolicyType) -> bool:
    """Does every level of these policies allow it? True where there are none to limit anybody."""
    resource, lookup = case.question.resource, case.lookup
    return all(
        any(statement.applies(resource, lookup) for _, statement in level)
        for level in _speaking(case, policy_type, allows=True)
    )


def levels(case: Case, policy_type: PolicyType) -> Levels:
    """The policies of a type; each level must allow by itself. () where the type limits nobody."""
    principal = case.principal
    match policy_type:
        case "service control policy":
            return binding_caller(case.question)
        case "resource control policy":
            return binding_resource(case.question)
        case "identity-based policy":
            return (principal.identity,)
        case "permissions boundary":
            return ((principal.boundary,),) if principal.boundary else ()
        case "session policy":
            return () if case.session is None else (case.session,)
        case _:
            return ()


def _speaking(case: Case, policy_type: PolicyType, *, allows: bool) -> Speaking:
    """The statements that speak of the action, level by level."""
    question = case.question
    if policy_type == "identity-based policy":
        return (case.principal.candidates(question.action)[allows],)
    found = levels(case, policy_type)
    if policy_type in case.above:
        by_owner = policy_type == "resource control policy"
        controls = question.owner if by_owner else question.organization
        return controls.speaking(found, question.action, allows=allows)
    return tuple(candidates(level, question.action, allows=allows) for level in found)


def closest_grant(case: Case) -> Match | None:
    """The allowing statement of the resource's policy that names the caller most closely."""
    return max(_of_resource(case, allows=True), key=lambda match: match.grade, default=None)


def _of_resource(case: Case, *, allows: bool) -> Iterator[Match]:
    guard, question = case.guard, case.question
    if guard.policy is None:
        return
    for statement in guard.policy.relevant(question.action)[allows]:
        grade = _grade(case, statement)
        if grade is not Grade.NOT and statement.applies(question.resource, case.lookup):
            yield Match(guard.policy_type, NamedPolicy("", "", guard.policy), statement, grade)


def principal_fits(case: Case, statement: Statement) -> bool:
    """Does a statement of the resource's policy speak of the caller?"""
    return _grade(case, statement) is not Grade.NOT


def _grade(case: Case, statement: Statement) -> Grade:
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

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

from cloudling.kernel.authorize.context import Context
from cloudling.kernel.authorize.documents import Policy, Statement, parse
from cloudling.kernel.authorize.principals import Grade

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cloudling.kernel.authorize.context import Question

PolicyType = Literal[
    "identity-based policy",
    "resource-based policy",
    "permissions boundary",
    "session policy",
    "role trust policy",
    "service control policy",
    "resource control policy",
]


_REMEMBERED_ACTIONS = 512
_OUTSIDE = ("anonymous", "service")
_BY_POLICY = ("role", "user")


class NamedPolicy(NamedTuple):
    """A compiled policy and what it is called; `arn` is "" for inline ones."""

    name: str
    arn: str
    policy: Policy


_Candidate = tuple[NamedPolicy, Statement]
_Candidates = tuple[tuple[_Candidate, ...], tuple[_Candidate, ...]]


def _candidates(
    policies: Iterable[NamedPolicy], action: str, *, allows: bool
) -> tuple[_Candidate, ...]:
    return tuple(
        (named, statement)
        for named in policies
        for statement in named.policy.relevant(action)[allows]
    )


class PrincipalPolicies(msgspec.Struct, frozen=True):
    """What IAM holds about a principal: its policies, and its tags with its session's over them.

    `session` is None where no session policy was given; an empty one allows nothing. `likely` is
    the allowing statement of `identity` that applied when an action was last asked for.
    """

    identity: tuple[NamedPolicy, ...] = ()
    boundary: NamedPolicy | None = None
    session: tuple[NamedPolicy, ...] | None = None
    tags: Mapping[str, str] = {}
    remembered: dict[str, _Candidates] = {}
    likely: dict[str, Statement] = {}

    def candidates(self, action: str) -> _Candidates:
        """The identity policies' statements that speak of an action: denies, then allows."""
        return self.remembered.get(action) or self._gather(action)

    def _gather(self, action: str) -> _Candidates:
        if len(self.remembered) >= _REMEMBERED_ACTIONS:
            self.remembered.clear()
            self.likely.clear()
        found = self.remembered[action] = (
            _candidates(self.identity, action, allows=False),
            _candidates(self.identity, action, allows=True),
        )
        return found


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


class _Match(msgspec.Struct, frozen=True):
    """A statement that applies; `grade` is how closely a resource's policy names the caller."""

    policy_type: PolicyType
    policy: NamedPolicy
    statement: Statement
    grade: Grade = Grade.NOT

    def decides(self, *, cross_account: bool) -> Decision:
        allows = self.statement.allows
        return Decision(allows, self.policy_type, True, self.policy, self.statement, cross_account)


class _Guard(msgspec.Struct, frozen=True):
    """The resource's own policy; a required one must allow even inside the account."""

    policy_type: PolicyType
    policy: Policy | None
    required: bool


class _Case(msgspec.Struct, frozen=True):
    """All a decision is made from."""

    question: Question
    principal: PrincipalPolicies
    guard: _Guard
    lookup: Context
    cross_account: bool


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
    policy = parse(resource_policy, "resource") if resource_policy else None
    return _decide(question, principal, _Guard("resource-based policy", policy, required))


def plainly_allows(question: Question, principal: PrincipalPolicies) -> bool:
    """Is it a yes that is the identity's own policies' alone to give? Else `evaluate` must say.

    So it is for nearly all calls: of a user or a session, inside the account, with neither
    boundary nor session policy, on a resource without a policy of its own.
    """
    identity, owner = question.identity, question.resource_account
    if (
        identity.kind in _BY_POLICY
        and (not owner or owner == identity.account)
        and principal.boundary is None
        and principal.session is None
        and not question.provider
    ):
        resource, lookup = question.resource, Context(question, principal.tags)
        denies, allows = principal.candidates(question.action)
        for _, statement in denies:
            if statement.applies(resource, lookup):
                return False
        likely = principal.likely.get(question.action)
        if likely is not None and likely.applies(resource, lookup):
            return True
        for _, statement in allows:
            if statement.applies(resource, lookup):
                principal.likely[question.action] = statement
                return True
    return False


def evaluate_trust(question: Question, principal: PrincipalPolicies, trust: str) -> Decision:
    """May the caller assume the role that has this trust policy?

    A policy that names the caller's account leaves the decision to the caller's own policies; one
    that names a user or role of the role's account needs none of them.
    """
    guard = _Guard("role trust policy", parse(trust, "trust"), required=True)
    return _decide(question, principal, guard)


def _decide(question: Question, principal: PrincipalPolicies, guard: _Guard) -> Decision:
    identity = question.identity
    owner = question.resource_account
    cross_account = bool(owner) and owner != identity.account
    case = _Case(question, principal, guard, Context(question, principal.tags), cross_account)
    match = _denial(case)
    if match is not None:
        return match.decides(cross_account=cross_account)
    grant = _resource_match(case, allows=True)
    if identity.kind in _OUTSIDE or question.provider:
        return _allowed(case, grant) if grant else _missing(case, guard.policy_type)
    if grant is None and (cross_account or guard.required):
        return _missing(case, guard.policy_type)
    if grant is not None and not cross_account and _suffices(case, grant):
        return _allowed(case, grant)
    return _within_limits(case, grant)


def _denial(case: _Case) -> _Match | None:
    """The explicit deny that AWS would name, in the order of its chart."""
    principal = case.principal
    found = _resource_match(case, allows=False)
    if found is None:
        found = _first("identity-based policy", principal.candidates(case.question.action)[0], case)
    if found is None and principal.boundary is not None:
        found = _limit("permissions boundary", (principal.boundary,), case, allows=False)
    if found is None and principal.session is not None:
        found = _limit("session policy", principal.session, case, allows=False)
    return found


def _within_limits(case: _Case, grant: _Match | None) -> Decision:
    """Identity policies (or a resource's that name the role), boundary and session in turn."""
    question, principal = case.question, case.principal
    if question.identity.kind == "root":
        return Decision(True, cross_account=case.cross_account)
    own = _first("identity-based policy", principal.candidates(question.action)[1], case)
    if own is None and grant and grant.grade is not Grade.ACCOUNT and not case.cross_account:
        own = grant
    if own is None:
        return _missing(case, "identity-based policy")
    boundary = principal.boundary
    if boundary and not _limit("permissions boundary", (boundary,), case, allows=True):
        return _missing(case, "permissions boundary")
    session = principal.session
    if session is not None and not _limit("session policy", session, case, allows=True):
        return _missing(case, "session policy")
    return _allowed(case, own)


def _suffices(case: _Case, grant: _Match) -> bool:
    """Does the resource's policy grant by itself, whatever boundary and session say?

    AWS: a user's ARN and a session's ARN do; a role's is limited by both.
    """
    if grant.grade is Grade.SESSION:
        return True
    return grant.grade is Grade.PRINCIPAL and case.question.identity.kind == "user"


def _first(policy_type: PolicyType, candidates: Iterable[_Candidate], case: _Case) -> _Match | None:
    """The first statement that applies."""
    resource, lookup = case.question.resource, case.lookup
    for named, statement in candidates:
        if statement.applies(resource, lookup):
            return _Match(policy_type, named, statement)
    return None


def _limit(
    policy_type: PolicyType, policies: Iterable[NamedPolicy], case: _Case, *, allows: bool
) -> _Match | None:
    """What a boundary or a session's policies say."""
    return _first(policy_type, _candidates(policies, case.question.action, allows=allows), case)


def _resource_match(case: _Case, *, allows: bool) -> _Match | None:
    """The statement of the resource's policy that names the caller most closely."""
    guard, question = case.guard, case.question
    if guard.policy is None:
        return None
    best: _Match | None = None
    for statement in guard.policy.relevant(question.action)[allows]:
        grade = _grade(case, statement)
        if grade > (best.grade if best else Grade.NOT) and statement.applies(
            question.resource, case.lookup
        ):
            best = _Match(guard.policy_type, NamedPolicy("", "", guard.policy), statement, grade)
    return best


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

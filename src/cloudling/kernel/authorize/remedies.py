"""What stands in the way of a refused call: which policies would have to allow it, which nearly do.

What would have to allow it is found by trying: a grant is added where the decision misses one,
until the decision is yes. So the answer cannot disagree with the decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from cloudling.kernel.authorize.checks import Case, Guard, levels, principal_fits
from cloudling.kernel.authorize.controls import NO_CONTROLS
from cloudling.kernel.authorize.decisions import NamedPolicy
from cloudling.kernel.authorize.documents import Policy, parse
from cloudling.kernel.authorize.evaluation import decide
from cloudling.kernel.authorize.principals import Principals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.kernel.authorize.conditions import Compiled
    from cloudling.kernel.authorize.controls import Controls, Levels
    from cloudling.kernel.authorize.decisions import PolicyType
    from cloudling.kernel.authorize.documents import Statement
    from cloudling.kernel.authorize.holdings import PrincipalPolicies
    from cloudling.kernel.authorize.variables import Value

_EVERYTHING = parse(
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
    "identity",
)
_GRANT = NamedPolicy("", "", _EVERYTHING)
_NOBODY: frozenset[str] = frozenset()


class Unmet(NamedTuple):
    """What of a statement does not fit; of a condition its place, and the request's value."""

    element: Literal["Principal", "Resource", "Condition"]
    place: int = 0
    given: Value = None


class Near(NamedTuple):
    """A statement that would allow the action, if all of it fitted."""

    policy: NamedPolicy
    statement: Statement
    unmet: tuple[Unmet, ...]


def lacking(case: Case) -> tuple[PolicyType, ...]:
    """The types of policy that would have to allow the call besides, once nothing denies it."""
    found: list[PolicyType] = []
    case = _without_denials(case)
    while True:
        decision = decide(case)
        missing = decision.policy_type
        if decision.allowed or missing is None or missing in found:
            return tuple(found)
        found.append(missing)
        case = _granted(case, missing)


def nearly(case: Case, policy_type: PolicyType) -> Iterator[Near]:
    """The allowing statements of one type that speak of the action and do not apply."""
    of_guard = policy_type == case.guard.policy_type
    policies = [named for level in levels(case, policy_type) for named in level]
    if of_guard and case.guard.policy:
        policies = [NamedPolicy("", "", case.guard.policy)]
    for named in policies:
        for statement in named.policy.relevant(case.question.action).allows:
            unmet = tuple(_unmet(case, statement, of_guard=of_guard))
            if unmet:
                yield Near(named, statement, unmet)


def refusing_levels(case: Case, policy_type: PolicyType) -> Iterator[tuple[NamedPolicy, ...]]:
    """The levels of an organization at which no control policy allows it."""
    resource, action = case.question.resource, case.question.action
    for level in levels(case, policy_type):
        allowing = (each for named in level for each in named.policy.relevant(action).allows)
        if not any(statement.applies(resource, case.lookup) for statement in allowing):
            yield level


def _unmet(case: Case, statement: Statement, *, of_guard: bool) -> Iterator[Unmet]:
    if of_guard and not principal_fits(case, statement):
        yield Unmet("Principal")
    resources = statement.resources
    if resources is not None and not resources.match(case.question.resource, case.lookup):
        yield Unmet("Resource")
    for place, condition in enumerate(statement.conditions):
        if not condition.holds(case.lookup):
            yield Unmet("Condition", place, _given(case, condition))


def _given(case: Case, condition: Compiled) -> Value:
    return case.lookup(condition.key)


def _granted(case: Case, policy_type: PolicyType) -> Case:
    """The same case, if the policies of that type allowed it."""
    question, principal, guard = case.question, case.principal, case.guard
    match policy_type:
        case "service control policy":
            free = _limited(question.organization, service=())
            question = msgspec.structs.replace(question, organization=free)
        case "resource control policy":
            free = _limited(question.owner, resource=())
            question = msgspec.structs.replace(question, owner=free)
        case "identity-based policy":
            principal = _holding(principal, identity=(*principal.identity, _GRANT))
        case "permissions boundary":
            principal = _holding(principal, boundary=_GRANT)
        case "session policy":
            principal = _holding(principal, session=(_GRANT,))
        case _:
            given = guard.policy.statements if guard.policy else ()
            policy = Policy([*given, _grant_to(case)])
            guard = Guard(guard.policy_type, policy, guard.required)
    return Case(question, principal, guard)


def _grant_to(case: Case) -> Statement:
    """A resource's grant to this very caller."""
    identity, provider = case.question.identity, case.question.provider
    plain = not provider and identity.kind not in ("service", "anonymous")
    caller = Principals(
        everyone=identity.kind == "anonymous" and not provider,
        accounts=frozenset({identity.account}) if plain and identity.kind == "root" else _NOBODY,
        names=frozenset({identity.principal_arn}) if plain else _NOBODY,
        services=frozenset({identity.arn}) if identity.kind == "service" else _NOBODY,
        federated=frozenset({provider}) if provider else _NOBODY,
        canonical=_NOBODY,
    )
    return _EVERYTHING.statements[0]._replace(principals=caller)


def _without_denials(case: Case) -> Case:
    principal, guard = case.principal, case.guard
    session, boundary = principal.session, principal.boundary
    return Case(
        msgspec.structs.replace(
            case.question,
            organization=_without_denying(case.question.organization),
            owner=_without_denying(case.question.owner),
        ),
        _holding(
            principal,
            identity=tuple(map(_allowing, principal.identity)),
            boundary=_allowing(boundary) if boundary else None,
            session=None if session is None else tuple(map(_allowing, session)),
        ),
        Guard(
            guard.policy_type,
            _allowing(NamedPolicy("", "", guard.policy)).policy if guard.policy else None,
            guard.required,
        ),
    )


def _without_denying(controls: Controls) -> Controls:
    if controls is NO_CONTROLS:
        return controls
    return _limited(
        controls,
        service=_all_allowing(controls.service),
        resource=_all_allowing(controls.resource),
    )


def _all_allowing(found: Levels) -> Levels:
    return tuple(tuple(map(_allowing, level)) for level in found)


def _allowing(named: NamedPolicy) -> NamedPolicy:
    """The policy, without what it denies."""
    if all(statement.allows for statement in named.policy.statements):
        return named
    kept = [statement for statement in named.policy.statements if statement.allows]
    return named._replace(policy=Policy(kept, named.policy.text))


def _limited(controls: Controls, **levels: Levels) -> Controls:
    # What an object remembers does not hold for its copy.
    return msgspec.structs.replace(controls, remembered={}, **levels)


def _holding(principal: PrincipalPolicies, **policies: object) -> PrincipalPolicies:
    return msgspec.structs.replace(principal, remembered={}, likely={}, **policies)

"""One simulation: policies, a caller and a context, weighed by the evaluator that weighs calls.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from cloudling.kernel import arns
from cloudling.kernel.authorize import (
    CallFacts,
    NamedPolicy,
    Policy,
    PrincipalPolicies,
    Question,
    evaluate,
    parse,
)
from cloudling.kernel.authorize.context import Context
from cloudling.kernel.authorize.keys import context_keys
from cloudling.kernel.authorize.principals import Grade

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cloudling.kernel.authorize import Kind
    from cloudling.kernel.authorize.documents import Statement
    from cloudling.kernel.authorize.variables import Lookup, Value
    from cloudling.kernel.identities import Identity

    Levels = Sequence[Sequence[NamedPolicy]]

Verdict = Literal["allowed", "explicitDeny", "implicitDeny"]
# AWS's words for the kinds, which are none of those that the model lists.
OF_IDENTITY, OF_RESOURCE, OF_BOUNDARY = "IAM Policy", "Resource Policy", "Permissions Boundary"

# What is known of the caller without being given; of the connection nothing is.
_OF_CALLER = {
    "aws:principalaccount", "aws:principalarn", "aws:principaltype", "aws:userid", "aws:username",
}  # fmt: skip
_TAG = "aws:principaltag/"


class Source(NamedTuple):
    """One policy of a simulation: how results call it, its text, and that compiled."""

    id: str
    type: str
    text: str
    policy: Policy

    @classmethod
    def read(cls, name: str, text: str, *, kind: Kind = "session", of: str = OF_IDENTITY) -> Source:
        """Raises MalformedPolicyDocument. The rules of session policies let old versions pass."""
        return cls(name, of, text, parse(text, kind))

    @property
    def named(self) -> NamedPolicy:
        return NamedPolicy(self.id, "", self.policy)


class Match(NamedTuple):
    """A statement that decided."""

    source: Source
    statement: Statement


class Outcome(NamedTuple):
    """What came out for one action and one resource.

    `by_boundary` and `by_organization` are None where there is none of them. `details` tell each
    kind of policy's own verdict where the resource is another account's.
    """

    verdict: Verdict
    matches: tuple[Match, ...]
    by_boundary: bool | None
    by_organization: bool | None
    details: dict[str, Verdict] | None


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """All that is simulated; `is_named` tells whether anybody is named as the caller.

    `owner` is the account of what does not tell its own. `controls` are service control policies
    from the organization's root down to the account; None outside organizations.
    """

    caller: Identity
    is_named: bool
    tags: Mapping[str, str]
    now: float
    policies: Sequence[Source]
    boundary: Source | None
    resource_policy: Source | None
    owner: str
    entries: Mapping[str, Value]
    controls: Levels | None

    def weigh(self, action: str, resource: str) -> Outcome:
        """Decide as a call would be decided, but that control policies end it."""
        question = self._question(action, resource)
        boundary = self.boundary and _verdict((self.boundary.policy,), question)
        by_boundary = boundary == "allowed" if boundary else None
        control = _by_controls(self.controls, question)
        if control not in {None, "allowed"}:
            return Outcome(control or "implicitDeny", (), by_boundary, False, None)
        text = self.resource_policy.text if self.resource_policy else None
        decision = evaluate(question, self._principal(), text)
        verdict: Verdict = "allowed" if decision.allowed else "implicitDeny"
        if not decision.allowed and decision.explicit:
            verdict = "explicitDeny"
        return Outcome(
            verdict,
            tuple(self._matches(question, verdict)),
            by_boundary,
            None if control is None else True,
            self._details(question, boundary),
        )

    def missing(self) -> list[str]:
        """The keys that the policies ask for and nobody gave; control policies' are not told."""
        sources = (*self.policies, self.boundary, self.resource_policy)
        lookup = self._lookup(self._bare("", "*"))
        return [
            key
            for key in context_keys(source.text for source in sources if source)
            if lookup(key.lower()) is None
        ]

    def _principal(self) -> PrincipalPolicies:
        return PrincipalPolicies(
            identity=tuple(source.named for source in self.policies),
            boundary=self.boundary.named if self.boundary else None,
            tags=self.tags,
        )

    def _question(self, action: str, resource: str) -> Question:
        bare = self._bare(action, resource)
        return self._bare(action, resource, self._lookup(bare))

    def _bare(self, action: str, resource: str, given: Lookup | None = None) -> Question:
        return Question(
            identity=self.caller,
            action=action,
            resource=resource,
            resource_account=arns.arn_account(resource) or self.owner,
            facts=CallFacts(now=self.now),
            given=given,
        )

    def _lookup(self, question: Question) -> Lookup:
        known = Context(question, self.tags)

        def lookup(key: str) -> Value:
            if key in self.entries:
                return self.entries[key]
            if key == "aws:resourceaccount":
                return question.resource_account
            of_caller = key in _OF_CALLER or key.startswith(_TAG)
            return known(key) or None if self.is_named and of_caller else None

        return lookup

    def _matches(self, question: Question, verdict: Verdict) -> Iterator[Match]:
        """All statements that decided; a deny hides what was allowed."""
        if verdict == "implicitDeny":
            return
        allows = verdict == "allowed"
        boundary = () if allows else (self.boundary,)
        for source in (self.resource_policy, *self.policies, *boundary):
            for statement in _applying(source.policy, question, allows) if source else ():
                yield Match(source, statement)

    def _details(self, question: Question, boundary: Verdict | None) -> dict[str, Verdict] | None:
        if question.resource_account == self.caller.account:
            return None
        told = {OF_IDENTITY: _verdict([source.policy for source in self.policies], question)}
        if self.resource_policy:
            told[OF_RESOURCE] = _verdict((self.resource_policy.policy,), question)
        return {**told, OF_BOUNDARY: boundary} if boundary else told


def _by_controls(levels: Levels | None, question: Question) -> Verdict | None:
    """Every level must allow, and none may deny."""
    if levels is None:
        return None
    verdicts = {_verdict([each.policy for each in level], question) for level in levels}
    if "explicitDeny" in verdicts:
        return "explicitDeny"
    return "implicitDeny" if "implicitDeny" in verdicts else "allowed"


def _verdict(policies: Sequence[Policy], question: Question) -> Verdict:
    """What these policies say by themselves."""
    if any(_applying(policy, question, allows=False) for policy in policies):
        return "explicitDeny"
    if any(_applying(policy, question, allows=True) for policy in policies):
        return "allowed"
    return "implicitDeny"


def _applying(policy: Policy, question: Question, allows: bool) -> list[Statement]:
    lookup = question.given or Context(question, {})
    return [
        statement
        for statement in policy.relevant(question.action)[allows]
        if _means(statement, question.identity) and statement.applies(question.resource, lookup)
    ]


def _means(statement: Statement, caller: Identity) -> bool:
    """Does it speak of the caller? A statement without principals hangs on the caller."""
    principals = statement.principals
    if principals is None:
        return True
    if statement.principals_negated:
        return not principals.spares(caller, bounded=False)
    return principals.grade(caller) is not Grade.NOT

"""One simulation: policies, a caller and a context, weighed by the evaluator that weighs calls.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from cloudling.kernel import arns
from cloudling.kernel.authorize import (
    NO_CONTROLS,
    CallFacts,
    Controls,
    Evaluation,
    NamedPolicy,
    Policy,
    PolicyType,
    PrincipalPolicies,
    Question,
    explain,
    parse,
)
from cloudling.kernel.authorize.context import Context
from cloudling.kernel.authorize.keys import context_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cloudling.kernel.authorize import Kind
    from cloudling.kernel.authorize.variables import Lookup, Value
    from cloudling.kernel.identities import Identity

Verdict = Literal["allowed", "explicitDeny", "implicitDeny"]
# AWS's words for the kinds, which are none of those that the model lists.
OF_IDENTITY, OF_RESOURCE, OF_BOUNDARY = "IAM Policy", "Resource Policy", "Permissions Boundary"

_VERDICTS: dict[str, Verdict] = {
    "ALLOW": "allowed",
    "EXPLICIT_DENY": "explicitDeny",
    "IMPLICIT_DENY": "implicitDeny",
}
_TYPES: dict[PolicyType, str] = {
    "resource-based policy": OF_RESOURCE,
    "identity-based policy": OF_IDENTITY,
    "permissions boundary": OF_BOUNDARY,
}
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
    """A statement that decided, by its place in its policy."""

    source: Source
    position: int


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

    `owner` is the account of what does not tell its own. `controls` are the organization's of the
    policies' account; None outside organizations.
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
    controls: Controls | None

    def weigh(self, action: str, resource: str) -> Outcome:
        """Decide as a call would be decided, but that control policies end it."""
        question = self._question(action, resource)
        text = self.resource_policy.text if self.resource_policy else None
        evaluation = explain(question, self._principal(), text)
        boundary = _verdict(evaluation, "permissions boundary")
        by_boundary = None if boundary is None else boundary == "allowed"
        control = _verdict(evaluation, "service control policy") or "allowed"
        if control != "allowed":
            return Outcome(control, (), by_boundary, False, None)
        decision = evaluation.decision
        verdict: Verdict = "allowed" if decision.allowed else "implicitDeny"
        if decision.explicit and not decision.allowed:
            verdict = "explicitDeny"
        return Outcome(
            verdict,
            tuple(self._matches(evaluation, verdict)),
            by_boundary,
            None if self.controls is None else True,
            _details(evaluation) if decision.cross_account else None,
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

    def _sources(self) -> tuple[Source, ...]:
        boundary = (self.boundary,) if self.boundary else ()
        return (*self.policies, *boundary)

    def _principal(self) -> PrincipalPolicies:
        # Under their places, for two may have one name.
        named = [
            NamedPolicy(str(place), "", source.policy)
            for place, source in enumerate(self._sources())
        ]
        return PrincipalPolicies(
            identity=tuple(named[: len(self.policies)]),
            boundary=named[-1] if self.boundary else None,
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
            organization=self.controls or NO_CONTROLS,
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

    def _matches(self, evaluation: Evaluation, verdict: Verdict) -> Iterator[Match]:
        """All statements that decided; a deny hides what was allowed."""
        effect = {"allowed": "Allow", "explicitDeny": "Deny"}.get(verdict, "")
        sources = {str(place): source for place, source in enumerate(self._sources())}
        for policy_type in _TYPES:
            check = evaluation.check(policy_type)
            # What only limits allows nothing.
            if check is None or (policy_type == "permissions boundary" and effect == "Allow"):
                continue
            for matched in check.matched:
                source = sources.get(matched.name, self.resource_policy)
                if matched.effect == effect and source:
                    yield Match(source, matched.position)


def _verdict(evaluation: Evaluation, policy_type: PolicyType) -> Verdict | None:
    """What one type of policies says; None where there are none of it to say anything."""
    check = evaluation.check(policy_type)
    return None if check is None else _VERDICTS[check.result]


def _details(evaluation: Evaluation) -> dict[str, Verdict]:
    told = {name: _verdict(evaluation, policy_type) for policy_type, name in _TYPES.items()}
    return {name: verdict for name, verdict in told.items() if verdict}

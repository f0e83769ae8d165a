"""A decision written down: who asked for what, what each policy said, and what would help.

`details` has the shape of AWS's GetRequestAuthorizationDetails; the rest is ours, for
`cloudling explain`.
https://docs.aws.amazon.com/iam-toolbox/latest/APIReference/API_GetRequestAuthorizationDetails.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cloudling.kernel.authorize import explain
from cloudling.kernel.decisions import contexts
from cloudling.store.collections import CollectionSpec
from cloudling.store.records import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.kernel.authorize.decisions import Decision, NamedPolicy
    from cloudling.kernel.authorize.explanation import Check, Evaluation, Matched
    from cloudling.kernel.decisions.asked import Asked

Json = dict[str, Any]

_TYPES = {
    "identity-based policy": "IDENTITY_BASED_POLICY",
    "resource-based policy": "RESOURCE_BASED_POLICY",
    "role trust policy": "RESOURCE_BASED_POLICY",
    "permissions boundary": "PERMISSIONS_BOUNDARY",
    "session policy": "SESSION_POLICY",
    "service control policy": "SERVICE_CONTROL_POLICY",
    "resource control policy": "RESOURCE_CONTROL_POLICY",
}
_OF_RESOURCE = ("resource-based policy", "role trust policy")
_OF_ORGANIZATION = ("service control policy", "resource control policy")


class DecisionRecord(Record, frozen=True, kw_only=True):
    """One decision; `id` is the authorization ID, `number` its place in the order of all.

    `outcome` is "allowed", "denied", or "observed": a denial that was not enforced. `deciding`
    names the statement that decided, `checks` what each type of policy said, `wanting` the types
    that would have to allow and do not. `at` is in seconds since the epoch.
    """

    id: str
    number: int
    at: float
    outcome: str
    request_id: str
    principal: str
    account: str
    unique_id: str
    service: str
    operation: str
    region: str
    action: str
    resource: str
    explicit: bool
    plain_loopback: bool
    deciding: Json
    checks: list[Json]
    wanting: list[str]
    details: Json


SPEC = CollectionSpec(
    name="kernel_denials", record=DecisionRecord, key=("id",), scope="world", indexes=()
)


def describe(
    asked: Asked, earlier: Sequence[Asked], *, name: str, number: int, outcome: str
) -> DecisionRecord:
    """Write a decision down; `earlier` are what the same request had been allowed before."""
    call, question = asked.call, asked.question
    evaluation = _explained(asked)
    decision = evaluation.decision
    told = [*((each, _explained(each)) for each in earlier), (asked, evaluation)]
    return DecisionRecord(
        id=name,
        number=number,
        at=question.facts.now,
        outcome=outcome,
        request_id=call.request_id,
        principal=question.identity.arn,
        account=question.identity.account,
        unique_id=question.identity.unique_id,
        service=asked.called,
        operation=call.operation.name,
        region=call.region,
        action=question.action,
        resource=question.resource,
        explicit=decision.explicit and not decision.allowed,
        plain_loopback=not question.facts.secure and _is_loopback(question.facts.source_ip),
        deciding=_deciding(decision),
        checks=[_check(check) for check in evaluation.checks],
        wanting=_wanting(evaluation),
        details={
            "requestContext": contexts.of_request(question, asked.policies.tags),
            "evaluations": [_evaluation(one, found) for one, found in told],
            "policies": _policies(told),
        },
    )


def _explained(asked: Asked) -> Evaluation:
    need = asked.need
    if asked.trust and need.policy is None:
        # The role is not there: it is as one that trusts nobody.
        found = explain(asked.question, asked.policies, required=True)
        assert asked.decision is not None  # noqa: S101 - only a yes comes the short way
        return type(found)(asked.decision, found.checks)
    return explain(
        asked.question, asked.policies, need.policy, required=need.required, trust=asked.trust
    )


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address == "::1"


def _deciding(decision: Decision) -> Json:
    found: Json = {"policyType": decision.policy_type or ""}
    if decision.policy is None or decision.statement is None:
        return found
    return found | {
        "policy": decision.policy_name,
        "policyArn": decision.policy_arn,
        "statementNumber": decision.statement.position + 1,
        "sid": decision.sid,
        "statement": statement_text(decision.policy, decision.statement.position),
    }


def statement_text(named: NamedPolicy, position: int) -> Json:
    """A statement as its policy's author wrote it."""
    statements = json.loads(named.policy.text)["Statement"]
    found: Json = (statements if isinstance(statements, list) else [statements])[position]
    return found


def _wanting(evaluation: Evaluation) -> list[str]:
    if evaluation.decision.allowed or evaluation.decision.policy_type is None:
        return []
    # Inside an account the resource's policy need not allow what the identity's do.
    first = evaluation.decision.policy_type
    lacking = [
        check.policy_type
        for check in evaluation.checks
        if check.result != "ALLOW"
        and (check.policy_type not in _OF_RESOURCE or check.policy_type == first)
    ]
    if evaluation.decision.explicit:
        return [kind for kind in lacking if kind != first]
    return [first, *(kind for kind in lacking if kind != first)]


def _check(check: Check) -> Json:
    return {
        "policyType": check.policy_type,
        "result": check.result,
        "policies": [named.arn or named.name for named in check.policies],
        "matched": [
            {
                "policy": matched.name,
                "policyArn": matched.arn,
                "statementNumber": matched.position + 1,
                "sid": matched.sid,
                "effect": matched.effect,
            }
            for matched in check.matched
        ],
    }


def _evaluation(asked: Asked, evaluation: Evaluation) -> Json:
    decision, question = evaluation.decision, asked.question
    denied = "EXPLICIT_DENY" if decision.explicit else "IMPLICIT_DENY"
    matched: dict[str, list[Json]] = {}
    for check in evaluation.checks:
        for one in check.matched:
            told = {"sid": _sid(one), "evaluatedEffect": one.effect.upper()}
            matched.setdefault(_uri(check.policy_type, one.name, one.arn), []).append(told)
    return {
        "action": question.action,
        "resource": "" if question.resource == "*" else question.resource,
        "context": contexts.of_resource(question),
        "evaluatedEffect": "ALLOW" if decision.allowed else denied,
        "matchedPolicies": [
            {"uri": uri, "matchedStatements": statements} for uri, statements in matched.items()
        ],
    }


def _sid(matched: Matched) -> str:
    return matched.sid or f"Statement{matched.position + 1}"


def _uri(policy_type: str, name: str, arn: str) -> str:
    """What AWS leaves opaque for policies that have no ARN."""
    return arn or f"inline:{policy_type.replace(' ', '-')}:{name}"


def _policies(told: Sequence[tuple[Asked, Evaluation]]) -> list[Json]:
    found: dict[str, Json] = {}
    for asked, evaluation in told:
        for check in evaluation.checks:
            listed = [(named.name, named.arn) for named in check.policies]
            listed += [(matched.name, matched.arn) for matched in check.matched]
            for name, arn in listed:
                uri = _uri(check.policy_type, name, arn)
                found[uri] = {
                    "type": _TYPES[check.policy_type],
                    "inline": not arn,
                    "uri": uri,
                    "attachedTo": _attached(asked, check.policy_type),
                }
    return list(found.values())


def _attached(asked: Asked, policy_type: str) -> list[Json]:
    if policy_type in _OF_ORGANIZATION:
        return []
    question = asked.question
    of_resource = policy_type in _OF_RESOURCE
    return [{"arn": question.resource if of_resource else question.identity.principal_arn}]

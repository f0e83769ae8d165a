"""A decision written down: who asked for what, what each policy said, and what would help.

`details` has the shape of AWS's GetRequestAuthorizationDetails; the rest is ours, for
`cloudling explain`.
https://docs.aws.amazon.com/iam-toolbox/latest/APIReference/API_GetRequestAuthorizationDetails.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel.authorize import explain_case, lacking, resource_case, trust_case
from cloudling.kernel.decisions import contexts, remedies
from cloudling.kernel.origins import is_loopback
from cloudling.store.collections import CollectionSpec
from cloudling.store.records import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.kernel.authorize.checks import Case
    from cloudling.kernel.authorize.decisions import Decision
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
    names the statement that decided, `checks` what each type of policy said and which statements
    nearly applied, `wanting` the types that would have to allow and do not, `remedies` for each of
    them the least statement that would. `at` is in seconds since the epoch.
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
    remedies: tuple[Json, ...] = ()


SPEC = CollectionSpec(
    name="kernel_denials", record=DecisionRecord, key=("id",), scope="world", indexes=()
)


def describe(
    asked: Asked, earlier: Sequence[Asked], *, name: str, number: int, outcome: str
) -> DecisionRecord:
    """Write a decision down; `earlier` are what the same request had been allowed before."""
    call, question = asked.call, asked.question
    case = _case(asked)
    evaluation = _explained(asked, case)
    decision = evaluation.decision
    wanting = () if decision.allowed or _is_absent(asked) else lacking(case)
    told = [*((each, _explained(each, _case(each))) for each in earlier), (asked, evaluation)]
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
        plain_loopback=not question.facts.secure and is_loopback(call.origin.peer),
        deciding=_deciding(decision) | ({"absent": "role"} if _is_absent(asked) else {}),
        checks=[_check(check) | remedies.near_misses(case, check) for check in evaluation.checks],
        wanting=list(wanting),
        remedies=tuple(remedies.smallest(question, kind) for kind in wanting),
        details={
            "requestContext": contexts.of_request(question, asked.policies.tags),
            "evaluations": [_evaluation(one, found) for one, found in told],
            "policies": _policies(told),
        },
    )


def _case(asked: Asked) -> Case:
    need = asked.need
    if asked.trust and need.policy is not None:
        return trust_case(asked.question, asked.policies, need.policy)
    # Without a policy the role is not there: it is as one that trusts nobody.
    required = need.required or asked.trust
    return resource_case(asked.question, asked.policies, need.policy, required=required)


def _is_absent(asked: Asked) -> bool:
    return asked.trust and asked.need.policy is None


def _explained(asked: Asked, case: Case) -> Evaluation:
    found = explain_case(case)
    if _is_absent(asked):
        assert asked.decision is not None  # noqa: S101 - only a yes comes the short way
        return type(found)(asked.decision, found.checks)
    return found


def _deciding(decision: Decision) -> Json:
    found: Json = {"policyType": decision.policy_type or ""}
    if decision.policy is None or decision.statement is None:
        return found
    return found | {
        "policy": decision.policy_name,
        "policyArn": decision.policy_arn,
        "statementNumber": decision.statement.position + 1,
        "sid": decision.sid,
        "statement": remedies.statement_text(decision.policy, decision.statement.position),
    }


def _check(check: Check) -> Json:
    return {
        "policyType": check.policy_type,
        "result": check.result,
        "policies": [
            named.arn or named.name for named in check.policies if named.arn or named.name
        ],
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

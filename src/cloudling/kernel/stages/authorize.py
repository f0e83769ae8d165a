"""May the caller do this? Asked before the operation runs, and by operations that ask more."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import arns
from cloudling.kernel.authorize import (
    NO_CONTROLS,
    CallFacts,
    Decision,
    PrincipalPolicies,
    Question,
    evaluate,
    evaluate_trust,
    messages,
    plainly_allows,
)
from cloudling.kernel.decisions import NO_DECISIONS, Asked, Denied
from cloudling.kernel.identities import Identity
from cloudling.kernel.request_tags import TagKeys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.kernel.access import Need
    from cloudling.kernel.call import Call
    from cloudling.kernel.operations import Operation
    from cloudling.kernel.pipeline import Run
    from cloudling.kernel.services import Service

log = logging.getLogger(__name__)
_NOTHING: Mapping[str, Any] = {}


def authorize(run: Run, service: Service, operation: Operation) -> Run:
    """The stage: every need of the operation must be allowed before it runs."""
    rule = service.rule(operation.name)

    async def authorized(call: Call, request: dict[str, Any]) -> dict[str, Any] | None:
        if call.cloud.iam != "off" and (needs := await rule(call, request)):
            authorizer, identity = call.cloud.authorizer, call.identity
            policies = authorizer.known(identity) or await authorizer.policies(identity)
            facts = facts_of(call)
            for need in needs:
                _require(call, need, question_of(call, need, facts, request), policies)
        return await run(call, request)

    return authorized


async def decide(call: Call, need: Need) -> Decision | None:
    """What the policies say; None when nothing is asked of anybody (`--iam off`)."""
    if call.cloud.iam == "off":
        return None
    policies = await call.cloud.authorizer.policies(call.identity)
    question = question_of(call, need, facts_of(call))
    return evaluate(question, policies, need.policy, required=need.required)


async def require(call: Call, need: Need) -> None:
    """Raise AccessDenied unless allowed; in `observe` mode only say so in the log."""
    if call.cloud.iam != "off":
        policies = await call.cloud.authorizer.policies(call.identity)
        _require(call, need, question_of(call, need, facts_of(call)), policies)


async def require_trust(call: Call, need: Need) -> None:
    """Raise AccessDenied unless the role's trust policy, `need.policy`, lets the caller in.

    A role that does not exist (no policy) is denied as one that trusts nobody is.
    """
    if need.policy is not None and call.cloud.iam == "off":
        return
    policies = await call.cloud.authorizer.policies(call.identity)
    question = question_of(call, need, facts_of(call))
    if need.policy is None:
        outside = need.account not in {"", call.identity.account}
        nobody = Decision(False, "role trust policy", cross_account=outside)
        raise _denied(Asked(call, need, question, policies, nobody, trust=True))
    decision = evaluate_trust(question, policies, need.policy)
    _settle(Asked(call, need, question, policies, decision, trust=True))


def trusts_service(
    call: Call, role_arn: str, trust: str, service: str, source_arn: str = ""
) -> bool:
    """Would the role let a service take it on, for the resource that is to use the role?

    For services that look when a role is passed to them; most fail later, when they need it.
    """
    account = arns.arn_account(role_arn)
    facts = msgspec.structs.replace(
        facts_of(call), source_arn=source_arn, source_account=arns.arn_account(source_arn)
    )
    controls = call.cloud.organizations.controls
    question = Question(
        identity=Identity(
            kind="service", account="", arn=service, principal_arn=service, unique_id=service
        ),
        action="sts:AssumeRole",
        resource=role_arn,
        resource_account=account,
        facts=facts,
        owner=controls(account),
        source=controls(facts.source_account) if facts.source_account else NO_CONTROLS,
    )
    return evaluate_trust(question, PrincipalPolicies(), trust).allowed


def question_of(
    call: Call, need: Need, facts: CallFacts, request: Mapping[str, Any] = _NOTHING
) -> Question:
    """What is asked of the policies; `request` holds the tags that the call sets."""
    context, identity, owner = need.context, call.identity, need.account
    controls = call.cloud.organizations.controls
    own = controls(identity.account)
    return Question(
        identity=identity,
        action=need.action,
        resource=need.resource,
        resource_account=owner,
        context=context
        if callable(context)
        else {name.lower(): value for name, value in context.items()},
        tags=TagKeys(call, request, need.resource),
        facts=facts,
        organization=own,
        owner=controls(owner) if owner and owner != identity.account else own,
        source=controls(facts.source_account) if facts.source_account else NO_CONTROLS,
    )


def facts_of(call: Call) -> CallFacts:
    """What conditions may ask of the call itself."""
    origin, service = call.origin, call.service
    headers = origin.headers
    address, secure = call.cloud.perimeter.view(origin.peer, origin.secure, origin.called_via)
    name, region = call.operation.name, call.region
    return CallFacts(
        now=call.cloud.clock.now(),
        source_ip=address,
        secure=secure,
        region=service.regions.get((name, region)) or service.region_of(name, region),
        user_agent=headers.get("user-agent", ""),
        referer=headers.get("referer", ""),
        called_via=origin.called_via,
        source_arn=origin.source_arn,
        source_account=origin.source_account,
    )


def _require(call: Call, need: Need, question: Question, policies: PrincipalPolicies) -> None:
    if need.policy is None and not need.required and plainly_allows(question, policies):
        if call.cloud.decisions is not NO_DECISIONS:
            call.cloud.decisions.allowed(Asked(call, need, question, policies, None))
        return
    decision = evaluate(question, policies, need.policy, required=need.required)
    _settle(Asked(call, need, question, policies, decision))


def _settle(asked: Asked) -> None:
    cloud = asked.call.cloud
    if asked.decision is None or asked.decision.allowed:
        cloud.decisions.allowed(asked)
        return
    denied = _denied(asked)
    if cloud.iam != "observe":
        raise denied
    log.warning("observed request_id=%s %s", asked.call.request_id, denied.text)


def _denied(asked: Asked) -> Denied:
    need, question, decision = asked.need, asked.question, asked.decision
    assert decision is not None  # noqa: S101 - only a yes comes the short way
    receipt = asked.call.cloud.decisions.refused(asked)._replace(
        region=question.facts.region, service=asked.called
    )
    told = need.told or need.resource
    text = messages.denial(question.identity, need.action, told, decision, receipt)
    return Denied(text, asked, receipt)

"""May the caller do this? Asked before the operation runs, and by operations that ask more."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from cloudling.kernel.authorize import (
    CallFacts,
    Decision,
    Question,
    evaluate,
    evaluate_trust,
    messages,
    plainly_allows,
)
from cloudling.kernel.errors import AccessDenied

if TYPE_CHECKING:
    from cloudling.kernel.access import Need
    from cloudling.kernel.call import Call
    from cloudling.kernel.operations import Operation
    from cloudling.kernel.pipeline import Run
    from cloudling.kernel.services import Service

log = logging.getLogger(__name__)


def authorize(run: Run, service: Service, operation: Operation) -> Run:
    """The stage: every need of the operation must be allowed before it runs."""
    rule = service.rule(operation.name)

    async def authorized(call: Call, request: dict[str, Any]) -> dict[str, Any] | None:
        if call.cloud.iam != "off" and (needs := await rule(call, request)):
            policies = await call.cloud.authorizer.policies(call.identity)
            for need in needs:
                question = _question(call, need)
                if need.policy is not None or not plainly_allows(question, policies):
                    _settle(call, need, evaluate(question, policies, need.policy))
        return await run(call, request)

    return authorized


async def decide(call: Call, need: Need) -> Decision | None:
    """What the policies say; None when nothing is asked of anybody (`--iam off`)."""
    if call.cloud.iam == "off":
        return None
    policies = await call.cloud.authorizer.policies(call.identity)
    return evaluate(_question(call, need), policies, need.policy)


async def require_trust(call: Call, need: Need) -> None:
    """Raise AccessDenied unless the role's trust policy, `need.policy`, lets the caller in.

    A role that does not exist (no policy) is denied as one that trusts nobody is.
    """
    if need.policy is None:
        outside = need.account not in {"", call.identity.account}
        raise AccessDenied(
            _told(call, need, Decision(False, "role trust policy", cross_account=outside))
        )
    if call.cloud.iam != "off":
        policies = await call.cloud.authorizer.policies(call.identity)
        _settle(call, need, evaluate_trust(_question(call, need), policies, need.policy))


def _question(call: Call, need: Need) -> Question:
    context = need.context
    return Question(
        identity=call.identity,
        action=need.action,
        resource=need.resource,
        resource_account=need.account,
        context=context
        if callable(context)
        else {name.lower(): value for name, value in context.items()},
        facts=facts_of(call),
    )


async def require(call: Call, need: Need) -> None:
    """Raise AccessDenied unless allowed; in `observe` mode only say so in the log."""
    decision = await decide(call, need)
    if decision is not None:
        _settle(call, need, decision)


def _settle(call: Call, need: Need, decision: Decision) -> None:
    if decision.allowed:
        return
    text = _told(call, need, decision)
    if call.cloud.iam == "observe":
        log.warning("observed request_id=%s %s", call.request_id, text)
        return
    raise AccessDenied(text)


def _told(call: Call, need: Need, decision: Decision) -> str:
    return messages.denial(call.identity, need.action, need.told or need.resource, decision)


def facts_of(call: Call) -> CallFacts:
    """What conditions may ask of the call itself."""
    origin = call.origin
    return CallFacts(
        now=call.cloud.clock.now(),
        source_ip=origin.peer,
        secure=origin.secure,
        region=call.region,
        user_agent=origin.headers.get("user-agent", ""),
        referer=origin.headers.get("referer", ""),
    )

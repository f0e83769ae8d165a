"""The same request, put to the evaluator."""

import json
from typing import TYPE_CHECKING, Literal, cast

from msgspec import structs
from tests.oracle.literal import RESOURCE, Caller, Policy, Request, canonical_id
from tests.oracle.operators import Context, find, moment
from tests.oracle.principals import principal_keys

from cloudling.kernel.authorize import (
    CallFacts,
    Controls,
    Decision,
    Kind,
    NamedPolicy,
    PrincipalPolicies,
    Question,
    evaluate,
    evaluate_trust,
    parse,
    plainly_allows,
)
from cloudling.kernel.identities import Identity, Session

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = "2026-07-01T12:00:00Z"
# What the evaluator is told otherwise than by the service's own condition keys.
FACTS = {
    "aws:currenttime",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:requestedregion",
    "aws:securetransport",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:tokenissuetime",
}


def named(policy: Policy, kind: Kind, name: str) -> NamedPolicy:
    return NamedPolicy(name, "", parse(json.dumps(policy), kind))


def text(context: Context, key: str, default: str = "") -> str:
    value = find(context, key)
    return value if isinstance(value, str) else default


def identity(caller: Caller, context: Context) -> Identity:
    keys = principal_keys(caller)
    unique_id = text(keys, "aws:userid")
    name = (caller.entity if caller.kind == "role" else caller.arn).rsplit("/", 1)[-1]
    kind = cast("Literal['root', 'user', 'role', 'federated', 'service', 'anonymous']", caller.kind)
    return Identity(
        kind=kind,
        account=caller.account,
        arn=caller.arn,
        principal_arn=caller.entity if kind == "role" else caller.arn,
        unique_id="" if kind in {"service", "anonymous"} else unique_id,
        name=name,
        session=session(caller, context),
    )


def session(caller: Caller, context: Context) -> Session | None:
    issued = find(context, "aws:TokenIssueTime")
    mfa = find(context, "aws:MultiFactorAuthPresent")
    age = find(context, "aws:MultiFactorAuthAge")
    if not caller.is_session and issued is None and mfa is None and age is None:
        return None
    present = mfa == "true" or age is not None
    now = moment(text(context, "aws:CurrentTime", NOW))
    return Session(
        name=caller.arn.rsplit("/", 1)[-1],
        issued_at=moment(text(context, "aws:TokenIssueTime", NOW)),
        expires_at=now + 3600,
        mfa_at=now - int(text(context, "aws:MultiFactorAuthAge", "0")) if present else None,
        issuer=(caller.entity, "AIDAISSUER") if caller.kind == "federated" else (),
    )


def facts(context: Context) -> CallFacts:
    return CallFacts(
        now=moment(text(context, "aws:CurrentTime", NOW)),
        region=text(context, "aws:RequestedRegion"),
        source_ip=text(context, "aws:SourceIp"),
        secure=text(context, "aws:SecureTransport") == "true",
        source_arn=text(context, "aws:SourceArn"),
    )


def levels(found: list[list[Policy]], kind: Kind) -> tuple[tuple[NamedPolicy, ...], ...]:
    return tuple(tuple(named(policy, kind, kind) for policy in level) for level in found)


def caller_controls(request: Request) -> Controls:
    path = find(request.context, "aws:PrincipalOrgPaths")
    organization = text(request.context, "aws:PrincipalOrgID")
    return Controls(
        organization=organization or ("o-a" if path else ""),
        path=path[0] if isinstance(path, list) and path else "",
        management=request.scp_free,
        service=levels(request.scps, "scp"),
    )


def question(request: Request) -> Question:
    computed = {key.lower() for key in principal_keys(request.caller)} | FACTS
    context: Mapping[str, str | tuple[str, ...]] = {
        key.lower(): value if isinstance(value, str) else tuple(value)
        for key, value in request.context.items()
        if key.lower() not in computed and not key.lower().startswith("aws:principaltag/")
    }
    return Question(
        identity=identity(request.caller, request.context),
        action=request.action,
        facts=facts(request.context),
        resource=request.resource,
        resource_account=request.owner,
        context=context,
        canonical_id=canonical_id(request.caller.account),
        organization=caller_controls(request),
        owner=Controls(management=request.rcp_free, resource=levels(request.rcps, "rcp")),
    )


def of_session(caller: Caller) -> tuple[NamedPolicy, ...] | None:
    """The session policies as IAM hands them over.

    A federated user's session without any has none, not no limit: so IAM tells an empty set of it.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    """
    if caller.session is None and caller.kind != "federated":
        return None
    return tuple(named(policy, "session", "session") for policy in caller.session or ())


def principal(request: Request) -> PrincipalPolicies:
    caller = request.caller
    boundary = caller.boundary
    prefix = "aws:principaltag/"
    return PrincipalPolicies(
        identity=tuple(named(policy, "identity", "identity") for policy in caller.identity),
        boundary=named(boundary, "identity", "boundary") if boundary else None,
        session=of_session(caller),
        tags={
            key[len(prefix) :]: value
            for key, value in request.context.items()
            if key.lower().startswith(prefix) and isinstance(value, str)
        },
    )


def answer(request: Request) -> Decision:
    policy = json.dumps(request.resource_policy) if request.resource_policy else None
    if request.must_name:
        assert policy is not None
        return evaluate_trust(question(request), principal(request), policy)
    return evaluate(question(request), principal(request), policy)


def blamed(decision: Decision) -> str:
    """The policy type, in the oracle's words; a trust policy is the role's resource-based one."""
    kind = decision.policy_type or ""
    return RESOURCE if kind == "role trust policy" else kind


def plainly_disagrees(request: Request) -> bool:
    """Is there a short yes where the whole evaluation says no?

    Asked once as it is, once without control policies, which keep the short way from answering;
    both without the resource's policy, as the kernel asks.
    """
    asked, held = question(request), principal(request)
    return any(
        plainly_allows(one, held) and not evaluate(one, held).allowed
        for one in (asked, structs.replace(asked, organization=Controls(), owner=Controls()))
    )

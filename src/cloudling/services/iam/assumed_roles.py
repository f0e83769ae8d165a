"""STS: taking on a role for a while.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from cloudling.kernel import Need, arns, operation
from cloudling.kernel.errors import NotImplementedHere
from cloudling.kernel.identities import Identity, Session
from cloudling.kernel.stages.authorize import require_trust
from cloudling.services.iam import issuing, second_factors, session_policies, session_tags
from cloudling.services.iam.errors import AccessDenied, ValidationError

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall
    from cloudling.services.iam.records import Role

log = logging.getLogger(__name__)
Request = dict[str, Any]


class _Labels(NamedTuple):
    """What a session bears: its tags, and who it was at the start of the chain."""

    tags: session_tags.SessionTags
    source_identity: str


@operation(
    "AssumeRole",
    transaction=False,
    partial="ProvidedContexts (IAM Identity Center) answer 501",
)
async def assume_role(call: IamCall, request: Request) -> Request:
    if request.get("ProvidedContexts"):
        raise NotImplementedHere(
            "ProvidedContexts of AssumeRole is not implemented in Cloudling yet."
        )
    role_arn, account = request["RoleArn"], arns.arn_account(request["RoleArn"])
    role = await _role(call, role_arn)
    _refuse_root(call)
    labels = _labels(call, request)
    await _require_trust(await _proven(call, request), role, request, labels)
    assert role is not None  # noqa: S101 - without a trust policy the line above has refused
    seconds = _duration(call, role, request)
    place = call.at(account=account)
    narrowing = await session_policies.given(place, request)
    packed = narrowing.packed(labels.tags.tags)
    now = call.clock.now()
    session = Session(
        name=request["RoleSessionName"],
        issued_at=now,
        expires_at=float(int(now) + seconds),
        policies=(narrowing.inline,) if narrowing.inline else (),
        policy_arns=narrowing.managed,
        tags=labels.tags.tags,
        transitive_tags=labels.tags.transitive,
        source_identity=labels.source_identity,
        chained=call.identity.kind == "role",
    )
    assumed = _assumed(role, account, request["RoleSessionName"], call.partition)
    answer = issuing.issue(call, assumed, session, request)
    answer["AssumedRoleUser"] = {"AssumedRoleId": assumed.unique_id, "Arn": assumed.arn}
    if labels.source_identity:
        answer["SourceIdentity"] = labels.source_identity
    return answer | packed


async def _role(call: IamCall, role_arn: str) -> Role | None:
    """The role an ARN names, in whatever account; None when there is none."""
    try:
        arn = arns.Arn.parse(role_arn)
    except ValueError:
        raise ValidationError(f"{role_arn} is invalid") from None
    kind, _, path = arn.resource.partition("/")
    if arn.service != "iam" or kind != "role" or not path:
        raise ValidationError(f"{role_arn} is invalid")
    directory, _, name = f"/{path}".rpartition("/")
    found = await call.at(account=arn.account).roles.get(name.lower())
    return found if found and found.path == f"{directory}/" and found.name == name else None


def _refuse_root(call: IamCall) -> None:
    """AWS lets no root assume a role; the well-known root may, for people's local scripts."""
    if call.identity.kind != "root":
        return
    if not call.identity.well_known:
        raise AccessDenied("Roles may not be assumed by root accounts.")
    log.info(
        "request_id=%s root of development keys assumes a role; AWS refuses this", call.request_id
    )


def _labels(call: IamCall, request: Request) -> _Labels:
    tags = session_tags.chained(call.identity, request)
    kept = call.identity.session.source_identity if call.identity.session else ""
    asked = request.get("SourceIdentity", "")
    if kept and asked not in ("", kept):
        # Once set it cannot be changed, whatever policies allow.
        raise issuing.denied(call, "sts:SetSourceIdentity", request["RoleArn"])
    return _Labels(tags, asked or kept)


async def _proven(call: IamCall, request: Request) -> IamCall:
    """The call, with the proof of a second factor where the request has one."""
    if not await second_factors.prove(call, request):
        return call
    now, identity = call.clock.now(), call.identity
    # A long-term key has no token, so its proof is carried by a session that was never issued.
    session = identity.session or Session(name=identity.name, issued_at=0, expires_at=now)
    proven = call.at()
    proven.identity = msgspec.structs.replace(
        identity, session=msgspec.structs.replace(session, mfa_at=now)
    )
    return proven


async def _require_trust(
    call: IamCall, role: Role | None, request: Request, labels: _Labels
) -> None:
    """Whatever the call does to the new session is asked of the role's trust policy, too."""
    role_arn = request["RoleArn"]
    account, trust = arns.arn_account(role_arn), role.trust if role else None
    context = {
        **session_tags.context(request),
        **await _tags(call, role_arn),
        "sts:RoleSessionName": request["RoleSessionName"],
    }
    if "ExternalId" in request:
        context["sts:ExternalId"] = request["ExternalId"]
    if labels.source_identity:
        context["sts:SourceIdentity"] = labels.source_identity
    actions = ["sts:AssumeRole"]
    if request.get("Tags") or labels.tags.transitive:
        actions.append("sts:TagSession")
    if labels.source_identity:
        actions.append("sts:SetSourceIdentity")
    for action in actions:
        await require_trust(call, Need(action, role_arn, account, context, trust))


async def _tags(call: IamCall, arn: str) -> dict[str, str]:
    return {f"iam:ResourceTag/{key}": value for key, value in (await call.tags.of(arn)).items()}


def _duration(call: IamCall, role: Role, request: Request) -> int:
    seconds: int = request.get("DurationSeconds", issuing.HOUR)
    if call.identity.kind == "role" and seconds > issuing.HOUR:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining."
        )
    # EC2's credentials for its instances last longer than a role's sessions otherwise may.
    if call.identity.kind != "service" and seconds > role.session_seconds:
        raise ValidationError(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return seconds


def _assumed(role: Role, account: str, name: str, partition: str) -> Identity:
    return Identity(
        kind="role",
        account=account,
        arn=arns.assumed_role(account, role.name, name, partition),
        principal_arn=arns.iam(account, "role", role.path, role.name, partition),
        unique_id=f"{role.id}:{name}",
        name=role.name,
    )

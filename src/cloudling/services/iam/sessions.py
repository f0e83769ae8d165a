"""STS: who calls, and taking on a role for a while.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import json
import logging
import zlib
from typing import TYPE_CHECKING, Any, NoReturn

from cloudling.kernel import Need, arns, operation
from cloudling.kernel.errors import NotImplementedHere
from cloudling.kernel.identities import Identity, Session
from cloudling.kernel.ids import account_of
from cloudling.kernel.stages.authorize import require_trust
from cloudling.services.iam import documents, policies
from cloudling.services.iam.credentials import KeyRing
from cloudling.services.iam.errors import (
    AccessDenied,
    PackedPolicyTooLarge,
    ValidationError,
)

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall
    from cloudling.services.iam.records import Role

log = logging.getLogger(__name__)
Request = dict[str, Any]
CHAINED_SECONDS = 3600
PACKED_SIZE = 2048
PLAIN_SIZE = 2048
MOST_POLICIES = 10


@operation("GetCallerIdentity")
async def get_caller_identity(call: IamCall, request: Request) -> Request:
    identity = call.identity
    return {"UserId": identity.unique_id, "Account": identity.account, "Arn": identity.arn}


@operation("GetAccessKeyInfo")
async def get_access_key_info(call: IamCall, request: Request) -> Request:
    """Every key id names its account, so AWS answers for any that has the form."""
    key_id = request["AccessKeyId"]
    kept = await call.access_keys.get(key_id)
    account = kept.account if kept else account_of(key_id)
    if account is None:
        raise ValidationError(f"Invalid AccessKeyId: {key_id}")
    return {"Account": account}


@operation("AssumeRole")
async def assume_role(call: IamCall, request: Request) -> Request:
    _refuse_what_is_missing(request)
    role_arn = request["RoleArn"]
    role = await _role(call, role_arn)
    account = arns.arn_account(role_arn)
    _refuse_root(call)
    context = {**_context(request), **await _tags(call, role_arn)}
    trust = role.trust if role else None
    await require_trust(call, Need("sts:AssumeRole", role_arn, account, context, trust))
    assert role is not None  # noqa: S101 - without a trust policy the line above has refused
    seconds = _duration(call, role, request)
    session = await _session(call.at(account=account), request, seconds)
    assumed = _assumed(role, account, request["RoleSessionName"], call.partition)
    packed = _packed_per_cent(session)
    assert isinstance(call.cloud.credentials, KeyRing)  # noqa: S101 - this service's own port
    key_id, secret, token = call.cloud.credentials.sessions.issue(
        assumed, session, request.get("MinimumSessionTokenSize", 0)
    )
    answer: Request = {
        "Credentials": {
            "AccessKeyId": key_id,
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": session.expires_at,
        },
        "AssumedRoleUser": {"AssumedRoleId": assumed.unique_id, "Arn": assumed.arn},
    }
    if packed:
        answer["PackedPolicySize"] = packed
    return answer


def _refuse_what_is_missing(request: Request) -> None:
    """Never ignored: what would weaken or widen the session and is not here yet."""
    for member in ("Tags", "TransitiveTagKeys", "SourceIdentity", "ProvidedContexts"):
        if request.get(member):
            raise NotImplementedHere(f"{member} of AssumeRole is not implemented in Cloudling yet.")
    if "SerialNumber" in request or "TokenCode" in request:
        # No MFA device can have been made yet, so none can be valid.
        raise AccessDenied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your "
            "MFA serial number is valid and associated with this user."
        )


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


def _context(request: Request) -> dict[str, str]:
    context = {"sts:RoleSessionName": request["RoleSessionName"]}
    if "ExternalId" in request:
        context["sts:ExternalId"] = request["ExternalId"]
    return context


async def _tags(call: IamCall, arn: str) -> dict[str, str]:
    return {f"aws:ResourceTag/{key}": value for key, value in (await call.tags.of(arn)).items()}


def _duration(call: IamCall, role: Role, request: Request) -> int:
    seconds: int = request.get("DurationSeconds", 3600)
    if call.identity.session is not None and seconds > CHAINED_SECONDS:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining."
        )
    if seconds > role.session_seconds:
        raise ValidationError(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return seconds


async def _session(place: IamCall, request: Request, seconds: int) -> Session:
    """The session of a role; `place` is the role's account."""
    now = place.clock.now()
    inline, managed = await _session_policies(place, request)
    return Session(
        name=request["RoleSessionName"],
        issued_at=now,
        expires_at=float(int(now) + seconds),
        policies=(inline,) if inline else (),
        policy_arns=managed,
        chained=place.identity.session is not None,
    )


async def _session_policies(place: IamCall, request: Request) -> tuple[str, tuple[str, ...]]:
    """The inline policy and the ARNs of managed ones that narrow a session, all of them checked."""
    inline = request.get("Policy", "")
    managed = tuple(each["arn"] for each in request.get("PolicyArns", ()) if "arn" in each)
    if len(managed) > MOST_POLICIES:
        _refuse_length("policyArns", MOST_POLICIES)
    if len(inline) + sum(map(len, managed)) > PLAIN_SIZE:
        _refuse_length("policy", PLAIN_SIZE)
    if inline:
        documents.parsed(inline, "session")
    for arn in managed:
        if await policies.find(place, arn) is None:
            raise ValidationError(f"Policy {arn} does not exist or is not attachable.")
    return inline, managed


def _refuse_length(member: str, most: int) -> NoReturn:
    raise ValidationError(
        f"1 validation error detected: Value at '{member}' failed to satisfy constraint: Member "
        f"must have length less than or equal to {most}"
    )


def _assumed(role: Role, account: str, name: str, partition: str) -> Identity:
    return Identity(
        kind="role",
        account=account,
        arn=arns.assumed_role(account, role.name, name, partition),
        principal_arn=arns.iam(account, "role", role.path, role.name, partition),
        unique_id=f"{role.id}:{name}",
        name=role.name,
    )


def _packed_per_cent(session: Session) -> int:
    """How much of the packed limit the session's policies take; AWS packs in a way of its own."""
    if not (session.policies or session.policy_arns):
        return 0
    plain = json.dumps([session.policies, session.policy_arns], separators=(",", ":"))
    percent = -(-len(zlib.compress(plain.encode())) * 100 // PACKED_SIZE)
    if percent > 100:
        raise PackedPolicyTooLarge(
            f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
        )
    return percent

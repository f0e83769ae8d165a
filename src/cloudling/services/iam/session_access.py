"""What sessions may not call, and what STS's operations ask of policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import Need, access, arns
from cloudling.services.iam import assumed_roots
from cloudling.services.iam.errors import AccessDenied, InvalidClientTokenId

if TYPE_CHECKING:
    from cloudling.kernel.identities import Identity
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]
_LONG_TERM_ONLY = ("GetSessionToken", "GetFederationToken")
# Of STS, sessions of GetSessionToken and AssumeRoot, and of GetFederationToken, call no more.
_OWN = ("AssumeRole", "GetCallerIdentity")
_FEDERATED = ("GetCallerIdentity",)


@access("*")
async def on_all(call: IamCall, request: Request) -> list[Need]:
    """Refuses what a session cannot call whatever its policies say."""
    identity, name = call.identity, call.operation.name
    if identity.session is None or (identity.kind == "role" and name not in _LONG_TERM_ONLY):
        return []
    if call.service.model_of(name).signing_name == "sts":
        if not _may_call(identity, name):
            raise AccessDenied(f"Cannot call {name} with session credentials")
    elif identity.kind == "federated" or _is_unproven(identity):
        raise InvalidClientTokenId
    return []


def _may_call(identity: Identity, name: str) -> bool:
    if identity.kind == "role":
        return name not in _LONG_TERM_ONLY
    return name in (_FEDERATED if identity.kind == "federated" else _OWN)


def _is_unproven(identity: Identity) -> bool:
    """Is it a user's or root's own session without a second factor?"""
    session = identity.session
    if session is None or identity.kind == "role":
        return False
    return session.mfa_at is None and not session.assumed_root


@access("GetFederationToken")
async def on_federated_user(call: IamCall, request: Request) -> list[Need]:
    arn = call.arn("federated-user", FederatedUserName=request["Name"])
    actions = ["sts:GetFederationToken", *(["sts:TagSession"] if request.get("Tags") else [])]
    return [Need(action, arn) for action in actions]


@access("AssumeRoot")
async def on_root(call: IamCall, request: Request) -> list[Need]:
    """Of the caller's own policies only: members' roots have none that could let anybody in."""
    arn = arns.account_root(assumed_roots.target(request), call.partition)
    task = request["TaskPolicyArn"].get("arn", "")
    return [Need("sts:AssumeRoot", arn, context={"sts:TaskPolicyArn": task})]

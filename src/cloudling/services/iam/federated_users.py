"""STS: sessions of people that a user vouches for, with part of what the user may do.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.kernel.identities import Identity, Session
from cloudling.services.iam import issuing, session_policies, session_tags

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]


@operation("GetFederationToken")
async def get_federation_token(call: IamCall, request: Request) -> Request:
    """Without session policies the session may do only what resources' policies let it do."""
    name, caller, now = request["Name"], call.identity, call.clock.now()
    tags = session_tags.given(request)
    narrowing = await session_policies.given(call, request)
    packed = narrowing.packed(tags)
    arn = call.arn("federated-user", FederatedUserName=name)
    federated = Identity(
        kind="federated",
        account=caller.account,
        arn=arn,
        principal_arn=arn,
        unique_id=f"{caller.account}:{name}",
        name=name,
    )
    session = Session(
        name=name,
        issued_at=now,
        expires_at=float(int(now) + issuing.seconds_for_users(call, request)),
        policies=(narrowing.inline,) if narrowing.inline else (),
        policy_arns=narrowing.managed,
        tags=tags,
        issuer=(caller.principal_arn, caller.unique_id),
    )
    answer = issuing.issue(call, federated, session, request)
    answer["FederatedUser"] = {"FederatedUserId": federated.unique_id, "Arn": arn}
    return answer | packed

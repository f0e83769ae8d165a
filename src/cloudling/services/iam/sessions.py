"""STS: who calls, whose a key is, and sessions of users as whom they are.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import operation
from cloudling.kernel.identities import Session
from cloudling.kernel.ids import account_of
from cloudling.services.iam import issuing, second_factors
from cloudling.services.iam.errors import ValidationError

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]


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


@operation("GetSessionToken", transaction=False)
async def get_session_token(call: IamCall, request: Request) -> Request:
    """The caller again, for a while, and with the proof of a second factor where one was given."""
    now = call.clock.now()
    proven = await second_factors.prove(call, request)
    # A session's secret is nobody's but the caller's, whatever everybody knows of the key.
    identity = msgspec.structs.replace(call.identity, well_known=False)
    session = Session(
        name=identity.name,
        issued_at=now,
        expires_at=float(int(now) + issuing.seconds_for_users(call, request)),
        mfa_at=now if proven else None,
    )
    return issuing.issue(call, identity, session, request)

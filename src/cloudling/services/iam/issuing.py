"""What all of STS's operations that make sessions have in common: the answer, and how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel.authorize import Decision, messages
from cloudling.services.iam.credentials import LONGEST_TOKEN, key_ring
from cloudling.services.iam.errors import AccessDenied, PackedPolicyTooLarge

if TYPE_CHECKING:
    from cloudling.kernel.identities import Identity, Session
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]
HOUR = 3600
_USERS_SECONDS = 43_200


def issue(call: IamCall, identity: Identity, session: Session, request: Request) -> Request:
    """The members of the answer that tell new credentials."""
    least = request.get("MinimumSessionTokenSize", 0)
    issued = key_ring(call).sessions.issue(identity, session, least)
    size = len(issued.token)
    if size > LONGEST_TOKEN:
        raise PackedPolicyTooLarge("Serialized token too large for session")
    return {
        "Credentials": {
            "AccessKeyId": issued.access_key_id,
            "SecretAccessKey": issued.secret,
            "SessionToken": issued.token,
            "Expiration": session.expires_at,
        },
        "SessionTokenSize": size,
        "SessionTokenUtilization": -(-size * 100 // LONGEST_TOKEN),
    }


def seconds_for_users(call: IamCall, request: Request) -> int:
    """How long a session of a user, or of someone a user vouches for, lasts; root's are cut."""
    seconds: int = request.get("DurationSeconds", _USERS_SECONDS)
    return min(HOUR, seconds) if call.identity.kind == "root" else seconds


def denied(call: IamCall, action: str, resource: str) -> AccessDenied:
    """A refusal in the words of IAM's that no policy could lift."""
    return AccessDenied(messages.denial(call.identity, action, resource, Decision(False)))

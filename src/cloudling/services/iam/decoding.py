"""DecodeAuthorizationMessage: what an encoded denial says.

https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.kernel.decisions.encoded import NotReadable
from cloudling.kernel.decisions.log import DecisionLog
from cloudling.services.iam.errors import InvalidAuthorizationMessageException

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]


@operation("DecodeAuthorizationMessage")
async def decode_authorization_message(call: IamCall, request: Request) -> Request:
    """A message of another account is as unreadable as one that was changed."""
    decisions = call.cloud.decisions
    assert isinstance(decisions, DecisionLog)  # noqa: S101 - messages come from there alone
    try:
        account, _, document = decisions.messages.open(request["EncodedMessage"])
    except NotReadable:
        raise InvalidAuthorizationMessageException from None
    if account != call.account:
        raise InvalidAuthorizationMessageException
    return {"DecodedMessage": json.dumps(document, separators=(",", ":"))}

"""Codes of MFA devices as STS takes them, and what it says of those that are none.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.services.iam import mfa
from cloudling.services.iam.errors import AccessDenied

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]

_BOTH = (
    "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
)
_DEVICE = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial "
    "number is valid and associated with this user."
)
# The space at the end is AWS's.
_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code. "


async def prove(call: IamCall, request: Request) -> bool:
    """Has the caller shown a right code? False where none is given; a wrong one is refused.

    A code is used up even where the call is refused afterwards, so this must not be asked inside
    the operation's own unit.
    """
    if "SerialNumber" not in request and "TokenCode" not in request:
        return False
    if "SerialNumber" not in request or "TokenCode" not in request:
        raise AccessDenied(_BOTH)
    serial, holder = request["SerialNumber"], call.identity.principal_arn
    place = call.at(account=call.identity.account)
    device = await place.mfa_devices.get(serial)
    if device is None or device.holder != mfa.holder_of(holder):
        raise AccessDenied(_DEVICE)
    async with call.unit():
        right = await mfa.verify(call, holder, serial, request["TokenCode"])
    if not right:
        raise AccessDenied(_CODE)
    return True

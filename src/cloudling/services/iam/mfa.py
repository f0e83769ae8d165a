"""Codes of MFA devices (RFC 6238: SHA-1, six digits, thirty seconds), and checking them.

A device's clock may be one step off, so three codes are right at any moment; each is taken once.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import msgspec

from cloudling.kernel import arns
from cloudling.services.iam.errors import NoSuchEntity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudling.services.iam.call import IamCall
    from cloudling.services.iam.records import MfaDevice

STEP = 30
DIGITS = 6
ROOT = "root"
_AROUND = (0, -1, 1)
# How far a device's clock may be off and still be found by ResyncMFADevice: two hours.
_DRIFT = 240


async def require(call: IamCall, serial: str) -> MfaDevice:
    """The device, or NoSuchEntity."""
    found = await call.mfa_devices.get(serial)
    if found is None:
        raise NoSuchEntity(f"VirtualMFADevice with serial number {serial} doesn't exist.")
    return found


async def verify(call: IamCall, arn: str, serial: str, code: str) -> bool:
    """Is this a code of a device that the user or root with this ARN has, and a new one?

    It is used up by this, in the caller's unit. Raises nothing.
    """
    place = call.at(account=arns.arn_account(arn))
    device = await place.mfa_devices.get(serial)
    if device is None or device.holder != holder_of(arn):
        return False
    step = _matching(device, code, place.clock.now())
    if step is None:
        return False
    await place.mfa_devices.put(taken(device, (step,)))
    return True


def holder_of(arn: str) -> str:
    """What stands as `holder` in the device of a user or of an account's root."""
    kind, _, path = arn.rpartition(":")[2].partition("/")
    return ROOT if kind == ROOT else f"{kind}/{path.rpartition('/')[2].lower()}"


def code_at(seed: bytes, step: int) -> str:
    """The code of one time step (RFC 4226)."""
    mac = hmac.digest(seed, step.to_bytes(8), hashlib.sha1)
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def _matching(device: MfaDevice, code: str, now: float) -> int | None:
    """The time step whose code this is, unless it was taken."""
    present = int(now // STEP) + device.drift
    for step in (present + around for around in _AROUND):
        if step not in device.used and _is_code(device, code, step):
            return step
    return None


def matching_pair(device: MfaDevice, one: str, two: str, now: float) -> int | None:
    """The earlier time step of two codes that follow each other, both right now."""
    present = int(now // STEP) + device.drift
    return _pair(device, one, two, (present, present - 1))


def drifted_pair(device: MfaDevice, one: str, two: str, now: float) -> int | None:
    """As `matching_pair`, of a device whose clock may be far off; the nearest is meant."""
    present = int(now // STEP)
    return _pair(
        device,
        one,
        two,
        sorted(range(present - _DRIFT, present + _DRIFT), key=lambda step: abs(step - present)),
    )


def _pair(device: MfaDevice, one: str, two: str, steps: Iterable[int]) -> int | None:
    for step in steps:
        if {step, step + 1} & set(device.used):
            continue
        if _is_code(device, one, step) and _is_code(device, two, step + 1):
            return step
    return None


def _is_code(device: MfaDevice, code: str, step: int) -> bool:
    return hmac.compare_digest(code_at(device.seed, step).encode(), code.encode())


def taken(device: MfaDevice, steps: tuple[int, ...]) -> MfaDevice:
    """The device after these steps' codes were taken; of the older only those still matter that
    could be right again."""
    kept = tuple(step for step in device.used if step >= max(steps) - 2 * len(_AROUND))
    return msgspec.structs.replace(device, used=(*kept, *steps))

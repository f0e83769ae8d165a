"""Virtual MFA devices: made with a seed, enabled by two codes for a user or for root.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_enable_virtual.html
"""

from __future__ import annotations

import asyncio
import base64
import io
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from cloudling.kernel import arns, operation
from cloudling.services.iam import account_aliases, entities, mfa, quotas, tags, users
from cloudling.services.iam.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidAuthenticationCode,
    NoSuchEntity,
    ValidationError,
)
from cloudling.services.iam.records import MfaDevice

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]
SEED = 40
_PIXELS = 4
_SERIAL = 256


async def holder(call: IamCall, request: Request) -> str:
    """Whose devices are meant: the named user's, or the caller's own.

    Root is meant where root leaves the name out, or writes "root" or the account's number.
    """
    if call.identity.kind == "root":
        name = request.get("UserName", mfa.ROOT)
        if name in {mfa.ROOT, call.account} and await call.users.get(name) is None:
            return mfa.ROOT
    return f"user/{(await users.named_or_caller(call, request)).key}"


async def _name_of(call: IamCall, holder: str) -> str:
    kind, _, key = holder.partition("/")
    return (await users.require(call, key)).name if kind == "user" else mfa.ROOT


@operation("CreateVirtualMFADevice", transaction=False, waits=True)
async def create_virtual_mfa_device(call: IamCall, request: Request) -> Request:
    """The picture of a long name takes a while, so it is drawn in a thread before the unit."""
    device, given = _new(call, request), tags.given(request)
    seed = base64.b32encode(device.seed)
    account = await account_aliases.name(call)
    text = f"otpauth://totp/{quote(device.name)}@{quote(account)}?secret={seed.decode()}"
    picture = await asyncio.to_thread(_picture, text)
    async with call.unit(final=True):
        if await call.mfa_devices.get(device.serial):
            raise EntityAlreadyExists("MFADevice entity at the same path and name already exists.")
        quotas.MFA_DEVICES.require_room(await call.mfa_devices.count())
        await call.mfa_devices.put(device)
        await call.tags.replace(device.serial, given)
    told: Request = {
        "SerialNumber": device.serial,
        "Base32StringSeed": seed,
        "QRCodePNG": picture,
    }
    return {"VirtualMFADevice": {**told, "Tags": tags.told(given)} if given else told}


def _new(call: IamCall, request: Request) -> MfaDevice:
    """A device that nobody holds yet; its serial number must fit where it is asked for."""
    path, name = request.get("Path", "/"), request["VirtualMFADeviceName"]
    serial = arns.iam(call.account, "mfa", path, name, call.partition)
    if len(serial) > _SERIAL:
        raise ValidationError(
            "1 validation error detected: Value at 'virtualMFADeviceName' failed to satisfy "
            f"constraint: Member must have length less than or equal to "
            f"{max(0, _SERIAL - len(serial) + len(name))}"
        )
    seed = call.secret_bytes(SEED)
    return MfaDevice(serial=serial, path=path, name=name, seed=seed, created=call.clock.now())


def _picture(text: str) -> bytes:
    """The text as a QR code, in PNG."""
    import segno  # noqa: PLC0415 - only this needs it

    written = io.BytesIO()
    segno.make_qr(text, error="l").save(written, kind="png", scale=_PIXELS)
    return written.getvalue()


@operation("EnableMFADevice")
async def enable_mfa_device(call: IamCall, request: Request) -> Request:
    """The codes are two that follow each other; the next sign-in needs a third."""
    owner = await holder(call, request)
    device = await mfa.require(call, request["SerialNumber"])
    if device.holder:
        raise EntityAlreadyExists("MFA Device is already in use.")
    quotas.MFA_DEVICES_OF_USER.require_room(len(await call.mfa_devices.find(holder=owner)))
    now = call.clock.now()
    step = mfa.matching_pair(device, *_codes(request), now)
    if step is None:
        raise InvalidAuthenticationCode
    device = msgspec.structs.replace(device, holder=owner, enabled=now)
    await call.mfa_devices.put(mfa.taken(device, (step, step + 1)))
    return {}


def _codes(request: Request) -> tuple[str, str]:
    return request["AuthenticationCode1"], request["AuthenticationCode2"]


@operation("ResyncMFADevice")
async def resync_mfa_device(call: IamCall, request: Request) -> Request:
    device = await _require_held(call, request)
    now = call.clock.now()
    step = mfa.drifted_pair(device, *_codes(request), now)
    if step is None:
        raise InvalidAuthenticationCode
    # The later of the two codes is the one that the device shows now.
    drift = step + 1 - int(now // mfa.STEP)
    device = msgspec.structs.replace(device, drift=drift if abs(drift) > 1 else 0)
    await call.mfa_devices.put(mfa.taken(device, (step, step + 1)))
    return {}


@operation("DeactivateMFADevice")
async def deactivate_mfa_device(call: IamCall, request: Request) -> Request:
    device = await _require_held(call, request)
    await call.mfa_devices.put(msgspec.structs.replace(device, holder="", enabled=0.0, drift=0))
    return {}


async def _require_held(call: IamCall, request: Request) -> MfaDevice:
    owner = await holder(call, request)
    device = await mfa.require(call, request["SerialNumber"])
    if device.holder != owner:
        raise NoSuchEntity("MFA Device invalid for user.")
    return device


@operation("DeleteVirtualMFADevice")
async def delete_virtual_mfa_device(call: IamCall, request: Request) -> Request:
    device = await mfa.require(call, request["SerialNumber"])
    if device.holder:
        raise DeleteConflict("MFA VirtualDevice in use. Must deactivate first.")
    await call.tags.replace(device.serial, {})
    await call.mfa_devices.delete(device.serial)
    return {}


@operation("ListVirtualMFADevices")
async def list_virtual_mfa_devices(call: IamCall, request: Request) -> Request:
    status = request.get("AssignmentStatus", "Any")
    found = [
        device
        for device in await call.mfa_devices.page(limit=None)
        if status == "Any" or (status == "Assigned") == bool(device.holder)
    ]
    shown, more = entities.page(call, request, found)
    return {"VirtualMFADevices": [await _virtual(call, each) for each in shown], **more}


async def _virtual(call: IamCall, device: MfaDevice) -> Request:
    told: Request = {"SerialNumber": device.serial}
    if device.holder:
        kind, _, key = device.holder.partition("/")
        told["User"] = (
            await users.describe(call, await users.require(call, key))
            if kind == "user"
            else users.describe_root(call)
        )
        told["EnableDate"] = device.enabled
    return told


@operation("ListMFADevices")
async def list_mfa_devices(call: IamCall, request: Request) -> Request:
    owner = await holder(call, request)
    name = await _name_of(call, owner)
    shown, more = entities.page(call, request, await call.mfa_devices.find(holder=owner))
    told = [
        {"UserName": name, "SerialNumber": each.serial, "EnableDate": each.enabled}
        for each in shown
    ]
    return {"MFADevices": told, **more}


@operation("GetMFADevice")
async def get_mfa_device(call: IamCall, request: Request) -> Request:
    if "UserName" in request:
        device = await _require_held(call, request)
    else:
        device = await mfa.require(call, request["SerialNumber"])
    told: Request = {"SerialNumber": device.serial}
    if device.holder:
        told["UserName"] = await _name_of(call, device.holder)
        told["EnableDate"] = device.enabled
    return told

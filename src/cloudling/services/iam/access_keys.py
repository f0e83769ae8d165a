"""Long-term access keys of users: two each, the secret shown once."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import operation
from cloudling.kernel.ids import access_key_id
from cloudling.services.iam import entities, quotas, users
from cloudling.services.iam.credentials import key_ring
from cloudling.services.iam.errors import AccessDenied, InvalidInput, NoSuchEntity
from cloudling.services.iam.records import AccessKey

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]
_STATES = {"Active", "Inactive"}


async def holder(call: IamCall, request: Request) -> str:
    """The key of the user that is meant; "" for the account's root, who may leave the name out."""
    if "UserName" not in request and call.identity.kind == "root":
        return ""
    return (await users.named_or_caller(call, request)).key


async def keys_of(call: IamCall, user: str) -> list[AccessKey]:
    found = await call.access_keys.find(user=user)
    return sorted(
        (key for key in found if key.account == call.account), key=lambda key: key.created
    )


@operation("CreateAccessKey")
async def create_access_key(call: IamCall, request: Request) -> Request:
    user = await holder(call, request)
    quotas.ACCESS_KEYS.require_room(len(await keys_of(call, user)))
    key = AccessKey(
        id=access_key_id("AKIA", call.account, secrets.randbits(35)),
        account=call.account,
        user=user,
        secret=base64.b64encode(secrets.token_bytes(30)).decode(),
        created=call.clock.now(),
    )
    await call.access_keys.put(key)
    return {"AccessKey": {**await _describe(call, key), "SecretAccessKey": key.secret}}


@operation("ListAccessKeys")
async def list_access_keys(call: IamCall, request: Request) -> Request:
    keys = await keys_of(call, await holder(call, request))
    shown, more = entities.page(call, request, keys)
    return {"AccessKeyMetadata": [await _describe(call, key) for key in shown], **more}


@operation("UpdateAccessKey")
async def update_access_key(call: IamCall, request: Request) -> Request:
    key, status = await _require(call, request), request["Status"]
    if status not in _STATES:
        # The model knows "Expired" too, which is a state that nobody can set.
        raise InvalidInput(f"Status {status} is not valid.")
    await call.access_keys.put(msgspec.structs.replace(key, active=status == "Active"))
    return {}


@operation("DeleteAccessKey")
async def delete_access_key(call: IamCall, request: Request) -> Request:
    key = await _require(call, request)
    await call.access_keys.delete(key.id)
    await key_ring(call).last_uses.forget(key.id)
    return {}


@operation("GetAccessKeyLastUsed")
async def get_access_key_last_used(call: IamCall, request: Request) -> Request:
    key = await call.access_keys.get(request["AccessKeyId"])
    if key is None or key.account != call.account:
        # Whether a key of someone else exists, AWS does not tell.
        raise AccessDenied(
            f"User: {call.identity.arn} is not authorized to perform: iam:GetAccessKeyLastUsed on "
            f"resource: access key {request['AccessKeyId']}"
        )
    user = await call.users.get(key.user) if key.user else None
    used = await key_ring(call).last_uses.find(key.id)
    told: Request = {"ServiceName": "N/A", "Region": "N/A"}
    if used:
        told = {"LastUsedDate": used.at, "ServiceName": used.service, "Region": used.region}
    return {**({"UserName": user.name} if user else {}), "AccessKeyLastUsed": told}


async def _require(call: IamCall, request: Request) -> AccessKey:
    user, key_id = await holder(call, request), request["AccessKeyId"]
    found = await call.access_keys.get(key_id)
    if found is None or found.account != call.account or found.user != user:
        raise NoSuchEntity(f"The Access Key with id {key_id} cannot be found.")
    return found


async def _describe(call: IamCall, key: AccessKey) -> Request:
    user = await call.users.get(key.user) if key.user else None
    return {
        **({"UserName": user.name} if user else {}),
        "AccessKeyId": key.id,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": key.created,
    }

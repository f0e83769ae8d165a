"""Key pairs: EC2 keeps the public half, its owner the private one.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-key-pairs.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import key_material, listings, taggings
from cloudling.services.ec2.errors import (
    InvalidKeyPairDuplicate,
    InvalidKeyPairNotFound,
    InvalidParameterValue,
    KeyPairLimitExceeded,
    MissingParameter,
)
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.listings import Listing
from cloudling.services.ec2.parameters import required
from cloudling.services.ec2.records import KeyPair

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.services.ec2.call import Ec2Call

Request = dict[str, Any]
_KIND = "key-pair"
_MOST = 5000
_NAME_LENGTH = 255
_LISTING = Listing(
    kind=_KIND,
    member="KeyPairs",
    ids="KeyPairIds",
    id="KeyPairId",
    filters=Filters(
        {"fingerprint": "KeyFingerprint", "key-name": "KeyName", "key-pair-id": "KeyPairId"}
    ),
)


@operation("CreateKeyPair", transaction=False, waits=True)
async def create_key_pair(call: Ec2Call, request: Request) -> Request:
    name = _name(request)
    kind = _choice(request, "KeyType", ("rsa", "ed25519"))
    form = _choice(request, "KeyFormat", ("pem", "ppk"))
    tags = taggings.specified(request, _KIND)
    await _require_free(call, name)
    made = await asyncio.to_thread(key_material.make, kind, form, name)
    pair = KeyPair(
        id=call.new_id("key-"),
        name=name,
        kind=kind,
        fingerprint=made.fingerprint,
        line=made.line,
        material=f"{made.line} {name}",
        created=call.clock.now(),
    )
    async with call.unit(final=True):
        await _keep(call, pair, tags)
    return {**_made(pair, tags), "KeyMaterial": made.private}


@operation("ImportKeyPair")
async def import_key_pair(call: Ec2Call, request: Request) -> Request:
    name = _name(request)
    given: bytes = required(request, "PublicKeyMaterial")
    tags = taggings.specified(request, _KIND)
    read = key_material.read(given)
    pair = KeyPair(
        id=call.new_id("key-"),
        name=name,
        kind=read.kind,
        fingerprint=read.fingerprint,
        line=read.line,
        material=given.decode(),
        created=call.clock.now(),
    )
    await _keep(call, pair, tags)
    return _made(pair, tags)


@operation("DescribeKeyPairs")
async def describe_key_pairs(call: Ec2Call, request: Request) -> Request:
    named: list[str] = request.get("KeyNames") or []
    pairs = sorted(
        await call.key_pairs.page(limit=None), key=lambda pair: (pair.created, pair.name)
    )
    known = {pair.name for pair in pairs}
    for name in named:
        if name not in known:
            raise InvalidKeyPairNotFound(f"The key pair '{name}' does not exist")
    whole = bool(request.get("IncludePublicKey"))
    items = [
        await _describe(call, pair, whole=whole)
        for pair in pairs
        if not named or pair.name in named
    ]
    return listings.answer(call, request, _LISTING, items)


@operation("DeleteKeyPair")
async def delete_key_pair(call: Ec2Call, request: Request) -> Request:
    """A pair that is not there is as good as deleted."""
    name, key_id = request.get("KeyName"), request.get("KeyPairId")
    if not name and not key_id:
        raise MissingParameter("The request must contain the parameter KeyName or KeyPairId")
    pair = await call.key_pairs.get(key_id) if key_id else await find(call, str(name))
    if pair is None or (name and pair.name != name):
        return {"Return": True}
    await call.key_pairs.delete(pair.id)
    await call.tags.replace(taggings.place(call, _KIND, pair.id), {})
    return {"Return": True, "KeyPairId": pair.id}


async def find(call: Ec2Call, name: str) -> KeyPair | None:
    """The pair of that name."""
    found = await call.key_pairs.find(name=name, limit=1)
    return found[0] if found else None


def _name(request: Request) -> str:
    name: str = required(request, "KeyName")
    if len(name) > _NAME_LENGTH:
        reason = f"It cannot be longer than {_NAME_LENGTH} characters."
    elif not name.isascii():
        reason = "Character sets beyond ASCII are not supported."
    elif name != name.strip():
        reason = "It cannot begin or end with a space."
    else:
        return name
    raise InvalidParameterValue(f"Value ({name}) for parameter keyName is invalid. {reason}")


def _choice(request: Request, member: str, known: tuple[str, ...]) -> str:
    value: str = request.get(member) or known[0]
    if value not in known:
        parameter = member[0].lower() + member[1:]
        raise InvalidParameterValue(f"Value ({value}) for parameter {parameter} is invalid.")
    return value


async def _require_free(call: Ec2Call, name: str) -> None:
    if await find(call, name) is not None:
        raise InvalidKeyPairDuplicate(f"The keypair '{name}' already exists.")
    if await call.key_pairs.count() >= _MOST:
        raise KeyPairLimitExceeded


async def _keep(call: Ec2Call, pair: KeyPair, tags: Mapping[str, str]) -> None:
    """Inside a unit; another call may have taken the name while the key was made."""
    await _require_free(call, pair.name)
    await call.key_pairs.put(pair)
    await taggings.add(call, taggings.place(call, _KIND, pair.id), tags)


def _made(pair: KeyPair, tags: Mapping[str, str]) -> Request:
    told = {"KeyPairId": pair.id, "KeyName": pair.name, "KeyFingerprint": pair.fingerprint}
    return {**told, "Tags": taggings.told(tags)} if tags else told


async def _describe(call: Ec2Call, pair: KeyPair, *, whole: bool) -> Request:
    told = {
        "KeyPairId": pair.id,
        "KeyName": pair.name,
        "KeyType": pair.kind,
        "KeyFingerprint": pair.fingerprint,
        "Tags": await taggings.of(call, _KIND, pair.id),
        "CreateTime": pair.created,
    }
    return {**told, "PublicKey": pair.material} if whole else told

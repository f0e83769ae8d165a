"""Login profiles: the passwords with which users sign in to the console.

Hashing takes tens of milliseconds and is done in a thread, so these operations open their own
units, and look again at what they had read before the hash was there.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import operation
from cloudling.services.iam import passwords, users
from cloudling.services.iam.errors import (
    AccessDenied,
    EntityAlreadyExists,
    InvalidUserType,
    NoSuchEntity,
    ValidationError,
)
from cloudling.services.iam.records import LoginProfile

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall
    from cloudling.services.iam.records import User

Request = dict[str, Any]


async def require(call: IamCall, user: User) -> LoginProfile:
    """The user's password, or NoSuchEntity."""
    found = await call.login_profiles.get(user.key)
    if found is None:
        raise NoSuchEntity(f"Login Profile for User {user.name} cannot be found.")
    return found


def _describe(user: User, profile: LoginProfile) -> Request:
    return {
        "LoginProfile": {
            "UserName": user.name,
            "CreateDate": profile.created,
            "PasswordResetRequired": profile.reset_required,
        }
    }


async def _hashed(password: str, salt: bytes) -> bytes:
    return await asyncio.to_thread(passwords.digest, password, salt)


@operation("CreateLoginProfile", transaction=False, waits=True)
async def create_login_profile(call: IamCall, request: Request) -> Request:
    user = await users.named_or_caller(call, request)
    await _require_none(call, user)
    if "Password" not in request:
        raise ValidationError(
            "1 validation error detected: Value at 'password' failed to satisfy constraint: Member "
            "must not be null"
        )
    passwords.require_allowed(request["Password"], await call.password_policies.get(call.account))
    salt = call.secret_bytes(passwords.SALT)
    hashed = await _hashed(request["Password"], salt)
    now = call.clock.now()
    async with call.unit(final=True):
        user = await users.require(call, user.name)
        await _require_none(call, user)
        profile = LoginProfile(
            user=user.key,
            salt=salt,
            digest=hashed,
            created=now,
            changed=now,
            reset_required=request.get("PasswordResetRequired", False),
        )
        await call.login_profiles.put(profile)
    return _describe(user, profile)


async def _require_none(call: IamCall, user: User) -> None:
    if await call.login_profiles.get(user.key):
        raise EntityAlreadyExists(f"Login Profile for User {user.name} already exists.")


@operation("GetLoginProfile")
async def get_login_profile(call: IamCall, request: Request) -> Request:
    user = await users.named_or_caller(call, request)
    return _describe(user, await require(call, user))


@operation("UpdateLoginProfile", transaction=False, waits=True)
async def update_login_profile(call: IamCall, request: Request) -> Request:
    """What is not given stays as it is."""
    user = await users.require(call, request["UserName"])
    profile = await require(call, user)
    reset = request.get("PasswordResetRequired")
    if "Password" in request:
        await _change(call, user, request["Password"], reset)
    elif reset is not None:
        async with call.unit(final=True):
            await call.login_profiles.put(msgspec.structs.replace(profile, reset_required=reset))
    return {}


@operation("DeleteLoginProfile")
async def delete_login_profile(call: IamCall, request: Request) -> Request:
    user = await users.named_or_caller(call, request)
    await require(call, user)
    await call.login_profiles.delete(user.key)
    return {}


@operation("ChangePassword", transaction=False, waits=True)
async def change_password(call: IamCall, request: Request) -> Request:
    if call.identity.kind != "user":
        raise InvalidUserType("Only IAM Users can change their own password")
    user = await users.require(call, call.identity.name)
    profile = await require(call, user)
    old = await _hashed(request["OldPassword"], profile.salt)
    if not passwords.is_same(old, profile.digest):
        raise AccessDenied("The old password was incorrect.")
    await _change(call, user, request["NewPassword"], reset=False)
    return {}


async def _change(call: IamCall, user: User, password: str, reset: bool | None) -> None:
    """Set another password, which the account's policy must allow."""
    policy = await call.password_policies.get(call.account)
    passwords.require_allowed(password, policy)
    fresh = await _hashed(password, (await require(call, user)).salt)
    async with call.unit(final=True):
        profile = await require(call, user)
        passwords.require_new(fresh, profile, policy)
        older = (profile.digest, *profile.previous)[: passwords.MOST_REMEMBERED]
        await call.login_profiles.put(
            msgspec.structs.replace(
                profile,
                digest=fresh,
                previous=older,
                changed=call.clock.now(),
                reset_required=profile.reset_required if reset is None else reset,
            )
        )

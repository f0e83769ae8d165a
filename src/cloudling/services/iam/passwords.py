"""Passwords of users: what the account's policy asks of them, and how they are kept.

Only a hash is kept, by scrypt, which takes memory and time so that guessing is dear. A user's
passwords share one salt, so that telling whether one was had before takes one hash.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from cloudling.services.iam.errors import PasswordPolicyViolation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.services.iam.records import LoginProfile, PasswordPolicy

SALT = 16
MOST_REMEMBERED = 24
_DEFAULT_LENGTH = 8
_DEFAULT_KINDS = 3
_SYMBOLS = frozenset("!@#$%^&*()_+-=[]{}|'")
_COST = 2**14
_BLOCK = 8


def digest(password: str, salt: bytes) -> bytes:
    """The hash; tens of milliseconds, so never on the loop's thread."""
    return hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=_BLOCK, p=1)


def is_same(one: bytes, other: bytes) -> bool:
    return hmac.compare_digest(one, other)


def require_allowed(password: str, policy: PasswordPolicy | None) -> None:
    """Raise PasswordPolicyViolation where the policy, or AWS's default without one, is broken."""
    if policy is None:
        _require_default(password)
    else:
        _require_custom(password, policy)


def _require_custom(password: str, policy: PasswordPolicy) -> None:
    wanted = {
        "one uppercase letter": policy.upper_case,
        "one lowercase letter": policy.lower_case,
        "one number": policy.numbers,
        "one symbol": policy.symbols,
    }
    for kind, found in _kinds(password).items():
        if wanted[kind] and not found:
            raise PasswordPolicyViolation(f"Password should have at least {kind}")
    _require_length(password, policy.least_length)


def _require_default(password: str) -> None:
    found = _kinds(password)
    missing = _DEFAULT_KINDS - sum(found.values())
    if missing > 0:
        choices = ", ".join(
            f"Password should have at least {kind}" for kind in found if not found[kind]
        )
        raise PasswordPolicyViolation(
            f"Password should meet {missing} more of the following requirements: {choices}"
        )
    _require_length(password, _DEFAULT_LENGTH)


def _require_length(password: str, least: int) -> None:
    if len(password) < least:
        raise PasswordPolicyViolation(f"Password should have a minimum length of {least}")


def _kinds(password: str) -> Mapping[str, bool]:
    """Which kinds of characters there are; letters and digits are those of ASCII."""
    plain = [sign for sign in password if sign.isascii()]
    return {
        "one uppercase letter": any(sign.isupper() for sign in plain),
        "one lowercase letter": any(sign.islower() for sign in plain),
        "one number": any(sign.isdigit() for sign in plain),
        "one symbol": any(sign in _SYMBOLS for sign in plain),
    }


def require_new(fresh: bytes, profile: LoginProfile, policy: PasswordPolicy | None) -> None:
    """Raise PasswordPolicyViolation where the newest passwords may not come again and this does."""
    barred = policy.reuse_prevention if policy else 0
    if any(is_same(fresh, each) for each in (profile.digest, *profile.previous)[:barred]):
        raise PasswordPolicyViolation(
            "Policy constraint violation with password reuse prevention during password change."
        )

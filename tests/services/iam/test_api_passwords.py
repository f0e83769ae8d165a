"""Login profiles and the account's password policy through the in-process client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.services.iam.test_api_instance_profiles import allow
from tests.services.iam.test_api_principals import refusal

from cloudling.services.iam.call import IamCall

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

GOOD = "Correct-Horse-1"
REUSED = "Policy constraint violation with password reuse prevention during password change."


def test_a_login_profile(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_user(UserName="Ann")
    none = ("NoSuchEntity", "Login Profile for User Ann cannot be found.", 404)
    assert refusal(iam.get_login_profile, UserName="ann") == none
    assert refusal(iam.update_login_profile, UserName="ann", Password=GOOD) == none
    assert refusal(iam.delete_login_profile, UserName="ann") == none
    made = iam.create_login_profile(UserName="ann", Password=GOOD, PasswordResetRequired=True)
    assert made["LoginProfile"] == {
        "UserName": "Ann",
        "CreateDate": local.clock.now(),
        "PasswordResetRequired": True,
    }
    assert refusal(iam.create_login_profile, UserName="ann", Password=GOOD) == (
        "EntityAlreadyExists",
        "Login Profile for User Ann already exists.",
        409,
    )
    iam.update_login_profile(UserName="ann", PasswordResetRequired=False)
    assert iam.get_login_profile(UserName="ann")["LoginProfile"]["PasswordResetRequired"] is False
    assert refusal(iam.delete_user, UserName="ann")[1] == (
        "Cannot delete entity, must delete login profile first."
    )
    iam.update_user(UserName="ann", NewUserName="Anna")
    assert iam.get_login_profile(UserName="anna")["LoginProfile"]["UserName"] == "Anna"
    iam.delete_login_profile(UserName="anna")
    iam.delete_user(UserName="anna")
    code, text, _ = refusal(iam.create_login_profile, UserName="nobody", Password=GOOD)
    assert (code, text) == ("NoSuchEntity", "The user with name nobody cannot be found.")


def test_a_password_must_be_given(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_user(UserName="u")
    assert refusal(iam.create_login_profile, UserName="u")[0] == "ValidationError"


def test_only_a_hash_is_kept(local: LocalCloud) -> None:
    iam = local.root().iam
    for name in ("a", "b"):
        iam.create_user(UserName=name)
        iam.create_login_profile(UserName=name, Password=GOOD)
    kept = local.store.table(IamCall.login_profiles.spec).bind("111122223333", "")
    one, other = local.run(kept.get("a")), local.run(kept.get("b"))
    assert one
    assert other
    assert GOOD.encode() not in one.digest + one.salt
    assert one.digest != other.digest


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("Sh0rt-1", "Password should have a minimum length of 8"),
        (
            "lowercase1",
            "Password should meet 1 more of the following requirements: Password should have at "
            "least one uppercase letter, Password should have at least one symbol",
        ),
        (
            "lowercase",
            "Password should meet 2 more of the following requirements: Password should have at "
            "least one uppercase letter, Password should have at least one number, Password should "
            "have at least one symbol",
        ),
    ],
)
def test_awss_default_without_a_policy(local: LocalCloud, password: str, text: str) -> None:
    iam = local.root().iam
    iam.create_user(UserName="u")
    assert refusal(iam.create_login_profile, UserName="u", Password=password) == (
        "PasswordPolicyViolation",
        text,
        400,
    )


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("lower-case-1-enough", "Password should have at least one uppercase letter"),
        ("UPPER-CASE-1-ENOUGH", "Password should have at least one lowercase letter"),
        ("No-Number-In-Here", "Password should have at least one number"),
        ("NoSymbolInHere1", "Password should have at least one symbol"),
        ("Short-1", "Password should have a minimum length of 12"),
    ],
)
def test_a_policy_of_the_accounts_own(local: LocalCloud, password: str, text: str) -> None:
    iam = local.root().iam
    iam.update_account_password_policy(
        MinimumPasswordLength=12,
        RequireSymbols=True,
        RequireNumbers=True,
        RequireUppercaseCharacters=True,
        RequireLowercaseCharacters=True,
    )
    iam.create_user(UserName="u")
    assert refusal(iam.create_login_profile, UserName="u", Password=password)[1] == text
    iam.create_login_profile(UserName="u", Password="Long-Enough-1")
    assert refusal(iam.update_login_profile, UserName="u", Password=password)[1] == text


def test_the_policy_is_told_as_it_was_set(local: LocalCloud) -> None:
    iam = local.root().iam
    assert refusal(iam.get_account_password_policy) == (
        "NoSuchEntity",
        "The Password Policy with domain name 111122223333 cannot be found.",
        404,
    )
    assert refusal(iam.delete_account_password_policy)[1] == (
        "The account policy with name PasswordPolicy cannot be found."
    )
    iam.update_account_password_policy()
    least = {
        "MinimumPasswordLength": 6,
        "RequireSymbols": False,
        "RequireNumbers": False,
        "RequireUppercaseCharacters": False,
        "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": False,
        "ExpirePasswords": False,
    }
    assert iam.get_account_password_policy()["PasswordPolicy"] == least
    given: dict[str, Any] = {
        "MaxPasswordAge": 60,
        "PasswordReusePrevention": 3,
        "HardExpiry": True,
        "RequireSymbols": True,
    }
    iam.update_account_password_policy(**given)
    assert iam.get_account_password_policy()["PasswordPolicy"] == {
        **least,
        **given,
        "ExpirePasswords": True,
    }
    iam.delete_account_password_policy()
    assert refusal(iam.get_account_password_policy)[0] == "NoSuchEntity"


def test_users_change_their_own_password(local: LocalCloud) -> None:
    root = local.root().iam
    ann = local.user("ann", allow("iam:ChangePassword")).iam
    change = {"OldPassword": GOOD, "NewPassword": "Another-Horse-2"}
    assert refusal(ann.change_password, **change)[:2] == (
        "NoSuchEntity",
        "Login Profile for User ann cannot be found.",
    )
    root.create_login_profile(UserName="ann", Password=GOOD, PasswordResetRequired=True)
    assert refusal(ann.change_password, OldPassword="wrong", NewPassword=GOOD) == (
        "AccessDenied",
        "The old password was incorrect.",
        403,
    )
    ann.change_password(**change)
    assert root.get_login_profile(UserName="ann")["LoginProfile"]["PasswordResetRequired"] is False
    assert refusal(ann.change_password, **change)[0] == "AccessDenied"
    assert refusal(root.change_password, **change)[0] == "InvalidUserType"


def test_passwords_that_were_had_do_not_come_again(local: LocalCloud) -> None:
    root = local.root().iam
    ann = local.user("ann", allow("iam:ChangePassword")).iam
    root.update_account_password_policy(PasswordReusePrevention=2)
    passwords = [f"Horse-{number}" for number in range(3)]
    root.create_login_profile(UserName="ann", Password=passwords[0])
    same = {"OldPassword": passwords[0], "NewPassword": passwords[0]}
    assert refusal(ann.change_password, **same) == ("PasswordPolicyViolation", REUSED, 400)
    ann.change_password(OldPassword=passwords[0], NewPassword=passwords[1])
    back = {"OldPassword": passwords[1], "NewPassword": passwords[0]}
    assert refusal(ann.change_password, **back)[1] == REUSED
    assert refusal(root.update_login_profile, UserName="ann", Password=passwords[0])[1] == REUSED
    ann.change_password(OldPassword=passwords[1], NewPassword=passwords[2])
    ann.change_password(OldPassword=passwords[2], NewPassword=passwords[0])


def test_the_password_policy_may_let_users_change_theirs(local: LocalCloud) -> None:
    root = local.root().iam
    ann = local.user("ann").iam
    root.create_login_profile(UserName="ann", Password=GOOD)
    change = {"OldPassword": GOOD, "NewPassword": "Another-Horse-2"}
    code, text, _ = refusal(ann.change_password, **change)
    assert code == "AccessDenied"
    assert "iam:ChangePassword on resource: user ann because" in text
    assert refusal(ann.get_account_password_policy)[0] == "AccessDenied"
    root.update_account_password_policy(AllowUsersToChangePassword=True)
    ann.change_password(**change)
    assert ann.get_account_password_policy()["PasswordPolicy"]["AllowUsersToChangePassword"]
    assert refusal(ann.delete_account_password_policy)[0] == "AccessDenied"

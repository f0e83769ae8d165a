"""STS: who calls, sessions of users, and what no session may call."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.services.iam.test_api_policies import document
from tests.services.iam.test_api_principals import TRUST, refusal

from cloudling.kernel.identities import Identity
from cloudling.kernel.ports import BadToken
from cloudling.services.iam import mfa
from cloudling.services.iam.credentials import root_of

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud
    from cloudling.testing.clouds import SyncClient

INVALID = (
    "InvalidClientTokenId",
    "The security token included in the request is invalid",
    403,
)


class Device:
    """An MFA device of a user, or of root, whose code changes with the cloud's clock."""

    def __init__(self, local: LocalCloud, name: str, user: str = "") -> None:
        iam = local.root().iam
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
        self.serial: str = made["SerialNumber"]
        self._seed = base64.b32decode(made["Base32StringSeed"])
        self._clock = local.clock
        now = self._step()
        codes = {
            "AuthenticationCode1": mfa.code_at(self._seed, now - 1),
            "AuthenticationCode2": mfa.code_at(self._seed, now),
        }
        owner = {"UserName": user or mfa.ROOT}
        iam.enable_mfa_device(**owner, SerialNumber=self.serial, **codes)
        local.clock.advance(60)

    def _step(self) -> int:
        return int(self._clock.now() // mfa.STEP)

    def code(self) -> str:
        return mfa.code_at(self._seed, self._step())

    def wrong(self) -> str:
        return f"{(int(self.code()) + 1) % 10**6:06}"

    def proof(self) -> dict[str, str]:
        return {"SerialNumber": self.serial, "TokenCode": self.code()}


def taken(local: LocalCloud, client: SyncClient, **more: Any) -> SyncClient:
    """A client of the session that GetSessionToken gives this one."""
    return local.session(client.sts.get_session_token(**more)["Credentials"])


def test_who_calls(local: LocalCloud) -> None:
    assert local.root().sts.get_caller_identity() == {
        "UserId": "111122223333",
        "Account": "111122223333",
        "Arn": "arn:aws:iam::111122223333:root",
    }
    ann = local.user("ann", document("*", effect="Deny"))
    assert ann.sts.get_caller_identity()["Arn"] == "arn:aws:iam::111122223333:user/ann"


def test_whose_a_key_is(local: LocalCloud) -> None:
    key = local.root().iam.create_access_key(UserName=_made(local, "ann"))["AccessKey"]
    told = local.root().sts.get_access_key_info(AccessKeyId=key["AccessKeyId"])
    assert told == {"Account": "111122223333"}
    code, text, _ = refusal(local.root().sts.get_access_key_info, AccessKeyId="x" * 16)
    assert (code, text) == ("ValidationError", f"Invalid AccessKeyId: {'x' * 16}")


def _made(local: LocalCloud, name: str) -> str:
    local.root().iam.create_user(UserName=name)
    return name


def test_a_users_session_is_the_user_but_not_in_iam(local: LocalCloud) -> None:
    # No policy controls GetSessionToken, not even one that denies it.
    ann = local.user("ann", document("s3:*", "iam:*"), document("sts:*", effect="Deny"))
    answer = ann.sts.get_session_token()
    assert answer["Credentials"]["Expiration"] == local.clock.now() + 43_200
    assert answer["SessionTokenSize"] == len(answer["Credentials"]["SessionToken"])
    assert 0 < answer["SessionTokenUtilization"] < 100
    session = local.session(answer["Credentials"])
    assert session.sts.get_caller_identity() == ann.sts.get_caller_identity()
    assert session.s3.list_buckets()["Buckets"] == []
    assert refusal(session.iam.list_users) == INVALID
    for name in ("get_session_token", "get_access_key_info", "get_federation_token"):
        request = {"AccessKeyId": "A" * 16} if "key" in name else {}
        request |= {"Name": "bob"} if "fed" in name else {}
        operation = "".join(word.title() for word in name.split("_"))
        assert refusal(getattr(session.sts, name), **request) == (
            "AccessDenied",
            f"Cannot call {operation} with session credentials",
            403,
        )


def test_with_mfa_a_users_session_calls_iam(local: LocalCloud) -> None:
    only_mfa = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    fresh = {"Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}}
    ann = local.user("ann", document("iam:ListUsers", **only_mfa), document("s3:*", **fresh))
    device = Device(local, "ann-phone", "ann")
    assert refusal(ann.iam.list_users)[0] == "AccessDenied"
    session = taken(local, ann, **device.proof())
    assert session.iam.list_users()["Users"]
    local.clock.advance(299)
    assert session.s3.list_buckets()["Buckets"] == []
    local.clock.advance(2)
    assert refusal(session.s3.list_buckets)[0] == "AccessDenied"


def test_codes_that_are_wrong(local: LocalCloud) -> None:
    ann, bob = local.user("ann"), local.user("bob")
    device = Device(local, "ann-phone", "ann")
    start = "MultiFactorAuthentication failed"
    both = f"{start}, must provide both MFA serial number and one time pass code."
    unknown = (
        f"{start}, unable to validate MFA code.  Please verify your MFA serial number is valid and "
        "associated with this user."
    )
    invalid = f"{start} with invalid MFA one time pass code. "
    call, proof = ann.sts.get_session_token, device.proof()
    assert refusal(call, SerialNumber=device.serial) == ("AccessDenied", both, 403)
    assert refusal(call, TokenCode=device.code())[1] == both
    assert refusal(bob.sts.get_session_token, **proof)[1] == unknown
    assert refusal(call, **proof | {"SerialNumber": device.serial + "2"})[1] == unknown
    assert refusal(call, **proof | {"TokenCode": device.wrong()})[1] == invalid
    assert call(**proof)["Credentials"]
    assert refusal(call, **proof)[1] == invalid
    local.clock.advance(30)
    assert call(**device.proof())["Credentials"]


def test_roots_sessions_last_an_hour(local: LocalCloud) -> None:
    root = local.root().sts
    for asked, lasts in ((None, 3600), (129_600, 3600), (900, 900)):
        more = {} if asked is None else {"DurationSeconds": asked}
        for call in (
            root.get_session_token,
            lambda **more: root.get_federation_token(Name="bo", **more),
        ):
            assert call(**more)["Credentials"]["Expiration"] == local.clock.now() + lasts
    session = local.session(root.get_session_token()["Credentials"])
    assert session.s3.list_buckets()["Buckets"] == []
    assert refusal(session.iam.list_users) == INVALID
    device = Device(local, "root-phone")
    assert taken(local, local.root(), **device.proof()).iam.list_users()["Users"] == []


@pytest.mark.parametrize("seconds", [899, 129_601])
def test_durations_of_users(local: LocalCloud, seconds: int) -> None:
    ann = local.user("ann")
    code, text, _ = refusal(ann.sts.get_session_token, DurationSeconds=seconds)
    assert (code, "durationSeconds" in text) == ("ValidationError", True)
    answer = ann.sts.get_session_token(DurationSeconds=129_600)
    assert answer["Credentials"]["Expiration"] == local.clock.now() + 129_600


def test_a_users_session_weighs_the_users_policies_of_now(local: LocalCloud) -> None:
    ann = local.user("ann", document("s3:*"))
    session = taken(local, ann)
    key = local.root().iam.list_access_keys(UserName="ann")["AccessKeyMetadata"][0]["AccessKeyId"]
    local.root().iam.delete_access_key(UserName="ann", AccessKeyId=key)
    # A session outlives the key that asked for it.
    assert session.s3.list_buckets()["Buckets"] == []
    local.root().iam.delete_user_policy(UserName="ann", PolicyName="p0")
    assert refusal(session.s3.list_buckets)[0] == "AccessDenied"


def test_a_users_session_assumes_roles_and_that_is_no_chain(local: LocalCloud) -> None:
    trust = json.loads(TRUST)
    trust["Statement"][0]["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    local.root().iam.create_role(
        RoleName="r", AssumeRolePolicyDocument=json.dumps(trust), MaxSessionDuration=7200
    )
    ann = local.user("ann", document("sts:AssumeRole"))
    role = {"RoleArn": "arn:aws:iam::111122223333:role/r", "RoleSessionName": "session"}
    assert refusal(taken(local, ann).sts.assume_role, **role)[0] == "AccessDenied"
    session = taken(local, ann, **Device(local, "ann-phone", "ann").proof())
    assert session.sts.assume_role(**role, DurationSeconds=7200)["Credentials"]


def test_a_token_with_a_flipped_bit_opens_nothing(local: LocalCloud) -> None:
    credentials = local.user("ann").sts.get_session_token()["Credentials"]
    token = credentials["SessionToken"]
    for place in range(0, len(token), 29):
        other = "A" if token[place] != "A" else "B"
        changed = token[:place] + other + token[place + 1 :]
        with pytest.raises(BadToken):
            local.run(local.cloud.credentials.find(credentials["AccessKeyId"], changed))
    with pytest.raises(BadToken):
        local.run(local.cloud.credentials.find("ASIA" + "A" * 16, token))


@pytest.mark.parametrize("least", [0, 1000, 3999, 4096])
def test_tokens_are_as_long_as_asked(local: LocalCloud, least: int) -> None:
    answer = local.user("ann").sts.get_session_token(MinimumSessionTokenSize=least)
    assert least <= answer["SessionTokenSize"] <= max(least + 3, 1000)
    assert answer["SessionTokenUtilization"] <= 100
    assert local.session(answer["Credentials"]).sts.get_caller_identity()["Arn"].endswith("/ann")


def test_the_session_of_a_well_known_key_is_not_well_known(local: LocalCloud) -> None:
    known = root_of("111122223333", "test", well_known=True)
    credentials = local.as_(known).sts.get_session_token()["Credentials"]
    found = local.run(
        local.cloud.credentials.find(credentials["AccessKeyId"], credentials["SessionToken"])
    )
    assert found is not None
    assert (found.identity.kind, found.identity.well_known) == ("root", False)


def test_identities_are_values() -> None:
    one = root_of("111122223333")
    assert isinstance(one, Identity)
    assert one == msgspec.structs.replace(one)

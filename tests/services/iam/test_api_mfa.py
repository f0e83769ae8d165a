"""Virtual MFA devices through the in-process client, on a clock in the hand."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.iam.test_api_instance_profiles import allow
from tests.services.iam.test_api_principals import refusal

from cloudling.services.iam import mfa, quotas
from cloudling.services.iam.call import IamCall

if TYPE_CHECKING:
    from cloudling.kernel.identities import Identity
    from cloudling.testing import LocalCloud

WRONG = ("InvalidAuthenticationCode", "Authentication code for device is not valid.", 403)
ANN = "arn:aws:iam::111122223333:user/ann"
ROOT = "arn:aws:iam::111122223333:root"


@pytest.fixture(autouse=True)
def same_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a million codes two are the same sooner or later; with one seed it is known which."""
    monkeypatch.setattr(IamCall, "secret_bytes", lambda _, count: bytes(range(count)))


class Phone:
    """What holds the seed and shows codes; `behind` is how many steps its clock is off."""

    def __init__(self, local: LocalCloud, name: str = "phone", **request: Any) -> None:
        self._local = local
        made = local.root().iam.create_virtual_mfa_device(VirtualMFADeviceName=name, **request)
        self.device = made["VirtualMFADevice"]
        self.serial: str = self.device["SerialNumber"]
        self._seed = base64.b32decode(self.device["Base32StringSeed"])
        self.behind = 0

    def code(self, steps: int = 0) -> str:
        present = int(self._local.clock.now() // mfa.STEP) - self.behind
        return mfa.code_at(self._seed, present + steps)

    def pair(self, steps: int = 0) -> dict[str, str]:
        return {
            "SerialNumber": self.serial,
            "AuthenticationCode1": self.code(steps),
            "AuthenticationCode2": self.code(steps + 1),
        }


def verified(local: LocalCloud, arn: str, serial: str, code: str) -> bool:
    """What STS would be told."""
    cloud = local.cloud
    room = cloud.services["iam"]
    identity: Identity = local.root()._client._identity
    call = IamCall(cloud, room, room.operations["ListMFADevices"], identity, "us-east-1")

    async def ask() -> bool:
        with cloud.store.unit():
            return await mfa.verify(call, arn, serial, code)

    return local.run(ask())


@pytest.mark.parametrize(
    ("moment", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238(moment: int, code: str) -> None:
    assert mfa.code_at(b"12345678901234567890", moment // mfa.STEP) == code


def test_a_new_device_shows_its_seed_once(local: LocalCloud) -> None:
    phone = Phone(local, Path="/p/", Tags=[{"Key": "k", "Value": "v"}])
    assert phone.serial == "arn:aws:iam::111122223333:mfa/p/phone"
    assert len(phone.device["Base32StringSeed"]) == 64
    picture = phone.device["QRCodePNG"]
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    assert width == height > 100
    start = picture.index(b"IDAT")
    length = int.from_bytes(picture[start - 4 : start])
    assert len(zlib.decompress(picture[start + 4 : start + 4 + length])) > 0
    iam = local.root().iam
    assert phone.device["Tags"] == iam.list_mfa_device_tags(SerialNumber=phone.serial)["Tags"]
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == [{"SerialNumber": phone.serial}]
    again = {"VirtualMFADeviceName": "phone", "Path": "/p/"}
    assert refusal(iam.create_virtual_mfa_device, **again) == (
        "EntityAlreadyExists",
        "MFADevice entity at the same path and name already exists.",
        409,
    )
    long = refusal(iam.create_virtual_mfa_device, VirtualMFADeviceName="x" * 100_000)
    assert long[0] == "ValidationError"
    assert long[1].endswith("less than or equal to 226")
    Phone(local, "x" * 226)


def test_two_codes_enable_at_once(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_user(UserName="ann")
    phone = Phone(local)
    assert iam.get_mfa_device(SerialNumber=phone.serial) == {"SerialNumber": phone.serial}
    iam.enable_mfa_device(UserName="Ann", **phone.pair())
    now = local.clock.now()
    listed = {"UserName": "ann", "SerialNumber": phone.serial, "EnableDate": now}
    assert iam.list_mfa_devices(UserName="ann")["MFADevices"] == [listed]
    assert iam.get_mfa_device(SerialNumber=phone.serial) == listed
    assert iam.get_mfa_device(SerialNumber=phone.serial, UserName="ann") == listed
    (virtual,) = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert virtual["User"]["UserName"] == "ann"
    assert virtual["EnableDate"] == now
    assert iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"] == []


def test_a_device_in_use_keeps_its_user(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_user(UserName="ann")
    phone = Phone(local)
    iam.enable_mfa_device(UserName="ann", **phone.pair())
    assert refusal(iam.enable_mfa_device, UserName="ann", **phone.pair(5))[:2] == (
        "EntityAlreadyExists",
        "MFA Device is already in use.",
    )
    assert refusal(iam.delete_virtual_mfa_device, SerialNumber=phone.serial) == (
        "DeleteConflict",
        "MFA VirtualDevice in use. Must deactivate first.",
        409,
    )
    assert refusal(iam.delete_user, UserName="ann")[1] == (
        "Cannot delete entity, must delete MFA device first."
    )
    iam.update_user(UserName="ann", NewUserName="anna")
    held = {"UserName": "anna", "SerialNumber": phone.serial}
    iam.create_user(UserName="ann")
    assert refusal(iam.deactivate_mfa_device, **{**held, "UserName": "ann"})[:2] == (
        "NoSuchEntity",
        "MFA Device invalid for user.",
    )
    iam.deactivate_mfa_device(**held)
    assert iam.list_mfa_devices(UserName="anna")["MFADevices"] == []
    iam.delete_virtual_mfa_device(SerialNumber=phone.serial)
    assert refusal(iam.delete_virtual_mfa_device, SerialNumber=phone.serial) == (
        "NoSuchEntity",
        f"VirtualMFADevice with serial number {phone.serial} doesn't exist.",
        404,
    )
    iam.delete_user(UserName="anna")


@pytest.mark.parametrize("steps", [-2, 1, 7])
def test_codes_of_another_time_are_refused(local: LocalCloud, steps: int) -> None:
    iam = local.root().iam
    iam.create_user(UserName="ann")
    phone = Phone(local)
    assert refusal(iam.enable_mfa_device, UserName="ann", **phone.pair(steps)) == WRONG
    iam.enable_mfa_device(UserName="ann", **phone.pair(-1))


def test_codes_must_follow_each_other(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_user(UserName="ann")
    phone = Phone(local)
    swapped = {
        "SerialNumber": phone.serial,
        "AuthenticationCode1": phone.code(1),
        "AuthenticationCode2": phone.code(0),
    }
    assert refusal(iam.enable_mfa_device, UserName="ann", **swapped) == WRONG
    twice = {**swapped, "AuthenticationCode1": phone.code(0)}
    assert refusal(iam.enable_mfa_device, UserName="ann", **twice) == WRONG


def test_a_code_is_taken_once(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_user(UserName="ann")
    phone = Phone(local)
    assert not verified(local, ANN, phone.serial, phone.code())
    iam.enable_mfa_device(UserName="ann", **phone.pair())
    # The codes that enabled it are used up; the third that is right now is not.
    assert not verified(local, ANN, phone.serial, phone.code())
    assert not verified(local, ANN, phone.serial, phone.code(1))
    assert verified(local, ANN, phone.serial, phone.code(-1))
    assert not verified(local, ANN, phone.serial, phone.code(-1))
    local.clock.advance(60)
    assert not verified(local, ANN, phone.serial, phone.code(-1))
    assert not verified(local, ANN, phone.serial, phone.code(2))
    assert verified(local, ANN, phone.serial, phone.code(1))
    assert verified(local, ANN, phone.serial, phone.code())
    for number in range(100):
        local.clock.advance(30 * (number % 4))
        code = phone.code()
        verified(local, ANN, phone.serial, code)
        assert not verified(local, ANN, phone.serial, code)


def test_only_its_holders_codes_count(local: LocalCloud) -> None:
    iam = local.root().iam
    for name in ("ann", "bob"):
        iam.create_user(UserName=name, Path="/p/")
    phone = Phone(local)
    iam.enable_mfa_device(UserName="ann", **phone.pair())
    code = phone.code(-1)
    for arn, serial, given in (
        ("arn:aws:iam::111122223333:user/p/bob", phone.serial, code),
        ("arn:aws:iam::444455556666:user/p/ann", phone.serial, code),
        (ROOT, phone.serial, code),
        (ANN, "arn:aws:iam::111122223333:mfa/other", code),
        (ANN, phone.serial, "000000x"),
        (ANN, phone.serial, "é"),
        (ANN, phone.serial, ""),
    ):
        assert not verified(local, arn, serial, given)
    assert verified(local, "arn:aws:iam::111122223333:user/p/ann", phone.serial, code)
    iam.deactivate_mfa_device(UserName="ann", SerialNumber=phone.serial)
    local.clock.advance(300)
    assert not verified(local, ANN, phone.serial, phone.code())


def test_a_clock_that_runs_off_is_found_again(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_user(UserName="ann")
    phone = Phone(local)
    assert refusal(iam.resync_mfa_device, UserName="ann", **phone.pair())[0] == "NoSuchEntity"
    iam.enable_mfa_device(UserName="ann", **phone.pair())
    local.clock.advance(86400)
    phone.behind = 50
    assert not verified(local, ANN, phone.serial, phone.code())
    wrong = {**phone.pair(), "AuthenticationCode2": phone.code(4)}
    assert refusal(iam.resync_mfa_device, UserName="ann", **wrong) == WRONG
    iam.resync_mfa_device(UserName="ann", **phone.pair(-1))
    local.clock.advance(30)
    assert verified(local, ANN, phone.serial, phone.code())


def test_for_root_too(local: LocalCloud) -> None:
    iam = local.root().iam
    phone = Phone(local, "root-account-mfa-device")
    iam.enable_mfa_device(UserName="root", **phone.pair())
    assert iam.get_account_summary()["SummaryMap"]["AccountMFAEnabled"] == 1
    assert [each["SerialNumber"] for each in iam.list_mfa_devices()["MFADevices"]] == [phone.serial]
    (virtual,) = iam.list_virtual_mfa_devices()["VirtualMFADevices"]
    assert virtual["User"]["Arn"] == ROOT
    assert verified(local, ROOT, phone.serial, phone.code(-1))
    iam.deactivate_mfa_device(SerialNumber=phone.serial)
    assert iam.get_account_summary()["SummaryMap"]["AccountMFAEnabled"] == 0
    other = local.user("joe", allow("iam:*")).iam
    assert refusal(other.enable_mfa_device, UserName="root", **phone.pair(5))[0] == "NoSuchEntity"


def test_devices_have_tags(local: LocalCloud) -> None:
    iam, phone = local.root().iam, Phone(local)
    tag = {"Key": "k", "Value": "v"}
    iam.tag_mfa_device(SerialNumber=phone.serial, Tags=[tag])
    assert iam.list_mfa_device_tags(SerialNumber=phone.serial)["Tags"] == [tag]
    iam.untag_mfa_device(SerialNumber=phone.serial, TagKeys=["K"])
    assert iam.list_mfa_device_tags(SerialNumber=phone.serial)["Tags"] == []
    assert refusal(iam.tag_mfa_device, SerialNumber="arn:aws:none", Tags=[tag])[0] == (
        "NoSuchEntity"
    )


def test_quotas(local: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    iam = local.root().iam
    iam.create_user(UserName="ann")
    monkeypatch.setattr(quotas, "MFA_DEVICES_OF_USER", quotas.Quota("MFADevicesPerUser", 1))
    for name, outcome in (("one", ""), ("two", "Cannot exceed quota for MFADevicesPerUser: 1")):
        phone = Phone(local, name)
        if outcome:
            told = refusal(iam.enable_mfa_device, UserName="ann", **phone.pair())
            assert told[:2] == ("LimitExceeded", outcome)
        else:
            iam.enable_mfa_device(UserName="ann", **phone.pair())
    monkeypatch.setattr(quotas, "MFA_DEVICES", quotas.Quota("MFADevices", 2))
    told = refusal(iam.create_virtual_mfa_device, VirtualMFADeviceName="three")
    assert told[:2] == ("LimitExceeded", "Cannot exceed quota for MFADevices: 2")


def test_users_manage_their_own(local: LocalCloud) -> None:
    own = "arn:aws:iam::111122223333:mfa/${aws:username}"
    ann = local.user("ann", allow("iam:CreateVirtualMFADevice", resource=own)).iam
    ann.create_virtual_mfa_device(VirtualMFADeviceName="ann")
    text = refusal(ann.create_virtual_mfa_device, VirtualMFADeviceName="bob")[1]
    assert (
        "iam:CreateVirtualMFADevice on resource: arn:aws:iam::111122223333:mfa/bob because" in text
    )
    text = refusal(ann.list_mfa_devices)[1]
    assert "iam:ListMFADevices on resource: user ann because" in text
    text = refusal(ann.list_virtual_mfa_devices)[1]
    assert "iam:ListVirtualMFADevices on resource: arn:aws:iam::111122223333:mfa/ because" in text

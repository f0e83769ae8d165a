"""What no user can have yet is empty, in process and over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.services.iam.test_api_principals import refusal

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

ALL_IAM = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}'
LISTS = {
    "list_ssh_public_keys": "SSHPublicKeys",
    "list_signing_certificates": "Certificates",
    "list_service_specific_credentials": "ServiceSpecificCredentials",
}


@pytest.mark.parametrize("operation", LISTS)
def test_a_user_has_none(local: LocalCloud, operation: str) -> None:
    ann = local.user("ann", ALL_IAM)
    empty = {LISTS[operation]: [], "IsTruncated": False}
    root = getattr(local.root().iam, operation)
    assert root(UserName="ann") == empty
    assert getattr(ann.iam, operation)() == empty
    assert refusal(root, UserName="ben") == (
        "NoSuchEntity",
        "The user with name ben cannot be found.",
        404,
    )
    assert refusal(root)[0] == "ValidationError"


def test_all_users_have_none(local: LocalCloud) -> None:
    found = local.root().iam.list_service_specific_credentials(AllUsers=True)
    assert found["ServiceSpecificCredentials"] == []


def test_over_http() -> None:
    with RunningCloud() as cloud:
        iam = cloud.client("iam")
        iam.create_user(UserName="ann")
        for operation, member in LISTS.items():
            assert getattr(iam, operation)(UserName="ann")[member] == []
        iam.close()

"""What no user can have yet is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.services.iam.test_api_principals import refusal

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

ALL_IAM = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}'


def test_a_user_has_none(local: LocalCloud) -> None:
    ann, root = local.user("ann", ALL_IAM).iam, local.root().iam
    for iam, asked in ((ann, {}), (root, {"UserName": "ann"})):
        assert iam.list_ssh_public_keys(**asked) == {"SSHPublicKeys": [], "IsTruncated": False}
        assert iam.list_signing_certificates(**asked) == {"Certificates": [], "IsTruncated": False}
        found = iam.list_service_specific_credentials(**asked)
        assert found == {"ServiceSpecificCredentials": [], "IsTruncated": False}
    found = root.list_service_specific_credentials(AllUsers=True)
    assert found["ServiceSpecificCredentials"] == []


@pytest.mark.parametrize(
    "name",
    ["list_ssh_public_keys", "list_signing_certificates", "list_service_specific_credentials"],
)
def test_whose_they_are_must_be_known(local: LocalCloud, name: str) -> None:
    operation = getattr(local.root().iam, name)
    absent = ("NoSuchEntity", "The user with name ben cannot be found.", 404)
    assert refusal(operation, UserName="ben") == absent
    assert refusal(operation)[0] == "ValidationError"

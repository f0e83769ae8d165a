"""In-process calls have the names that SDKs use, and say by name what is missing."""

from __future__ import annotations

import pytest

from cloudling.kernel import AwsError
from cloudling.kernel.client import snake
from cloudling.testing import LocalCloud


@pytest.mark.parametrize(
    ("operation", "method"),
    [
        ("ListObjectsV2", "list_objects_v2"),
        ("GetCallerIdentity", "get_caller_identity"),
        ("AssumeRoleWithSAML", "assume_role_with_saml"),
        ("CreateOpenIDConnectProvider", "create_open_id_connect_provider"),
        ("GetMFADevice", "get_mfa_device"),
    ],
)
def test_methods_are_named_as_in_boto3(operation: str, method: str) -> None:
    assert snake(operation) == method


def test_what_is_missing_says_so_and_what_no_model_has_is_no_attribute() -> None:
    with LocalCloud() as local:
        with pytest.raises(AwsError) as caught:
            local.root().sts.get_delegated_access_token(TradeInToken="token")
        assert (caught.value.error_code, caught.value.http_status) == ("NotImplemented", 501)
        assert "GetDelegatedAccessToken" in caught.value.text
        with pytest.raises(AttributeError, match="no operation"):
            local.root().sts.no_such_thing  # noqa: B018
        with pytest.raises(KeyError):
            local.root().sqs.list_queues()

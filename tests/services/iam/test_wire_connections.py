"""Settings that say how connections count, as policies of a boto3 client meet them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudling.testing import RunningCloud

CONDITIONS = {
    "IpAddress": {"aws:SourceIp": "203.0.113.0/24"},
    "Bool": {"aws:SecureTransport": "true"},
}


def client_of_ann(cloud: RunningCloud) -> Any:
    """A client of a user who may list users under those conditions."""
    statement = {
        "Effect": "Allow",
        "Action": "iam:ListUsers",
        "Resource": "*",
        "Condition": CONDITIONS,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    return cloud.client("iam", **cloud.user("ann", document))


def test_settings_make_the_connection_what_the_policy_wants() -> None:
    with RunningCloud(source_ip="203.0.113.7", loopback_counts_as_tls=True) as cloud:
        users = client_of_ann(cloud).list_users()["Users"]
    assert [user["UserName"] for user in users] == ["ann"]


@pytest.mark.parametrize(
    "settings", [{}, {"source_ip": "203.0.113.7"}, {"loopback_counts_as_tls": True}]
)
def test_without_them_the_truth_counts(settings: dict[str, Any]) -> None:
    with RunningCloud(**settings) as cloud, pytest.raises(ClientError) as refused:
        client_of_ann(cloud).list_users()
    assert refused.value.response["Error"]["Code"] == "AccessDenied"

"""DecodeAuthorizationMessage over the wire."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from cloudling.testing import RunningCloud


def test_a_denial_is_decoded() -> None:
    with RunningCloud() as cloud:
        ann = cloud.client("iam", **cloud.user("ann"))
        with pytest.raises(ClientError):
            ann.create_group(GroupName="g")
        log = cloud.app.decisions
        sealed = log.messages.seal(log.last(1)[0])
        told = cloud.client("sts").decode_authorization_message(EncodedMessage=sealed)
        assert json.loads(told["DecodedMessage"])["context"]["action"] == "iam:CreateGroup"

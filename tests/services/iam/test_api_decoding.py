"""DecodeAuthorizationMessage, by the in-process client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cloudling.kernel.decisions.log import DecisionLog
from cloudling.kernel.errors import AccessDenied, AwsError

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

NEVER = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Action": "iam:CreateGroup", "Resource": "*"},
    }
)


def message(local: LocalCloud) -> str:
    log = local.cloud.decisions
    assert isinstance(log, DecisionLog)
    return log.messages.seal(log.last(1)[0])


def test_a_message_tells_who_was_denied_what_and_by_which_statement(local: LocalCloud) -> None:
    ann = local.user("ann", NEVER)
    with pytest.raises(AccessDenied):
        ann.iam.create_group(GroupName="g")
    decoded = local.root().sts.decode_authorization_message(EncodedMessage=message(local))
    found = json.loads(decoded["DecodedMessage"])
    assert (found["allowed"], found["explicitDeny"]) == (False, True)
    assert found["context"]["principal"]["name"] == "ann"
    assert found["context"]["action"] == "iam:CreateGroup"
    assert found["context"]["resource"] == "arn:aws:iam::111122223333:group/g"
    [statement] = found["matchedStatements"]["items"]
    assert statement["effect"] == "DENY"
    assert statement["actions"] == {"items": [{"value": "iam:CreateGroup"}]}
    keys = {item["key"] for item in found["context"]["conditions"]["items"]}
    assert {"aws:PrincipalArn", "aws:SecureTransport"} <= keys


def test_other_accounts_and_changed_messages_are_refused(local: LocalCloud) -> None:
    with pytest.raises(AccessDenied):
        local.user("ann").iam.create_group(GroupName="g")
    sealed = message(local)
    flipped = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
    for who, text in (("999988887777", sealed), ("111122223333", flipped), ("111122223333", "x")):
        with pytest.raises(AwsError) as refused:
            local.root(who).sts.decode_authorization_message(EncodedMessage=text)
        assert refused.value.error_code == "InvalidAuthorizationMessageException"


def test_it_needs_its_permission(local: LocalCloud) -> None:
    ann = local.user("ann")
    with pytest.raises(AccessDenied, match="sts:DecodeAuthorizationMessage"):
        ann.sts.decode_authorization_message(EncodedMessage="x")

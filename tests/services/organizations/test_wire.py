"""Every operation once by boto3 over HTTP: JSON 1.1, errors with their reasons, moved time."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cloudling.kernel.clock import ManualClock
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

SCP = "SERVICE_CONTROL_POLICY"
DENY_S3 = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}],
})  # fmt: skip


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    # Requests are signed by the machine's clock, so this one begins with it.
    with RunningCloud(clock=ManualClock(time.time())) as running:
        yield running


@pytest.fixture
def api(cloud: RunningCloud) -> Any:
    client = cloud.client("organizations")
    client.create_organization(FeatureSet="ALL")
    return client


@pytest.fixture
def root(api: Any) -> str:
    found: str = api.list_roots()["Roots"][0]["Id"]
    return found


def refusal(call: Any, **request: Any) -> dict[str, Any]:
    """The error that a call ends with, with its own members beside code and text."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response
    own = {key: value for key, value in answer.items() if key not in {"Error", "ResponseMetadata"}}
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return {"Code": answer["Error"]["Code"], "status": status, **own}


def new_account(cloud: RunningCloud, api: Any) -> str:
    asked = api.create_account(Email="dev@example.com", AccountName="dev")["CreateAccountStatus"]
    assert asked["State"] == "IN_PROGRESS"
    assert isinstance(asked["RequestedTimestamp"], datetime)
    cloud.advance(2)
    told = api.describe_create_account_status(CreateAccountRequestId=asked["Id"])
    account: str = told["CreateAccountStatus"]["AccountId"]
    return account


def test_an_organization(api: Any) -> None:
    told = api.describe_organization()["Organization"]
    assert told["FeatureSet"] == "ALL"
    again = refusal(api.create_organization)
    assert again["Code"] == "AlreadyInOrganizationException"
    assert again["status"] == 400
    api.delete_organization()
    gone = refusal(api.describe_organization)
    assert gone["Code"] == "AWSOrganizationsNotInUseException"
    assert gone["Message"] == "Your account is not a member of an organization."


def test_units(api: Any, root: str) -> None:
    unit = api.create_organizational_unit(ParentId=root, Name="rød")["OrganizationalUnit"]
    name = {"OrganizationalUnitId": unit["Id"]}
    assert api.describe_organizational_unit(**name)["OrganizationalUnit"] == unit
    renamed = api.update_organizational_unit(**name, Name="blå")["OrganizationalUnit"]
    assert renamed["Name"] == "blå"
    pages = api.get_paginator("list_organizational_units_for_parent").paginate(ParentId=root)
    assert [each["Id"] for page in pages for each in page["OrganizationalUnits"]] == [unit["Id"]]
    children = api.list_children(ParentId=root, ChildType="ORGANIZATIONAL_UNIT")["Children"]
    assert children == [{"Id": unit["Id"], "Type": "ORGANIZATIONAL_UNIT"}]
    assert api.list_parents(ChildId=unit["Id"])["Parents"] == [{"Id": root, "Type": "ROOT"}]
    api.tag_resource(ResourceId=unit["Id"], Tags=[{"Key": "k", "Value": ""}])
    tags = api.list_tags_for_resource(ResourceId=unit["Id"])["Tags"]
    assert tags == [{"Key": "k", "Value": ""}]
    api.untag_resource(ResourceId=unit["Id"], TagKeys=["k"])
    api.delete_organizational_unit(**name)


def test_policies(api: Any, root: str) -> None:
    asked = {"Content": DENY_S3, "Description": "", "Name": "no-s3", "Type": SCP}
    made = api.create_policy(**asked)["Policy"]["PolicySummary"]
    assert made["AwsManaged"] is False
    name = {"PolicyId": made["Id"]}
    assert api.describe_policy(**name)["Policy"]["Content"] == DENY_S3
    api.update_policy(**name, Description="none")
    assert api.enable_policy_type(RootId=root, PolicyType=SCP)["Root"]["PolicyTypes"]
    api.attach_policy(**name, TargetId=root)
    assert api.list_targets_for_policy(**name)["Targets"][0]["TargetId"] == root
    hanging = api.list_policies_for_target(TargetId=root, Filter=SCP)["Policies"]
    assert {each["Id"] for each in hanging} == {"p-FullAWSAccess", made["Id"]}
    api.detach_policy(**name, TargetId=root)
    last = refusal(api.detach_policy, PolicyId="p-FullAWSAccess", TargetId=root)
    assert last["Code"] == "ConstraintViolationException"
    assert last["Reason"] == "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
    listed = api.list_policies(Filter=SCP, MaxResults=1)
    assert listed["Policies"][0]["Id"] == "p-FullAWSAccess"
    assert listed["NextToken"]
    api.delete_policy(**name)
    api.disable_policy_type(RootId=root, PolicyType=SCP)


def test_accounts(cloud: RunningCloud, api: Any, root: str) -> None:
    account = new_account(cloud, api)
    states = api.list_create_account_status(States=["SUCCEEDED"])["CreateAccountStatuses"]
    assert [each["AccountId"] for each in states] == [account]
    told = api.describe_account(AccountId=account)["Account"]
    assert isinstance(told["JoinedTimestamp"], datetime)
    assert len(api.list_accounts()["Accounts"]) == 2
    assert len(api.list_accounts_for_parent(ParentId=root)["Accounts"]) == 2
    unit = api.create_organizational_unit(ParentId=root, Name="a")["OrganizationalUnit"]["Id"]
    api.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    early = refusal(api.remove_account_from_organization, AccountId=account)
    assert early["Reason"] == "WAIT_PERIOD_ACTIVE"
    keys = {"aws_access_key_id": account, "aws_secret_access_key": "test"}
    member = cloud.client("organizations", **keys)
    assert refusal(member.leave_organization)["Reason"] == "WAIT_PERIOD_ACTIVE"
    denied = refusal(member.list_accounts)
    assert denied["Message"] == "You don't have permissions to access this resource."
    identity = cloud.client("sts", **keys)
    assert identity.get_caller_identity()["Account"] == account
    api.close_account(AccountId=account)
    assert refusal(identity.get_caller_identity)["Code"] == "InvalidClientTokenId"
    cloud.advance(2)
    assert api.describe_account(AccountId=account)["Account"]["Status"] == "SUSPENDED"


def test_an_account_comes_without_being_asked_after() -> None:
    """On the real clock the cloud looks by itself; the client waits as AWS's scripts do."""
    with RunningCloud() as cloud:
        api = cloud.client("organizations")
        api.create_organization()
        asked = api.create_account(Email="dev@example.com", AccountName="dev")
        name = {"CreateAccountRequestId": asked["CreateAccountStatus"]["Id"]}
        end = time.monotonic() + 60
        while (told := api.describe_create_account_status(**name)["CreateAccountStatus"])[
            "State"
        ] == "IN_PROGRESS" and time.monotonic() < end:
            time.sleep(0.05)
        assert told["State"] == "SUCCEEDED"


def test_a_member_is_stopped_over_the_wire(cloud: RunningCloud, api: Any, root: str) -> None:
    account = new_account(cloud, api)
    api.enable_policy_type(RootId=root, PolicyType=SCP)
    made = api.create_policy(Content=DENY_S3, Description="", Name="no-s3", Type=SCP)
    api.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=root)
    keys = {"aws_access_key_id": account, "aws_secret_access_key": "test"}
    assert refusal(cloud.client("s3", **keys).list_buckets)["Code"] == "AccessDenied"
    cloud.client("s3").list_buckets()


def test_denials_of_iam(cloud: RunningCloud, api: Any) -> None:
    ann = cloud.client("organizations", **cloud.user("ann"))
    denied = refusal(ann.list_roots)
    assert (denied["Code"], denied["status"]) == ("AccessDeniedException", 400)
    assert "is not authorized to perform: organizations:ListRoots" in denied["Message"]
    # What is missing is refused to whoever may not call it, and told to whoever may.
    missing = {"ServicePrincipal": "sso.amazonaws.com"}
    assert refusal(ann.enable_aws_service_access, **missing)["Code"] == "AccessDeniedException"
    assert refusal(api.enable_aws_service_access, **missing)["status"] == 501


def test_reads_of_what_is_not_configured(api: Any) -> None:
    assert api.list_aws_service_access_for_organization()["EnabledServicePrincipals"] == []
    assert api.list_delegated_administrators()["DelegatedAdministrators"] == []
    assert api.list_handshakes_for_organization()["Handshakes"] == []
    assert api.list_handshakes_for_account()["Handshakes"] == []
    none = refusal(api.describe_resource_policy)
    assert none["Code"] == "ResourcePolicyNotFoundException"
    none = refusal(api.describe_handshake, HandshakeId="h-examplehandshakeid111")
    assert none["Code"] == "HandshakeNotFoundException"
    none = refusal(api.describe_effective_policy, PolicyType="TAG_POLICY")
    assert none["Code"] == "EffectivePolicyNotFoundException"
    wrong = refusal(api.describe_account, AccountId="x")
    assert wrong["Code"] == "InvalidInputException"
    assert wrong["Reason"] == "INVALID_PATTERN"

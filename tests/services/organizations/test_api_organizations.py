"""The organization as a whole, its root's policy types, and who may ask for what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.services.organizations.conftest import World

    from cloudling.testing import LocalCloud

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
OUTSIDE = (
    "AWSOrganizationsNotInUseException",
    "Your account is not a member of an organization.",
)
DENIED = ("AccessDeniedException", "You don't have permissions to access this resource.")


def refusal(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Code and text of the error that a call ends with."""
    with pytest.raises(AwsError) as caught:
        call(**request)
    return caught.value.error_code, caught.value.text


def reason(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Code and Reason of the error that a call ends with."""
    with pytest.raises(AwsError) as caught:
        call(**request)
    return caught.value.error_code, caught.value.fields["Reason"]


def document(effect: str = "Deny", action: str = "s3:*", **more: Any) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_an_organization(local: LocalCloud) -> None:
    api = local.root().organizations
    assert refusal(api.describe_organization) == OUTSIDE
    made = api.create_organization(FeatureSet="ALL")["Organization"]
    assert made["Id"].startswith("o-")
    assert len(made["Id"]) == 12
    arn = f"arn:aws:organizations::111122223333:organization/{made['Id']}"
    assert made["Arn"] == arn
    assert made["MasterAccountArn"] == (
        f"arn:aws:organizations::111122223333:account/{made['Id']}/111122223333"
    )
    assert made["AvailablePolicyTypes"] == [{"Type": SCP, "Status": "ENABLED"}]
    assert api.describe_organization() == {"Organization": made}
    assert refusal(api.create_organization) == (
        "AlreadyInOrganizationException",
        "The AWS account is already a member of an organization.",
    )
    api.delete_organization()
    assert refusal(api.list_roots) == OUTSIDE
    again = api.create_organization()["Organization"]
    assert again["Id"] != made["Id"]


def test_deleting_leaves_nothing(world: World) -> None:
    world.enable()
    unit = world.unit("a")
    policy = world.policy(document())
    world.api.attach_policy(PolicyId=policy, TargetId=unit)
    world.api.delete_organization()
    world.api.create_organization()
    assert refusal(world.api.describe_policy, PolicyId=policy)[0] == "PolicyNotFoundException"
    missing = refusal(world.api.describe_organizational_unit, OrganizationalUnitId=unit)
    assert missing[0] == "OrganizationalUnitNotFoundException"


def test_only_an_empty_organization_is_deleted(world: World) -> None:
    world.account()
    assert refusal(world.api.delete_organization) == (
        "OrganizationNotEmptyException",
        "To delete an organization you must first remove all member accounts (except the master).",
    )


def test_consolidated_billing_knows_no_policies(local: LocalCloud) -> None:
    api = local.root().organizations
    made = api.create_organization(FeatureSet="CONSOLIDATED_BILLING")["Organization"]
    assert made["AvailablePolicyTypes"] == []
    root = api.list_roots()["Roots"][0]["Id"]
    code = "PolicyTypeNotAvailableForOrganizationException"
    assert refusal(api.enable_policy_type, RootId=root, PolicyType=SCP)[0] == code
    asked = {"Content": document(), "Description": "", "Name": "p", "Type": SCP}
    assert refusal(api.create_policy, **asked)[0] == code
    assert api.list_policies(Filter=SCP)["Policies"] == []


def test_a_policy_type_goes_on_and_off(world: World) -> None:
    api, root = world.api, world.root
    assert api.list_roots()["Roots"][0]["PolicyTypes"] == []
    unit, account = world.unit("a"), world.account()
    on = api.enable_policy_type(RootId=root, PolicyType=SCP)["Root"]
    assert on["PolicyTypes"] == [{"Type": SCP, "Status": "ENABLED"}]
    assert on["Arn"].endswith(f":root/{world.organization['Id']}/{root}")
    for target in (root, unit, account, "111122223333", world.unit("b"), world.account("new")):
        found = api.list_policies_for_target(TargetId=target, Filter=SCP)["Policies"]
        assert [each["Id"] for each in found] == ["p-FullAWSAccess"]
    assert refusal(api.enable_policy_type, RootId=root, PolicyType=SCP)[0] == (
        "PolicyTypeAlreadyEnabledException"
    )
    policy = world.policy(document())
    api.attach_policy(PolicyId=policy, TargetId=unit)
    off = api.disable_policy_type(RootId=root, PolicyType=SCP)["Root"]
    assert off["PolicyTypes"] == []
    assert api.list_targets_for_policy(PolicyId=policy)["Targets"] == []
    assert refusal(api.disable_policy_type, RootId=root, PolicyType=SCP) == (
        "PolicyTypeNotEnabledException",
        "This operation can be performed only for enabled policy types.",
    )
    api.enable_policy_type(RootId=root, PolicyType=SCP)
    found = api.list_policies_for_target(TargetId=unit, Filter=SCP)["Policies"]
    assert [each["Id"] for each in found] == ["p-FullAWSAccess"]
    assert refusal(api.enable_policy_type, RootId="r-none", PolicyType=RCP)[0] == (
        "RootNotFoundException"
    )


def test_other_policy_types_are_missing_by_name(world: World) -> None:
    asked = {"RootId": world.root, "PolicyType": "TAG_POLICY"}
    code, text = refusal(world.api.enable_policy_type, **asked)
    assert code == "NotImplemented"
    assert "TAG_POLICY" in text
    assert world.api.list_policies(Filter="TAG_POLICY")["Policies"] == []


def test_members_may_ask_for_little(world: World) -> None:
    member = world.local.root(world.account()).organizations
    assert member.describe_organization()["Organization"] == world.organization
    for call in (
        member.list_accounts,
        member.list_roots,
        member.delete_organization,
        member.list_handshakes_for_organization,
    ):
        assert refusal(call) == DENIED
    stranger = world.local.root("999988887777").organizations
    assert refusal(stranger.list_accounts) == OUTSIDE


def test_one_organization_sees_nothing_of_another(world: World) -> None:
    other = world.local.root("999988887777").organizations
    other.create_organization()
    unit, policy = world.unit("a"), world.policy(document())
    account = world.account()
    missing = {
        "describe_organizational_unit": {"OrganizationalUnitId": unit},
        "describe_policy": {"PolicyId": policy},
        "describe_account": {"AccountId": account},
        "list_children": {"ParentId": world.root, "ChildType": "ACCOUNT"},
        "list_parents": {"ChildId": account},
        "list_tags_for_resource": {"ResourceId": policy},
    }
    for name, request in missing.items():
        assert refusal(getattr(other, name), **request)[0].endswith("NotFoundException")


@pytest.mark.parametrize(
    ("method", "request_", "told"),
    [
        ("describe_account", {"AccountId": "12"}, "INVALID_PATTERN"),
        ("list_policies", {"Filter": "NONSENSE"}, "INVALID_ENUM"),
        ("list_accounts", {"MaxResults": 21}, "MAX_VALUE_EXCEEDED"),
        ("list_accounts", {"MaxResults": 0}, "MIN_VALUE_EXCEEDED"),
        ("list_accounts", {"NextToken": "forged"}, "INVALID_NEXT_TOKEN"),
        ("describe_policy", {}, "INPUT_REQUIRED"),
        ("create_account", {"AccountName": "", "Email": "a@b.example"}, "MIN_LENGTH_EXCEEDED"),
        ("create_account", {"AccountName": "a" * 200, "Email": "a@b.io"}, "MAX_LENGTH_EXCEEDED"),
        ("describe_effective_policy", {"PolicyType": SCP}, "INVALID_ENUM_POLICY_TYPE"),
    ],
)
def test_bad_values_have_reasons(
    world: World, method: str, request_: dict[str, Any], told: str
) -> None:
    assert reason(getattr(world.api, method), **request_) == ("InvalidInputException", told)


def test_what_nobody_can_have_configured(world: World) -> None:
    api = world.api
    assert api.list_aws_service_access_for_organization() == {"EnabledServicePrincipals": []}
    assert api.list_delegated_administrators() == {"DelegatedAdministrators": []}
    assert api.list_handshakes_for_organization() == {"Handshakes": []}
    assert api.list_handshakes_for_account() == {"Handshakes": []}
    assert refusal(api.describe_resource_policy)[0] == "ResourcePolicyNotFoundException"
    handshake = {"HandshakeId": "h-examplehandshakeid111"}
    assert refusal(api.describe_handshake, **handshake)[0] == "HandshakeNotFoundException"
    effective = refusal(api.describe_effective_policy, PolicyType="TAG_POLICY")
    assert effective[0] == "EffectivePolicyNotFoundException"
    assert refusal(api.enable_aws_service_access, ServicePrincipal="sso.amazonaws.com")[0] == (
        "NotImplemented"
    )

"""What Organizations' operations ask of policies: the ARNs of what a request names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.organizations.test_api_organizations import SCP, document, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.services.organizations.conftest import World


def statement(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    named = [f"organizations:{action}" for action in actions]
    return {"Effect": "Allow", "Action": named, "Resource": resource, **more}


def user(world: World, *statements: dict[str, Any]) -> Any:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return world.local.user("ann", text).organizations


def is_denied(call: Callable[..., Any], **request: Any) -> bool:
    return refusal(call, **request)[0].startswith("AccessDenied")


def test_a_denial_names_the_resource(world: World) -> None:
    ann = user(world, statement("ListRoots"))
    unit = world.unit("a")
    ann.list_roots()
    code, text = refusal(ann.describe_organizational_unit, OrganizationalUnitId=unit)
    assert code.startswith("AccessDenied")
    assert text.startswith(
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: "
        "organizations:DescribeOrganizationalUnit on resource: "
        f"arn:aws:organizations::111122223333:ou/{world.organization['Id']}/{unit} because no "
        "identity-based policy allows the organizations:DescribeOrganizationalUnit action"
    )


def test_attaching_needs_the_policy_and_the_target(world: World) -> None:
    world.enable()
    first, second, policy = world.unit("a"), world.unit("b"), world.policy(document())
    organization = world.organization["Id"]
    here = f"arn:aws:organizations::111122223333:ou/{organization}/{first}"
    policies = "arn:aws:organizations::111122223333:policy/*"
    ann = user(world, statement("AttachPolicy", resource=[here, policies]))
    ann.attach_policy(PolicyId=policy, TargetId=first)
    assert is_denied(ann.attach_policy, PolicyId=policy, TargetId=second)


def test_moving_needs_both_parents(world: World) -> None:
    unit, account = world.unit("a"), world.account()
    organization = world.organization["Id"]
    own = "arn:aws:organizations::111122223333"
    allowed = [f"{own}:account/{organization}/{account}", f"{own}:root/{organization}/*"]
    ann = user(world, statement("MoveAccount", resource=allowed))
    there = {"AccountId": account, "SourceParentId": world.root, "DestinationParentId": unit}
    assert is_denied(ann.move_account, **there)


@pytest.mark.parametrize(("kind", "may"), [(SCP, True), ("RESOURCE_CONTROL_POLICY", False)])
def test_types_of_policies_are_a_condition(world: World, kind: str, may: bool) -> None:
    condition = {"StringEquals": {"organizations:PolicyType": SCP}}
    ann = user(world, statement("ListPolicies", "DescribePolicy", Condition=condition))
    policy = "p-FullAWSAccess" if may else "p-RCPFullAWSAccess"
    if may:
        assert ann.list_policies(Filter=kind)["Policies"]
        assert ann.describe_policy(PolicyId=policy)
    else:
        assert is_denied(ann.list_policies, Filter=kind)
        assert is_denied(ann.describe_policy, PolicyId=policy)


def test_tagging_what_is_made_needs_its_own_right(world: World) -> None:
    ann = user(world, statement("CreateOrganizationalUnit"))
    ann.create_organizational_unit(ParentId=world.root, Name="a")
    tags = [{"Key": "k", "Value": "v"}]
    assert is_denied(ann.create_organizational_unit, ParentId=world.root, Name="b", Tags=tags)


def test_tags_of_a_resource_are_a_condition(world: World) -> None:
    unit = world.unit("a")
    condition = {"StringEquals": {"aws:ResourceTag/open": "yes"}}
    ann = user(world, statement("DeleteOrganizationalUnit", Condition=condition))
    assert is_denied(ann.delete_organizational_unit, OrganizationalUnitId=unit)
    world.api.tag_resource(ResourceId=unit, Tags=[{"Key": "open", "Value": "yes"}])
    ann.delete_organizational_unit(OrganizationalUnitId=unit)

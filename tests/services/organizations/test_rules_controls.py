"""What binds an account: level by level, forgotten as soon as anything changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.services.organizations.test_api_organizations import RCP, SCP, document

from cloudling.kernel.authorize import NO_CONTROLS

if TYPE_CHECKING:
    from tests.services.organizations.conftest import World

    from cloudling.kernel.authorize import Controls

ACCOUNT = "111122223333"


def controls(world: World, account: str) -> Controls:
    return world.local.cloud.organizations.controls(account)


def names(levels: tuple[tuple[object, ...], ...]) -> list[list[str]]:
    return [[policy.name for policy in level] for level in levels]  # type: ignore[attr-defined]


def test_outside_nothing_binds(world: World) -> None:
    assert controls(world, "999988887777") == NO_CONTROLS
    account = world.account()
    assert controls(world, account).organization == world.organization["Id"]
    world.local.advance(4 * 86_400)
    world.api.remove_account_from_organization(AccountId=account)
    assert controls(world, account) == NO_CONTROLS


def test_the_management_account_is_bound_by_nothing(world: World) -> None:
    world.enable(SCP)
    world.enable(RCP)
    found = controls(world, ACCOUNT)
    assert found.management
    assert found.path == f"{world.organization['Id']}/{world.root}/"
    assert (found.service, found.resource) == ((), ())


def test_each_level_has_its_policies(world: World) -> None:
    outer = world.unit("outer")
    inner = world.unit("inner", outer)
    account = world.account(parent=inner)
    found = controls(world, account)
    assert found.path == f"{world.organization['Id']}/{world.root}/{outer}/{inner}/"
    assert (found.service, found.resource) == ((), ())
    world.enable(RCP)
    assert names(controls(world, account).resource) == [["RCPFullAWSAccess"]] * 4
    assert controls(world, account).service == ()
    world.enable(SCP)
    policy = world.policy(document(), "no storage")
    world.api.attach_policy(PolicyId=policy, TargetId=outer)
    levels = [["FullAWSAccess"]] * 4
    levels[1] = ["FullAWSAccess", "no storage"]
    assert [sorted(level) for level in names(controls(world, account).service)] == levels
    arns = {named.arn for named in controls(world, account).service[1]}
    own = f"arn:aws:organizations::{ACCOUNT}:policy/{world.organization['Id']}"
    assert f"{own}/service_control_policy/{policy}" in arns


def test_changes_hold_at_once(world: World) -> None:
    world.enable()
    unit, account = world.unit("a"), world.account()
    policy = world.policy(document(), "one")
    world.api.attach_policy(PolicyId=policy, TargetId=unit)
    assert len(controls(world, account).service) == 2
    world.api.move_account(AccountId=account, SourceParentId=world.root, DestinationParentId=unit)
    assert "one" in names(controls(world, account).service)[1]
    world.api.update_policy(PolicyId=policy, Name="two")
    assert "two" in names(controls(world, account).service)[1]
    world.api.detach_policy(PolicyId=policy, TargetId=unit)
    assert names(controls(world, account).service)[1] == ["FullAWSAccess"]
    assert controls(world, account) is controls(world, account)
    world.api.disable_policy_type(RootId=world.root, PolicyType=SCP)
    assert controls(world, account).service == ()

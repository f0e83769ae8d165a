"""Control policies at work: the course's cases, and how levels narrow each other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
from tests.services.organizations.test_api_organizations import RCP, SCP, document, refusal

from cloudling.cli.explain import tell
from cloudling.kernel.decisions.log import DecisionLog
from cloudling.services.iam.credentials import root_of

if TYPE_CHECKING:
    from tests.services.organizations.conftest import World

MANAGEMENT = "111122223333"


def scp(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def hang(world: World, text: str, target: str, name: str = "p", kind: str = SCP) -> str:
    policy = world.policy(text, name, kind)
    world.api.attach_policy(PolicyId=policy, TargetId=target)
    return policy


def test_an_scp_stops_a_members_root_and_not_the_management_accounts(world: World) -> None:
    world.enable()
    account = world.account()
    deny_root = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}},
    }
    policy = hang(world, scp(deny_root), world.root)
    code, text = refusal(world.local.root(account).s3.create_bucket, Bucket="of-a-member")
    assert code == "AccessDenied"
    arn = f"arn:aws:organizations::{MANAGEMENT}:policy/{world.organization['Id']}"
    assert text.startswith(f"User: arn:aws:iam::{account}:root is not authorized to perform: ")
    assert (
        "with an explicit deny in a service control policy: "
        f"{arn}/service_control_policy/{policy}" in text
    )
    world.local.root().s3.create_bucket(Bucket="of-the-management")
    inside = world.local.root().sts  # root may not assume: a user of the management account does
    assert inside.get_caller_identity()["Account"] == MANAGEMENT
    world.api.detach_policy(PolicyId=policy, TargetId=world.root)
    world.local.root(account).s3.create_bucket(Bucket="of-a-member")


def test_a_region_lock_spares_global_services(world: World) -> None:
    world.enable()
    account = world.account()
    lock = {
        "Effect": "Deny",
        "NotAction": ["iam:*", "organizations:*", "sts:*", "s3:ListAllMyBuckets"],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}},
    }
    hang(world, scp(lock), world.root)
    local = world.local
    abroad, home = local.root(account, "us-west-2"), local.root(account, "eu-central-1")
    where = {"LocationConstraint": "us-west-2"}
    asked = {"Bucket": "abroad", "CreateBucketConfiguration": where}
    assert refusal(abroad.s3.create_bucket, **asked)[0] == "AccessDenied"
    where = {"LocationConstraint": "eu-central-1"}
    home.s3.create_bucket(Bucket="at-home", CreateBucketConfiguration=where)
    abroad.iam.create_user(UserName="ann")
    abroad.s3.list_buckets()


def test_each_level_must_allow(world: World) -> None:
    world.enable()
    unit = world.unit("a")
    account = world.account(parent=unit)
    root = world.local.root(account)
    hang(world, document("Allow"), unit)
    root.iam.list_users()
    world.api.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    root.s3.list_buckets()
    code, text = refusal(root.iam.list_users)
    assert code == "AccessDenied"
    assert "because no service control policy allows the iam:ListUsers action" in text
    world.api.disable_policy_type(RootId=world.root, PolicyType=SCP)
    root.iam.list_users()


def test_users_and_sessions_of_a_member_are_bound_too(world: World) -> None:
    world.enable()
    account = world.account()
    everything = scp({"Effect": "Allow", "Action": "*", "Resource": "*"})
    ann = world.local.user("ann", everything, account=account)
    bob = world.local.user("bob", everything)
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    session = bob.sts.assume_role(RoleArn=role, RoleSessionName="bob")["Credentials"]
    hang(world, document(), world.root)
    assert refusal(ann.s3.list_buckets)[0] == "AccessDenied"
    assert refusal(world.local.session(session).s3.list_buckets)[0] == "AccessDenied"
    bob.s3.list_buckets()


def test_an_rcp_binds_whoever_comes_to_a_members_buckets(world: World) -> None:
    world.enable(RCP)
    account = world.account()
    member, outer = world.local.root(account), world.local.root()
    member.s3.create_bucket(Bucket="of-a-member")
    outer.s3.create_bucket(Bucket="of-the-management")
    hang(world, document(action="s3:PutObject", Principal="*"), world.root, kind=RCP)
    code, text = refusal(member.s3.put_object, Bucket="of-a-member", Key="k", Body=b"")
    assert code == "AccessDenied"
    assert "explicit deny in a resource control policy" in text
    outer.s3.put_object(Bucket="of-the-management", Key="k", Body=b"")


def test_leaving_is_stopped_by_a_policy(world: World) -> None:
    world.enable()
    account = world.account()
    hang(world, document(action="organizations:LeaveOrganization"), world.root)
    world.local.advance(5 * 86_400)
    code, text = refusal(world.local.root(account).organizations.leave_organization)
    assert code.startswith("AccessDenied")
    assert "service control policy" in text


def test_the_organization_is_a_condition(world: World) -> None:
    account = world.account(parent=world.unit("a"))
    condition = {
        "StringEquals": {"aws:PrincipalOrgID": world.organization["Id"]},
        "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{world.organization['Id']}/*/ou-*"},
    }
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}
    ann = world.local.user("ann", scp(allow), account=account)
    ann.s3.list_buckets()
    bob = world.local.user("bob", scp(allow))
    assert refusal(bob.s3.list_buckets)[0] == "AccessDenied"
    assert world.local.cloud.organizations.controls(root_of(account).account).path


def test_the_level_that_refuses_is_told(world: World) -> None:
    world.enable()
    account = world.account()
    narrow = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
    policy = hang(world, scp(narrow), account)
    world.api.detach_policy(PolicyId="p-FullAWSAccess", TargetId=account)
    refusal(world.local.root(account).s3.list_buckets)
    decisions = world.local.cloud.decisions
    assert isinstance(decisions, DecisionLog)
    [record] = decisions.last(1)
    [check] = [each for each in record.checks if each["policyType"] == "service control policy"]
    [[arn]] = check["refusing"]
    assert arn.endswith(policy)
    assert (record.wanting, len(record.remedies)) == (["service control policy"], 1)
    assert f"a level refuses that has only {arn}" in tell(msgspec.to_builtins(record))

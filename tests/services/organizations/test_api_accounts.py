"""Accounts: asked for, made, moved, closed, let go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.organizations.test_api_organizations import reason, refusal

from cloudling.kernel import AwsError
from cloudling.services.iam.credentials import root_of

if TYPE_CHECKING:
    from tests.services.organizations.conftest import World

DAY = 86_400.0


def ask(world: World, name: str = "dev", **more: Any) -> dict[str, Any]:
    email = f"{name}@example.com"
    asked = world.api.create_account(Email=email, AccountName=name, **more)
    found: dict[str, Any] = asked["CreateAccountStatus"]
    return found


def status(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    told = world.api.describe_create_account_status(CreateAccountRequestId=asked["Id"])
    found: dict[str, Any] = told["CreateAccountStatus"]
    return found


def test_an_account_is_made_in_its_own_time(world: World) -> None:
    asked = ask(world)
    assert asked["State"] == "IN_PROGRESS"
    assert asked.keys() == {"Id", "AccountName", "State", "RequestedTimestamp"}
    world.local.advance(0.5)
    assert status(world, asked) == asked
    listed = world.api.list_create_account_status(States=["IN_PROGRESS"])
    assert listed == {"CreateAccountStatuses": [asked]}
    world.local.advance(1)
    done = status(world, asked)
    assert done["State"] == "SUCCEEDED"
    assert done["CompletedTimestamp"] > done["RequestedTimestamp"]
    assert world.api.list_create_account_status(States=["IN_PROGRESS"]) == {
        "CreateAccountStatuses": []
    }
    account = world.api.describe_account(AccountId=done["AccountId"])["Account"]
    organization = world.organization["Id"]
    assert account == {
        "Id": done["AccountId"],
        "Arn": f"arn:aws:organizations::111122223333:account/{organization}/{done['AccountId']}",
        "Email": "dev@example.com",
        "Name": "dev",
        "Status": "ACTIVE",
        "State": "ACTIVE",
        "Paths": [f"{organization}/{world.root}/{done['AccountId']}/"],
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": done["CompletedTimestamp"],
    }
    assert account in world.api.list_accounts()["Accounts"]
    assert account in world.api.list_accounts_for_parent(ParentId=world.root)["Accounts"]


def test_the_management_account_enters_by_its_role(world: World) -> None:
    account = world.account(RoleName="Door")
    trust = world.local.root(account).iam.get_role(RoleName="Door")["Role"]
    assert "111122223333%3Aroot" in trust["AssumeRolePolicyDocument"]
    assume = json.dumps({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": f"arn:aws:iam::{account}:role/Door",
        },
    })  # fmt: skip
    admin = world.local.user("admin", assume)
    session = admin.sts.assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/Door", RoleSessionName="session"
    )
    inside = world.local.session(session["Credentials"])
    inside.s3.create_bucket(Bucket="made-from-above")
    assert inside.sts.get_caller_identity()["Account"] == account


def test_the_role_is_called_as_aws_calls_it(world: World) -> None:
    account = world.account()
    attached = world.local.root(account).iam.list_attached_role_policies(
        RoleName="OrganizationAccountAccessRole"
    )
    assert attached["AttachedPolicies"] == [
        {
            "PolicyName": "AdministratorAccess",
            "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
        }
    ]
    asked = {"Email": "a@example.com", "AccountName": "a", "RoleName": "AWSServiceRoleForMe"}
    assert reason(world.api.create_account, **asked) == (
        "InvalidInputException",
        "INVALID_ROLE_NAME",
    )


def test_no_control_policy_keeps_an_account_from_being_made(world: World) -> None:
    world.enable()
    nothing = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    policy = world.policy(json.dumps({"Version": "2012-10-17", "Statement": nothing}))
    world.api.attach_policy(PolicyId=policy, TargetId=world.root)
    assert world.account()


def test_an_address_serves_one_account(world: World) -> None:
    world.account()
    again = ask(world)
    world.local.advance(5)
    done = status(world, again)
    assert (done["State"], done["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")
    assert "AccountId" not in done
    assert len(world.api.list_accounts()["Accounts"]) == 2


def test_a_cloud_that_starts_again_makes_what_was_asked_for(world: World) -> None:
    """The reconciler looks at the state: nothing of a run before is needed."""
    asked = ask(world)
    world.local.clock.advance(60)
    world.local.run(world.local.cloud.reconcilers.settle())
    assert status(world, asked)["State"] == "SUCCEEDED"
    world.local.run(world.local.cloud.reconcilers.settle())
    assert len(world.api.list_accounts()["Accounts"]) == 2


def test_how_many_there_may_be(world: World) -> None:
    for number in range(5):
        ask(world, f"a{number}")
    create = world.api.create_account
    more = {"Email": "more@example.com", "AccountName": "more"}
    assert reason(create, **more)[1] == "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED"
    world.local.advance(5)
    for number in range(4):
        ask(world, f"b{number}")
    assert reason(create, **more) == (
        "ConstraintViolationException",
        "ACCOUNT_NUMBER_LIMIT_EXCEEDED",
    )


def test_statuses_that_do_not_exist(world: World) -> None:
    asked = {"CreateAccountRequestId": "car-12345678"}
    assert refusal(world.api.describe_create_account_status, **asked)[0] == (
        "CreateAccountStatusNotFoundException"
    )


def test_moving(world: World) -> None:
    unit, account = world.unit("a"), world.account()
    move = world.api.move_account
    there = {"AccountId": account, "SourceParentId": world.root, "DestinationParentId": unit}
    move(**there)
    listed = world.api.list_accounts_for_parent(ParentId=unit)["Accounts"]
    assert [each["Id"] for each in listed] == [account]
    assert refusal(move, **there)[0] == "DuplicateAccountException"
    back = {"AccountId": account, "SourceParentId": world.root, "DestinationParentId": world.root}
    assert refusal(move, **back)[0] == "SourceParentNotFoundException"
    nowhere = {**there, "SourceParentId": unit, "DestinationParentId": "ou-none-12345678"}
    assert refusal(move, **nowhere)[0] == "DestinationParentNotFoundException"
    nobody = {**there, "AccountId": "999988887777"}
    assert refusal(move, **nobody) == (
        "AccountNotFoundException",
        "You specified an account that doesn't exist.",
    )


def test_leaving_takes_four_days(world: World) -> None:
    first, second = world.account("one"), world.account("two")
    member = world.local.root(second).organizations
    remove = world.api.remove_account_from_organization
    early = ("ConstraintViolationException", "WAIT_PERIOD_ACTIVE")
    assert reason(remove, AccountId=first) == early
    assert reason(member.leave_organization) == early
    world.local.advance(4 * DAY)
    remove(AccountId=first)
    member.leave_organization()
    assert len(world.api.list_accounts()["Accounts"]) == 1
    assert refusal(member.describe_organization)[0] == "AWSOrganizationsNotInUseException"
    assert world.local.root(first).iam.list_roles()["Roles"]
    code = "MasterCannotLeaveOrganizationException"
    assert refusal(remove, AccountId="111122223333")[0] == code
    assert refusal(world.api.leave_organization)[0] == code


def test_a_closed_accounts_credentials_serve_no_more(world: World) -> None:
    account = world.account()
    local = world.local
    key = local.root(account).iam.create_access_key()["AccessKey"]
    find = local.cloud.credentials.find
    assert local.run(find(key["AccessKeyId"], "")) is not None
    assert local.run(find(account, "")) is not None
    world.api.close_account(AccountId=account)
    assert local.run(find(key["AccessKeyId"], "")) is None
    assert local.run(find(account, "")) is None
    assert refusal(world.api.close_account, AccountId=account)[0] == "ConflictException"
    local.advance(5)
    told = world.api.describe_account(AccountId=account)["Account"]
    assert (told["Status"], told["State"]) == ("SUSPENDED", "CLOSED")
    code = "AccountAlreadyClosedException"
    assert refusal(world.api.close_account, AccountId=account)[0] == code
    local.advance(90 * DAY)
    assert refusal(world.api.describe_account, AccountId=account)[0] == "AccountNotFoundException"


def test_the_management_account_is_not_closed(world: World) -> None:
    told = reason(world.api.close_account, AccountId="111122223333")
    assert told == ("ConstraintViolationException", "CANNOT_CLOSE_MANAGEMENT_ACCOUNT")


def test_a_service_on_its_own_needs_a_resources_policy(world: World) -> None:
    """Only inside an account does it act on that account's behalf."""
    local = world.local
    client = local.cloud.client(root_of("111122223333"), "us-east-1")
    alone = client.as_service("sns.amazonaws.com").s3
    with pytest.raises(AwsError) as caught:
        local.run(alone.list_buckets())
    assert caught.value.error_code == "AccessDenied"
    inside = client.as_service("sns.amazonaws.com", "111122223333").s3
    assert local.run(inside.list_buckets())["Buckets"] == []

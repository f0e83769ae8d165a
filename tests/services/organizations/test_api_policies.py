"""Control policies: their texts, where they hang, how many there may be; and tags."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.organizations.test_api_organizations import (
    RCP,
    SCP,
    document,
    reason,
    refusal,
)

if TYPE_CHECKING:
    from tests.services.organizations.conftest import World

MALFORMED = (
    "MalformedPolicyDocumentException",
    "The provided policy document does not meet the requirements of the specified policy type.",
)


def test_a_policy(world: World) -> None:
    api, text = world.api, document()
    tags = [{"Key": "team", "Value": "core"}]
    asked = {"Content": text, "Description": "no storage", "Name": "no-s3", "Type": SCP}
    made = api.create_policy(**asked, Tags=tags)["Policy"]
    told = made["PolicySummary"]
    assert told == {
        "Id": told["Id"],
        "Arn": f"arn:aws:organizations::111122223333:policy/{world.organization['Id']}"
        f"/service_control_policy/{told['Id']}",
        "Name": "no-s3",
        "Description": "no storage",
        "Type": SCP,
        "AwsManaged": False,
    }
    assert made["Content"] == text
    assert api.describe_policy(PolicyId=told["Id"]) == {"Policy": made}
    assert api.list_tags_for_resource(ResourceId=told["Id"]) == {"Tags": tags}
    assert refusal(api.create_policy, **asked) == (
        "DuplicatePolicyException",
        "A policy with the specified name and type already exists.",
    )
    changed = api.update_policy(
        PolicyId=told["Id"], Name="n", Description="d", Content=document(action="sqs:*")
    )
    assert changed["Policy"]["PolicySummary"] == {**told, "Name": "n", "Description": "d"}
    assert "sqs" in changed["Policy"]["Content"]
    listed = [each["Id"] for each in api.list_policies(Filter=SCP)["Policies"]]
    assert listed == ["p-FullAWSAccess", told["Id"]]
    api.delete_policy(PolicyId=told["Id"])
    assert refusal(api.describe_policy, PolicyId=told["Id"]) == (
        "PolicyNotFoundException",
        "You specified a policy that doesn't exist.",
    )


@pytest.mark.parametrize(("kind", "policy"), [(SCP, "FullAWSAccess"), (RCP, "RCPFullAWSAccess")])
def test_policies_of_aws(world: World, kind: str, policy: str) -> None:
    told = world.api.describe_policy(PolicyId=f"p-{policy}")["Policy"]
    assert told["PolicySummary"]["Arn"] == (
        f"arn:aws:organizations::aws:policy/{kind.lower()}/p-{policy}"
    )
    assert told["PolicySummary"]["AwsManaged"] is True
    assert json.loads(told["Content"])["Statement"][0]["Effect"] == "Allow"
    immutable = ("InvalidInputException", "IMMUTABLE_POLICY")
    assert reason(world.api.update_policy, PolicyId=f"p-{policy}", Name="x") == immutable
    assert reason(world.api.delete_policy, PolicyId=f"p-{policy}") == immutable


def test_attaching_and_detaching(world: World) -> None:
    api, unit, policy = world.api, world.unit("a"), world.policy(document())
    place = {"PolicyId": policy, "TargetId": unit}
    assert refusal(api.attach_policy, **place)[0] == "PolicyTypeNotEnabledException"
    world.enable()
    api.attach_policy(**place)
    assert refusal(api.attach_policy, **place) == (
        "DuplicatePolicyAttachmentException",
        "The selected policy is already attached to the specified target.",
    )
    assert api.list_targets_for_policy(PolicyId=policy) == {
        "Targets": [
            {
                "TargetId": unit,
                "Arn": f"arn:aws:organizations::111122223333:ou/{world.organization['Id']}/{unit}",
                "Name": "a",
                "Type": "ORGANIZATIONAL_UNIT",
            }
        ]
    }
    assert refusal(api.delete_policy, PolicyId=policy)[0] == "PolicyInUseException"
    api.detach_policy(**place)
    assert refusal(api.detach_policy, **place)[0] == "PolicyNotAttachedException"
    nowhere = {"PolicyId": policy, "TargetId": "ou-none-12345678"}
    assert refusal(api.attach_policy, **nowhere) == (
        "TargetNotFoundException",
        "You specified a target that doesn't exist.",
    )
    none = {"PolicyId": "p-12345678", "TargetId": unit}
    assert refusal(api.attach_policy, **none)[0] == "PolicyNotFoundException"


def test_the_last_policy_stays(world: World) -> None:
    world.enable()
    full = {"PolicyId": "p-FullAWSAccess", "TargetId": world.root}
    assert reason(world.api.detach_policy, **full) == (
        "ConstraintViolationException",
        "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
    )
    policy = world.policy(document("Allow"))
    world.api.attach_policy(PolicyId=policy, TargetId=world.root)
    world.api.detach_policy(**full)
    last = {"PolicyId": policy, "TargetId": world.root}
    assert reason(world.api.detach_policy, **last)[1].startswith("MIN_POLICY_TYPE")


def test_aws_resource_control_policy_stays(world: World) -> None:
    world.enable(RCP)
    policy = world.policy(document(Principal="*"), kind=RCP)
    world.api.attach_policy(PolicyId=policy, TargetId=world.root)
    full = {"PolicyId": "p-RCPFullAWSAccess", "TargetId": world.root}
    assert reason(world.api.detach_policy, **full)[1] == "NON_DETACHABLE_POLICY"
    world.api.detach_policy(PolicyId=policy, TargetId=world.root)


@pytest.mark.parametrize(("kind", "most"), [(SCP, 10), (RCP, 5)])
def test_how_many_one_target_holds(world: World, kind: str, most: int) -> None:
    world.enable(kind)
    text = document() if kind == SCP else document(Principal="*")
    made = [world.policy(text, f"p{number}", kind) for number in range(most)]
    for policy in made[1:]:
        world.api.attach_policy(PolicyId=policy, TargetId=world.root)
    one_more = {"PolicyId": made[0], "TargetId": world.root}
    assert reason(world.api.attach_policy, **one_more) == (
        "ConstraintViolationException",
        "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
    )


@pytest.mark.parametrize(("kind", "most"), [(SCP, 10_240), (RCP, 5120)])
def test_how_long_a_policy_is(world: World, kind: str, most: int) -> None:
    text = document() if kind == SCP else document(Principal="*")
    fits = text + " " * (most - len(text))
    assert world.policy(fits, "fits", kind)
    asked = {"Content": fits + " ", "Description": "", "Name": "long", "Type": kind}
    assert reason(world.api.create_policy, **asked) == (
        "ConstraintViolationException",
        "POLICY_CONTENT_LIMIT_EXCEEDED",
    )


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (SCP, "{"),
        (SCP, "[]"),
        (SCP, json.dumps({"Version": "2012-10-17"})),
        (SCP, document(Principal="*")),
        (SCP, document("Perhaps")),
        (SCP, document(action="nonsense")),
        (RCP, document()),
        (RCP, document("Allow", Principal="*")),
        (RCP, document(Principal={"AWS": "111122223333"})),
    ],
)
def test_texts_that_are_no_such_policy(world: World, kind: str, text: str) -> None:
    asked = {"Content": text, "Description": "", "Name": "x", "Type": kind}
    assert refusal(world.api.create_policy, **asked) == MALFORMED


def test_tags(world: World) -> None:
    api, unit = world.api, world.unit("a")
    tag = {"ResourceId": unit, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]}
    api.tag_resource(**tag)
    api.tag_resource(ResourceId=unit, Tags=[{"Key": "a", "Value": "2"}])
    api.untag_resource(ResourceId=unit, TagKeys=["b", "c"])
    told = api.list_tags_for_resource(ResourceId=unit)
    assert told == {"Tags": [{"Key": "a", "Value": "2"}]}
    account = world.account(Tags=[{"Key": "env", "Value": "dev"}])
    told = api.list_tags_for_resource(ResourceId=account)
    assert told == {"Tags": [{"Key": "env", "Value": "dev"}]}


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ([{"Key": "aws:x", "Value": ""}], "INVALID_SYSTEM_TAGS_PARAMETER"),
        ([{"Key": "a", "Value": ""}, {"Key": "a", "Value": "b"}], "DUPLICATE_TAG_KEY"),
        ([{"Key": str(n), "Value": ""} for n in range(51)], "MAX_TAG_LIMIT_EXCEEDED"),
    ],
)
def test_tags_that_are_refused(world: World, tags: list[dict[str, Any]], told: str) -> None:
    assert reason(world.api.tag_resource, ResourceId=world.root, Tags=tags)[1] == told


def test_tags_of_what_is_not_there(world: World) -> None:
    for resource in ("p-12345678", "ou-none-12345678", "999988887777", "rp-1234"):
        asked = {"ResourceId": resource, "Tags": []}
        assert refusal(world.api.tag_resource, **asked)[0] == "TargetNotFoundException"
    asked = {"ResourceId": "p-FullAWSAccess", "Tags": []}
    assert reason(world.api.tag_resource, **asked)[1] == "TARGET_NOT_SUPPORTED"

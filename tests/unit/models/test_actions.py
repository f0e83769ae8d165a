"""The service authorization reference as shipped."""

import pytest

from cloudling.models import actions


def test_an_action() -> None:
    action = actions.actions("s3")["GetObject"]
    assert action.level == "Read"
    assert action.is_read_only
    assert "object" in action.resources
    assert "s3:ExistingObjectTag/<key>" in action.condition_keys


def test_templates_and_keys() -> None:
    reference = actions.load("s3")
    assert reference.title == "Amazon S3"
    assert reference.resources["object"] == "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
    assert "aws:ResourceTag/${TagKey}" in reference.resource_keys["accesspoint"]
    assert reference.condition_keys["aws:TagKeys"] == "ArrayOfString"


def test_required_resources_and_dependents() -> None:
    action = actions.actions("ec2")["RunInstances"]
    required = {"image", "instance", "network-interface", "security-group", "subnet"}
    assert required <= set(action.required_resources)
    assert "key-pair" not in action.required_resources
    assert "iam:PassRole" in action.dependent_actions


@pytest.mark.parametrize(
    ("action", "level"),
    [
        ("s3:PutObject", "Write"),
        ("S3:putobject", "Write"),
        ("s3:ListBucket", "List"),
        ("iam:AttachRolePolicy", "Permissions management"),
        ("sqs:TagQueue", "Tagging"),
        ("s3:NoSuchAction", None),
        ("nosuch:Action", None),
        ("../s3:GetObject", None),
        ("", None),
    ],
)
def test_access_levels(action: str, level: str | None) -> None:
    assert actions.access_level(action) == level


@pytest.mark.parametrize("prefix", ["iam", "sts", "s3", "ec2", "sqs", "lambda"])
def test_every_resource_of_an_action_has_a_template(prefix: str) -> None:
    reference = actions.load(prefix)
    assert reference.actions
    named = {kind for action in reference.actions.values() for kind in action.resources}
    assert named <= set(reference.resources)


def test_condition_keys_of_each_resource() -> None:
    action = actions.actions("ec2")["RunInstances"]
    assert "ec2:InstanceType" in action.keys_on("instance")
    assert "ec2:InstanceType" not in action.keys_on("image")
    assert "ec2:Region" in action.keys_on("image")
    assert action.keys_on("no such resource") == action.own_keys
    all_keys = {key for kind in action.resources for key in action.keys_on(kind)}
    assert all_keys == set(action.condition_keys)

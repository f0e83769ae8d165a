"""Who may do what with instances: by their type, their tags and their profile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel.errors import AccessDenied

if TYPE_CHECKING:
    from tests.services.ec2.data_plane import Plane


def allowed(plane: Plane, name: str, condition: dict[str, Any], own: str) -> bool:
    statement = {
        "Effect": "Allow",
        "Action": "ec2:StopInstances",
        "Resource": "*",
        "Condition": condition,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client = plane.local.user(name, policy).ec2
    try:
        client.stop_instances(InstanceIds=[own])
    except AccessDenied:
        return False
    return True


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"ec2:InstanceType": "t2.micro"}}, True),
        ({"StringEquals": {"ec2:InstanceType": "t2.small"}}, False),
        ({"StringEquals": {"ec2:ResourceTag/Team": "a"}}, True),
        ({"StringEquals": {"aws:ResourceTag/Team": "b"}}, False),
        ({"StringEquals": {"ec2:MetadataHttpTokens": "optional"}}, True),
        ({"Bool": {"ec2:EbsOptimized": "true"}}, False),
        ({"StringEquals": {"ec2:AvailabilityZone": "us-east-1a"}}, True),
        ({"Null": {"ec2:Vpc": "false"}}, False),
    ],
)
def test_what_an_instance_is_like(plane: Plane, condition: dict[str, Any], expected: bool) -> None:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Team", "Value": "a"}]}]
    own = plane.run(TagSpecifications=tags)
    assert allowed(plane, "ann", condition, own) == expected
    assert plane.state(own) == ("stopping" if expected else "running")


def test_volumes_by_their_size(plane: Plane) -> None:
    plane.run()
    (volume,) = plane.ec2.describe_volumes()["Volumes"]
    statement = {
        "Effect": "Allow",
        "Action": "ec2:CreateTags",
        "Resource": "*",
        "Condition": {"NumericEquals": {"ec2:VolumeSize": "8"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ann = plane.local.user("ann", policy).ec2
    ann.create_tags(Resources=[volume["VolumeId"]], Tags=[{"Key": "a", "Value": "b"}])
    with pytest.raises(AccessDenied):
        ann.create_tags(Resources=["vol-0123456789abcdef0"], Tags=[{"Key": "a", "Value": "b"}])

"""Public images by name, owner, filter and id; and instances, of which there are none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

AMAZON_LINUX_2 = "amzn2-ami-hvm-*-x86_64-gp2"


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        call(**request)
    return caught.value.error_code, caught.value.text


def images(local: LocalCloud, region: str = "us-east-1", **request: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = local.root(region=region).ec2.describe_images(**request)["Images"]
    return found


def by(name: str, *values: str) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": list(values)}]


@pytest.mark.parametrize(
    ("name", "owner", "architecture", "root"),
    [
        (AMAZON_LINUX_2, "137112412989", "x86_64", "/dev/xvda"),
        ("amzn2-ami-kernel-5.10-hvm-2.0.*-arm64-gp2", "137112412989", "arm64", "/dev/xvda"),
        ("al2023-ami-2023.*-kernel-6.1-x86_64", "137112412989", "x86_64", "/dev/xvda"),
        (
            "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*",
            "099720109477",
            "x86_64",
            "/dev/sda1",
        ),
        (
            "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*",
            "099720109477",
            "arm64",
            "/dev/sda1",
        ),
        ("debian-12-amd64-*", "136693071363", "x86_64", "/dev/xvda"),
    ],
)
def test_found_by_the_names_of_tutorials(
    local: LocalCloud, name: str, owner: str, architecture: str, root: str
) -> None:
    (found,) = images(local, Owners=[owner], Filters=by("name", name))
    assert (found["OwnerId"], found["Architecture"]) == (owner, architecture)
    assert found["RootDeviceName"] == root == found["BlockDeviceMappings"][0]["DeviceName"]
    assert found["State"] == "available"
    assert found["Public"] is True
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT00:00:00\.000Z", found["CreationDate"])
    day = found["CreationDate"][:10].replace("-", "")
    assert day in found["Name"]
    assert images(local, Owners=["amazon"], Filters=by("name", name)) == [found]


def test_ids_stay_the_same_and_are_a_regions_own(local: LocalCloud) -> None:
    (here,) = images(local, Filters=by("name", AMAZON_LINUX_2))
    (there,) = images(local, "eu-west-1", Filters=by("name", AMAZON_LINUX_2))
    assert here["ImageId"] == "ami-0" + here["ImageId"][5:]
    assert len(here["ImageId"]) == 21
    assert here["ImageId"] != there["ImageId"]
    assert images(local, ImageIds=[here["ImageId"]]) == [here]
    absent = refused(local.root().ec2.describe_images, ImageIds=[there["ImageId"]])
    assert absent == (
        "InvalidAMIID.NotFound",
        f"The image id '[{there['ImageId']}]' does not exist",
    )
    everywhere = [each["ImageId"] for each in images(local)]
    assert len(everywhere) == len(set(everywhere))


def test_whose_they_are_and_who_may_launch_them(local: LocalCloud) -> None:
    every = images(local)
    assert images(local, Owners=["self"]) == []
    assert images(local, Owners=["aws-marketplace"]) == []
    assert images(local, Owners=["self", "amazon"]) == every
    assert images(local, ExecutableUsers=["all"]) == every
    assert images(local, ExecutableUsers=["self"]) == []
    describe = local.root().ec2.describe_images
    for member in ("Owners", "ExecutableUsers"):
        code, text = refused(describe, **{member: ["somebody"]})
        assert (code, text) == ("InvalidUserID.Malformed", 'Invalid user id: "somebody"')


@pytest.mark.parametrize(
    ("name", "value", "some"),
    [
        ("architecture", "arm64", True),
        ("block-device-mapping.volume-type", "gp3", True),
        ("block-device-mapping.volume-size", "8", True),
        ("creation-date", "2026-*", True),
        ("description", "Amazon Linux 2023*", True),
        ("ena-support", "true", True),
        ("hypervisor", "xen", True),
        ("image-type", "machine", True),
        ("is-public", "false", False),
        ("manifest-location", "amazon/debian*", True),
        ("owner-alias", "amazon", True),
        ("owner-alias", "unknown", False),
        ("owner-id", "099720109477", True),
        ("platform", "windows", False),
        ("root-device-type", "ebs", True),
        ("state", "available", True),
        ("tag-key", "a", False),
        ("virtualization-type", "hvm", True),
    ],
)
def test_filters(local: LocalCloud, name: str, value: str, some: bool) -> None:
    assert bool(images(local, Filters=by(name, value))) is some


def test_pages_of_images(local: LocalCloud) -> None:
    ec2 = local.root().ec2
    first = ec2.describe_images(MaxResults=4)
    rest = ec2.describe_images(MaxResults=1000, NextToken=first["NextToken"])
    assert [*first["Images"], *rest["Images"]] == images(local)
    named = {"ImageIds": [first["Images"][0]["ImageId"]], "MaxResults": 5}
    assert refused(ec2.describe_images, **named)[0] == "InvalidParameterCombination"


def test_ids_that_are_none(local: LocalCloud) -> None:
    describe = local.root().ec2.describe_images
    assert refused(describe, ImageIds=["not-an-ami"])[0] == "InvalidAMIID.Malformed"
    two = ["ami-0123456789abcdef0", "ami-0123456789abcdef1"]
    assert refused(describe, ImageIds=two) == (
        "InvalidAMIID.NotFound",
        f"The image ids '[{two[0]}, {two[1]}]' do not exist",
    )


def test_tags_on_an_image_are_the_callers_own(local: LocalCloud) -> None:
    image = images(local)[0]["ImageId"]
    tags = [{"Key": "mine", "Value": "yes"}]
    local.root().ec2.create_tags(Resources=[image], Tags=tags)
    (found,) = images(local, Filters=by("tag:mine", "yes"))
    assert (found["ImageId"], found["Tags"]) == (image, tags)
    other = local.root("444455556666").ec2.describe_images(ImageIds=[image])["Images"]
    assert "Tags" not in other[0]


def test_attributes_are_told_to_owners_only(local: LocalCloud) -> None:
    image = images(local)[0]["ImageId"]
    describe = local.root().ec2.describe_image_attribute
    assert refused(describe, ImageId=image, Attribute="launchPermission") == (
        "AuthFailure",
        f"Not authorized for image:{image}",
    )
    assert refused(describe, ImageId=image, Attribute="colour")[0] == "InvalidRequest"
    assert refused(describe, ImageId=image)[0] == "MissingParameter"
    unknown = "ami-0123456789abcdef0"
    assert refused(describe, ImageId=unknown, Attribute="description")[0] == "InvalidAMIID.NotFound"


def test_there_are_no_instances(local: LocalCloud) -> None:
    ec2 = local.root().ec2
    assert ec2.describe_instances() == {"Reservations": []}
    assert ec2.describe_instance_status(IncludeAllInstances=True) == {"InstanceStatuses": []}
    for describe in (ec2.describe_instances, ec2.describe_instance_status):
        assert describe(Filters=by("instance-state-name", "running")).popitem()[1] == []
        one = ["i-0123456789abcdef0"]
        assert refused(describe, InstanceIds=one) == (
            "InvalidInstanceID.NotFound",
            "The instance ID 'i-0123456789abcdef0' does not exist",
        )
        assert refused(describe, InstanceIds=["i-"])[0] == "InvalidInstanceID.Malformed"
        assert refused(describe, InstanceIds=one, MaxResults=5) == (
            "InvalidParameterCombination",
            "The parameter instancesSet cannot be used with the parameter maxResults",
        )
        assert refused(describe, MaxResults=4)[0] == "InvalidParameterValue"
        assert refused(describe, Filters=by("colour", "red")) == (
            "InvalidParameterValue",
            "The filter 'colour' is invalid",
        )


def test_launching_without_a_driver_says_why(local: LocalCloud) -> None:
    (image,) = images(local, Filters=by("name", "amzn2-ami-hvm-*-x86_64-gp2"))
    launch = {"ImageId": image["ImageId"], "MinCount": 1, "MaxCount": 1}
    assert refused(local.root().ec2.run_instances, **launch) == (
        "InsufficientInstanceCapacity",
        "We currently do not have sufficient capacity to launch the instance type you requested. "
        "Cloudling was started without machines.",
    )

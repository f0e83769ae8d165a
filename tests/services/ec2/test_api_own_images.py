"""Images of one's own: made of instances, snapshots and other images; shared and given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError
from cloudling.kernel.authorize import Controls

if TYPE_CHECKING:
    from tests.services.ec2.data_plane import Plane

OTHER = "444455556666"


def refused(call: Any, **request: Any) -> str:
    with pytest.raises(AwsError) as caught:
        call(**request)
    return caught.value.error_code


def image(plane: Plane, image_id: str) -> dict[str, Any]:
    (found,) = plane.ec2.describe_images(ImageIds=[image_id])["Images"]
    return dict(found)


def made(plane: Plane, **request: Any) -> tuple[str, str]:
    """An instance that runs, and an image of it."""
    own = plane.run()
    found = plane.ec2.create_image(**{"InstanceId": own, "Name": "mine", **request})["ImageId"]
    plane.settle()
    return own, str(found)


def test_an_image_of_an_instance_and_an_instance_of_it(plane: Plane) -> None:
    own = plane.run()
    before = plane.machines.running[own]
    tags = [
        {"ResourceType": kind, "Tags": [{"Key": "of", "Value": kind}]}
        for kind in ("image", "snapshot")
    ]
    new = plane.ec2.create_image(InstanceId=own, Name="mine", TagSpecifications=tags)["ImageId"]
    assert image(plane, new)["State"] == "pending"
    with pytest.raises(AwsError, match=r"InvalidAMIID\.Unavailable"):
        plane.launch(ImageId=new)
    plane.settle()
    found = image(plane, new)
    assert (found["State"], found["Name"], found["Public"]) == ("available", "mine", False)
    assert found["SourceInstanceId"] == own
    assert found["Tags"] == [{"Key": "of", "Value": "image"}]
    assert plane.ec2.describe_images(Owners=["self"])["Images"] == [found]
    snapshot_id = found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    (snapshot,) = plane.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert (snapshot["SnapshotId"], snapshot["State"]) == (snapshot_id, "completed")
    assert (snapshot["Progress"], snapshot["VolumeSize"]) == ("100%", 8)
    assert plane.roots.captured == {new}
    # It was stopped meanwhile, and is the same instance again.
    assert plane.machines.running[own] is not before
    assert plane.state(own) == "running"
    second = plane.run(ImageId=new)
    assert plane.machines.running[second].root == new
    assert plane.machines.running[second].user == "ec2-user"


def test_without_a_reboot_the_instance_goes_on(plane: Plane) -> None:
    own = plane.run()
    machine = plane.machines.running[own]
    plane.ec2.create_image(InstanceId=own, Name="mine", NoReboot=True)
    plane.settle()
    assert plane.machines.running[own] is machine
    assert len(plane.roots.captured) == 1


def test_an_image_that_cannot_be_made(plane: Plane) -> None:
    own = plane.run()
    plane.machines.disks.clear()
    new = plane.ec2.create_image(InstanceId=own, Name="mine", NoReboot=True)["ImageId"]
    plane.settle()
    found = image(plane, new)
    assert found["State"] == "failed"
    assert "There is no machine" in found["StateReason"]["Message"]


def test_names_of_images(plane: Plane) -> None:
    own, _ = made(plane)
    create = plane.ec2.create_image
    assert refused(create, InstanceId=own, Name="mine") == "InvalidAMIName.Duplicate"
    assert refused(create, InstanceId=own, Name="no") == "InvalidAMIName.Malformed"
    plane.ec2.terminate_instances(InstanceIds=[own])
    assert refused(create, InstanceId=own, Name="late") == "IncorrectInstanceState"


def test_giving_an_image_up(plane: Plane) -> None:
    own, new = made(plane)
    second = plane.run(ImageId=new)
    snapshot = image(plane, new)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    assert refused(plane.ec2.delete_snapshot, SnapshotId=snapshot) == "InvalidSnapshot.InUse"
    plane.ec2.deregister_image(ImageId=new)
    assert plane.ec2.describe_images(ImageIds=[new])["Images"] == []
    assert plane.ec2.describe_images(Owners=["self"])["Images"] == []
    assert refused(plane.ec2.deregister_image, ImageId=new) == "InvalidAMIID.NotFound"
    assert plane.roots.captured == {new}
    plane.ec2.delete_snapshot(SnapshotId=snapshot)
    plane.settle()
    assert plane.roots.captured == set()
    assert plane.ec2.describe_snapshots()["Snapshots"] == []
    for each in (own, second):
        plane.ec2.stop_instances(InstanceIds=[each])
    plane.settle()
    plane.machines.roots.capture(new)  # the driver still has what its disks lie over
    plane.ec2.start_instances(InstanceIds=[second])
    plane.settle()
    assert plane.state(second) == "running"
    plane.local.advance(3600)
    assert refused(plane.ec2.describe_images, ImageIds=[new]) == "InvalidAMIID.NotFound"


def test_giving_image_and_snapshot_up_at_once(plane: Plane) -> None:
    _, new = made(plane)
    told = plane.ec2.deregister_image(ImageId=new, DeleteAssociatedSnapshots=True)
    assert told["DeleteSnapshotResults"][0]["ReturnCode"] == "success"
    plane.settle()
    assert plane.roots.captured == set()


def test_an_image_of_a_snapshot(plane: Plane) -> None:
    _, new = made(plane)
    snapshot = image(plane, new)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    root = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot, "VolumeType": "gp3"}}
    registered = plane.ec2.register_image(
        Name="again",
        Architecture="x86_64",
        RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[root],
        EnaSupport=True,
    )["ImageId"]
    assert image(plane, registered)["State"] == "available"
    assert plane.machines.running[plane.run(ImageId=registered)].root == new
    none = {"Name": "none", "RootDeviceName": "/dev/xvda"}
    assert refused(plane.ec2.register_image, **none) == "InvalidBlockDeviceMapping"
    other = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-0123456789abcdef0"}}]
    assert refused(plane.ec2.register_image, **none, BlockDeviceMappings=other) == (
        "InvalidSnapshot.NotFound"
    )
    assert refused(plane.ec2.register_image, Name="store", ImageLocation="b/k") == "NotImplemented"


def test_a_copy_in_another_region(plane: Plane) -> None:
    _, new = made(plane)
    there = plane.local.root(region="eu-west-1").ec2
    copied = there.copy_image(SourceImageId=new, SourceRegion="us-east-1", Name="copy")["ImageId"]
    (found,) = there.describe_images(ImageIds=[copied])["Images"]
    assert (found["SourceImageId"], found["SourceImageRegion"]) == (new, "us-east-1")
    assert refused(plane.ec2.describe_images, ImageIds=[copied]) == "InvalidAMIID.NotFound"
    plane.ec2.deregister_image(ImageId=new, DeleteAssociatedSnapshots=True)
    plane.settle()
    assert plane.roots.captured == {new}
    encrypted = {"SourceImageId": copied, "SourceRegion": "eu-west-1", "Encrypted": True}
    assert refused(there.copy_image, Name="no", **encrypted) == "NotImplemented"


def test_sharing(plane: Plane) -> None:
    _, new = made(plane)
    other = plane.local.root(OTHER).ec2
    assert refused(other.describe_images, ImageIds=[new]) == "InvalidAMIID.NotFound"
    modify = plane.ec2.modify_image_attribute
    modify(ImageId=new, LaunchPermission={"Add": [{"UserId": OTHER}]})
    told = plane.ec2.describe_image_attribute(ImageId=new, Attribute="launchPermission")
    assert told["LaunchPermissions"] == [{"UserId": OTHER}]
    (seen,) = other.describe_images(ImageIds=[new])["Images"]
    assert seen["OwnerId"] == "111122223333"
    assert other.describe_images(ExecutableUsers=["self"])["Images"] == [seen]
    assert refused(other.modify_image_attribute, ImageId=new, Description={"Value": "x"}) == (
        "AuthFailure"
    )
    launched = other.run_instances(ImageId=new, MinCount=1, MaxCount=1, InstanceType="t2.micro")[
        "Instances"
    ]
    plane.settle()
    assert plane.machines.running[launched[0]["InstanceId"]].root == new
    modify(ImageId=new, Attribute="launchPermission", OperationType="add", UserGroups=["all"])
    assert image(plane, new)["Public"] is True
    plane.ec2.reset_image_attribute(ImageId=new, Attribute="launchPermission")
    assert refused(other.describe_images, ImageIds=[new]) == "InvalidAMIID.NotFound"
    wrong = {"LaunchPermission": {"Add": [{"UserId": "me"}]}}
    assert refused(modify, ImageId=new, **wrong) == "InvalidAMIAttributeItemValue"
    wrong = {"LaunchPermission": {"Add": [{"Group": "some"}]}}
    assert refused(modify, ImageId=new, **wrong) == "InvalidAMIAttributeItemValue"


class Bound:
    """Every account is in the organization's unit."""

    def controls(self, account: str) -> Controls:
        return Controls(organization="o-exampleorgid", path="o-exampleorgid/r-ab12/ou-ab12-web/")


def test_sharing_with_an_organization(plane: Plane) -> None:
    _, new = made(plane)
    other = plane.local.root(OTHER).ec2
    modify, place = plane.ec2.modify_image_attribute, "arn:aws:organizations::111122223333"
    plane.local.cloud.organizations = Bound()  # type: ignore[assignment] # closed accounts apart
    whole = {"OrganizationArn": f"{place}:organization/o-exampleorgid"}
    unit = {"OrganizationalUnitArn": f"{place}:ou/o-exampleorgid/ou-ab12-web"}
    for permission in (whole, unit):
        modify(ImageId=new, LaunchPermission={"Add": [permission]})
        assert len(other.describe_images(ImageIds=[new])["Images"]) == 1
        modify(ImageId=new, LaunchPermission={"Remove": [permission]})
        assert refused(other.describe_images, ImageIds=[new]) == "InvalidAMIID.NotFound"


def test_descriptions(plane: Plane) -> None:
    _, new = made(plane)
    plane.ec2.modify_image_attribute(ImageId=new, Description={"Value": "first"})
    assert image(plane, new)["Description"] == "first"
    told = plane.ec2.describe_image_attribute(ImageId=new, Attribute="description")
    assert told["Description"] == {"Value": "first"}
    assert refused(plane.ec2.modify_image_attribute, ImageId=new) == "MissingParameter"
    public = plane.image()
    assert refused(
        plane.ec2.modify_image_attribute, ImageId=public, Description={"Value": "x"}
    ) == ("AuthFailure")
    plane.ec2.create_tags(Resources=[new], Tags=[{"Key": "a", "Value": "b"}])
    assert image(plane, new)["Tags"] == [{"Key": "a", "Value": "b"}]

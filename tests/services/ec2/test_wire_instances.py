"""Instances by boto3 over HTTP, as clients parse them; the machines are fakes."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.services.ec2.data_plane import attach_fakes

from cloudling.kernel.clock import ManualClock
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = "#!/bin/sh\necho hello\n"


class Wire:
    """A running cloud on fakes, and boto3's client of EC2."""

    def __init__(self, cloud: RunningCloud) -> None:
        self.cloud = cloud
        self.machines = attach_fakes(cloud.app.cloud)
        self.ec2 = cloud.client("ec2", region_name="eu-west-1")

    def image(self) -> str:
        named = [{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}]
        (found,) = self.ec2.describe_images(Owners=["amazon"], Filters=named)["Images"]
        return str(found["ImageId"])

    def run(self, **request: Any) -> str:
        usual = {"ImageId": self.image(), "MinCount": 1, "MaxCount": 1, "InstanceType": "t2.micro"}
        (made,) = self.ec2.run_instances(**{**usual, **request})["Instances"]
        self.settle()
        return str(made["InstanceId"])

    def settle(self) -> None:
        self.cloud.advance(0)

    def describe(self, own: str) -> dict[str, Any]:
        (reservation,) = self.ec2.describe_instances(InstanceIds=[own])["Reservations"]
        (found,) = reservation["Instances"]
        return dict(found)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with RunningCloud(clock=ManualClock(time.time())) as running:
        yield Wire(running)


def refusal(call: Any, **request: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_an_instance_through_its_life(wire: Wire) -> None:
    ec2 = wire.ec2
    ec2.create_key_pair(KeyName="mine")
    own = wire.run(KeyName="mine", UserData=SCRIPT)
    ec2.get_waiter("instance_running").wait(InstanceIds=[own])
    found = wire.describe(own)
    assert found["State"] == {"Code": 16, "Name": "running"}
    assert found["PublicDnsName"].endswith(".eu-west-1.compute.amazonaws.com")
    assert found["PrivateDnsName"].endswith(".eu-west-1.compute.internal")
    assert wire.machines.running[own].script == SCRIPT.encode()
    (status,) = ec2.describe_instance_status(InstanceIds=[own])["InstanceStatuses"]
    assert status["InstanceStatus"]["Status"] == "ok"
    output = ec2.get_console_output(InstanceId=own)["Output"]
    assert output.endswith("started\n")
    ec2.reboot_instances(InstanceIds=[own])
    (stopping,) = ec2.stop_instances(InstanceIds=[own])["StoppingInstances"]
    assert stopping["CurrentState"] == {"Code": 64, "Name": "stopping"}
    wire.settle()
    assert wire.describe(own)["State"]["Name"] == "stopped"
    (starting,) = ec2.start_instances(InstanceIds=[own])["StartingInstances"]
    assert starting["CurrentState"]["Name"] == "pending"
    wire.settle()
    (ending,) = ec2.terminate_instances(InstanceIds=[own])["TerminatingInstances"]
    assert ending["PreviousState"]["Name"] == "running"
    wire.settle()
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[own])


def test_a_launch_that_is_refused(wire: Wire) -> None:
    launch = {"ImageId": wire.image(), "MinCount": 1, "MaxCount": 1}
    assert refusal(wire.ec2.run_instances, **launch, DryRun=True) == ("DryRunOperation", 412)
    assert refusal(wire.ec2.run_instances, **launch, KeyName="none") == (
        "InvalidKeyPair.NotFound",
        400,
    )
    wire.cloud.app.cloud.machines = None
    assert refusal(wire.ec2.run_instances, **launch) == ("InsufficientInstanceCapacity", 500)


def test_attributes(wire: Wire) -> None:
    ec2, own = wire.ec2, wire.run(UserData=SCRIPT)
    told = ec2.describe_instance_attribute(InstanceId=own, Attribute="userData")
    assert base64.b64decode(told["UserData"]["Value"]).decode() == SCRIPT
    ec2.modify_instance_attribute(InstanceId=own, DisableApiTermination={"Value": True})
    assert refusal(ec2.terminate_instances, InstanceIds=[own]) == ("OperationNotPermitted", 400)
    told = ec2.describe_instance_attribute(InstanceId=own, Attribute="disableApiTermination")
    assert told["DisableApiTermination"] == {"Value": True}
    ec2.stop_instances(InstanceIds=[own])
    wire.settle()
    ec2.modify_instance_attribute(InstanceId=own, UserData={"Value": b"other"})
    told = ec2.describe_instance_attribute(InstanceId=own, Attribute="userData")
    assert base64.b64decode(told["UserData"]["Value"]) == b"other"
    ec2.reset_instance_attribute(InstanceId=own, Attribute="sourceDestCheck")
    ec2.modify_instance_metadata_options(InstanceId=own, HttpTokens="required")
    assert wire.describe(own)["MetadataOptions"]["HttpTokens"] == "required"
    assert ec2.modify_instance_metadata_defaults(HttpTokens="required")["Return"] is True
    told = ec2.get_instance_metadata_defaults()["AccountLevel"]
    assert told == {"HttpTokens": "required"}


def test_monitoring_credits_and_passwords(wire: Wire) -> None:
    ec2, own = wire.ec2, wire.run(InstanceType="t3.micro")
    (told,) = ec2.monitor_instances(InstanceIds=[own])["InstanceMonitorings"]
    assert told["Monitoring"]["State"] == "pending"
    ec2.unmonitor_instances(InstanceIds=[own])
    assert wire.describe(own)["Monitoring"]["State"] == "disabled"
    changed = ec2.modify_instance_credit_specification(
        InstanceCreditSpecifications=[{"InstanceId": own, "CpuCredits": "standard"}]
    )
    assert changed["SuccessfulInstanceCreditSpecifications"] == [{"InstanceId": own}]
    (told,) = ec2.describe_instance_credit_specifications(InstanceIds=[own])[
        "InstanceCreditSpecifications"
    ]
    assert told["CpuCredits"] == "standard"
    assert ec2.get_password_data(InstanceId=own)["PasswordData"] == ""


def test_profiles(wire: Wire) -> None:
    iam = wire.cloud.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=text)
    iam.create_instance_profile(InstanceProfileName="app")
    iam.add_role_to_instance_profile(InstanceProfileName="app", RoleName="app")
    iam.close()
    ec2, own = wire.ec2, wire.run()
    named = {"IamInstanceProfile": {"Name": "app"}}
    made = ec2.associate_iam_instance_profile(InstanceId=own, **named)
    first = made["IamInstanceProfileAssociation"]["AssociationId"]
    new = ec2.replace_iam_instance_profile_association(AssociationId=first, **named)
    second = new["IamInstanceProfileAssociation"]["AssociationId"]
    (told,) = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    assert told["AssociationId"] == second
    ec2.disassociate_iam_instance_profile(AssociationId=second)
    assert "IamInstanceProfile" not in wire.describe(own)


def test_interfaces_and_volumes(wire: Wire) -> None:
    ec2 = wire.ec2
    kept = {"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}
    card = {"DeviceIndex": 0, "DeleteOnTermination": False}
    own = wire.run(BlockDeviceMappings=[kept], NetworkInterfaces=[card])
    (found,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
    one = {"NetworkInterfaceId": found["NetworkInterfaceId"]}
    assert found["Attachment"]["InstanceId"] == own
    ec2.modify_network_interface_attribute(**one, Description={"Value": "front"})
    told = ec2.describe_network_interface_attribute(**one, Attribute="description")
    assert told["Description"] == {"Value": "front"}
    (volume,) = ec2.describe_volumes()["Volumes"]
    assert volume["Attachments"][0]["InstanceId"] == own
    volume_id = volume["VolumeId"]
    assert refusal(ec2.delete_volume, VolumeId=volume_id) == ("VolumeInUse", 400)
    ec2.terminate_instances(InstanceIds=[own])
    wire.settle()
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume_id])
    ec2.delete_network_interface(**one)
    ec2.delete_volume(VolumeId=volume_id)
    wire.settle()
    ec2.get_waiter("volume_deleted").wait(VolumeIds=[volume_id])


def test_images(wire: Wire) -> None:
    ec2, own = wire.ec2, wire.run()
    image = ec2.create_image(InstanceId=own, Name="mine")["ImageId"]
    wire.settle()
    ec2.get_waiter("image_available").wait(ImageIds=[image])
    (snapshot,) = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    ec2.modify_image_attribute(
        ImageId=image, LaunchPermission={"Add": [{"UserId": "444455556666"}]}
    )
    told = ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")
    assert told["LaunchPermissions"] == [{"UserId": "444455556666"}]
    ec2.reset_image_attribute(ImageId=image, Attribute="launchPermission")
    copied = ec2.copy_image(SourceImageId=image, SourceRegion="eu-west-1", Name="copy")["ImageId"]
    root = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot["SnapshotId"]}}
    registered = ec2.register_image(
        Name="again", RootDeviceName="/dev/xvda", BlockDeviceMappings=[root]
    )["ImageId"]
    for each in (image, copied, registered):
        assert ec2.deregister_image(ImageId=each)["Return"] is True
    assert ec2.describe_images(Owners=["self"])["Images"] == []
    ec2.delete_snapshot(SnapshotId=snapshot["SnapshotId"])
    wire.settle()
    assert refusal(ec2.describe_snapshots, SnapshotIds=[snapshot["SnapshotId"]]) == (
        "InvalidSnapshot.NotFound",
        400,
    )

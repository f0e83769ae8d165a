"""RunInstances: what it makes of a request, and what it refuses."""

from __future__ import annotations

import base64
import platform
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError
from cloudling.services.ec2 import image_catalogue

if TYPE_CHECKING:
    from tests.services.ec2.data_plane import Plane

SMALL = {"Ebs": {"VolumeSize": 4}}


def refused(plane: Plane, **request: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        plane.launch(**request)
    return caught.value.error_code, caught.value.text


def subnet(plane: Plane, zone: str = "us-east-1a") -> dict[str, Any]:
    named = [{"Name": "availability-zone", "Values": [zone]}]
    (found,) = plane.ec2.describe_subnets(Filters=named)["Subnets"]
    return dict(found)


def test_the_defaults_of_a_launch(plane: Plane) -> None:
    found = plane.describe(plane.run(InstanceType="t3.micro"))
    assert found["Placement"]["AvailabilityZone"] == "us-east-1a"
    assert found["SubnetId"] == subnet(plane)["SubnetId"]
    assert [each["GroupName"] for each in found["SecurityGroups"]] == ["default"]
    assert found["CpuOptions"] == {"CoreCount": 1, "ThreadsPerCore": 2}
    assert found["MetadataOptions"]["HttpTokens"] == "optional"
    (card,) = found["NetworkInterfaces"]
    assert card["Attachment"]["DeleteOnTermination"] is True
    assert card["PrivateIpAddresses"][0]["Association"]["PublicIp"] == found["PublicIpAddress"]
    (device,) = found["BlockDeviceMappings"]
    assert device["DeviceName"] == found["RootDeviceName"] == "/dev/xvda"
    assert "KeyName" not in found
    assert "Tags" not in found


def test_tags_of_all_that_is_made(plane: Plane) -> None:
    tags = [
        {"ResourceType": kind, "Tags": [{"Key": "of", "Value": kind}]}
        for kind in ("instance", "volume", "network-interface")
    ]
    found = plane.describe(plane.run(TagSpecifications=tags))
    assert found["Tags"] == [{"Key": "of", "Value": "instance"}]
    (volume,) = plane.ec2.describe_volumes()["Volumes"]
    assert volume["Tags"] == [{"Key": "of", "Value": "volume"}]
    (card,) = plane.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert card["TagSet"] == [{"Key": "of", "Value": "network-interface"}]
    wrong = [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}]}]
    assert refused(plane, TagSpecifications=wrong) == (
        "InvalidParameterValue",
        "'vpc' is not a valid taggable resource type for this operation.",
    )


def test_the_key_pair_of_a_launch(plane: Plane) -> None:
    plane.ec2.create_key_pair(KeyName="mine", KeyType="ed25519")
    own = plane.run(KeyName="mine")
    plane.ec2.delete_key_pair(KeyName="mine")
    assert plane.describe(own)["KeyName"] == "mine"
    (line,) = plane.machines.running[own].keys
    assert line.startswith("ssh-ed25519 ")
    assert refused(plane, KeyName="mine") == (
        "InvalidKeyPair.NotFound",
        "The key pair 'mine' does not exist",
    )


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        ({"MinCount": 0}, "InvalidParameterValue", "Value (0) for parameter minCount is invalid."),
        ({"MinCount": 3, "MaxCount": 2}, "InvalidParameterValue", "less than or equal to"),
        ({"ImageId": "ami"}, "InvalidAMIID.Malformed", 'Invalid id: "ami" (expecting "ami-...")'),
        (
            {"ImageId": "ami-0123456789abcdef0"},
            "InvalidAMIID.NotFound",
            "The image id '[ami-0123456789abcdef0]' does not exist",
        ),
        ({"InstanceType": "t2.huge"}, "InvalidParameterValue", "'t2.huge' does not exist"),
        ({"InstanceType": "t4g.micro"}, "InvalidParameterValue", "The architecture 'arm64' of the"),
        ({"UserData": "%"}, "InvalidUserData.Malformed", "Invalid BASE64 encoding of user data."),
        (
            {"UserData": base64.b64encode(b"x" * 16_385).decode()},
            "InvalidParameterValue",
            "User data is limited to 16384 bytes.",
        ),
        ({"SubnetId": "subnet-0123456789abcdef0"}, "InvalidSubnetID.NotFound", "does not exist"),
        ({"SecurityGroupIds": ["sg-01234567"]}, "InvalidGroup.NotFound", "'sg-01234567'"),
        ({"SecurityGroups": ["none"]}, "InvalidGroup.NotFound", "The security group 'none' does"),
        (
            {"Placement": {"AvailabilityZone": "us-west-1b"}},
            "InvalidParameterValue",
            "Invalid Availability Zone (us-west-1b)",
        ),
        ({"HibernationOptions": {"Configured": True}}, "UnsupportedHibernationConfiguration", ""),
        (
            {"InstanceInitiatedShutdownBehavior": "sleep"},
            "InvalidParameterValue",
            "instanceInitiatedShutdownBehavior is invalid.",
        ),
        ({"MetadataOptions": {"HttpTokens": "no"}}, "InvalidParameterValue", "HttpTokens"),
        ({"MetadataOptions": {"HttpPutResponseHopLimit": 65}}, "InvalidParameterValue", "1 and 64"),
        ({"EbsOptimized": True}, "Unsupported", "EBS-optimized instances are not supported"),
        (
            {"LaunchTemplate": {"LaunchTemplateName": "web"}},
            "NotImplemented",
            "LaunchTemplate of RunInstances is not implemented in Cloudling yet.",
        ),
        ({"Placement": {"GroupName": "near"}}, "NotImplemented", "Placement.GroupName"),
        ({"NetworkInterfaces": [{"DeviceIndex": 0}] * 2}, "NotImplemented", "A second network"),
        (
            {"NetworkInterfaces": [{"DeviceIndex": 0}], "SubnetId": "subnet-1"},
            "InvalidParameterCombination",
            "Network interfaces and an instance-level subnet ID may not be specified",
        ),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", **SMALL}]},
            "InvalidBlockDeviceMapping",
            "Volume of size 4GB is smaller than snapshot 'snap-",
        ),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/sdf", **SMALL}]},
            "NotImplemented",
            "Volumes besides the root (/dev/sdf)",
        ),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}]},
            "NotImplemented",
            "Encrypted volumes",
        ),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeType": "io1"}}]},
            "MissingParameter",
            "The parameter iops must be specified for io1 volumes.",
        ),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Iops": 100}}]},
            "InvalidParameterCombination",
            "The parameter iops is not supported for gp2 volumes.",
        ),
        ({"InstanceType": "m4.16xlarge", "MinCount": 5, "MaxCount": 5}, "VcpuLimitExceeded", "256"),
    ],
)
def test_what_is_refused(plane: Plane, request_: dict[str, Any], code: str, text: str) -> None:
    found, words = refused(plane, **request_)
    assert found == code
    assert text in words
    assert plane.ec2.describe_instances()["Reservations"] == []


def test_parameters_that_are_missing(plane: Plane) -> None:
    image = plane.image()
    for request, member in (
        ({"MinCount": 1, "MaxCount": 1}, "ImageId"),
        ({"ImageId": image, "MaxCount": 1}, "MinCount"),
        ({"ImageId": image, "MinCount": 1}, "MaxCount"),
    ):
        with pytest.raises(AwsError) as caught:
            plane.ec2.run_instances(**request)
        assert str(caught.value) == (
            f"MissingParameter: The request must contain the parameter {member}"
        )


def test_an_image_that_this_machine_cannot_run(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    arm = plane.image("amzn2-ami-hvm-*-arm64-gp2")
    code, text = refused(plane, ImageId=arm, InstanceType="t4g.micro")
    assert code == "Unsupported"
    assert "processors are x86_64, and arm64 programs cannot run on it" in text


def test_the_count_is_what_quota_and_addresses_allow(plane: Plane) -> None:
    made = plane.launch(InstanceType="m4.16xlarge", MinCount=1, MaxCount=9)
    assert len(made["Instances"]) == 4
    assert refused(plane)[0] == "VcpuLimitExceeded"


def test_the_same_token_launches_once(plane: Plane) -> None:
    first = plane.launch(ClientToken="once")
    plane.settle()
    again = plane.launch(ClientToken="once")
    assert again["ReservationId"] == first["ReservationId"]
    assert [each["InstanceId"] for each in again["Instances"]] == [
        each["InstanceId"] for each in first["Instances"]
    ]
    assert refused(plane, ClientToken="once", MaxCount=2)[0] == "IdempotentParameterMismatch"
    assert len(plane.ec2.describe_instances()["Reservations"]) == 1


def test_an_interface_of_ones_own_wishes(plane: Plane) -> None:
    group = plane.ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
    there = subnet(plane, "us-east-1b")
    address = f"{there['CidrBlock'].rpartition('.')[0]}.77"
    card = {
        "DeviceIndex": 0,
        "SubnetId": there["SubnetId"],
        "AssociatePublicIpAddress": False,
        "PrivateIpAddress": address,
        "Groups": [group],
        "Description": "mine",
        "DeleteOnTermination": False,
    }
    own = plane.run(NetworkInterfaces=[card])
    found = plane.describe(own)
    assert found["PrivateIpAddress"] == address
    assert found["PrivateDnsName"] == f"ip-{address.replace('.', '-')}.ec2.internal"
    assert "PublicIpAddress" not in found
    assert found["Placement"]["AvailabilityZone"] == "us-east-1b"
    after = subnet(plane, "us-east-1b")
    assert after["AvailableIpAddressCount"] == there["AvailableIpAddressCount"] - 1
    assert refused(plane, SubnetId=there["SubnetId"], PrivateIpAddress=address) == (
        "InvalidIPAddress.InUse",
        f"Address {address} is in use.",
    )
    plane.ec2.terminate_instances(InstanceIds=[own])
    plane.settle()
    (left,) = plane.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert (left["Status"], left["Description"], left["PrivateIpAddress"]) == (
        "available",
        "mine",
        address,
    )
    plane.ec2.delete_network_interface(NetworkInterfaceId=left["NetworkInterfaceId"])
    assert subnet(plane, "us-east-1b") == there


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("172.31.0.1", "Address is in subnet's reserved address range"),
        ("172.31.15.255", "Address is in subnet's reserved address range"),
        ("10.0.0.5", "Address does not fall within the subnet's address range"),
        ("here", "Invalid IPv4 address"),
    ],
)
def test_addresses_that_nobody_can_have(plane: Plane, address: str, text: str) -> None:
    code, words = refused(plane, PrivateIpAddress=address)
    assert code == "InvalidParameterValue"
    assert text in words


def test_the_root_volume_as_it_is_wished(plane: Plane) -> None:
    ebs = {"VolumeSize": 20, "VolumeType": "gp3", "Throughput": 200, "DeleteOnTermination": False}
    own = plane.run(BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": ebs}])
    (volume,) = plane.ec2.describe_volumes()["Volumes"]
    assert (volume["Size"], volume["VolumeType"], volume["Iops"]) == (20, "gp3", 3000)
    assert volume["Throughput"] == 200
    assert plane.machines.running[own].limits.disk == 20 * 2**30
    plane.ec2.terminate_instances(InstanceIds=[own])
    plane.settle()
    (left,) = plane.ec2.describe_volumes()["Volumes"]
    assert (left["State"], left["Attachments"]) == ("available", [])
    assert own in plane.machines.disks
    plane.ec2.delete_volume(VolumeId=volume["VolumeId"])
    plane.settle()
    assert plane.ec2.describe_volumes()["Volumes"] == []
    assert own not in plane.machines.disks


def test_a_dry_run_does_nothing(plane: Plane) -> None:
    assert refused(plane, DryRun=True)[0] == "DryRunOperation"
    assert plane.ec2.describe_instances()["Reservations"] == []


@pytest.mark.parametrize(
    ("name", "root", "user"),
    [
        ("al2023-ami-2023*-6.1-x86_64", "amazon-linux-2023", "ec2-user"),
        ("ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-*", "ubuntu-22.04", "ubuntu"),
        ("ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-*", "ubuntu-24.04", "ubuntu"),
        ("debian-12-amd64-*", "debian-12", "admin"),
    ],
)
def test_what_stands_behind_images(plane: Plane, name: str, root: str, user: str) -> None:
    machine = plane.machines.running[plane.run(ImageId=plane.image(name), InstanceType="t3.micro")]
    assert (machine.root, machine.user) == (root, user)


def test_every_public_image_is_of_a_family() -> None:
    for image in image_catalogue.images("us-east-1").values():
        assert image_catalogue.family(image["Name"])


def test_images_that_want_tokens(plane: Plane) -> None:
    own = plane.run(ImageId=plane.image("al2023-ami-2023*-6.1-x86_64"), InstanceType="t3.micro")
    assert plane.describe(own)["MetadataOptions"]["HttpTokens"] == "required"
    told = plane.carrier.instances[own]
    assert (told.is_token_required, told.hop_limit, told.is_enabled) == (True, 2, True)
    plane.ec2.modify_instance_metadata_options(
        InstanceId=own, HttpTokens="optional", HttpEndpoint="disabled", HttpPutResponseHopLimit=3
    )
    plane.settle()
    told = plane.carrier.instances[own]
    assert (told.is_token_required, told.hop_limit, told.is_enabled) == (False, 3, False)


def test_an_accounts_wishes_for_metadata(plane: Plane) -> None:
    plane.ec2.modify_instance_metadata_defaults(HttpTokens="required", HttpPutResponseHopLimit=2)
    told = plane.ec2.get_instance_metadata_defaults()["AccountLevel"]
    assert told == {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}
    assert plane.describe(plane.run())["MetadataOptions"]["HttpTokens"] == "required"
    plane.ec2.modify_instance_metadata_defaults(
        HttpTokens="no-preference", HttpPutResponseHopLimit=-1
    )
    assert plane.ec2.get_instance_metadata_defaults() == {"AccountLevel": {}}
    assert plane.describe(plane.run())["MetadataOptions"]["HttpTokens"] == "optional"

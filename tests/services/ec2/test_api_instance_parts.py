"""What belongs to instances: attributes, profiles, interfaces, consoles, status, credits."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError

if TYPE_CHECKING:
    from tests.services.ec2.data_plane import Plane

TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "ec2.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


def refused(call: Any, **request: Any) -> str:
    with pytest.raises(AwsError) as caught:
        call(**request)
    return caught.value.error_code


def by(name: str, *values: str) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": list(values)}]


def profile(plane: Plane, name: str = "app") -> None:
    iam = plane.local.root().iam
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)


def credentials(plane: Plane, own: str, role: str = "app") -> dict[str, Any]:
    text = plane.carrier.instances[own].tree[f"meta-data/iam/security-credentials/{role}"]
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_role_whose_credentials_rotate(plane: Plane) -> None:
    profile(plane)
    own = plane.run(IamInstanceProfile={"Name": "app"})
    assert plane.describe(own)["IamInstanceProfile"]["Arn"].endswith(":instance-profile/app")
    first = credentials(plane, own)
    assert (first["Code"], first["Expiration"]) == ("Success", "2027-01-15T14:00:00Z")
    who = plane.local.run(plane.local.cloud.credentials.find(first["AccessKeyId"], first["Token"]))
    assert who is not None
    assert who.secret == first["SecretAccessKey"]
    assert who.identity.arn == f"arn:aws:sts::111122223333:assumed-role/app/{own}"
    plane.local.advance(5.5 * 3600 - 1)
    assert credentials(plane, own) == first
    plane.local.advance(1)
    second = credentials(plane, own)
    assert second["AccessKeyId"] != first["AccessKeyId"]
    assert second["Expiration"] == "2027-01-15T19:30:00Z"


def test_profiles_that_come_and_go(plane: Plane) -> None:
    profile(plane)
    profile(plane, "other")
    ec2, own = plane.ec2, plane.run()
    given = {"InstanceId": own, "IamInstanceProfile": {"Name": "app"}}
    made = ec2.associate_iam_instance_profile(**given)["IamInstanceProfileAssociation"]
    assert made["State"] == "associating"
    plane.settle()
    assert credentials(plane, own)["Code"] == "Success"
    assert refused(ec2.associate_iam_instance_profile, **given) == "IncorrectState"
    new = ec2.replace_iam_instance_profile_association(
        AssociationId=made["AssociationId"], IamInstanceProfile={"Name": "other"}
    )["IamInstanceProfileAssociation"]
    plane.settle()
    assert credentials(plane, own, "other")["Code"] == "Success"
    told = ec2.describe_iam_instance_profile_associations(Filters=by("instance-id", own))
    (only,) = told["IamInstanceProfileAssociations"]
    assert (only["AssociationId"], only["State"]) == (new["AssociationId"], "associated")
    ec2.disassociate_iam_instance_profile(AssociationId=new["AssociationId"])
    plane.settle()
    assert "IamInstanceProfile" not in plane.describe(own)
    assert not [path for path in plane.carrier.instances[own].tree if "/iam/" in path]
    missing = {"AssociationId": new["AssociationId"]}
    wrong = refused(ec2.disassociate_iam_instance_profile, **missing)
    assert wrong == "InvalidAssociationID.NotFound"
    ids = [new["AssociationId"]]
    wrong = refused(ec2.describe_iam_instance_profile_associations, AssociationIds=ids)
    assert wrong == "InvalidAssociationID.NotFound"


def test_a_role_that_does_not_trust_ec2_gives_nothing(plane: Plane) -> None:
    profile(plane)
    nobody = {**TRUST, "Principal": {"Service": "lambda.amazonaws.com"}}
    text = json.dumps({"Version": "2012-10-17", "Statement": [nobody]})
    iam = plane.local.root().iam
    iam.update_assume_role_policy(RoleName="app", PolicyDocument=text)
    own = plane.run(IamInstanceProfile={"Name": "app"})
    tree = plane.carrier.instances[own].tree
    assert "meta-data/iam/info" in tree
    assert "meta-data/iam/security-credentials/app" not in tree
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    iam.update_assume_role_policy(RoleName="app", PolicyDocument=trust)
    plane.local.advance(60)
    assert credentials(plane, own)["Code"] == "Success"


def attribute(plane: Plane, own: str, name: str) -> dict[str, Any]:
    told: dict[str, Any] = plane.ec2.describe_instance_attribute(InstanceId=own, Attribute=name)
    assert told.pop("InstanceId") == own
    return told


def test_attributes_that_are_told(plane: Plane) -> None:
    own = plane.run(UserData=base64.b64encode(b"hello").decode())
    assert attribute(plane, own, "userData") == {
        "UserData": {"Value": base64.b64encode(b"hello").decode()}
    }
    assert attribute(plane, own, "instanceType") == {"InstanceType": {"Value": "t2.micro"}}
    assert attribute(plane, own, "kernel") == {"Kernel": {}}
    assert attribute(plane, own, "disableApiTermination") == {
        "DisableApiTermination": {"Value": False}
    }
    assert attribute(plane, own, "instanceInitiatedShutdownBehavior") == {
        "InstanceInitiatedShutdownBehavior": {"Value": "stop"}
    }
    (group,) = attribute(plane, own, "groupSet")["Groups"]
    assert group["GroupId"].startswith("sg-")
    assert attribute(plane, own, "productCodes") == {"ProductCodes": []}
    assert attribute(plane, own, "enclaveOptions") == {"EnclaveOptions": {"Enabled": False}}
    (device,) = attribute(plane, own, "blockDeviceMapping")["BlockDeviceMappings"]
    assert device["Ebs"]["Status"] == "attached"
    with pytest.raises(AwsError) as caught:
        attribute(plane, own, "abc")
    assert str(caught.value) == (
        "InvalidParameterValue: Value (abc) for parameter attribute is invalid. Unknown attribute."
    )


def test_attributes_that_change(plane: Plane) -> None:
    ec2, own = plane.ec2, plane.run()
    modify = ec2.modify_instance_attribute
    assert refused(modify, InstanceId=own, InstanceType={"Value": "t2.small"}) == (
        "IncorrectInstanceState"
    )
    modify(InstanceId=own, Attribute="disableApiStop", Value="true")
    assert attribute(plane, own, "disableApiStop")["DisableApiStop"] == {"Value": True}
    modify(InstanceId=own, DisableApiStop={"Value": False})
    modify(InstanceId=own, InstanceInitiatedShutdownBehavior={"Value": "terminate"})
    mapping = {"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}
    modify(InstanceId=own, BlockDeviceMappings=[mapping])
    (device,) = plane.describe(own)["BlockDeviceMappings"]
    assert device["Ebs"]["DeleteOnTermination"] is False
    ec2.stop_instances(InstanceIds=[own])
    plane.settle()
    modify(InstanceId=own, InstanceType={"Value": "t2.medium"})
    modify(InstanceId=own, UserData={"Value": b"new"})
    ec2.start_instances(InstanceIds=[own])
    plane.settle()
    machine = plane.machines.running[own]
    assert (machine.limits.processors, machine.limits.memory) == (2.0, 4 * 2**30)
    assert plane.carrier.instances[own].user_data == b"new"
    assert refused(modify, InstanceId=own) == "MissingParameter"
    both = {"SourceDestCheck": {"Value": False}, "EbsOptimized": {"Value": True}}
    assert refused(modify, InstanceId=own, **both) == "InvalidParameterCombination"
    assert refused(modify, InstanceId=own, Attribute="colour") == "InvalidParameterValue"
    assert refused(modify, InstanceId=own, Kernel={"Value": "aki-1"}) == (
        "InvalidParameterCombination"
    )


def interface(plane: Plane) -> Any:
    (found,) = plane.local.run(plane.networks.holdings()).interfaces
    return found


def test_groups_and_source_check_change_while_it_runs(plane: Plane) -> None:
    ec2, own = plane.ec2, plane.run()
    plane.local.run(ensure(plane, own))
    web = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
    ec2.modify_instance_attribute(InstanceId=own, Groups=[web])
    ec2.modify_instance_attribute(InstanceId=own, SourceDestCheck={"Value": False})
    plane.settle()
    assert (interface(plane).groups, interface(plane).source_check) == ((web,), False)
    assert refused(ec2.delete_security_group, GroupId=web) == "DependencyViolation"
    ec2.reset_instance_attribute(InstanceId=own, Attribute="sourceDestCheck")
    plane.settle()
    assert interface(plane).source_check is True
    assert refused(ec2.reset_instance_attribute, InstanceId=own, Attribute="colour") == (
        "InvalidParameterValue"
    )


def test_attributes_of_an_interface(plane: Plane) -> None:
    ec2, own = plane.ec2, plane.run()
    plane.local.run(ensure(plane, own))
    web = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
    (card,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
    one = {"NetworkInterfaceId": card["NetworkInterfaceId"]}
    modify, told = (
        ec2.modify_network_interface_attribute,
        ec2.describe_network_interface_attribute,
    )
    modify(**one, Groups=[web])
    modify(**one, Description={"Value": "front"})
    attached = card["Attachment"]["AttachmentId"]
    modify(**one, Attachment={"AttachmentId": attached, "DeleteOnTermination": False})
    plane.settle()
    assert interface(plane).groups == (web,)
    (found,) = ec2.describe_network_interfaces(Filters=by("group-id", web))["NetworkInterfaces"]
    assert found["Description"] == "front"
    assert told(**one, Attribute="description")["Description"] == {"Value": "front"}
    assert told(**one, Attribute="groupSet")["Groups"][0]["GroupId"] == web
    assert told(**one, Attribute="sourceDestCheck")["SourceDestCheck"] == {"Value": True}
    attachment = told(**one, Attribute="attachment")["Attachment"]
    assert (attachment["InstanceId"], attachment["DeleteOnTermination"]) == (own, False)
    assert refused(told, **one, Attribute="colour") == "InvalidParameterValue"
    wrong = {"Attachment": {"AttachmentId": "eni-attach-1", "DeleteOnTermination": True}}
    assert refused(modify, **one, **wrong) == "InvalidAttachmentID.NotFound"
    assert refused(ec2.delete_network_interface, **one) == "InvalidParameterValue"
    assert refused(modify, **one, AssociatePublicIpAddress=True) == "NotImplemented"


async def ensure(plane: Plane, own: str) -> None:
    """As the driver of machines does at a start; the fake one does not."""
    for each in plane.machines.running[own].interfaces:
        await plane.networks.ensure_interface(each)


def test_rules_that_change_change_what_is_published(plane: Plane) -> None:
    ec2, own = plane.ec2, plane.run()
    found = plane.describe(own)
    (published,) = plane.carrier.published[found["VpcId"]]
    assert published.open == ()
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
    ec2.authorize_security_group_ingress(GroupId=found["SecurityGroups"][0]["GroupId"], **rule)
    plane.settle()
    (published,) = plane.carrier.published[found["VpcId"]]
    assert (published.open, published.named) == (((22, 22),), (22,))
    served = plane.carrier.networks[found["VpcId"]]
    assert served.names == {found["PrivateDnsName"]: found["PrivateIpAddress"]}
    assert served.public == {found["PublicIpAddress"]: found["PrivateIpAddress"]}


def test_status_checks_look(plane: Plane) -> None:
    ec2 = plane.ec2
    (made,) = plane.launch()["Instances"]
    own = made["InstanceId"]
    assert ec2.describe_instance_status()["InstanceStatuses"] == []
    (status,) = ec2.describe_instance_status(IncludeAllInstances=True)["InstanceStatuses"]
    assert status["InstanceStatus"] == {"Status": "not-applicable"}
    plane.settle()
    (status,) = ec2.describe_instance_status(InstanceIds=[own])["InstanceStatuses"]
    passed = {"Status": "ok", "Details": [{"Name": "reachability", "Status": "passed"}]}
    assert status["InstanceStatus"] == status["SystemStatus"] == passed
    plane.machines.ill[own] = "Its first interface does not answer."
    impaired = by("instance-status.status", "impaired")
    (status,) = ec2.describe_instance_status(Filters=impaired)["InstanceStatuses"]
    assert status["InstanceStatus"]["Status"] == "impaired"
    assert status["SystemStatus"] == passed


def test_consoles_and_passwords(plane: Plane) -> None:
    own = plane.run()
    told = plane.ec2.get_console_output(InstanceId=own, Latest=True)
    assert base64.b64decode(told["Output"]).endswith(b"ec2.internal started\n")
    assert plane.ec2.get_password_data(InstanceId=own)["PasswordData"] == ""
    plane.ec2.terminate_instances(InstanceIds=[own])
    plane.settle()
    assert "Output" not in plane.ec2.get_console_output(InstanceId=own)


def test_processor_credits(plane: Plane) -> None:
    ec2 = plane.ec2
    small, large = plane.run(InstanceType="t3.micro"), plane.run(InstanceType="m4.large")
    told = ec2.describe_instance_credit_specifications()["InstanceCreditSpecifications"]
    assert told == [{"InstanceId": small, "CpuCredits": "unlimited"}]
    changed = ec2.modify_instance_credit_specification(
        InstanceCreditSpecifications=[
            {"InstanceId": small, "CpuCredits": "standard"},
            {"InstanceId": large, "CpuCredits": "standard"},
        ]
    )
    assert changed["SuccessfulInstanceCreditSpecifications"] == [{"InstanceId": small}]
    (wrong,) = changed["UnsuccessfulInstanceCreditSpecifications"]
    assert wrong["Error"]["Code"] == "InstanceCreditSpecification.NotSupported"
    told = ec2.describe_instance_credit_specifications(InstanceIds=[small])
    assert told["InstanceCreditSpecifications"][0]["CpuCredits"] == "standard"


def test_monitoring(plane: Plane) -> None:
    ec2, own = plane.ec2, plane.run()
    (told,) = ec2.monitor_instances(InstanceIds=[own])["InstanceMonitorings"]
    assert told["Monitoring"] == {"State": "pending"}
    assert plane.describe(own)["Monitoring"] == {"State": "enabled"}
    plane.settle()
    assert plane.carrier.instances[own].tree["dynamic/fws/instance-monitoring"] == "enabled"
    (told,) = ec2.unmonitor_instances(InstanceIds=[own])["InstanceMonitorings"]
    assert told["Monitoring"] == {"State": "disabling"}


def test_tags_in_the_metadata(plane: Plane) -> None:
    own = plane.run(MetadataOptions={"InstanceMetadataTags": "enabled"})
    plane.ec2.create_tags(Resources=[own], Tags=[{"Key": "Name", "Value": "web"}])
    plane.settle()
    tree = plane.carrier.instances[own].tree
    assert tree["meta-data/tags/instance/Name"] == "web"
    plane.ec2.delete_tags(Resources=[own])
    plane.settle()
    assert "meta-data/tags/instance/Name" not in plane.carrier.instances[own].tree


def test_pages_and_filters(plane: Plane) -> None:
    first = plane.launch(MinCount=6, MaxCount=6)
    plane.settle()
    ids = [each["InstanceId"] for each in first["Instances"]]
    page = plane.ec2.describe_instances(MaxResults=5)
    rest = plane.ec2.describe_instances(MaxResults=5, NextToken=page["NextToken"])
    told = [page["Reservations"][0], rest["Reservations"][0]]
    assert [each["InstanceId"] for part in told for each in part["Instances"]] == ids
    one = plane.describe(ids[3])
    for name, value in (
        ("private-ip-address", one["PrivateIpAddress"]),
        ("ip-address", one["PublicIpAddress"]),
        ("dns-name", one["PublicDnsName"]),
        ("network-interface.mac-address", one["NetworkInterfaces"][0]["MacAddress"]),
        ("block-device-mapping.volume-id", one["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]),
        ("launch-index", "3"),
    ):
        found = plane.ec2.describe_instances(Filters=by(name, value))["Reservations"]
        assert [each["InstanceId"] for each in found[0]["Instances"]] == [ids[3]], name
    for name, value in (
        ("reservation-id", first["ReservationId"]),
        ("launch-time", "2027-01-15T08:00:00.000Z"),
        ("network-interface.attachment.instance-owner-id", "111122223333"),
        ("instance-state-code", "16"),
        ("vpc-id", one["VpcId"]),
    ):
        found = plane.ec2.describe_instances(Filters=by(name, value))["Reservations"]
        assert len(found[0]["Instances"]) == 6, name
    assert plane.ec2.describe_instances(Filters=by("tenancy", "host"))["Reservations"] == []

"""From pending to terminated: what an instance comes through, on machines that are fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.services.ec2.data_plane import Plane


def assert_carried(plane: Plane, found: dict[str, Any]) -> None:
    """The machine, its metadata and its public address are as they are described."""
    own = found["InstanceId"]
    machine = plane.machines.running[own]
    assert machine.script == b"#!/bin/sh\n"
    assert machine.root == "amazon-linux-2"
    assert machine.hostname == found["PrivateDnsName"]
    assert plane.carrier.instances[own].tree["meta-data/instance-id"] == own
    (published,) = plane.carrier.published[found["VpcId"]]
    assert (published.address, published.machine) == (found["PublicIpAddress"], own)


def test_an_instance_from_launch_to_the_end(plane: Plane) -> None:
    made = plane.launch(UserData="IyEvYmluL3NoCg==")
    (instance,) = made["Instances"]
    own = instance["InstanceId"]
    assert instance["State"] == {"Code": 0, "Name": "pending"}
    assert "PublicIpAddress" not in instance
    assert plane.machines.running == {}
    plane.settle()
    found = plane.describe(own)
    assert found["State"] == {"Code": 16, "Name": "running"}
    assert found["PublicIpAddress"].startswith("127.10.")
    dashed = found["PublicIpAddress"].replace(".", "-")
    assert found["PublicDnsName"] == f"ec2-{dashed}.compute-1.amazonaws.com"
    assert_carried(plane, found)
    (ended,) = plane.ec2.terminate_instances(InstanceIds=[own])["TerminatingInstances"]
    assert ended == {
        "InstanceId": own,
        "CurrentState": {"Code": 32, "Name": "shutting-down"},
        "PreviousState": {"Code": 16, "Name": "running"},
    }
    plane.settle()
    gone = plane.describe(own)
    assert gone["State"] == {"Code": 48, "Name": "terminated"}
    assert gone["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert gone["NetworkInterfaces"] == gone["BlockDeviceMappings"] == []
    assert own not in plane.machines.disks
    assert own not in plane.carrier.instances
    assert plane.carrier.published[found["VpcId"]] == ()


def test_an_hour_after_its_end_nobody_knows_of_it(plane: Plane) -> None:
    own = plane.run()
    plane.ec2.terminate_instances(InstanceIds=[own])
    plane.settle()
    plane.local.advance(3599)
    assert plane.state(own) == "terminated"
    plane.local.advance(1)
    assert plane.ec2.describe_instances()["Reservations"] == []


def test_stop_and_start(plane: Plane) -> None:
    own = plane.run(UserData="IyEvYmluL3NoCg==")
    before = plane.describe(own)
    plane.ec2.stop_instances(InstanceIds=[own])
    assert plane.state(own) == "stopping"
    plane.settle()
    stopped = plane.describe(own)
    assert stopped["State"]["Name"] == "stopped"
    assert stopped["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert stopped["StateTransitionReason"] == "User initiated (2027-01-15 08:00:00 GMT)"
    assert "PublicIpAddress" not in stopped
    assert stopped["PrivateIpAddress"] == before["PrivateIpAddress"]
    assert plane.machines.running == {}
    plane.ec2.start_instances(InstanceIds=[own])
    plane.settle()
    after = plane.describe(own)
    assert after["State"]["Name"] == "running"
    assert after["PublicIpAddress"] not in ("", before["PublicIpAddress"])
    assert plane.machines.scripts == [own]


def test_many_at_once(plane: Plane) -> None:
    made = plane.launch(MinCount=2, MaxCount=5)
    plane.settle()
    assert [each["AmiLaunchIndex"] for each in made["Instances"]] == [0, 1, 2, 3, 4]
    (reservation,) = plane.ec2.describe_instances()["Reservations"]
    assert reservation["ReservationId"] == made["ReservationId"]
    assert {each["State"]["Name"] for each in reservation["Instances"]} == {"running"}
    addresses: Any = {each["PublicIpAddress"] for each in reservation["Instances"]}
    assert len(addresses) == len(plane.machines.running) == 5

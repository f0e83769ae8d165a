"""From pending to terminated: what an instance comes through, on machines that are fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cloudling.app import build_cloud
from cloudling.kernel import AwsError
from cloudling.testing.machines import FakeMachines

if TYPE_CHECKING:
    from tests.services.ec2.data_plane import Plane

    from cloudling.kernel.machines import Machine


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


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        call(**request)
    return caught.value.error_code, caught.value.text


def test_a_reboot_keeps_the_address_and_boots_again(plane: Plane) -> None:
    own = plane.run()
    before = plane.describe(own)
    plane.machines.running[own] = None  # type: ignore[assignment] # whatever runs, it is not this
    plane.ec2.reboot_instances(InstanceIds=[own])
    assert plane.state(own) == "running"
    plane.settle()
    assert plane.machines.running[own].name == own
    assert plane.describe(own)["PublicIpAddress"] == before["PublicIpAddress"]


def test_what_may_not_be_done_in_which_state(plane: Plane) -> None:
    (made,) = plane.launch()["Instances"]
    own = [made["InstanceId"]]
    ec2 = plane.ec2
    assert refused(ec2.stop_instances, InstanceIds=own) == (
        "IncorrectInstanceState",
        f"Instance '{own[0]}' cannot be stopped as it has never reached the 'running' state.",
    )
    assert refused(ec2.reboot_instances, InstanceIds=own)[0] == "IncorrectInstanceState"
    plane.settle()
    assert refused(ec2.stop_instances, InstanceIds=own, Hibernate=True)[0] == "UnsupportedOperation"
    again = ec2.start_instances(InstanceIds=own)["StartingInstances"]
    assert [each["CurrentState"]["Name"] for each in again] == ["running"]
    ec2.terminate_instances(InstanceIds=own)
    assert refused(ec2.start_instances, InstanceIds=own) == (
        "IncorrectInstanceState",
        f"The instance '{own[0]}' is not in a state from which it can be started.",
    )
    assert refused(ec2.stop_instances, InstanceIds=own) == (
        "IncorrectInstanceState",
        f"This instance '{own[0]}' is not in a state from which it can be stopped.",
    )
    plane.settle()
    (still,) = ec2.terminate_instances(InstanceIds=own)["TerminatingInstances"]
    assert still["CurrentState"] == still["PreviousState"] == {"Code": 48, "Name": "terminated"}
    assert refused(ec2.terminate_instances, InstanceIds=[]) == (
        "InvalidParameterCombination",
        "No instances specified",
    )


def test_protection(plane: Plane) -> None:
    own = plane.run(DisableApiTermination=True, DisableApiStop=True)
    ec2 = plane.ec2
    assert refused(ec2.terminate_instances, InstanceIds=[own]) == (
        "OperationNotPermitted",
        f"The instance '{own}' may not be terminated. Modify its 'disableApiTermination' instance "
        "attribute and try again.",
    )
    assert refused(ec2.stop_instances, InstanceIds=[own])[0] == "OperationNotPermitted"
    ec2.modify_instance_attribute(InstanceId=own, DisableApiTermination={"Value": False})
    ec2.terminate_instances(InstanceIds=[own])


def test_a_shutdown_from_inside_stops(plane: Plane) -> None:
    own = plane.run()
    plane.machines.end(own)
    plane.settle()
    found = plane.describe(own)
    assert found["State"]["Name"] == "stopped"
    assert found["StateReason"] == {
        "Code": "Client.InstanceInitiatedShutdown",
        "Message": "Client.InstanceInitiatedShutdown: Instance initiated shutdown",
    }
    assert own in plane.machines.disks


def test_a_shutdown_from_inside_terminates_where_that_is_wanted(plane: Plane) -> None:
    own = plane.run(InstanceInitiatedShutdownBehavior="terminate")
    plane.machines.end(own)
    plane.settle()
    assert plane.state(own) == "terminated"
    assert own not in plane.machines.disks


def test_after_the_drivers_end_instances_boot_from_their_disks(plane: Plane) -> None:
    own = plane.run(UserData="IyEvYmluL3NoCg==")
    before = plane.describe(own)
    plane.machines.lose()
    plane.settle()
    assert own in plane.machines.running
    assert plane.machines.scripts == [own]
    after = plane.describe(own)
    assert after["State"]["Name"] == "running"
    assert after["PublicIpAddress"] == before["PublicIpAddress"]


def restart(plane: Plane) -> None:
    """Another cloud on the same store and the same drivers, as after the death of control."""
    old = plane.local.cloud
    plane.local.cloud = build_cloud(plane.local.settings, plane.local.store, plane.local.clock)
    plane.attach(plane.local.cloud)
    plane.ec2 = plane.local.root().ec2
    plane.local.run(old.decisions.end())
    plane.settle()


def test_a_new_control_adopts_what_runs(plane: Plane) -> None:
    own = plane.run()
    machine = plane.machines.running[own]
    plane.carrier.published.clear()
    restart(plane)
    assert plane.state(own) == "running"
    assert plane.machines.running[own] is machine
    assert plane.carrier.published[plane.describe(own)["VpcId"]][0].machine == own
    plane.machines.end(own)
    plane.settle()
    assert plane.state(own) == "stopped"


def test_a_new_control_boots_what_has_ended_meanwhile(plane: Plane) -> None:
    own, resting = plane.run(), plane.run()
    plane.ec2.stop_instances(InstanceIds=[resting])
    plane.settle()
    plane.machines.running.clear()
    restart(plane)
    assert plane.state(own) == "running"
    assert set(plane.machines.running) == {own}
    assert plane.state(resting) == "stopped"


def test_a_launch_that_was_cut_short_is_finished(plane: Plane) -> None:
    (made,) = plane.launch()["Instances"]
    restart(plane)
    assert plane.state(made["InstanceId"]) == "running"


def test_a_control_without_machines_stops_what_should_run(plane: Plane) -> None:
    own = plane.run()
    restart_without(plane)
    found = plane.describe(own)
    assert found["State"]["Name"] == "stopped"
    assert found["StateReason"]["Message"] == (
        "Server.InternalError: Cloudling was started without machines."
    )


def restart_without(plane: Plane) -> None:
    plane.machines = plane.networks = plane.roots = plane.carrier = None  # type: ignore[assignment]
    restart(plane)


def test_a_launch_that_fails_ends_with_its_reason(plane: Plane) -> None:
    (made,) = plane.launch()["Instances"]
    own = made["InstanceId"]
    plane.machines.fail[own] = OSError("The disk is full.")
    plane.settle()
    found = plane.describe(own)
    assert found["State"]["Name"] == "terminated"
    assert found["StateReason"] == {
        "Code": "Server.InternalError",
        "Message": "Server.InternalError: The disk is full.",
    }


def test_a_start_that_fails_leaves_it_stopped(plane: Plane) -> None:
    own = plane.run()
    plane.ec2.stop_instances(InstanceIds=[own])
    plane.settle()
    plane.machines.fail[own] = OSError("The disk is full.")
    plane.ec2.start_instances(InstanceIds=[own])
    plane.settle()
    assert plane.state(own) == "stopped"
    assert "PublicIpAddress" not in plane.describe(own)


def test_terminated_while_it_is_still_pending(plane: Plane) -> None:
    (made,) = plane.launch()["Instances"]
    own = made["InstanceId"]
    plane.ec2.terminate_instances(InstanceIds=[own])
    plane.settle()
    assert plane.state(own) == "terminated"
    assert plane.machines.disks == {}


def test_events_of_states(plane: Plane) -> None:
    heard: list[tuple[str, str]] = []

    def hear(event: dict[str, Any]) -> None:
        assert event["source"] == "aws.ec2"
        assert event["detail-type"] == "EC2 Instance State-change Notification"
        heard.append((event["resources"][0].rpartition("/")[2], event["detail"]["state"]))

    plane.local.cloud.reconcilers.events.listeners.add(hear)
    own = plane.run()
    plane.ec2.stop_instances(InstanceIds=[own])
    plane.settle()
    plane.ec2.terminate_instances(InstanceIds=[own])
    plane.settle()
    states = ["pending", "running", "stopping", "stopped", "shutting-down", "terminated"]
    assert heard == [(own, state) for state in states]


class Slow(FakeMachines):
    """Notes how it is told to end machines."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, float]] = []

    async def stop(self, name: str, patience: float = 5.0) -> None:
        self.told.append(("stop", patience))
        await super().stop(name, patience)

    async def discard(self, name: str) -> None:
        self.told.append(("discard", 0.0))
        await super().discard(name)


@pytest.mark.parametrize(
    ("forced", "told"),
    [
        (False, [("stop", 5.0), ("stop", 5.0), ("discard", 0.0)]),
        (True, [("stop", 0.0), ("discard", 0.0)]),
    ],
)
def test_ends_are_in_order_unless_forced(
    plane: Plane, forced: bool, told: list[tuple[str, float]]
) -> None:
    machines = plane.local.cloud.machines = Slow()
    own = plane.run()
    plane.ec2.stop_instances(InstanceIds=[own], Force=forced)
    plane.settle()
    plane.ec2.start_instances(InstanceIds=[own])
    plane.settle()
    plane.ec2.terminate_instances(InstanceIds=[own], SkipOsShutdown=forced)
    plane.settle()
    assert machines.told == told


class Dying(FakeMachines):
    """Its process ends when the first machine has just started."""

    async def start(self, machine: Machine) -> None:
        await super().start(machine)
        if len(self.disks) == 1 and self._epoch == 0:
            self.lose()


def test_a_driver_that_ends_as_a_machine_starts(
    plane: Plane, caplog: pytest.LogCaptureFixture
) -> None:
    machines = plane.local.cloud.machines = Dying()
    (made,) = plane.launch()["Instances"]
    plane.settle()
    assert plane.state(made["InstanceId"]) == "pending"
    plane.local.advance(1)
    assert plane.state(made["InstanceId"]) == "running"
    assert list(machines.running) == [made["InstanceId"]]
    assert "DriverGone" in caplog.text

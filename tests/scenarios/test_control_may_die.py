"""Machines outlive the cloud's own process for a grace; whoever starts in time adopts them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from tests.processes import PATIENCE, CloudProcess

from cloudling.drivers.namespaces.driver import MACHINES_NEED, probe

if TYPE_CHECKING:
    from collections.abc import Iterator

# The first machine of all may wait for what stands behind its image to be built.
BUILDING = 600
pytestmark = pytest.mark.timeout(BUILDING + 3 * PATIENCE)
IMAGE = "amzn2-ami-hvm-2.0.*-x86_64-gp2"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[CloudProcess]:
    found = probe((), MACHINES_NEED)
    if not found:
        pytest.skip(f"{found.reason} {found.remedy}")
    flags = ("--data", str(tmp_path / "data"), "--orphan-grace", "60")
    with CloudProcess(tmp_path, *flags) as started:
        yield started
        started.stop()


def client(cloud: CloudProcess) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(
        "ec2", endpoint_url=f"http://127.0.0.1:{cloud.port}", region_name="us-east-1", **keys
    )


def launch(ec2: Any) -> str:
    named = [{"Name": "name", "Values": [IMAGE]}]
    found = ec2.describe_images(Owners=["amazon"], Filters=named)["Images"]
    image = max(found, key=lambda each: each["CreationDate"])["ImageId"]
    made = ec2.run_instances(ImageId=image, InstanceType="t2.micro", MinCount=1, MaxCount=1)
    instance: str = made["Instances"][0]["InstanceId"]
    await_state(ec2, instance, "running")
    return instance


def await_state(ec2: Any, instance: str, wanted: str) -> None:
    deadline = time.monotonic() + BUILDING
    while (found := state(ec2, instance)) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def state(ec2: Any, instance: str) -> str:
    (reservation,) = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
    name: str = reservation["Instances"][0]["State"]["Name"]
    return name


def helpers(folder: Path) -> set[int]:
    """The processes that run for the machines of a cloud in this folder."""
    found = set()
    for each in Path("/proc").iterdir():
        try:
            words = (each / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        if b"cloudling.drivers" in words and os.fsencode(folder / "data") in words:
            found.add(int(each.name))
    return found


def test_a_machine_runs_on_and_is_adopted_and_all_of_it_ends(
    cloud: CloudProcess, tmp_path: Path
) -> None:
    ec2 = client(cloud)
    instance = launch(ec2)
    before = helpers(tmp_path)
    assert before
    cloud.kill()
    assert helpers(tmp_path) == before
    cloud.start_again()
    await_state(ec2, instance, "running")
    # Its netd is asked, so that one that was not adopted would be another one.
    status = ec2.describe_instance_status(InstanceIds=[instance], IncludeAllInstances=True)
    assert status["InstanceStatuses"][0]["InstanceState"]["Name"] == "running"
    assert helpers(tmp_path) == before
    ec2.close()
    assert cloud.stop() == 0
    assert helpers(tmp_path) == set()
    mounts = Path("/proc/self/mounts").read_text()
    assert str(tmp_path / "data") not in mounts

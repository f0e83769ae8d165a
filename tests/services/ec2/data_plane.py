"""A data plane of fakes, and instances on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.testing import FakeNetworks
from cloudling.testing.machines import FakeCarrier, FakeMachines, FakeRoots

if TYPE_CHECKING:
    from cloudling.kernel.cloud import Cloud
    from cloudling.testing import LocalCloud
    from cloudling.testing.clouds import SyncService


def attach_fakes(cloud: Cloud) -> FakeMachines:
    """Give a cloud machines, networks, roots and a carrier; the machines."""
    roots = FakeRoots()
    machines = FakeMachines(roots)
    cloud.make_drivers = None
    cloud.machines, cloud.networks = machines, FakeNetworks()
    cloud.roots, cloud.carrier = roots, FakeCarrier()
    return machines


class Plane:
    """What stands behind a cloud's instances; `ec2` is its API, as root in us-east-1."""

    def __init__(self, local: LocalCloud) -> None:
        self.local = local
        self.roots = FakeRoots()
        self.machines = FakeMachines(self.roots)
        self.networks = FakeNetworks()
        self.carrier = FakeCarrier()
        self.attach(local.cloud)
        self.ec2: SyncService = local.root().ec2

    def attach(self, cloud: Cloud) -> None:
        cloud.machines, cloud.networks = self.machines, self.networks
        cloud.roots, cloud.carrier = self.roots, self.carrier

    def settle(self) -> None:
        self.local.run(self.local.cloud.reconcilers.settle())

    def image(self, name: str = "amzn2-ami-hvm-*-x86_64-gp2") -> str:
        named = [{"Name": "name", "Values": [name]}]
        (found,) = self.ec2.describe_images(Filters=named)["Images"]
        return str(found["ImageId"])

    def launch(self, **request: Any) -> dict[str, Any]:
        """RunInstances of one t2.micro, unless the request says otherwise."""
        usual = {"MinCount": 1, "MaxCount": 1, "InstanceType": "t2.micro"}
        image = {} if "ImageId" in request else {"ImageId": self.image()}
        return self.ec2.run_instances(**{**usual, **image, **request})

    def run(self, **request: Any) -> str:
        """The id of an instance that runs."""
        (made,) = self.launch(**request)["Instances"]
        self.settle()
        return str(made["InstanceId"])

    def describe(self, instance: str) -> dict[str, Any]:
        found = self.ec2.describe_instances(InstanceIds=[instance])
        described: dict[str, Any] = found["Reservations"][0]["Instances"][0]
        return described

    def state(self, instance: str) -> str:
        return str(self.describe(instance)["State"]["Name"])

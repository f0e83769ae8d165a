"""A cloud for tests: in memory, with a clock in the hand, in process or behind a real port."""

from cloudling.testing.clouds import LocalCloud
from cloudling.testing.machines import FakeCarrier, FakeMachines, FakeRoots
from cloudling.testing.networks import FakeNetworks
from cloudling.testing.servers import RunningCloud

__all__ = [
    "FakeCarrier",
    "FakeMachines",
    "FakeNetworks",
    "FakeRoots",
    "LocalCloud",
    "RunningCloud",
]

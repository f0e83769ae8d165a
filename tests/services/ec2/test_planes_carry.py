"""Security groups edited through the API, and packets of the kernel that heed them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from cloudling.drivers.namespaces.driver import probe
from cloudling.kernel.handles import handle
from cloudling.kernel.networks import Interface
from cloudling.services.ec2 import planes
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

T = TypeVar("T")
PATIENCE = 60.0
WEB = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}


class Wired:
    """A cloud whose default VPC has a client and a server, without machines behind them."""

    def __init__(self, folder: Path) -> None:
        self.cloud = RunningCloud(memory=False, data=folder / "data", driver="namespace")
        self.ec2 = self.cloud.client("ec2")
        self.networks: Any = self.cloud.app.cloud.networks
        made = self.ec2.create_security_group(GroupName="web", Description="servers")
        self.web: str = made["GroupId"]
        (default,) = self.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
        self.default: str = default["GroupId"]
        self.vpc: str = default["VpcId"]
        self.do(self.wire())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Something on the cloud's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self.cloud._loop).result(PATIENCE * 2)

    async def wire(self) -> None:
        call = handle(self.cloud.app.cloud, "ec2", "000000000000", "us-east-1")
        await planes.ensure_plane(call, self.vpc)
        for name, subnet, group in (("client", "0", self.default), ("server", "16", self.web)):
            block, address = f"172.31.{subnet}.0/20", f"172.31.{subnet}.9"
            interface = Interface(f"eni-{name}", self.vpc, block, (address,), (group,))
            await self.networks.ensure_interface(interface)
        self.listener = await self.networks.listen("eni-server", "172.31.16.9", 80)

    async def reach(self) -> bool:
        """Whether a new connection comes about."""
        try:
            made = await self.networks.connect("eni-client", "172.31.16.9", 80, patience=0.5)
        except TimeoutError:
            return False
        made.close()
        return True

    def becomes(self, *, reached: bool) -> bool:
        deadline = time.monotonic() + PATIENCE
        while self.do(self.reach()) is not reached:
            if time.monotonic() > deadline:
                return False
        return True

    def close(self) -> None:
        self.listener.close()
        self.ec2.close()
        self.cloud.close()


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[Wired]:
    found = probe()
    if not found:
        pytest.skip(f"{found.reason} {found.remedy}")
    made = Wired(tmp_path)
    yield made
    made.close()


def test_edits_open_and_close_the_way(wired: Wired) -> None:
    assert wired.becomes(reached=False)
    for peer in (
        {"IpRanges": [{"CidrIp": "172.31.0.0/20"}]},
        {"UserIdGroupPairs": [{"GroupId": wired.default}]},
    ):
        permissions = [{**WEB, **peer}]
        wired.ec2.authorize_security_group_ingress(GroupId=wired.web, IpPermissions=permissions)
        assert wired.becomes(reached=True)
        wired.ec2.revoke_security_group_ingress(GroupId=wired.web, IpPermissions=permissions)
        assert wired.becomes(reached=False)
    elsewhere = [{**WEB, "IpRanges": [{"CidrIp": "172.31.16.0/20"}]}]
    wired.ec2.authorize_security_group_ingress(GroupId=wired.web, IpPermissions=elsewhere)
    wired.ec2.authorize_security_group_ingress(
        GroupId=wired.web, IpPermissions=[{**WEB, "FromPort": 81, "ToPort": 81, **peer}]
    )
    wired.do(wired.cloud.app.cloud.reconcilers.settle())
    assert not wired.do(wired.reach())


def test_nothing_is_left_after_the_end(wired: Wired, tmp_path: Path) -> None:
    netd = wired.do(wired.networks.netd())
    wired.cloud.close()
    assert netd.process.returncode == 0
    left = sorted(path.name for path in (tmp_path / "data" / "machines").iterdir())
    assert left == ["netd.log", "trust"]

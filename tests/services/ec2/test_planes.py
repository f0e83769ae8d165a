"""A VPC's network: what the driver is told of it, at once and at each change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel.handles import handle
from cloudling.kernel.networks import DriverGone, Interface, Network, Rule, SecurityGroup
from cloudling.services.ec2 import planes
from cloudling.testing import FakeNetworks
from cloudling.testing.clouds import ACCOUNT

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud
    from cloudling.testing.clouds import SyncService

EVERYWHERE = "0.0.0.0/0"
OUTWARD = (Rule(),)


class Told(FakeNetworks):
    """Notes which groups it is told, and which it is to forget."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[list[str], list[str]]] = []
        self.gone = False

    async def set_groups(self, network: str, groups: Any, remove: Any = ()) -> None:
        self.told.append(([group.name for group in groups], list(remove)))
        await super().set_groups(network, groups, remove)

    async def holdings(self) -> Any:
        if self.gone:
            raise DriverGone("netd is gone.")
        return await super().holdings()


class Plane:
    """The default VPC's network on a fake driver."""

    def __init__(self, local: LocalCloud) -> None:
        self.local = local
        self.networks = local.cloud.networks = Told()
        self.ec2: SyncService = local.root().ec2
        (vpc,) = self.ec2.describe_vpcs()["Vpcs"]
        self.vpc: str = vpc["VpcId"]
        (default,) = self.ec2.describe_security_groups()["SecurityGroups"]
        self.default: str = default["GroupId"]
        self.settle()

    def ensure(self) -> None:
        call = handle(self.local.cloud, "ec2", ACCOUNT, "us-east-1")
        self.local.run(planes.ensure_plane(call, self.vpc))

    def settle(self) -> None:
        self.local.run(self.local.cloud.reconcilers.settle())

    def group(self, name: str) -> str:
        made = self.ec2.create_security_group(GroupName=name, Description=name)
        return str(made["GroupId"])

    def let_in(self, group: str, *permissions: dict[str, Any]) -> None:
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=list(permissions))

    def held(self) -> dict[str, SecurityGroup]:
        held = self.local.run(self.networks.holdings())
        return {group.name: group for group in held.groups.get(self.vpc, ())}


@pytest.fixture
def plane(local: LocalCloud) -> Plane:
    return Plane(local)


def test_the_default_vpc_becomes_a_network(plane: Plane) -> None:
    plane.settle()
    assert plane.local.run(plane.networks.holdings()).routers == ()
    plane.ensure()
    held = plane.local.run(plane.networks.holdings())
    (network,) = held.routers
    subnets = tuple(sorted(f"172.31.{16 * number}.0/20" for number in range(6)))
    services = ("172.31.0.2", "169.254.169.253", "169.254.169.254")
    assert network == Network(plane.vpc, ("172.31.0.0/16",), subnets, services, gateway=True)
    own = Rule(peer=plane.default)
    assert held.groups[plane.vpc] == (SecurityGroup(plane.default, (own,), OUTWARD),)


def test_what_is_there_is_not_told_again(plane: Plane) -> None:
    plane.ensure()
    told = len(plane.networks.told)
    plane.ensure()
    plane.settle()
    assert len(plane.networks.told) == told


def test_rules_as_networks_want_them(plane: Plane) -> None:
    peer = plane.group("peer")
    web = plane.group("web")
    lists = plane.ec2.describe_prefix_lists()["PrefixLists"]
    everyone = {"IpRanges": [{"CidrIp": EVERYWHERE}]}
    tcp = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 81}
    plane.let_in(
        web,
        {**tcp, "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "198.18.0.1/32"}]},
        {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, **everyone},
        {"IpProtocol": "icmpv6", "FromPort": -1, "ToPort": -1, **everyone},
        {"IpProtocol": "50", **everyone},
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": peer}]},
        {**tcp, "PrefixListIds": [{"PrefixListId": each["PrefixListId"]} for each in lists]},
    )
    plane.ensure()
    found = plane.held()[web]
    assert set(found.ingress) == {
        Rule(6, 80, 81, "10.0.0.0/8"),
        Rule(6, 80, 81, "198.18.0.1/32"),
        Rule(1, 8, -1, EVERYWHERE),
        Rule(50),
        Rule(peer=peer),
    }
    assert len(found.ingress) == 5


def test_edits_reach_a_network_that_is_there_together(plane: Plane) -> None:
    plane.ensure()
    plane.networks.told.clear()
    web = plane.group("web")
    for port in (80, 81, 82):
        plane.let_in(
            web,
            {
                "IpProtocol": "tcp",
                "FromPort": port,
                "ToPort": port,
                "IpRanges": [{"CidrIp": EVERYWHERE}],
            },
        )
    plane.settle()
    assert plane.networks.told == [([web], [])]
    assert [rule.low for rule in plane.held()[web].ingress] == [80, 81, 82]
    plane.ec2.revoke_security_group_ingress(
        GroupId=web, IpProtocol="tcp", FromPort=81, ToPort=81, CidrIp=EVERYWHERE
    )
    plane.settle()
    assert [rule.low for rule in plane.held()[web].ingress] == [80, 82]


def test_a_group_that_is_deleted_is_forgotten(plane: Plane) -> None:
    web = plane.group("web")
    plane.ensure()
    assert web in plane.held()
    plane.ec2.delete_security_group(GroupId=web)
    plane.settle()
    assert list(plane.held()) == [plane.default]


def test_what_an_earlier_life_left_is_cleared_unless_it_is_used(plane: Plane) -> None:
    plane.ensure()
    held = plane.local.run(plane.networks.holdings())
    for name in ("sg-old", "sg-used"):
        plane.local.run(plane.networks.set_groups(plane.vpc, [SecurityGroup(name)]))
    subnet = held.routers[0].subnets[0]
    address = subnet.replace(".0/20", ".9")
    interface = Interface("eni-1", plane.vpc, subnet, (address,), ("sg-used",))
    plane.local.run(plane.networks.ensure_interface(interface))
    plane.ensure()
    assert set(plane.held()) == {plane.default, "sg-used"}


def test_a_driver_that_is_gone_is_not_woken(plane: Plane) -> None:
    plane.ensure()
    plane.networks.gone = True
    plane.group("web")
    plane.settle()
    assert plane.local.cloud.reconcilers.status()["failing"] == []
    plane.networks.gone = False
    told = len(plane.networks.told)
    plane.group("other")
    plane.settle()
    assert len(plane.networks.told) == told
    plane.ensure()
    assert len(plane.held()) == 3


def test_many_groups_are_told_in_parts(plane: Plane) -> None:
    for number in range(20):
        group = plane.group(f"g{number}")
        ranges = [{"CidrIp": f"10.0.{each}.0/24"} for each in range(60)]
        plane.let_in(group, {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": ranges})
    plane.ensure()
    assert [len(groups) for groups, _ in plane.networks.told] == [14, 7]
    assert len(plane.held()) == 21


def test_a_vpc_that_is_gone_takes_its_network_along(plane: Plane) -> None:
    plane.ensure()
    plane.local.run(plane.local.store.reset())
    plane.settle()
    assert plane.local.run(plane.networks.holdings()).routers == ()


def test_a_network_goes_when_its_last_interface_has_gone(plane: Plane) -> None:
    plane.ensure()
    subnet = plane.local.run(plane.networks.holdings()).routers[0].subnets[0]
    interface = Interface("eni-1", plane.vpc, subnet, (subnet.replace(".0/20", ".9"),))
    plane.local.run(plane.networks.ensure_interface(interface))
    plane.local.run(plane.local.store.reset())
    plane.settle()
    assert plane.local.cloud.reconcilers.status()["failing"] == []
    plane.local.run(plane.networks.remove_interface("eni-1"))
    plane.local.advance(1)
    assert plane.local.run(plane.networks.holdings()).routers == ()


def test_a_vpc_that_is_nobodys_is_refused(plane: Plane) -> None:
    plane.vpc = "vpc-0123"
    with pytest.raises(LookupError, match="vpc-0123"):
        plane.ensure()

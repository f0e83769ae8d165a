"""Which ports of an instance the host reaches."""

from __future__ import annotations

from cloudling.services.ec2.publications import named_ports, open_ports
from cloudling.services.ec2.records import SecurityGroupRule

EVERYWHERE = "0.0.0.0/0"


def rule(low: int, high: int, peer: str = EVERYWHERE, **fields: str | bool) -> SecurityGroupRule:
    given = {
        "group_id": "sg-1",
        "egress": False,
        "protocol": "tcp",
        "peer_kind": "cidr",
        **fields,
    }
    name = f"{low}-{high}-{peer}"
    return SecurityGroupRule(id=name, number=0, from_port=low, to_port=high, peer=peer, **given)


def test_ranges_that_touch_are_one() -> None:
    rules = [rule(81, 90), rule(22, 22), rule(80, 80), rule(85, 86)]
    assert open_ports(["sg-1"], rules) == ((22, 22), (80, 90))


def test_everything_is_every_port() -> None:
    assert open_ports(["sg-1"], [rule(-1, -1, protocol="-1"), rule(22, 22)]) == ((0, 65535),)


def test_only_what_lets_the_host_in_counts() -> None:
    rules = [
        rule(1, 1, "10.0.0.0/8"),
        rule(2, 2, "198.18.0.0/15"),
        rule(3, 3, egress=True),
        rule(4, 4, protocol="udp"),
        rule(5, 5, "sg-2", peer_kind="group"),
        rule(6, 6, "::/0", peer_kind="cidr6"),
        rule(7, 7, group_id="sg-2"),
        rule(8, 8, protocol="icmp"),
    ]
    assert open_ports(["sg-1"], rules) == ((2, 2),)
    assert open_ports(["sg-1", "sg-2"], rules, "10.1.2.3") == ((1, 1), (7, 7))
    assert named_ports(["sg-1"], rules) == (1, 2, 5, 6)


def test_wide_ranges_name_no_port() -> None:
    rules = [rule(8000, 8015), rule(9000, 9016), rule(-1, -1, protocol="-1")]
    assert named_ports(["sg-1"], rules) == tuple(range(8000, 8016))

"""Protocols, ports, ranges and descriptions of security group rules."""

from __future__ import annotations

import pytest

from cloudling.kernel import AwsError
from cloudling.services.ec2 import permissions


@pytest.mark.parametrize(
    ("given", "kept"),
    [("6", "tcp"), ("TCP", "tcp"), ("17", "udp"), ("1", "icmp"), ("58", "icmpv6"), ("-1", "-1"),
     ("icmpv6", "icmpv6"), ("50", "50"), ("050", "50"), ("255", "255")],
)  # fmt: skip
def test_protocols(given: str, kept: str) -> None:
    assert permissions.protocol_of(given) == kept


@pytest.mark.parametrize("given", ["all", "256", "-2", "", "½"])
def test_unknown_protocols(given: str) -> None:
    with pytest.raises(AwsError) as refused:
        permissions.protocol_of(given)
    assert refused.value.text == f"Invalid value '{given}' for IP protocol. Unknown protocol."


@pytest.mark.parametrize(
    ("protocol", "given", "kept"),
    [
        ("tcp", (22, 22), (22, 22)),
        ("udp", (0, 65535), (0, 65535)),
        ("icmp", (8, -1), (8, -1)),
        ("icmp", (3, 4), (3, 4)),
        ("icmpv6", (None, None), (-1, -1)),
        ("-1", (80, 80), (-1, -1)),
        ("50", (None, None), (-1, -1)),
    ],
)
def test_ports(protocol: str, given: tuple[int, int], kept: tuple[int, int]) -> None:
    assert permissions.ports_of(protocol, *given) == kept


@pytest.mark.parametrize(
    ("protocol", "first", "last", "words"),
    [
        (
            "tcp",
            None,
            1,
            "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.",
        ),
        (
            "udp",
            1,
            None,
            "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.",
        ),
        ("tcp", -1, -1, r"TCP/UDP port \(-1\) out of range"),
        ("udp", 1, 65536, r"TCP/UDP port \(65536\) out of range"),
        ("tcp", 2, 1, r"Invalid TCP/UDP port range \(2:1\)"),
        ("icmp", 0, 65535, r"ICMP code \(65535\) out of range"),
        ("icmp", 256, -1, r"ICMP type \(256\) out of range"),
        ("icmp", -1, 0, r"ICMP code \(0\) out of range"),
    ],
)
def test_ports_that_cannot_be(
    protocol: str, first: int | None, last: int | None, words: str
) -> None:
    with pytest.raises(AwsError, match=words):
        permissions.ports_of(protocol, first, last)


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("cidr", "100.68.0.18/18", "100.68.0.0/18"),
        ("cidr", "1.2.3.4/32", "1.2.3.4/32"),
        ("cidr6", "2001:DB8:0::1/32", "2001:db8::/32"),
        ("cidr6", "::/0", "::/0"),
        ("group", "sg-1", "sg-1"),
    ],
)
def test_peers(kind: str, given: str, kept: str) -> None:
    assert permissions.peer_of(kind, given) == kept


@pytest.mark.parametrize(
    ("kind", "given"),
    [("cidr", "1.2.3.4"), ("cidr", "1.2.3.4/33"), ("cidr", "::/0"), ("cidr", "10.0.0.0/255.0.0.0"),
     ("cidr6", "0.0.0.0/0"), ("cidr6", "::1"), ("cidr6", "fe80::1%1/64"), ("cidr", "/8")],
)  # fmt: skip
def test_malformed_ranges(kind: str, given: str) -> None:
    with pytest.raises(AwsError) as refused:
        permissions.peer_of(kind, given)
    assert str(refused.value) == f"InvalidParameterValue: CIDR block {given} is malformed"


@pytest.mark.parametrize("given", ["ü", "it's", "a" * 256, "a\n"])
def test_descriptions_that_cannot_be(given: str) -> None:
    with pytest.raises(AwsError, match="Invalid rule description"):
        permissions.description_of(given)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (("tcp", 22, 23, "cidr", "0.0.0.0/0"),
         "peer: 0.0.0.0/0, TCP, from port: 22, to port: 23, ALLOW"),
        (("-1", -1, -1, "group", "sg-1"), "peer: sg-1, ALL, ALLOW"),
        (("icmp", 8, -1, "cidr6", "::/0"), "peer: ::/0, ICMP, type: 8, code: ALL, ALLOW"),
    ],
)  # fmt: skip
def test_how_a_rule_is_told(rule: tuple[str, int, int, str, str], words: str) -> None:
    assert permissions.words(permissions.Permission(*rule)) == words

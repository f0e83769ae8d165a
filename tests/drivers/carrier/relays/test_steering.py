"""What the program in the kernel does with connections, and how ports become its prefixes."""

from __future__ import annotations

import itertools
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.drivers.carrier.relays.exposures import merge
from cloudling.drivers.carrier.relays.steering import prefixes

if TYPE_CHECKING:
    from collections.abc import Iterator

PORTS = st.integers(0, 65535)


def covered(low: int, high: int) -> Iterator[int]:
    for each in prefixes("127.10.0.5", low, high):
        yield from range(each.port, each.port + (1 << 16 - each.bits))


@given(PORTS, PORTS)
def test_prefixes_are_the_ports_of_a_range_and_no_others(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert list(covered(low, high)) == list(range(low, high + 1))
    assert len(prefixes("127.10.0.5", low, high)) <= 30


@given(st.lists(st.tuples(st.integers(-1, 70_000), st.integers(-1, 70_000)), max_size=5))
def test_merged_ranges_are_the_same_ports_apart(ranges: list[tuple[int, int]]) -> None:
    merged = merge(tuple(ranges))
    wanted = {p for low, high in ranges for p in range(max(low, 0), min(high, 65535) + 1)}
    assert {p for low, high in merged for p in range(low, high + 1)} == wanted
    assert all(one[1] + 1 < other[0] for one, other in itertools.pairwise(merged))


def test_a_prefix_is_what_the_kernel_compares() -> None:
    (only,) = prefixes("127.10.0.5", 22, 22)
    assert only.encoded() == (48).to_bytes(4, "little") + socket.inet_aton("127.10.0.5") + (
        b"\x00\x16\x00\x00"
    )


@pytest.mark.parametrize(("low", "high", "count"), [(0, 65535, 1), (1, 65534, 30), (80, 80, 1)])
def test_ranges_need_few_prefixes(low: int, high: int, count: int) -> None:
    assert len(prefixes("127.10.0.5", low, high)) == count

"""The contract of the port `Carrier`: the fake keeps it as the carrier's process does."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from tests.drivers.carrier.conftest import metadata, served

from cloudling.kernel.attendance import Published

if TYPE_CHECKING:
    from tests.drivers.namespaces.conftest import Turn

    from cloudling.kernel.ports import Carrier


def test_its_block_is_of_the_hosts_loopback(carrier: Carrier) -> None:
    block = ipaddress.ip_network(carrier.block)
    assert block.prefixlen == 16
    assert block.subnet_of(ipaddress.ip_network("127.0.0.0/8"))


def test_all_may_be_said_again_and_in_any_order(carrier: Carrier, turn: Turn) -> None:
    """Machines before their networks, and either before netd has them."""

    async def say() -> None:
        assert await carrier.available()
        for _ in range(2):
            await carrier.ensure_instance(metadata())
            await carrier.ensure_network(served())
            await carrier.ensure_network(served(public={"127.10.0.5": "172.31.0.10"}))
        for _ in range(2):
            await carrier.remove_network("vpc-1")
            await carrier.remove_instance("i-1")

    turn(say())


def test_what_nobody_publishes_is_nowhere(carrier: Carrier, turn: Turn) -> None:
    async def say() -> None:
        await carrier.ensure_network(served())
        await carrier.publish("vpc-1", ())
        assert await carrier.publications() == ()
        # Nothing listens in a machine that is not there.
        await carrier.publish(
            "vpc-1", [Published(address="127.10.0.5", machine="i-1", private="172.31.0.10")]
        )
        await carrier.remove_network("vpc-1")
        assert await carrier.publications() == ()

    turn(say())


def test_networks_of_many_names_and_trees_of_much_text(carrier: Carrier, turn: Turn) -> None:
    async def say() -> None:
        names = {
            f"ip-172-31-{at >> 8}-{at & 255}": f"172.31.{at >> 8}.{at & 255}" for at in range(9000)
        }
        await carrier.ensure_network(served(names=names))
        await carrier.ensure_instance(metadata(user_data=b"\xff" * 16384))

    turn(say())


def test_environment_and_authority_are_for_machines(carrier: Carrier) -> None:
    assert "PRIVATE KEY" not in carrier.authority
    assert set(carrier.environment) <= {"AWS_ENDPOINT_URL"}

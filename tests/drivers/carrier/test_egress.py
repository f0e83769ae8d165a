"""The way to the internet: refused unless the user lets it, and never to the host or its LAN.

No packet leaves: what is dialled from the host is a stub on its loopback, by a seam for tests.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.processes import PATIENCE

from cloudling.drivers.carrier.egress import Egress, may_dial
from cloudling.drivers.carrier.guests import Guests
from cloudling.drivers.namespaces.departures import EGRESS_ADDRESS, EGRESS_PORT
from cloudling.kernel.networks import INTERNET

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.drivers.carrier.conftest import Plane

    from cloudling.drivers.carrier.egress import Dial
    from cloudling.drivers.carrier.pipes import Half

# An address of the internet's, which nothing here ever dials.
SOMEWHERE = "93.184.216.34"


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - it is refused
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.10.0.5",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_only_the_internet_is_dialled(address: str) -> None:
    assert not may_dial(address)


def test_the_internet_is_dialled() -> None:
    assert may_dial(SOMEWHERE)


def test_refused_at_once(plane: Plane) -> None:
    async def try_it() -> None:
        await plane.carrier.carrier()
        for address in (SOMEWHERE, "192.168.1.1"):
            with pytest.raises(ConnectionRefusedError):
                await plane.networks.connect("i-1", address, 443)

    plane.turn(try_it())


class Stub:
    """Takes the place of the internet: a server on loopback that says what it was asked."""

    def __init__(self) -> None:
        self.dialled: list[tuple[str, int]] = []

    async def serve(self) -> asyncio.Server:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # It speaks first, as a mail server does, and then repeats what it hears to the end.
            writer.write(b"hello ")
            writer.write(await reader.read())
            writer.write_eof()
            await writer.drain()
            writer.close()

        return await asyncio.start_server(answer, "127.0.0.1", 0)

    def dial(self, port: int) -> Dial:
        async def dial(address: str, asked: int, make: Callable[[], Half]) -> None:
            self.dialled.append((address, asked))
            await asyncio.get_running_loop().create_connection(make, "127.0.0.1", port)

        return dial


async def tell(plane: Plane, address: str, port: int, data: bytes) -> bytes:
    """What comes back for these bytes, and nothing where the connection is cut."""
    try:
        made = await plane.networks.connect("i-1", address, port)
    except ConnectionResetError:
        # The cut may come before the connection is known to stand.
        return b""
    reader, writer = await asyncio.open_connection(sock=made)
    try:
        writer.write(data)
        writer.write_eof()
        return await reader.read()
    except OSError:
        return b""
    finally:
        writer.close()


def test_let_through_it_is_the_hosts_connection(plane: Plane) -> None:
    stub = Stub()

    async def try_it() -> tuple[bytes, bytes, int]:
        inner = await stub.serve()
        egress = Egress(stub.dial(inner.sockets[0].getsockname()[1]))
        made = await plane.networks.listen(INTERNET, EGRESS_ADDRESS, EGRESS_PORT)
        guests = Guests()
        outer = await asyncio.get_running_loop().create_server(
            lambda: egress.serve(guests), sock=made
        )
        async with inner, outer:
            said = await tell(plane, SOMEWHERE, 2525, b"x" * 1_000_000)
            nothing = await tell(plane, "192.168.1.1", 80, b"x")
            # Both ends learn of the end one after the other.
            for _ in range(6000):
                if not len(guests):
                    break
                await asyncio.sleep(0.01)
        return said, nothing, len(guests)

    said, nothing, left = plane.turn(try_it())
    assert said == b"hello " + b"x" * 1_000_000
    assert nothing == b""
    assert stub.dialled == [(SOMEWHERE, 2525)]
    assert left == 0


def test_let_through_by_the_carriers_process(plane: Plane) -> None:
    """What it may not dial is cut, where before nothing listened; the same process serves on."""

    async def try_it() -> tuple[int, int]:
        running = await plane.carrier.carrier()
        with pytest.raises(ConnectionRefusedError):
            await plane.networks.connect("i-1", "192.168.1.1", 80)
        await plane.carrier.leave()
        plane.carrier = plane.driver(internet=True)
        second = (await plane.carrier.carrier()).identity.pid
        assert await tell(plane, "192.168.1.1", 80, b"x") == b""
        await plane.carrier.stop()
        assert running.process is not None
        await asyncio.to_thread(running.process.wait, PATIENCE)
        return running.identity.pid, second

    first, second = plane.turn(try_it())
    assert first == second


def test_without_a_public_address_nothing_leaves(plane: Plane) -> None:
    async def try_it() -> None:
        await plane.networks.set_public("vpc-1", {})
        with pytest.raises(TimeoutError):
            await plane.networks.connect("i-1", SOMEWHERE, 443, patience=0.3)

    plane.turn(try_it())


def test_public_addresses_are_reached_as_before(plane: Plane) -> None:
    async def try_it() -> None:
        made = await plane.networks.listen("i-2", "0.0.0.0", 8080)  # noqa: S104 - in its own space
        with made:
            (await plane.networks.connect("i-1", "127.10.0.6", 8080)).close()

    plane.turn(try_it())

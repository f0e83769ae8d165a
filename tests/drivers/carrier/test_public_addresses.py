"""Public addresses on the host, from the carrier's process to a program in a network."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.drivers.carrier.conftest import Plane, served
from tests.drivers.carrier.relays.conftest import SHORT, outcome
from tests.drivers.carrier.relays.test_resolver import ask_datagram, question, read

from cloudling.drivers.carrier.relays import blocks
from cloudling.kernel.attendance import Published
from cloudling.kernel.networks import Interface, Rule, SecurityGroup

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

TCP = 6
EVERYWHERE = ".".join("0000")


class Host:
    """What programs of the host find of the machine i-1, whose group is `sg-web`."""

    def __init__(self, plane: Plane, block: blocks.Block, folder: Path) -> None:
        self.plane = plane
        self.address = f"127.{block.number}.0.5"
        self.port = 12_000 + 10 * block.number
        self.entrance = folder / f"127.{block.number}.sock"
        terms = msgspec.structs.replace(plane.terms, block=block.network, entrances=str(folder))
        plane.terms = terms
        plane.carrier = plane.driver()
        self._opened: list[socket.socket] = []

    async def build(self) -> None:
        networks = self.plane.networks
        await networks.ensure_interface(
            Interface(
                name="eni-1",
                router="vpc-1",
                subnet="172.31.0.0/20",
                addresses=("172.31.0.10",),
                groups=("sg-web",),
                space="i-1",
            )
        )
        await networks.set_public("vpc-1", {self.address: "172.31.0.10"})
        await self.plane.carrier.ensure_network(served())
        await self.open()

    async def open(self, *ports: int) -> None:
        """Let the group open these ports, as an edited group comes to network and carrier."""
        rules = tuple(Rule(TCP, port, port) for port in ports)
        await self.plane.networks.set_groups("vpc-1", [SecurityGroup("sg-web", rules, (Rule(),))])
        await self.plane.carrier.publish(
            "vpc-1",
            [
                Published(
                    address=self.address,
                    machine="i-1",
                    private="172.31.0.10",
                    open=tuple((port, port) for port in ports),
                    named=ports,
                )
            ],
        )

    async def listen(self, port: int) -> asyncio.Server:
        """A program in the machine that says who speaks to it, then what it hears."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(f"{writer.get_extra_info('peername')[0]} ".encode())
            writer.write(await reader.read())
            writer.close()

        made = await self.plane.networks.listen("i-1", EVERYWHERE, port)
        return await asyncio.start_server(serve, sock=made)

    async def until(self, port: int, wanted: str) -> None:
        """What is edited holds at the next look at the latest."""
        async with asyncio.timeout(60):
            while await outcome((self.address, port), SHORT) != wanted:  # noqa: ASYNC110 - as a user would
                await asyncio.sleep(0.02)


@pytest.fixture
def host(plane: Plane, tmp_path: Path) -> Iterator[Host]:
    block = blocks.hold(None)
    made = Host(plane, block, tmp_path)
    plane.turn(made.build())
    yield made
    block.let_go()


async def talk(where: tuple[str, int], said: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*where)
    writer.write(said)
    writer.write_eof()
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


def test_the_host_reaches_what_groups_let_it_reach(host: Host) -> None:
    async def story() -> None:
        where = host.address, host.port
        server = await host.listen(host.port)
        await host.open(host.port, host.port + 1)
        await host.until(host.port, "open")
        # The network sees the laptop, as a rule for its address would.
        assert await talk(where, b"hello") == b"198.18.0.1 hello"
        assert await outcome((host.address, host.port + 1)) == "refused"
        (found,) = await host.plane.carrier.publications()
        assert (found.address, found.port, found.at, found.note) == (*where, where, "")
        await host.open(host.port + 1)
        assert await outcome(where, SHORT) == "dropped"
        await host.open(host.port)
        await host.until(host.port, "open")
        server.close()
        await server.wait_closed()
        await host.until(host.port, "refused")

    host.plane.turn(story())


def test_ssh_has_a_way_in(host: Host) -> None:
    async def story() -> None:
        server = await host.listen(host.port)
        await host.open(host.port)
        reader, writer = await asyncio.open_unix_connection(host.entrance)
        writer.write(f"connect i-1 {host.port}\n".encode())
        assert await reader.readline() == b"ok i-1\n"
        writer.write(b"hello")
        writer.write_eof()
        assert await reader.read() == b"198.18.0.1 hello"
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()

    host.plane.turn(story())


def test_names_are_answered_where_the_entrance_says(host: Host) -> None:
    async def story() -> None:
        reader, writer = await asyncio.open_unix_connection(host.entrance)
        writer.write(b"about\n")
        words = (await reader.readline()).split()
        writer.close()
        await writer.wait_closed()
        assert words[:2] == [b"ok", host.plane.terms.block.encode()]
        name = f"ec2-{host.address.replace('.', '-')}.compute-1.amazonaws.com"
        answer = await ask_datagram(int(words[2].rpartition(b":")[2]), question(name))
        assert read(answer) == (0, [host.address])

    host.plane.turn(story())


def test_a_carrier_that_is_killed_is_replaced_and_knows_all(host: Host) -> None:
    async def story() -> None:
        server = await host.listen(host.port)
        await host.open(host.port)
        await host.until(host.port, "open")
        carrier = await host.plane.carrier.carrier()
        assert carrier.process is not None
        carrier.process.kill()
        await carrier.line.gone.wait()
        await host.until(host.port, "open")
        server.close()
        await server.wait_closed()

    host.plane.turn(story())

"""Carriers to test: the fake, and the process with the kernel's networks below it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.drivers.namespaces.conftest import STRANGER_ID, WRAPPERS, Turn, require

from cloudling.drivers.carrier.driver import CarrierDriver
from cloudling.drivers.carrier.messages import Terms
from cloudling.drivers.carrier.relays import blocks
from cloudling.drivers.namespaces.driver import NamespaceNetworks
from cloudling.drivers.processes import ORPHAN_GRACE
from cloudling.drivers.trust.authorities import make_authority
from cloudling.kernel.attendance import InstanceMetadata, ServedNetwork
from cloudling.kernel.networks import Interface, Network, Rule, SecurityGroup
from cloudling.testing import FakeCarrier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.kernel.ports import Carrier

SUBNET = "172.31.0.0/20"
METADATA, RESOLVER = "169.254.169.254", "169.254.169.253"
KEY = b"k" * 32
PORT = 4599
AUTHORITY = "".join(make_authority())
ALL = SecurityGroup("sg-all", (Rule(),), (Rule(),))
TREE = {
    "meta-data/ami-id": "ami-1",
    "meta-data/instance-id": "i-1",
    "meta-data/public-keys": "0=mine",
    "meta-data/public-keys/0/openssh-key": "ssh-ed25519 AAAA mine",
}


@pytest.fixture
def turn() -> Iterator[Turn]:
    with asyncio.Runner() as runner:
        yield Turn(runner)


def metadata(name: str = "i-1", address: str = "172.31.0.10", **more: Any) -> InstanceMetadata:
    fields = {"network": "vpc-1", "addresses": (address,), "tree": TREE} | more
    return InstanceMetadata(name=name, **fields)


def served(**more: Any) -> ServedNetwork:
    fields: dict[str, Any] = {
        "name": "vpc-1",
        "account": "000000000000",
        "region": "us-east-1",
        "block": "172.31.0.0/16",
        "resolvers": ("172.31.0.2", RESOLVER),
        "domain": "ec2.internal",
    }
    return ServedNetwork(**(fields | more))


def open_door(terms: Terms) -> socket.socket:
    """What takes calls from within and answers none: they wait there."""
    made = socket.socket(socket.AF_UNIX)
    made.bind(terms.door)
    made.listen()
    return made


class Plane:
    """A network with two machines' spaces, and a carrier that serves it."""

    def __init__(self, folder: Path, turn: Turn, wrapper: tuple[str, ...] = ()) -> None:
        self.turn = turn
        self.folder = folder
        # Of whose user the folder is, that user's netd makes its own there.
        self.networks = NamespaceNetworks(
            folder / "netd", data=folder / "data", cache=folder / "cache", wrapper=wrapper
        )
        # Tests run beside each other, and as root each block has one who answers for it.
        self.block = blocks.hold(None)
        self.terms = Terms(
            port=PORT,
            door=str(folder / "door.sock"),
            key=KEY,
            block=self.block.network,
            authority=AUTHORITY,
        )
        self.carrier = self.driver()

    def driver(self, grace: float = ORPHAN_GRACE, **terms: Any) -> CarrierDriver:
        """Another control's, by these terms."""
        changed = msgspec.structs.replace(self.terms, **terms)
        return CarrierDriver(self.folder / "carrier", self.networks, changed, grace=grace)

    async def build(self) -> None:
        await self.networks.ensure_network(
            Network(
                "vpc-1", ("172.31.0.0/16",), (SUBNET,), (METADATA, RESOLVER, "172.31.0.2"), True
            )
        )
        await self.networks.set_groups("vpc-1", [ALL])
        for number in (1, 2):
            await self.networks.ensure_interface(
                Interface(
                    name=f"eni-{number}",
                    router="vpc-1",
                    subnet=SUBNET,
                    addresses=(f"172.31.0.{9 + number}",),
                    groups=("sg-all",),
                    space=f"i-{number}",
                )
            )
        await self.networks.set_public(
            "vpc-1", {"127.10.0.5": "172.31.0.10", "127.10.0.6": "172.31.0.11"}
        )

    async def ask(
        self, place: str, request: bytes, address: str = METADATA, port: int = 80
    ) -> bytes:
        """What comes back for some bytes, up to the end."""
        made = await self.networks.connect(place, address, port)
        reader, writer = await asyncio.open_connection(sock=made)
        try:
            writer.write(request)
            return await asyncio.wait_for(reader.read(), 60)
        finally:
            writer.close()
            await writer.wait_closed()

    def get(self, path: str, *, place: str = "i-1", method: str = "GET", **headers: str) -> Answer:
        return self.turn(self.fetch(path, place=place, method=method, **headers))

    async def fetch(
        self, path: str, *, place: str = "i-1", method: str = "GET", **headers: str
    ) -> Answer:
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        head = "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {METADATA}", *lines, "", ""])
        return Answer(await self.ask(place, head.encode()))

    def close(self) -> None:
        self.turn(self.carrier.stop())
        self.turn(self.networks.stop())
        self.block.let_go()


class Answer:
    """An HTTP answer, taken apart."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split(" ")[1])
        self.headers = {
            name.lower(): value.strip()
            for name, _, value in (each.partition(":") for each in lines)
        }
        self.text = self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture(params=["own"])
def plane(request: pytest.FixtureRequest, place: Path, turn: Turn) -> Iterator[Plane]:
    """As whoever runs the tests; a test may ask for another user's netd besides."""
    require(request.param)
    if request.param == "stranger":
        os.chown(place, STRANGER_ID, STRANGER_ID)
    made = Plane(place, turn, WRAPPERS[request.param])
    turn(made.build())
    yield made
    made.close()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that another user may reach; pytest's own ones only its user enters."""
    made = Path(tempfile.mkdtemp(prefix="cloudling-test-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture(params=["fake", "own"])
def carrier(request: pytest.FixtureRequest, place: Path, turn: Turn) -> Iterator[Carrier]:
    if request.param == "fake":
        yield FakeCarrier()
        return
    require(request.param)
    made = Plane(place, turn)
    yield made.carrier
    made.close()

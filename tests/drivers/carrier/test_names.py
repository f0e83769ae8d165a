"""What a network's resolvers answer, in the carrier's process, over datagrams and connections."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from typing import TYPE_CHECKING, Any

import pytest
from tests.drivers.carrier.conftest import RESOLVER, Plane, served

from cloudling.drivers.carrier.names import codec
from cloudling.drivers.carrier.names.codec import Code, Kind, Malformed
from cloudling.drivers.carrier.names.doors import Resolver, resolve_outside
from cloudling.drivers.carrier.names.zones import Zone, public_address, public_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.drivers.namespaces.conftest import Turn

ENDPOINT = "198.18.0.10"
NETWORK = served(
    names={"ip-172-31-0-10.ec2.internal": "172.31.0.10", "db": "172.31.9.9"},
    public={"127.10.0.5": "172.31.0.10"},
)


def taken_apart(message: bytes) -> tuple[int, list[str]]:
    """The code of an answer, and its records' data: addresses, or names."""
    _, flags, questions, count, _, _ = struct.unpack_from(">6H", message)
    end = message.index(b"\0", 12) + 5 if questions else 12
    found = []
    for _ in range(count):
        _, kind, _, _, length = struct.unpack_from(">HHHIH", message, end)
        data = message[end + 12 : end + 12 + length]
        end += 12 + length
        if kind == Kind.A:
            found.append(str(ipaddress.IPv4Address(data)))
        else:
            found.append(codec.read(bytes(4) + b"\0\1" + bytes(6) + data + b"\0\1\0\1").name)
    return flags & 0xF, found


def asked(resolver: Resolver, name: str, kind: Kind = Kind.A) -> tuple[int, list[str]]:
    said: list[bytes] = []
    resolver.take(codec.ask(7, name, kind), said.append)
    assert said[0][:2] == b"\0\7"
    return taken_apart(said[0])


@pytest.fixture
def resolver() -> Resolver:
    return Resolver(Zone(NETWORK, ENDPOINT).find, asks_host=False)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("ip-172-31-0-10.ec2.internal", "172.31.0.10"),
        ("IP-172-31-77-8.EC2.Internal", "172.31.77.8"),
        ("db.ec2.internal", "172.31.9.9"),
        ("ec2-127-10-0-5.compute-1.amazonaws.com", "172.31.0.10"),
        ("ec2-127-10-0-6.compute-1.amazonaws.com", "127.10.0.6"),
        ("ec2-127-10-0-5.eu-west-1.compute.amazonaws.com", "172.31.0.10"),
        ("s3.us-east-1.amazonaws.com", ENDPOINT),
        ("a.bucket.s3.eu-west-1.amazonaws.com", ENDPOINT),
        ("amazonaws.com", ENDPOINT),
        ("instance-data.ec2.internal", "169.254.169.254"),
        ("localhost", "127.0.0.1"),
    ],
)
def test_names_of_the_network_and_of_aws(resolver: Resolver, name: str, address: str) -> None:
    assert asked(resolver, name) == (Code.OK, [address])
    assert asked(resolver, name, Kind.AAAA) == (Code.OK, [])


@pytest.mark.parametrize(
    "name",
    [
        "example.com",
        "nobody",
        "nobody.ec2.internal",
        "ip-10-0-0-1.ec2.internal",
        "ip-172-31-300-1.ec2.internal",
        "ip-172-31-0-10.eu-west-1.compute.internal",
        "ec2-54-1-2-3.compute-1.amazonaws.com",
        "notamazonaws.com",
    ],
)
def test_all_else_is_nobody(resolver: Resolver, name: str) -> None:
    assert asked(resolver, name) == (Code.NO_SUCH_NAME, [])


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("10.0.31.172", "ip-172-31-0-10.ec2.internal"),
        ("9.9.31.172", "db.ec2.internal"),
        ("5.0.10.127", "ec2-127-10-0-5.compute-1.amazonaws.com"),
        ("1.0.0.10", None),
        ("31.172", None),
    ],
)
def test_addresses_have_names(resolver: Resolver, address: str, name: str | None) -> None:
    found = asked(resolver, f"{address}.in-addr.arpa", Kind.PTR)
    assert found == ((Code.OK, [name]) if name else (Code.NO_SUCH_NAME, []))


def test_public_names_say_their_address() -> None:
    for region in ("us-east-1", "eu-west-1"):
        name = public_name("127.10.3.4", region)
        assert public_address(name) == "127.10.3.4"
    assert public_address("s3.amazonaws.com") is None


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"", None),
        (b"\0\7\x80\0" + bytes(8), None),
        (b"\0\7\0\0" + bytes(8), Code.MALFORMED),
        (b"\0\7\0\0\0\1" + bytes(6) + b"\x3fabc", Code.MALFORMED),
        (b"\0\7\0\0\0\1" + bytes(6) + b"\xc0\x0c\0\1\0\1", Code.MALFORMED),
        (b"\0\7\0\0\0\1" + bytes(6) + b"\1\xff\0\0\1\0\1", Code.MALFORMED),
        (b"\0\7\0\0\0\1" + bytes(6) + b"\1a\0\0\1\0\3", Code.MALFORMED),
        (b"\0\7\x28\0\0\1" + bytes(6) + b"\1a\0\0\1\0\1", Code.NOT_BUILT),
    ],
)
def test_what_is_no_question_is_told_so(message: bytes, code: Code | None) -> None:
    with pytest.raises(Malformed) as refusal:
        codec.read(message)
    answer = refusal.value.answer
    assert (taken_apart(answer)[0] if answer else None) == code


def test_the_host_is_asked_only_where_that_is_let(turn: Turn) -> None:
    async def ask(*found: str) -> Any:
        async def say(_: str) -> list[tuple[Any, ...]]:
            return [(socket.AF_INET, 1, 6, "", (each, 0)) for each in found]

        return await resolve_outside("example.com", say)

    assert turn(ask("93.184.216.34", "93.184.216.34")) == codec.addresses("93.184.216.34")
    # What is not the internet's is not told: a name outside could mean the host's neighbours.
    assert turn(ask("192.168.0.1", "127.0.0.1", "10.0.0.1")).code == Code.NO_SUCH_NAME


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (socket.gaierror(socket.EAI_NONAME, ""), Code.NO_SUCH_NAME),
        (socket.gaierror(socket.EAI_AGAIN, ""), Code.FAILED),
        (TimeoutError(), Code.FAILED),
    ],
)
def test_a_host_that_does_not_know(turn: Turn, fault: OSError, code: Code) -> None:
    async def ask() -> Any:
        async def say(_: str) -> list[tuple[Any, ...]]:
            raise fault

        return await resolve_outside("example.com", say)

    assert turn(ask()).code == code


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, said: asyncio.Future[bytes]) -> None:
        self._said = said

    def datagram_received(self, data: bytes, _: object) -> None:
        self._said.set_result(data)


async def ask_by_datagram(plane: Plane, message: bytes, address: str) -> bytes:
    netd = await plane.networks.netd()
    made = await netd.socket_of(place="i-1", kind="datagram", to_address=address, to_port=53)
    loop = asyncio.get_running_loop()
    said: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(lambda: Datagrams(said), sock=made)
    try:
        transport.sendto(message)
        return await said
    finally:
        transport.close()


async def ask_by_stream(plane: Plane, message: bytes, address: str) -> bytes:
    made = await plane.networks.connect("i-1", address, 53)
    reader, writer = await asyncio.open_connection(sock=made)
    try:
        writer.write(struct.pack(">H", len(message)) + message)
        (length,) = struct.unpack(">H", await reader.readexactly(2))
        return await reader.readexactly(length)
    finally:
        writer.close()
        await writer.wait_closed()


WAYS = [(ask, at) for ask in (ask_by_datagram, ask_by_stream) for at in (RESOLVER, "172.31.0.2")]


def test_a_machine_asks(plane: Plane) -> None:
    async def try_it(ask: Callable[..., Any], address: str) -> list[tuple[int, list[str]]]:
        await plane.carrier.ensure_network(NETWORK)
        names = ("db.ec2.internal", "sts.amazonaws.com", "example.com")
        first = [taken_apart(await ask(plane, codec.ask(1, name), address)) for name in names]
        # Names change while listeners stay.
        await plane.carrier.ensure_network(served(names={"db": "172.31.1.1"}))
        again = taken_apart(await ask(plane, codec.ask(1, names[0]), address))
        return [*first, again]

    for ask, address in WAYS:
        assert plane.turn(try_it(ask, address)) == [
            (Code.OK, ["172.31.9.9"]),
            (Code.OK, [ENDPOINT]),
            (Code.NO_SUCH_NAME, []),
            (Code.OK, ["172.31.1.1"]),
        ]

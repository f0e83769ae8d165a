"""The host's DNS server, asked with messages made by hand."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

import pytest

from cloudling.drivers.carrier.relays.names import address_of
from cloudling.drivers.carrier.relays.resolver import Resolver, machine_servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.drivers.carrier.relays.conftest import Turn

A, AAAA, ANY = 1, 28, 255
OURS = "ec2-127-10-0-5.eu-west-1.compute.amazonaws.com"
THEIRS = "ec2-54-1-2-3.eu-west-1.compute.amazonaws.com"


def question(name: str, kind: int = A, number: int = 77) -> bytes:
    labels = b"".join(bytes([len(each)]) + each.encode() for each in name.split("."))
    return (
        struct.pack(">6H", number, 0x0100, 1, 0, 0, 0)
        + labels
        + b"\0"
        + struct.pack(">HH", kind, 1)
    )


def read(answer: bytes) -> tuple[int, list[str]]:
    """The code, and the addresses."""
    number, flags, asked, answers, *_ = struct.unpack_from(">6H", answer)
    assert (number, flags & 0x8000, asked) == (77, 0x8000, 1)
    tail = answer[-16 * answers :] if answers else b""
    return flags & 15, [socket.inet_ntoa(tail[at + 12 : at + 16]) for at in range(0, len(tail), 16)]


async def ask_datagram(port: int, message: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.setblocking(False)
        made.connect(("127.0.0.1", port))
        await loop.sock_sendall(made, message)
        return await loop.sock_recv(made, 4096)


async def ask_stream(port: int, message: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(struct.pack(">H", len(message)) + message)
    (length,) = struct.unpack(">H", await reader.readexactly(2))
    answer = await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.fixture
def resolver(turn: Turn) -> Iterator[Resolver]:
    """One that knows a server of the machine's, which is another one of ours."""

    async def begin() -> tuple[Resolver, Resolver]:
        above = _Other(list)
        await above.start(0)
        made = Resolver(lambda: [("127.0.0.1", above.port)])
        await made.start(0)
        return made, above

    made, above = turn(begin())
    yield made
    made.close()
    above.close()
    turn(asyncio.sleep(0))


class _Other(Resolver):
    """Says of any name that it is refused, so that it can be told from ours."""


@pytest.mark.parametrize("ask", [ask_datagram, ask_stream])
def test_public_names_say_their_address(resolver: Resolver, turn: Turn, ask: object) -> None:
    async def story() -> None:
        answer = await ask(resolver.port, question(OURS))  # type: ignore[operator] - of the two
        assert read(answer) == (0, ["127.10.0.5"])

    turn(story())


@pytest.mark.parametrize(
    ("name", "kind", "wanted"),
    [
        ("EC2-127-10-0-5.Compute-1.AmazonAWS.com", A, (0, ["127.10.0.5"])),
        (OURS, ANY, (0, ["127.10.0.5"])),
        (OURS, AAAA, (0, [])),
        ("example.com", A, (5, [])),
    ],
)
def test_each_question_has_its_answer(
    resolver: Resolver, turn: Turn, name: str, kind: int, wanted: object
) -> None:
    answer = turn(ask_datagram(resolver.port, question(name, kind)))
    assert read(answer) == wanted


@pytest.mark.parametrize("ask", [ask_datagram, ask_stream])
def test_what_is_not_ours_is_asked_elsewhere(turn: Turn, ask: object) -> None:
    async def story() -> None:
        heard: list[bytes] = []

        class Above(Resolver):
            async def answer(self, message: bytes, ask: object) -> bytes:
                heard.append(message)
                return message[:2] + b"\x81\x83" + message[4:]

        above = Above()
        await above.start(0)
        resolver = Resolver(lambda: [("127.0.0.1", above.port)])
        await resolver.start(0)
        answer = await ask(resolver.port, question(THEIRS))  # type: ignore[operator] - of the two
        assert read(answer) == (3, [])
        assert heard == [question(THEIRS)]
        resolver.close()
        above.close()

    turn(story())


def test_without_another_server_it_says_that_it_failed(turn: Turn) -> None:
    async def story() -> None:
        resolver = Resolver(list)
        await resolver.start(0)
        assert read(await ask_datagram(resolver.port, question(THEIRS))) == (2, [])
        resolver.close()

    turn(story())


def test_what_is_no_question_has_no_answer_or_an_error(resolver: Resolver, turn: Turn) -> None:
    async def story() -> None:
        for nonsense in (b"", b"abc", b"\0" * 11, question(OURS)[:2] + b"\x80" + bytes(30)):
            assert await resolver.answer(nonsense, None) == b""
        for nonsense in (question(OURS)[:-3], question(OURS)[:12] + b"\xff" * 40, bytes(12)):
            assert (await resolver.answer(nonsense, None))[3] & 15 == 1

    turn(story())


def test_a_port_that_is_taken_is_another(resolver: Resolver, turn: Turn) -> None:
    async def story() -> None:
        other = Resolver(list)
        await other.start(resolver.port)
        assert other.port not in (0, resolver.port)
        assert read(await ask_datagram(other.port, question(OURS))) == (0, ["127.10.0.5"])
        other.close()

    turn(story())


def test_the_machines_servers_are_those_that_are_not_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub, real = tmp_path / "stub", tmp_path / "real"
    stub.write_text("nameserver 127.0.0.53\noptions edns0\n")
    real.write_text(
        "# written\nnameserver 192.0.2.1\nnameserver nonsense\nnameserver 2001:db8::1\n"
    )
    module = "cloudling.drivers.carrier.relays.resolver._LISTS"
    monkeypatch.setattr(module, (tmp_path / "none", stub, real))
    assert machine_servers() == [("192.0.2.1", 53), ("2001:db8::1", 53)]
    monkeypatch.setattr(module, (stub,))
    assert machine_servers() == []


@pytest.mark.parametrize(
    ("name", "address"),
    [
        (OURS, "127.10.0.5"),
        (f"{OURS}.", "127.10.0.5"),
        ("ec2-127-99-255-0.compute-1.amazonaws.com", "127.99.255.0"),
        ("ec2-127-10-0-5.us-gov-west-1.compute.amazonaws.com", "127.10.0.5"),
        ("ec2-127-10-0-5.cn-north-1.compute.amazonaws.com.cn", "127.10.0.5"),
        (THEIRS, ""),
        ("ec2-127-9-0-5.eu-west-1.compute.amazonaws.com", ""),
        ("ec2-127-10-0-256.eu-west-1.compute.amazonaws.com", ""),
        ("ec2-127-10-0-05.eu-west-1.compute.amazonaws.com", ""),
        (f"x{OURS}", ""),
        (f"{OURS}.example.com", ""),
        ("127.10.0.5", ""),
    ],
)
def test_a_public_name_says_its_address(name: str, address: str) -> None:
    assert address_of(name) == address

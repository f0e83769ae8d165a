"""Relays to test: in front of the fake network or of the kernel's, by listeners or steered."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.drivers.carrier.relays import blocks
from cloudling.drivers.carrier.relays.listeners import ListenerFront
from cloudling.drivers.carrier.relays.relays import Relays
from cloudling.drivers.carrier.relays.steered import SteeredFront

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

# A connection that is not answered within this is not answered: the machine itself answers.
SHORT = 0.3


class Turn:
    """Drives coroutines from tests that are none."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner

    def __call__(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(asyncio.wait_for(work, 60))


@pytest.fixture
def turn() -> Iterator[Turn]:
    with asyncio.Runner() as runner:
        yield Turn(runner)


@pytest.fixture
def block(tmp_path_factory: pytest.TempPathFactory) -> Iterator[blocks.Block]:
    held = blocks.hold(tmp_path_factory.mktemp("block"))
    yield held
    held.let_go()


@dataclass
class FakePlaces:
    """Machines behind public addresses, each of whose ports is a listener on 127.0.0.1."""

    ports: dict[tuple[str, int], int] = field(default_factory=dict)
    vanishing: set[tuple[str, int]] = field(default_factory=set)
    asked: list[tuple[str, str, int]] = field(default_factory=list)

    async def connect(
        self, place: str, address: str, port: int, *, source: str = "", patience: float = 30.0
    ) -> socket.socket:
        self.asked.append((place, address, port))
        if (address, port) in self.vanishing:
            raise TimeoutError
        if (address, port) not in self.ports:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        made = socket.socket()
        made.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(made, ("127.0.0.1", self.ports[address, port]))
        return made

    async def diagnose(self, place: str) -> socket.socket:
        raise OSError(errno.ENOENT, f"There is no space {place}.")


class FakeListening:
    """Ports by machine, as a test sets them."""

    def __init__(self) -> None:
        self.machines: dict[str, set[int]] = {}
        self.forgotten: list[str] = []

    async def ports(self, machine: str, address: str) -> frozenset[int]:
        return frozenset(self.machines.get(machine, ()))

    def forget(self, machine: str) -> None:
        self.forgotten.append(machine)

    def close(self) -> None:
        self.forgotten.append("*")


def _listeners(block: str, accept: Callable[[socket.socket, str, int], None]) -> ListenerFront:
    return ListenerFront(accept)


FRONTS = {"listeners": _listeners, "steered": SteeredFront}


def require_steering(block: blocks.Block) -> None:
    if os.geteuid():
        pytest.skip("Only root steers the machine's connections.")

    async def attempt() -> None:
        SteeredFront(block.network, lambda end, *_: end.close()).close()

    try:
        asyncio.run(attempt())
    except OSError as fault:
        pytest.skip(f"Connections cannot be steered here: {fault}.")


class Stage:
    """Relays, what they connect to, and what a program of the host's finds."""

    def __init__(self, block: blocks.Block, kind: str) -> None:
        self.block = block
        self.kind = kind
        # As the block is nobody else's, so are these ports, of which one is taken of all addresses.
        self.port = 12_000 + 10 * block.number
        self.places = FakePlaces()
        self.listening = FakeListening()
        self.stack = AsyncExitStack()
        self.relays: Relays

    async def begin(self) -> None:
        self.relays = Relays(self.block.network, self.places, self.listening, FRONTS[self.kind])
        self.stack.callback(self.relays.close)

    def address(self, last: int) -> str:
        return f"127.{self.block.number}.0.{last}"

    async def serve(
        self, address: str, port: int, talk: Callable[..., Coroutine[Any, Any, None]]
    ) -> None:
        """Let a machine serve a port of its public address."""
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        self.stack.push_async_callback(_stop, server)
        self.places.ports[address, port] = server.sockets[0].getsockname()[1]

    def at(self, address: str, port: int) -> tuple[str, int]:
        """Where on the host the port is found."""
        found = {(each.address, each.port): each.at for each in self.relays.publications()}
        return found.get((address, port), (address, port))


async def _stop(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()


@pytest.fixture(params=list(FRONTS))
def stage(request: pytest.FixtureRequest, block: blocks.Block, turn: Turn) -> Iterator[Stage]:
    if request.param == "steered":
        require_steering(block)
    made = Stage(block, request.param)
    turn(made.begin())
    yield made
    turn(made.stack.aclose())


async def outcome(where: tuple[str, int], patience: float = 30.0) -> str:
    """`open`, `refused` or `dropped`: no answer came."""
    made = socket.socket()
    made.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        await asyncio.wait_for(loop.sock_connect(made, where), patience)
    except TimeoutError:
        return "dropped"
    except ConnectionRefusedError:
        return "refused"
    finally:
        made.close()
    return "open"

"""The way in for ssh: one question, one answer, and then the machine's own bytes."""

from __future__ import annotations

import asyncio
import stat
from typing import TYPE_CHECKING

import pytest
from tests.drivers.carrier.relays.test_relays import echo, published

from cloudling.drivers.carrier.relays.entrances import Entrance

if TYPE_CHECKING:
    from pathlib import Path

    from tests.drivers.carrier.relays.conftest import Stage, Turn


async def begin(stage: Stage, folder: Path) -> Path:
    path = folder / "entrance"
    entrance = Entrance(path, stage.relays, lambda: "something")
    stage.stack.callback(entrance.close)
    await stage.serve(stage.address(5), stage.port, echo)
    await stage.relays.publish("vpc-1", [published(stage)])
    return path


async def ask(path: Path, said: bytes, more: bytes = b"") -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(said)
    first = await reader.readline()
    writer.write(more)
    writer.write_eof()
    rest = await reader.read()
    writer.close()
    await writer.wait_closed()
    return first + rest


def test_it_leads_to_a_machine_that_no_port_of_the_host_leads_to(
    stage: Stage, turn: Turn, tmp_path: Path
) -> None:
    async def story() -> None:
        path = await begin(stage, tmp_path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        dashed = stage.address(5).replace(".", "-")
        for host in (stage.address(5), f"ec2-{dashed}.compute-1.amazonaws.com", "i-1"):
            said = f"connect {host} {stage.port}\n".encode()
            assert await ask(path, said, b"hello") == b"ok i-1\nhello"

    turn(story())


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"about\n", b"ok something\n"),
        (b"connect i-9 22\n", b"no Nothing that runs has the public address i-9.\n"),
        (b"connect i-1 99999\n", b"no Nothing that runs has the public address i-1.\n"),
        (b"connect i-1 9\n", b"no Connection refused\n"),
        (
            b"connect i-1 8\n",
            b"no Connection timed out: no security group of the machine lets it in.\n",
        ),
        (b"connect i-1\n", b"no That is no question.\n"),
        (b"x" * 400 + b"\n", b"no That is no question.\n"),
        (b"\n", b"no That is no question.\n"),
    ],
)
def test_what_cannot_be_is_said(
    stage: Stage, turn: Turn, tmp_path: Path, said: bytes, answer: bytes
) -> None:
    async def story() -> None:
        path = await begin(stage, tmp_path)
        stage.places.vanishing.add((stage.address(5), 8))
        assert await ask(path, said) == answer

    turn(story())


def test_who_hangs_up_early_hurts_nobody(stage: Stage, turn: Turn, tmp_path: Path) -> None:
    async def story() -> None:
        path = await begin(stage, tmp_path)
        for said in (b"", b"conn", b"\xff\n"):
            _, writer = await asyncio.open_unix_connection(path)
            writer.write(said)
            writer.close()
            await writer.wait_closed()
        assert await ask(path, b"about\n") == b"ok something\n"

    turn(story())


def test_it_goes_with_its_cloud(stage: Stage, turn: Turn, tmp_path: Path) -> None:
    async def story() -> None:
        path = await begin(stage, tmp_path)
        await stage.stack.aclose()
        assert not path.exists()

    turn(story())

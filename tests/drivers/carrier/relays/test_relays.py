"""What programs of the host find at public addresses; both fronts keep to it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
from typing import TYPE_CHECKING

import pytest
from tests.drivers.carrier.relays.conftest import SHORT, Stage, outcome

from cloudling.kernel.attendance import Published

if TYPE_CHECKING:
    from tests.drivers.carrier.relays.conftest import Turn

ALL = ((0, 65535),)


def published(stage: Stage, *open_: tuple[int, int], **more: object) -> Published:
    fields: dict[str, object] = {
        "address": stage.address(5),
        "machine": "i-1",
        "private": "172.31.0.10",
        "open": open_,
    }
    return Published(**(fields | more))  # type: ignore[arg-type] - as the caller says


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()


async def talk(where: tuple[str, int], said: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*where)
    writer.write(said)
    writer.write_eof()
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


def test_an_open_port_leads_to_its_machine(stage: Stage, turn: Turn) -> None:
    async def story() -> None:
        await stage.serve(stage.address(5), stage.port, echo)
        stage.listening.machines["i-1"] = {stage.port}
        await stage.relays.publish("vpc-1", [published(stage, (stage.port, stage.port))])
        assert await talk((stage.address(5), stage.port), b"hello") == b"hello"
        assert stage.places.asked == [("internet", stage.address(5), stage.port)]

    turn(story())


def test_what_is_blocked_vanishes_and_what_is_closed_is_refused(stage: Stage, turn: Turn) -> None:
    async def story() -> None:
        await stage.serve(stage.address(5), stage.port, echo)
        stage.listening.machines["i-1"] = {stage.port, stage.port + 1}
        await stage.relays.publish(
            "vpc-1", [published(stage, (stage.port, stage.port), (stage.port + 2, stage.port + 2))]
        )
        blocked = asyncio.create_task(outcome((stage.address(5), stage.port + 1), SHORT))
        assert await outcome((stage.address(5), stage.port)) == "open"
        assert await outcome((stage.address(5), stage.port + 2)) == "refused"
        assert await blocked == "dropped"

    turn(story())


def test_a_port_that_a_group_has_named_vanishes_once_it_is_revoked(
    stage: Stage, turn: Turn
) -> None:
    async def story() -> None:
        opened = published(stage, (stage.port, stage.port), named=(stage.port,))
        await stage.relays.publish("vpc-1", [opened])
        assert await outcome((stage.address(5), stage.port)) == "refused"
        await stage.relays.publish("vpc-1", [published(stage)])
        assert await outcome((stage.address(5), stage.port), SHORT) == "dropped"

    turn(story())


def test_groups_edited_while_it_runs_hold_for_new_connections(stage: Stage, turn: Turn) -> None:
    async def story() -> None:
        where = stage.address(5), stage.port
        await stage.serve(*where, echo)
        stage.listening.machines["i-1"] = {stage.port}
        await stage.relays.publish("vpc-1", [published(stage)])
        assert await outcome(where, SHORT) == "dropped"
        await stage.relays.publish("vpc-1", [published(stage, (stage.port, stage.port))])
        reader, writer = await asyncio.open_connection(*where)
        await stage.relays.publish("vpc-1", [published(stage)])
        assert await outcome(where, SHORT) == "dropped"
        # What was established goes on, as on AWS.
        writer.write(b"still here")
        assert await reader.readexactly(10) == b"still here"
        writer.close()
        await writer.wait_closed()

    turn(story())


def test_a_program_that_begins_to_listen_is_found(stage: Stage, turn: Turn) -> None:
    async def story() -> None:
        await stage.serve(stage.address(5), stage.port, echo)
        await stage.relays.publish("vpc-1", [published(stage, *ALL)])
        assert await outcome((stage.address(5), stage.port)) == "refused"
        stage.relays.start()
        stage.listening.machines["i-1"] = {stage.port}
        async with asyncio.timeout(60):
            while await outcome((stage.address(5), stage.port)) != "open":  # noqa: ASYNC110 - a poll is what is tested
                await asyncio.sleep(0.02)

    turn(story())


def test_many_bytes_arrive_as_they_were_sent(stage: Stage, turn: Turn) -> None:
    async def story() -> None:
        await stage.serve(stage.address(5), stage.port, echo)
        stage.listening.machines["i-1"] = {stage.port}
        await stage.relays.publish("vpc-1", [published(stage, (stage.port, stage.port))])
        reader, writer = await asyncio.open_connection(stage.address(5), stage.port)
        sent = os.urandom(1 << 20) * 8
        hasher = hashlib.sha256()

        async def read() -> None:
            while data := await reader.read(1 << 16):
                hasher.update(data)

        reading = asyncio.create_task(read())
        writer.write(sent)
        writer.write_eof()
        await reading
        assert hasher.digest() == hashlib.sha256(sent).digest()
        writer.close()
        await writer.wait_closed()

    turn(story())


def test_who_does_not_read_holds_the_other_up(stage: Stage, turn: Turn) -> None:
    async def story() -> None:
        sent = 0

        async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            try:
                while True:
                    writer.write(bytes(1 << 20))
                    await writer.drain()
                    sent += 1
            except ConnectionError:
                writer.close()

        await stage.serve(stage.address(5), stage.port, pour)
        stage.listening.machines["i-1"] = {stage.port}
        await stage.relays.publish("vpc-1", [published(stage, (stage.port, stage.port))])
        with socket.create_connection((stage.address(5), stage.port)):
            before = -1
            while sent != before:
                before = sent
                await asyncio.sleep(0.2)
            assert sent < 200

    turn(story())


def test_a_machine_that_goes_ends_its_connections(stage: Stage, turn: Turn) -> None:
    async def story() -> None:
        where = stage.address(5), stage.port
        await stage.serve(*where, echo)
        stage.listening.machines["i-1"] = {stage.port}
        await stage.relays.publish("vpc-1", [published(stage, (stage.port, stage.port))])
        reader, writer = await asyncio.open_connection(*where)
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        await stage.relays.remove_network("vpc-1")
        assert await reader.read() == b""
        assert "i-1" in stage.listening.forgotten
        assert stage.relays.publications() == ()
        writer.close()
        await writer.wait_closed()

    turn(story())


def test_a_machine_whose_space_ends_ends_its_connections(stage: Stage, turn: Turn) -> None:
    """As when it is stopped, though its address stays its own."""

    async def story() -> None:
        where = stage.address(5), stage.port
        await stage.serve(*where, echo)
        stage.listening.machines["i-1"] = {stage.port}
        await stage.relays.publish("vpc-1", [published(stage, (stage.port, stage.port))])
        reader, writer = await asyncio.open_connection(*where)
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        stage.relays.renew("i-2")
        writer.write(b"y")
        assert await reader.readexactly(1) == b"y"
        stage.relays.renew("i-1")
        assert await reader.read() == b""
        assert await talk(where, b"again") == b"again"
        writer.close()
        await writer.wait_closed()

    turn(story())


def test_a_connection_that_the_network_refuses_is_reset(stage: Stage, turn: Turn) -> None:
    async def story() -> None:
        stage.listening.machines["i-1"] = {stage.port}
        await stage.relays.publish("vpc-1", [published(stage, (stage.port, stage.port))])
        reader, writer = await asyncio.open_connection(stage.address(5), stage.port)
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
        writer.close()

    turn(story())


def test_a_port_below_1024_or_taken_is_found_all_the_same(stage: Stage, turn: Turn) -> None:
    async def story() -> None:
        where = stage.address(5), stage.port
        await stage.serve(*where, echo)
        stage.listening.machines["i-1"] = {stage.port}
        with socket.create_server(("", stage.port)):
            await stage.relays.publish("vpc-1", [published(stage, (stage.port, stage.port))])
            (found,) = stage.relays.publications()
            assert await talk(found.at, b"hello") == b"hello"
            if stage.kind == "steered":
                assert found.at == where
                assert not found.note
            else:
                assert found.at == (stage.address(5), stage.port + 10_000)
                assert found.note == f"Another program holds port {stage.port} of all addresses."
            await stage.relays.publish("vpc-1", [published(stage)])
            assert await outcome(found.at, SHORT) == "dropped"
            assert stage.relays.publications() == ()

    turn(story())


def test_more_connections_than_there_is_room_for_wait(
    stage: Stage, turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        where = stage.address(5), stage.port
        await stage.serve(*where, echo)
        stage.listening.machines["i-1"] = {stage.port}
        monkeypatch.setattr(stage.relays, "_most", 2)
        await stage.relays.publish("vpc-1", [published(stage, (stage.port, stage.port))])
        opened = [await asyncio.open_connection(*where) for _ in range(3)]
        for _, writer in opened:
            writer.write(b"x")
        for reader, _ in opened[:2]:
            assert await reader.readexactly(1) == b"x"
        waiting = asyncio.create_task(opened[2][0].readexactly(1))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        opened[0][1].close()
        assert await waiting == b"x"
        for _, writer in opened:
            writer.close()
            await writer.wait_closed()

    turn(story())


def test_hosts_are_found_by_address_name_and_machine(stage: Stage, turn: Turn) -> None:
    async def story() -> None:
        one = published(stage)
        await stage.relays.publish("vpc-1", [one])
        dashed = one.address.replace(".", "-")
        for host in (
            one.address,
            "i-1",
            f"ec2-{dashed}.compute-1.amazonaws.com",
            f"ec2-{dashed}.eu-west-1.compute.amazonaws.com",
        ):
            assert stage.relays.find(host) == one
        assert stage.relays.find("i-2") is None
        assert stage.relays.find(f"ec2-{dashed}.example.com") is None

    turn(story())

"""`cloudling shell`: a terminal, or a command, in a machine that runs."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from tests.processes import PATIENCE, ROOT

from cloudling.gateway.shells import Shells

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.drivers.namespaces.conftest import Rig, Turn

PORT = 45_660
LINE = b"tty; echo $TERM; cat\n"


@asynccontextmanager
async def served(rig: Rig) -> AsyncIterator[None]:
    folder = rig.place / "cloudling"
    folder.mkdir(mode=0o700)
    cloud: Any = SimpleNamespace(machines=rig.machines)
    shells = Shells(cloud, folder / f"{PORT}.shell")
    shells.start()
    assert (folder / f"{PORT}.shell").stat().st_mode & 0o777 == 0o600
    try:
        yield
    finally:
        await shells.stop()
    assert not list(folder.iterdir())


async def start(rig: Rig, *words: str, **streams: int) -> asyncio.subprocess.Process:
    own = {"PYTHONPATH": str(ROOT / "src"), "XDG_RUNTIME_DIR": str(rig.place), "TERM": "xterm"}
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cloudling", "shell", "--port", str(PORT), *words),
        env={**os.environ, **own},
        **{"stdin": pipe, "stdout": pipe, "stderr": pipe, **streams},
    )


async def ended(process: asyncio.subprocess.Process, given: bytes = b"") -> tuple[int, str, str]:
    out, err = await asyncio.wait_for(process.communicate(given), PATIENCE)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def test_a_command_runs_as_the_machines_user(real: Rig, turn: Turn) -> None:
    async def run() -> None:
        await real.machines.start(real.machine("i-10"))
        async with served(real):
            script = "id -un; pwd; cat; echo wrong >&2; exit 7"
            process = await start(real, "i-10", "--", "sh", "-c", script)
            said = await ended(process, b"given\n")
            assert said == (7, "ec2-user\n/home/ec2-user\ngiven\n", "wrong\n")
            said = await ended(await start(real, "--root", "i-10", "--", "id", "-u"))
            assert said == (0, "0\n", "")
            said = await ended(await start(real, "i-10"), b"id -un; kill -9 $$\n")
            assert said == (137, "ec2-user\n", "")

    turn(run())


def test_a_terminal_is_one_of_the_machines_own(real: Rig, turn: Turn) -> None:
    async def run() -> tuple[int, str]:
        await real.machines.start(real.machine("i-10"))
        async with served(real):
            ours, theirs = pty.openpty()
            process = await start(real, "i-10", stdin=theirs, stdout=theirs, stderr=theirs)
            os.close(theirs)
            os.write(ours, LINE)
            said = b""
            while b"xterm" not in said:
                said += await asyncio.to_thread(os.read, ours, 4096)
            await real.shell("i-10", "until pgrep -x cat; do sleep 0.02; done")
            # It ends what runs, and not what we typed it to.
            os.write(ours, b"\x03")
            while b"$ " not in said.partition(b"^C")[2]:
                said += await asyncio.to_thread(os.read, ours, 4096)
            os.write(ours, b"exit 5\n")
            # The terminal ends with those who write to it, and they when all is read.
            with suppress(OSError):
                while True:
                    said += await asyncio.to_thread(os.read, ours, 4096)
            code = await asyncio.wait_for(process.wait(), PATIENCE)
            os.close(ours)
            return code, said.decode()

    code, said = turn(run())
    assert code == 5
    assert "/dev/pts/" in said


@pytest.mark.parametrize("real", ["own"], indirect=True)
def test_what_cannot_be_is_told(real: Rig, turn: Turn) -> None:
    async def run() -> None:
        async with served(real):
            code, _, said = await ended(await start(real, "i-10", "--", "true"))
            assert (code, "no machine i-10" in said) == (1, True)
        code, _, said = await ended(await start(real, "i-10", "--", "true"))
        assert (code, "No cloud with machines answers" in said) == (1, True)

    turn(run())

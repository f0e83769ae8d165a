"""Logins and `sudo` in machines, with as many ids as a machine has."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.processes import PATIENCE

if TYPE_CHECKING:
    from tests.drivers.namespaces.conftest import Rig, Turn

SSHD = Path("/usr/sbin/sshd")
SSH = "ssh -tt -i /root/key -o StrictHostKeyChecking=no -o LogLevel=ERROR"
ENVIRONMENT = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
TRIED = "id -un; sudo id -u; env | sed -n s/^AWS_ENDPOINT_URL=//p"
ELEVATED = """
export OTHER="not kept"
sudo id -u; sudo -u ec2-user id -u; echo given | sudo cat; sudo sh -c "exit 7"; echo $?
cd /srv; sudo pwd; sudo -i pwd; sudo NAME=value sh -c "echo \\$NAME \\$SUDO_USER \\$HOME"
sudo env | grep -E "^(AWS|OTHER)"; sudo -E env | grep -E "^OTHER"; sudo -u nobody-here true; echo $?
sudo /no/such/program; echo $?; sudo sh -c "kill -9 \\$\\$"; echo $?
"""
SAID = """0
1000
given
7
/srv
/root
value ec2-user /root
AWS_ENDPOINT_URL=http://127.0.0.1:4566
OTHER=not kept
sudo: unknown user nobody-here
1
/no/such/program: [Errno 2] No such file or directory: '/no/such/program'
127
137
"""


@pytest.mark.parametrize("real", ["stranger"], indirect=True)
def test_sudo_works_with_a_single_id(real: Rig, turn: Turn) -> None:
    async def elevate() -> tuple[int, str]:
        await real.machines.start(real.machine("i-10", environment=ENVIRONMENT))
        return await real.shell("i-10", ELEVATED, user="")

    assert turn(elevate()) == (0, SAID)


@pytest.mark.parametrize("real", ["stranger"], indirect=True)
def test_sudo_hands_signals_on(real: Rig, turn: Turn) -> None:
    script = "trap 'echo told; exit 9' TERM; echo up; while :; do sleep 0.05; done"

    async def signal() -> tuple[int, str]:
        await real.machines.start(real.machine("i-10"))
        command = f'sudo sh -c "{script}" > said 2> /dev/null &'
        command += " until grep -qs up said; do sleep 0.02; done"
        command += "; kill -TERM $!; wait $!; echo $?; cat said"
        return await real.shell("i-10", command, user="")

    assert turn(signal()) == (0, "9\nup\ntold\n")


@pytest.mark.skipif(not SSHD.exists(), reason="This host has no OpenSSH server to show machines.")
def test_its_user_may_log_in(real: Rig, turn: Turn) -> None:
    async def run() -> tuple[int, str]:
        key = real.place / "key"
        making = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
        process = await asyncio.create_subprocess_exec(*making)
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
        private = await asyncio.to_thread(key.read_text)
        public = await asyncio.to_thread(key.with_suffix(".pub").read_text)
        await real.machines.start(
            real.machine("i-10", keys=(public.strip(),), environment=ENVIRONMENT)
        )
        await real.shell("i-10", f"umask 077; cat > /root/key << EOF\n{private}EOF")
        until = f"until {SSH} ec2-user@127.0.0.1 true; do sleep 0.02; done"
        return await real.shell("i-10", f"{until}; {SSH} ec2-user@127.0.0.1 '{TRIED}'")

    code, said = turn(run())
    assert (code, said.split()[-3:]) == (0, ["ec2-user", "0", "http://127.0.0.1:4566"])

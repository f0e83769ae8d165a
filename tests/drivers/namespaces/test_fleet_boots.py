"""What a machine is like after it has booted, and what stays of it."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from cloudling.drivers.namespaces import userdata

if TYPE_CHECKING:
    from tests.drivers.namespaces.conftest import Rig, Turn

SAYING = b"#!/bin/sh\necho said by $(id -u) in $(pwd)\necho x >> /srv/times\n"
AUTHORITY = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA me"
FILLING = """
cd /srv; echo one > a; ln a b; ln -s a c; truncate -s 1G hole; mkfifo pipe; chmod 751 .
rm /etc/real.pem
"""
ENVIRONMENT = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_CA_BUNDLE": "/etc/real.pem"}


async def printed(rig: Rig, name: str, script: str, **said: str) -> str:
    code, found = await rig.shell(name, script, **said)
    assert code == 0, found
    return found


def until(condition: str) -> str:
    return f"until {condition}; do sleep 0.02; done"


def test_user_data_runs_once(real: Rig, turn: Turn) -> None:
    async def boot_twice() -> tuple[str, str]:
        machine = real.machine("i-10", script=SAYING)
        await real.machines.start(machine)
        await printed(real, "i-10", until("test -s /srv/times"))
        await real.machines.stop("i-10")
        await real.machines.start(machine)
        log = await printed(real, "i-10", "cat /srv/times /var/log/cloud-init-output.log")
        return log, (await real.machines.console("i-10")).decode()

    assert turn(boot_twice()) == ("x\nsaid by 0 in /\n", "said by 0 in /\n")


def test_what_user_data_leaves_running_goes_on(real: Rig, turn: Turn) -> None:
    script = b"#!/bin/sh\nnohup sleep 1000 > /dev/null 2>&1 &\necho left > /dev/console\nexit 3\n"

    async def boot() -> str:
        await real.machines.start(real.machine("i-10", script=script))
        console = b""
        while b"status 3" not in console:
            console = await real.machines.console("i-10")
        assert b"left\n" in console
        return await printed(real, "i-10", "pgrep -c sleep")

    assert turn(boot()) == "1\n"


def test_it_knows_itself_and_its_network(real: Rig, turn: Turn) -> None:
    async def boot() -> None:
        machine = real.machine(
            "i-10",
            environment=ENVIRONMENT,
            resolver="172.31.0.2",
            domain="ec2.internal",
            authorities=AUTHORITY,
        )
        for _ in range(2):
            await real.machines.start(machine)
            assert await printed(real, "i-10", "hostname") == "ip-172-31-0-10\n"
            assert (
                await printed(real, "i-10", "getent ahostsv4 ip-172-31-0-10 | grep -c STREAM")
                == "1\n"
            )
            hosts = await printed(real, "i-10", "cat /etc/hosts")
            assert hosts.count("172.31.0.10 ip-172-31-0-10.ec2.internal ip-172-31-0-10") == 1
            resolver = await printed(real, "i-10", "cat /etc/resolv.conf")
            assert resolver.startswith("search ec2.internal\nnameserver 172.31.0.2\n")
            told = await printed(real, "i-10", "cat /etc/environment; echo $AWS_ENDPOINT_URL")
            assert told.splitlines()[-1] == "http://127.0.0.1:4566"
            assert told.count('AWS_ENDPOINT_URL="http://127.0.0.1:4566"') == 1
            assert (await printed(real, "i-10", "cat /etc/real.pem")).count(AUTHORITY) == 1
            await printed(real, "i-10", "test -L /etc/ssl/certs/ca-certificates.crt")
            await real.machines.stop("i-10")

    turn(boot())


@pytest.mark.parametrize("user", ["ec2-user", "ubuntu"])
def test_its_user_is_there_with_the_key(real: Rig, turn: Turn, user: str) -> None:
    async def boot() -> None:
        await real.machines.start(real.machine("i-10", user=user, keys=(KEY,)))
        said = await printed(real, "i-10", "id -un; id -u; pwd; echo $HOME", user=user)
        assert said == f"{user}\n1000\n/home/{user}\n/home/{user}\n"
        keys = await printed(real, "i-10", "stat -c '%a %U' .ssh/* .ssh; cat .ssh/*", user=user)
        assert keys == f"600 {user}\n700 {user}\n{KEY}\n"

    turn(boot())


def test_a_user_that_it_does_not_know_is_refused(real: Rig, turn: Turn) -> None:
    async def run() -> None:
        await real.machines.start(real.machine("i-10"))
        with pytest.raises(OSError, match="no user nobody-here"):
            await real.machines.run("i-10", ("true",), user="nobody-here")

    turn(run())


def test_a_captured_disk_has_all_that_was_on_it(real: Rig, turn: Turn) -> None:
    async def capture() -> None:
        await real.machines.start(real.machine("i-10", script=SAYING))
        await printed(real, "i-10", until("test -s /srv/times"))
        await printed(real, "i-10", FILLING)
        if real.who == "own":
            await printed(real, "i-10", "echo own > /usr/local/own")
        await real.machines.capture("i-10", "ami-1")
        await printed(real, "i-10", "echo later > /srv/later")
        await real.machines.stop("i-10")
        await real.machines.capture("i-10", "ami-2")
        await real.machines.discard("i-10")
        for number, root in ((11, "ami-1"), (12, "ami-2")):
            name = f"i-{number}"
            await real.machines.start(real.machine(name, root=root, script=SAYING))
            await printed(real, name, until("test $(wc -l < /srv/times) = 2"))
            seen = await printed(real, name, "cd /srv; cat c; stat -c %h a; stat -c %b hole; ls")
            later = "later\n" if root == "ami-2" else ""
            assert seen == f"one\n2\n0\na\nb\nc\nhole\n{later}pipe\ntimes\n"
            assert (
                await printed(real, name, "stat -c %a /srv; hostname")
                == f"751\nip-172-31-0-{number}\n"
            )
            assert (await real.shell(name, "test -e /etc/real.pem"))[0] == 1
            if real.who == "own":
                assert await printed(real, name, "cat /usr/local/own") == "own\n"
        await real.machines.capture("i-12", "ami-3")
        await real.machines.start(real.machine("i-13", root="ami-3"))
        assert await printed(real, "i-13", "cat /srv/c") == "one\n"

    turn(capture())


def test_the_console_keeps_the_newest(real: Rig, turn: Turn) -> None:
    script = b"#!/bin/sh\nyes 0123456789 | head -c 3000000\necho the last line\n"

    async def boot() -> bytes:
        await real.machines.start(real.machine("i-10", script=script))
        found = b""
        while not found.endswith(b"the last line\n"):
            found = await real.machines.console("i-10")
        return found

    found = turn(boot())
    assert len(found) == 64 * 1024
    assert (real.place / "data/disks/i-10/console.log").stat().st_size <= 1024 * 1024


def test_scripts_of_all_parts_run() -> None:
    parts = (
        b"Content-Type: multipart/mixed; boundary=B\nMIME-Version: 1.0\n\n"
        b'--B\nContent-Type: text/cloud-config; charset="us-ascii"\n\n#cloud-config\nx: 1\n'
        b"--B\nContent-Type: text/x-shellscript\n\n#!/bin/sh\necho 1\n"
        b"--B\nContent-Type: text/plain\n\n#!/bin/sh\necho 2\n--B--\n"
    )
    found = userdata.read(parts)
    assert [script.splitlines()[-1] for script in found.scripts] == [b"echo 1", b"echo 2"]
    assert found.notes == ("cloudling: user data is cloud-config, which is not supported: skipped",)


def test_zipped_user_data_is_unzipped() -> None:
    assert userdata.read(gzip.compress(SAYING)).scripts == (SAYING,)
    assert "larger" in userdata.read(gzip.compress(bytes(2 * 1024 * 1024))).notes[0]
    assert "cannot be unzipped" in userdata.read(b"\x1f\x8bno").notes[0]


@pytest.mark.parametrize("data", [b"#cloud-config\n", b"echo 1\n", b"\xff\xfe", b"#include\nx"])
def test_what_is_no_script_is_told(data: bytes) -> None:
    found = userdata.read(data)
    assert found.scripts == ()
    assert len(found.notes) == 1


def test_no_user_data_says_nothing() -> None:
    assert userdata.read(b"") == userdata.UserData()

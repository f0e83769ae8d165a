"""Machines: a root of their own, commands, the console, their ends, and what they cannot reach."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.drivers.namespaces.conftest import Turn, require
from tests.processes import PATIENCE

from cloudling.drivers.namespaces.client import Netd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.drivers.namespaces.answers import Said

SUBNET = "172.31.0.0/20"
METADATA = "169.254.169.254"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
MACHINE_ROOT = 100_000
FOLDERS = ("usr", "etc", "root", "var", "srv")


class Machine:
    """One netd with one machine, `i-1`, whose programs are the host's."""

    def __init__(self, netd: Netd) -> None:
        self.netd = netd
        self.said: asyncio.Queue[Said] = asyncio.Queue()
        netd.connection.on_event = self.hear
        self.wanted = {
            "name": "i-1",
            "hostname": "ip-172-31-0-10",
            "folder": "data/machines/i-1",
            "lower": ["data/images/host"],
            "host_usr": True,
        }

    @classmethod
    async def start(cls, folder: Path) -> Machine:
        made = cls(await Netd.start(folder))
        await asyncio.to_thread(make_image, folder / "images" / "host")
        await made.ensure()
        return made

    def hear(self, said: Said, descriptors: list[int]) -> None:
        for each in descriptors:
            os.close(each)
        self.said.put_nowait(said)

    async def ensure(self) -> None:
        await self.netd.result_of("machine ensure", **self.wanted)

    async def heard(self, event: str) -> Said:
        """The next event of that name."""
        while True:
            told = await asyncio.wait_for(self.said.get(), PATIENCE)
            if told.event == event:
                return told
            assert told.event != "machine ended", told.reason

    async def shell(self, script: str, **said: Any) -> tuple[int, str]:
        """What a script in the machine ends with, and prints."""
        number, (into, out, err) = await self.netd.run(
            "i-1", "/bin/sh", "-c", f"exec 2>&1; {script}", environment=ENVIRONMENT, **said
        )
        os.close(into)
        os.close(err)
        printed = await asyncio.wait_for(asyncio.to_thread(read_all, out), PATIENCE)
        while True:
            told = await self.heard("command ended")
            if told.command == number:
                return told.code, printed

    async def held(self) -> dict[str, Any]:
        (found,) = (await self.netd.result_of("inventory"))["machines"]
        return dict(found)


def read_all(descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as pipe:
        return pipe.read().decode()


def make_image(folder: Path) -> None:
    """A root that has nothing but the way into the host's programs; owned as images are."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (folder / name).symlink_to(f"usr/{name}")
    (folder / "etc" / "passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    if os.getuid() == 0:
        for each in (folder, *folder.iterdir(), folder / "etc" / "passwd"):
            os.chown(each, MACHINE_ROOT, MACHINE_ROOT, follow_symlinks=False)


@pytest.fixture
def machine(tmp_path: Path, turn: Turn) -> Iterator[Machine]:
    require("own")
    made = turn(Machine.start(tmp_path / "netd"))
    yield made
    turn(made.netd.stop())


def test_it_boots_and_runs_what_it_is_told(machine: Machine, turn: Turn) -> None:
    code, printed = turn(
        machine.shell("hostname; id -u; echo $$; ls /proc | grep -c '^[0-9]'; exit 7")
    )
    assert code == 7
    hostname, uid, _, processes = printed.split()
    assert (hostname, uid) == ("ip-172-31-0-10", "0")
    assert int(processes) < 8
    assert turn(machine.held())["state"] == "running"


def test_what_cannot_run_says_so(machine: Machine, turn: Turn) -> None:
    async def run() -> tuple[int, str]:
        number, (into, out, err) = await machine.netd.run("i-1", "/no/such/program")
        for each in (into, out):
            os.close(each)
        printed = await asyncio.to_thread(read_all, err)
        told = await machine.heard("command ended")
        assert told.command == number
        return told.code, printed

    code, printed = turn(run())
    assert code == 127
    assert "/no/such/program" in printed


def test_input_arrives(machine: Machine, turn: Turn) -> None:
    async def feed() -> str:
        _, (into, out, err) = await machine.netd.run("i-1", "/bin/cat", environment=ENVIRONMENT)
        os.close(err)
        os.write(into, b"through and through")
        os.close(into)
        return await asyncio.to_thread(read_all, out)

    assert turn(feed()) == "through and through"


def test_the_console_keeps_what_is_said_to_it(machine: Machine, turn: Turn) -> None:
    async def speak() -> None:
        argv = ("/bin/sh", "-c", "echo to the console; echo and an error >&2")
        _, descriptors = await machine.netd.run(
            "i-1", *argv, environment=ENVIRONMENT, to_console=True
        )
        assert descriptors == []
        assert (await machine.heard("command ended")).code == 0

    turn(speak())
    console = machine.netd.folder / "machines" / "i-1" / "console.log"
    assert console.read_text() == "to the console\nand an error\n"
    assert console.stat().st_mode & 0o777 == 0o600


def test_its_disk_is_its_own_and_stays(machine: Machine, turn: Turn) -> None:
    async def live_twice() -> tuple[int, str]:
        await machine.shell("echo kept > /srv/file; rm /etc/passwd")
        await machine.netd.result_of("machine signal", name="i-1", number=signal.SIGTERM)
        ended = await machine.heard("machine ended")
        assert (ended.name, ended.code) == ("i-1", 0)
        assert (await machine.held())["state"] == "ended"
        await machine.ensure()
        return await machine.shell("cat /srv/file; ls /etc")

    assert turn(live_twice()) == (0, "kept\n")
    image = machine.netd.folder / "images" / "host"
    assert (image / "etc" / "passwd").exists()
    assert not list((image / "srv").iterdir())


def test_its_interface_is_eth0(machine: Machine, turn: Turn) -> None:
    async def connect() -> str:
        netd = machine.netd
        await netd.result_of(
            "router ensure",
            name="vpc-1",
            blocks=[SUBNET],
            subnets=[SUBNET],
            services=["169.254.169.254"],
        )
        eni = {"router": "vpc-1", "subnet": SUBNET, "addresses": ["172.31.0.10"], "space": "i-1"}
        await netd.result_of("eni ensure", name="eni-1", **eni)
        listener = await netd.socket_of(place="vpc-1", address=METADATA, port=80, backlog=5)
        loop = asyncio.get_running_loop()
        client = await netd.socket_of(place="i-1", to_address=METADATA, to_port=80)
        server, peer = await asyncio.wait_for(loop.sock_accept(listener), PATIENCE)
        for each in (listener, client, server):
            each.close()
        assert peer[0] == "172.31.0.10"
        _, printed = await machine.shell("cat /proc/net/dev")
        await netd.result_of("machine signal", name="i-1", number=signal.SIGKILL)
        assert (await machine.heard("machine ended")).code == -signal.SIGKILL
        assert (await netd.result_of("inventory"))["interfaces"] == []
        return printed

    assert "eth0:" in turn(connect())


def test_ended_in_order_it_asks_its_programs_first(machine: Machine, turn: Turn) -> None:
    async def end() -> str:
        script = "trap 'echo asked > /srv/asked; exit' TERM; echo up; while :; do sleep 0.05; done"
        # The shell tells of the killed sleep, which must not find its pipe broken.
        script = f"exec 2>/dev/null; {script}"
        _, (into, out, err) = await machine.netd.run(
            "i-1", "/bin/sh", "-c", script, environment=ENVIRONMENT
        )
        for each in (into, err):
            os.close(each)
        assert await asyncio.to_thread(os.read, out, 3) == b"up\n"
        await machine.netd.result_of("machine signal", name="i-1", number=signal.SIGTERM)
        assert (await machine.heard("machine ended")).code == 0
        os.close(out)
        return (machine.netd.folder / "machines/i-1/disk/upper/srv/asked").read_text()

    assert turn(end()) == "asked\n"


def test_removed_it_is_forgotten(machine: Machine, turn: Turn) -> None:
    async def remove() -> Any:
        for _ in range(2):
            await machine.netd.result_of("machine remove", name="i-1")
        with pytest.raises(FileNotFoundError, match="i-1"):
            await machine.netd.run("i-1", "/bin/true")
        return (await machine.netd.result_of("inventory"))["machines"]

    assert turn(remove()) == []


def test_a_root_that_is_not_there_is_a_reason(machine: Machine, turn: Turn) -> None:
    async def fail() -> Said:
        lost = {"folder": "data/machines/i-2", "lower": ["data/images/none"]}
        lost = {**machine.wanted, "name": "i-2", **lost}
        await machine.netd.result_of("machine ensure", **lost)
        return await machine.heard("machine ended")

    told = turn(fail())
    assert told.name == "i-2"
    assert "No such file" in told.reason


def test_machines_outlive_control(machine: Machine, turn: Turn) -> None:
    async def take_over() -> tuple[int, str]:
        await machine.shell("echo before > /srv/file")
        machine.netd.leave()
        again = Machine(await Netd.start(machine.netd.folder))
        (held,) = (await again.netd.result_of("inventory"))["machines"]
        assert (held["state"], held["wanted"]["name"]) == ("running", "i-1")
        found = await again.shell("cat /srv/file")
        await again.netd.stop()
        return found

    assert turn(take_over()) == (0, "before\n")


ESCAPES = """
for path in /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/sysrq-trigger; do
  if (echo x > $path) 2>/dev/null; then echo "wrote $path"; fi
done
for path in /proc/kcore /dev/kmsg /dev/vda /dev/sda /dev/mem; do
  if (head -c1 < $path) >/dev/null 2>&1; then echo "read $path"; fi
done
cat /proc/1/environ /proc/1/cmdline 2>/dev/null | grep -aE 'netd|images|=|/'
ls -l /proc/1/fd 2>/dev/null | grep -E 'netd|/ns/'
for each in /proc/[0-9]*/root; do ls $each/work $each/home 2>/dev/null; done
nsenter --target 1 --user true 2>/dev/null && echo "entered a user namespace"
mknod /srv/disk b 254 0 2>/dev/null && head -c1 /srv/disk 2>/dev/null && echo "read a disk"
echo done
"""


def test_it_reaches_nothing_of_the_host(machine: Machine, turn: Turn) -> None:
    assert turn(machine.shell(ESCAPES)) == (0, "done\n")


def test_paths_outside_controls_folder_are_refused(machine: Machine, turn: Turn) -> None:
    async def ask() -> None:
        for folder in ("/etc", "..", "data/../../x", "a//b", "", "data", "other/x"):
            wanted = {**machine.wanted, "name": "i-2", "folder": folder}
            with pytest.raises(OSError, match="folder"):
                await machine.netd.result_of("machine ensure", **wanted)

    turn(ask())


def running(argument: str) -> list[str]:
    """The processes of this system that were given an argument like no other."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if argument.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                found.append(folder.name)
        except OSError:
            continue
    return found


def test_killed_netd_takes_its_machines_with_it(machine: Machine, turn: Turn) -> None:
    argument = f"{1_000_000 + os.getpid()}.{id(machine)}"

    async def kill() -> None:
        _, descriptors = await machine.netd.run(
            "i-1", "/bin/sleep", argument, environment=ENVIRONMENT
        )
        for each in descriptors:
            os.close(each)
        deadline = time.monotonic() + PATIENCE
        while not running(argument):
            assert time.monotonic() < deadline, "the command does not run"
            await asyncio.to_thread(time.sleep, 0.01)
        assert machine.netd.process is not None
        machine.netd.process.kill()
        await machine.netd.ended()
        while running(argument):
            assert time.monotonic() < deadline + PATIENCE, "the command outlives netd"
            await asyncio.to_thread(time.sleep, 0.01)

    turn(kill())

"""What a machine may use, and what it can reach: bombs hurt itself alone, and the host is far."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.drivers.namespaces.conftest import LIMITS, STRANGER_ID

from cloudling.kernel.machines import DISK, MEMORY, PROCESSES, PROCESSORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.drivers.namespaces.conftest import Rig, Turn

FORKING = """
import os, signal
born = []
try:
    while len(born) < 500:
        child = os.fork()
        if child == 0:
            signal.pause()
        born.append(child)
    print("no end")
except OSError:
    print(len(born))
for child in born:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""
TAKING = """
held = []
while len(held) < 512:
    held.append(bytearray(1024 * 1024))
    held[-1][::4096] = bytes([1]) * 256
"""
BURNING = """
import resource, time
began = time.monotonic()
while time.monotonic() < began + 1.0:
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_utime)
"""


async def limits_of(rig: Rig) -> tuple[str, ...]:
    (held,) = (await rig.machines.holdings()).machines
    return tuple(held.limits)


async def python(rig: Rig, program: str) -> tuple[int, str]:
    return await rig.shell("i-10", f"python3 -c '{program}'")


def test_what_holds_is_told(real: Rig, turn: Turn) -> None:
    async def start() -> tuple[str, ...]:
        await real.machines.start(real.machine("i-10"))
        return await limits_of(real)

    held = turn(start())
    assert PROCESSES in held
    if real.who == "stranger":
        assert not {MEMORY, PROCESSORS, DISK} & set(held)


def test_it_makes_no_more_processes_than_it_may(real: Rig, turn: Turn) -> None:
    async def bomb() -> None:
        for name in ("i-10", "i-11"):
            await real.machines.start(real.machine(name))
        for user in ("root", "ec2-user"):
            code, printed = await real.shell("i-10", f"python3 -c '{FORKING}'", user=user)
            assert (code, int(printed) <= LIMITS.processes) == (0, True), printed
        assert await real.machines.check("i-10") == ""
        code, _ = await real.shell("i-11", "true")
        assert code == 0

    turn(bomb())


def test_it_takes_no_more_memory_than_it_may(real: Rig, turn: Turn) -> None:
    async def bomb() -> None:
        await real.machines.start(real.machine("i-10"))
        code, _ = await python(real, TAKING)
        # As root the kernel ends it; else Python is told that there is no more.
        assert code in ({137, -9} if MEMORY in await limits_of(real) else {1})
        assert await real.machines.check("i-10") == ""

    turn(bomb())


def test_its_disk_has_the_size_it_was_given(real: Rig, turn: Turn) -> None:
    async def fill() -> None:
        await real.machines.start(real.machine("i-10"))
        if DISK not in await limits_of(real):
            code, _ = await real.shell("i-10", "truncate -s 2G /srv/large")
            assert code != 0
            return
        code, printed = await real.shell("i-10", "df -B1 --output=size / /usr | tail -n +2")
        assert code == 0
        for size in printed.split():
            assert LIMITS.disk * 0.9 < int(size) <= LIMITS.disk
        code, printed = await real.shell("i-10", "fallocate -l 2G /srv/large")
        assert (code, "No space left" in printed) == (1, True)
        assert await real.machines.check("i-10") == ""

    turn(fill())


def test_it_computes_no_more_than_it_may(real: Rig, turn: Turn) -> None:
    async def burn() -> None:
        await real.machines.start(real.machine("i-10"))
        if PROCESSORS not in await limits_of(real):
            pytest.skip("Nothing here limits processors.")
        code, printed = await python(real, BURNING)
        assert code == 0
        assert float(printed) < LIMITS.processors * 1.3

    turn(burn())


ESCAPES = """
for path in /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/sysrq-trigger \\
    /proc/sys/kernel/modprobe /proc/sys/fs/binfmt_misc/register /sys/kernel/uevent_helper; do
  if (echo x > $path) 2>/dev/null; then echo "wrote $path"; fi
done
for path in /proc/kcore /dev/kmsg /dev/vda /dev/sda /dev/mem /dev/loop0 /dev/loop-control; do
  if (head -c1 < $path) >/dev/null 2>&1; then echo "read $path"; fi
done
cat /proc/1/environ /proc/1/cmdline 2>/dev/null | grep -aE 'netd|roots|=|/'
head -c1 /proc/1/mem 2>/dev/null && echo "read the memory of the first process"
ls -l /proc/1/fd 2>/dev/null | grep -E 'netd|/ns/|sock'
for each in /proc/[0-9]*/root; do ls $each/work $each/home/$MARK 2>/dev/null; done
for kind in user mnt net pid; do
  nsenter --target 1 --$kind true 2>/dev/null && test $kind = user && echo "entered $kind"
done
mknod /srv/disk b 254 0 2>/dev/null && head -c1 /srv/disk 2>/dev/null && echo "read a disk"
mount -t ext4 /dev/loop0 /mnt 2>/dev/null && echo "mounted a disk"
grep -aq "$MARK" /etc/shadow /root/* 2>/dev/null && echo "read the host's"
test -e "$HOST" && echo "sees the data folder"
ls /run/*.sock /tmp/*.sock 2>/dev/null
grep -a "$HOST" /proc/net/unix
echo done
"""
BY_HANDLE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
class Handle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint), ("kind", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]
for path in ("/", "/usr", "/usr/bin", "/dev/null", "/proc/self/exe"):
    handle, number = Handle(128), ctypes.c_int()
    if libc.name_to_handle_at(-100, path.encode(), ctypes.byref(handle), ctypes.byref(number), 0):
        continue
    # The root of an ext4 has the inode 2, whatever folder of it was given to us.
    handle.data[0:8] = (2, 0, 0, 0, 0, 0, 0, 0)
    folder = os.open(path, os.O_RDONLY)
    if libc.open_by_handle_at(folder, ctypes.byref(handle), 0) >= 0:
        print("opened by handle from", path)
print("done")
"""


@pytest.fixture
def secret(place: Path) -> Iterator[str]:
    """A file of the host's that everybody may read, as far as its own rights go."""
    file = place / "data" / "secret"
    file.parent.mkdir(exist_ok=True)
    file.write_text("a secret of the host's")
    file.chmod(0o644)
    yield str(file)
    file.unlink()


def test_it_reaches_nothing_of_the_host(real: Rig, turn: Turn, secret: str) -> None:
    mark = Path("/etc/shadow").read_text().splitlines()[0] if os.getuid() == 0 else "x"

    async def escape() -> None:
        await real.machines.start(real.machine("i-10"))
        given = {"HOST": secret, "MARK": mark}
        for user in ("root", "ec2-user"):
            code, printed = await real.shell("i-10", ESCAPES, user=user, environment=given)
            assert (code, printed) == (0, "done\n")
        code, printed = await python(real, BY_HANDLE.replace("'", '"'))
        assert (code, printed) == (0, "done\n")

    turn(escape())


def test_netds_processes_are_out_of_sight(real: Rig, turn: Turn) -> None:
    async def look() -> str:
        await real.machines.start(real.machine("i-10"))
        _, printed = await real.shell("i-10", "cat /proc/[0-9]*/comm; cat /proc/net/unix")
        return printed

    printed = turn(look())
    assert "netd" not in printed
    assert "python" not in printed


def test_what_root_of_a_machine_writes_is_not_roots(real: Rig, turn: Turn) -> None:
    """A set-user-id program on its disk is no way to become the host's root."""

    async def write() -> int:
        await real.machines.start(real.machine("i-10"))
        await real.shell("i-10", "cp /bin/true /srv/true; chmod 4755 /srv/true")
        await real.machines.capture("i-10", "ami-1")
        return (real.place / "data/layers/ami-1/tree/srv/true").stat().st_uid

    assert turn(write()) == (STRANGER_ID if real.who == "stranger" else 100_000)

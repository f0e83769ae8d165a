"""What only real root can do for machines: disks of a size, and the host's programs as their own.

netd lives in a user namespace and cannot mount a disk; the keeper is forked before netd enters it,
does these two things and nothing else, and hands over mounts that are in no place yet. They end
with the last who holds them, and with them the loop devices.
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from cloudling.drivers.namespaces import syscalls, trees
from cloudling.drivers.namespaces.channels import Channel, ChannelClosed
from cloudling.drivers.namespaces.messages import Folder  # noqa: TC001 - decoding needs it
from cloudling.drivers.namespaces.zygotes import wipe_beginnings

NAME = "cloudling-disks"
_PROGRAMS = "/usr/sbin:/sbin:/usr/bin:/bin"
_PATIENCE = 60.0
_ATTEMPTS = 100
_LOOP_MAJOR = 7
_GET_FREE, _CONFIGURE = 0x4C82, 0x4C0A
_AUTOCLEAR = 4
_INFO_SIZE, _FLAGS_AT, _RESERVED = 232, 52, 64
_EBUSY = 16
_SPARE = ".spare"


class HoldDisk(msgspec.Struct, frozen=True, tag="disk", tag_field="hold"):
    """The mount of a disk, a file below the data folder, which is made if it is not there."""

    file: Folder
    size: int


class HoldPrograms(msgspec.Struct, frozen=True, tag="usr", tag_field="hold"):
    """The mount of the host's `/usr`, in which root's files are those of a machine's root."""


class Held(msgspec.Struct, frozen=True, omit_defaults=True):
    """The mount lies beside it, unless something is wrong."""

    error: str = ""


class _Spare(NamedTuple):
    """A disk that nobody has yet."""

    file: Path
    size: int
    mount: int

    def drop(self) -> None:
        os.close(self.mount)
        self.file.unlink(missing_ok=True)


class Keeper:
    """netd's end; it waits for each answer."""

    def __init__(self, channel: Channel | None) -> None:
        self._channel = channel

    def disk(self, file: str, size: int) -> int:
        """A descriptor of the mount. Raises OSError."""
        return self._ask(HoldDisk(file, size))

    def programs(self) -> int | None:
        """A descriptor of the mount; None where the kernel cannot show files as another's."""
        try:
            return self._ask(HoldPrograms())
        except OSError:
            return None

    def _ask(self, wanted: HoldDisk | HoldPrograms) -> int:
        if self._channel is None:
            raise PermissionError(1, "Only root mounts disks.")
        self._channel.send(msgspec.json.encode(wanted))
        if not select.select([self._channel], [], [], _PATIENCE)[0]:
            raise TimeoutError(110, "The keeper of disks does not answer.")
        data, descriptors = self._channel.receive()
        held = msgspec.json.decode(data, type=Held)
        if held.error:
            raise OSError(5, held.error)
        return descriptors[0]


def fork_keeper(data: Path, ids: tuple[int, int], others: list[int]) -> tuple[int, socket.socket]:
    """Its process, and netd's end of the channel to it; `ids` are the first of machines, and how
    many."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = os.fork()
    if process == 0:
        try:
            for each in others:
                os.close(each)
            ours.close()
            syscalls.name_process(NAME)
            syscalls.die_with_parent(signal.SIGKILL)
            wipe_beginnings()
            _Keeping(Channel(theirs), data, ids).run()
        finally:
            os._exit(0)
    theirs.close()
    return process, ours


class _Keeping:
    """The keeper itself: one request after the other, until netd is gone."""

    def __init__(self, channel: Channel, data: Path, ids: tuple[int, int]) -> None:
        self._channel = channel
        self._data = data
        self._ids = ids
        self._users: int | None = None
        self._spare: _Spare | None = None

    def run(self) -> None:
        with suppress(ChannelClosed):
            while True:
                select.select([self._channel], [], [])
                data, _ = self._channel.receive()
                self._answer(data)
        if self._spare is not None:
            self._spare.file.unlink(missing_ok=True)

    def _answer(self, data: bytes) -> None:
        try:
            wanted = msgspec.json.decode(data, type=HoldDisk | HoldPrograms)
            is_disk = isinstance(wanted, HoldDisk)
            mount = self._mount_disk(wanted) if is_disk else self._mount_programs()
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self._channel.send(msgspec.json.encode(Held(str(error))))
            return
        try:
            self._channel.send(msgspec.json.encode(Held()), (mount,))
        finally:
            os.close(mount)
        if isinstance(wanted, HoldDisk) and wanted.size:
            self._prepare(wanted)

    def _mount_disk(self, wanted: HoldDisk) -> int:
        file = self._data / wanted.file
        if file.exists():
            return self._mount(file)
        spare, self._spare = self._spare, None
        if spare is not None and spare.size == wanted.size:
            spare.file.rename(file)
            return spare.mount
        if spare is not None:
            spare.drop()
        self._make(file, wanted.size)
        return self._mount(file)

    def _prepare(self, wanted: HoldDisk) -> None:
        """The next disk, while nobody waits for it; it will be of the same size."""
        if self._spare is not None:
            return
        file = (self._data / wanted.file).parent.with_name(_SPARE)
        file.unlink(missing_ok=True)
        with suppress(OSError):
            self._make(file, wanted.size)
            self._spare = _Spare(file, wanted.size, self._mount(file))

    def _mount(self, file: Path) -> int:
        backing = os.open(file, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            number, device = self._attach(backing)
        finally:
            os.close(backing)
        try:
            return syscalls.mount_detached("ext4", f"/dev/loop{number}", _OPTIONS)
        finally:
            # The mount holds it; the kernel frees it when that ends.
            os.close(device)

    def _make(self, file: Path, size: int) -> None:
        """A copy of an empty one of that size: to make one takes ten times as long."""
        template = (file.parent if file.name == _SPARE else file.parent.parent) / f".empty-{size}"
        if not template.exists():
            _format(template, size, self._ids[0])
        unfinished = file.with_name(f"{file.name}.new")
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        with template.open("rb") as reading:
            writing = os.open(unfinished, flags, 0o600)
            try:
                trees.copy_data(reading.fileno(), writing, size)
            finally:
                os.close(writing)
        unfinished.rename(file)

    def _attach(self, backing: int) -> tuple[int, int]:
        """A free loop device of this file, and a descriptor of it."""
        info = bytearray(_INFO_SIZE)
        struct.pack_into("=I", info, _FLAGS_AT, _AUTOCLEAR)
        wanted = struct.pack("=II", backing, 0) + bytes(info) + bytes(_RESERVED)
        control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
        try:
            for _ in range(_ATTEMPTS):
                number = fcntl.ioctl(control, _GET_FREE)
                device = self._open_loop(number)
                try:
                    fcntl.ioctl(device, _CONFIGURE, wanted)
                except OSError as error:
                    os.close(device)
                    if error.errno != _EBUSY:
                        raise
                else:
                    return number, device
        finally:
            os.close(control)
        raise OSError(_EBUSY, "No loop device is free.")

    def _open_loop(self, number: int) -> int:
        flags = os.O_RDWR | os.O_CLOEXEC
        with suppress(FileNotFoundError):
            return os.open(f"/dev/loop{number}", flags)
        # A `/dev` that is not the kernel's own does not show new devices.
        node = self._data / f".loop{number}"
        node.unlink(missing_ok=True)
        os.mknod(node, stat.S_IFBLK | 0o600, os.makedev(_LOOP_MAJOR, number))
        try:
            return os.open(node, flags)
        finally:
            node.unlink()

    def _mount_programs(self) -> int:
        if self._users is None:
            self._users = _open_users(*self._ids)
        return syscalls.clone_mount("/usr", self._users)


# Tables of inodes are written as they are needed, and nothing is flushed to the host's own disk.
_OPTIONS = ("noinit_itable", "discard", "nobarrier")


def _format(file: Path, size: int, owner: int) -> None:
    program = shutil.which("mkfs.ext4", path=_PROGRAMS)
    if program is None:
        raise FileNotFoundError(2, "There is no mkfs.ext4.")
    unfinished = file.with_name(f"{file.name}.new")
    unfinished.unlink(missing_ok=True)
    with unfinished.open("xb") as made:
        made.truncate(size)
    extended = f"lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner={owner}:{owner}"
    subprocess.run(  # noqa: S603 - found in the system's own folders
        [program, "-q", "-F", "-m", "0", "-J", "size=4", "-E", extended, str(unfinished)],
        check=True,
        env={},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PATIENCE,
    )
    unfinished.rename(file)


def _open_users(first: int, count: int) -> int:
    """A user namespace with a machine's ids, made for its map alone."""
    ready, go = os.pipe()
    made, done = os.pipe()
    process = os.fork()
    if process == 0:
        _wait_in_namespace(done, ready, (made, go))
    os.close(ready)
    os.close(done)
    try:
        if os.read(made, 1) != b"x":
            raise PermissionError(1, "No user namespace can be made.")
        for kind in ("uid", "gid"):
            Path(f"/proc/{process}/{kind}_map").write_text(f"0 {first} {count}", encoding="ascii")
        return os.open(f"/proc/{process}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(made)
        os.close(go)
        os.waitpid(process, 0)


def _wait_in_namespace(done: int, ready: int, others: tuple[int, int]) -> None:
    """Never returns."""
    try:
        for each in others:
            os.close(each)
        syscalls.unshare(syscalls.NEWUSER)
        os.write(done, b"x")
        os.read(ready, 1)
    finally:
        os._exit(0)

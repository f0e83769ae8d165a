"""Where machines' disks lie, how they are made, copied and taken away.

What takes long is done by a process of its own, so that netd goes on serving others.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
from functools import partial
from typing import TYPE_CHECKING

from cloudling.drivers.namespaces import roots, trees
from cloudling.drivers.namespaces.answers import Event
from cloudling.drivers.namespaces.zygotes import owner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cloudling.drivers.namespaces.keepers import Keeper

_MARKER = "booted"
_CONSOLE = "console.log"
_IMAGE = "disk.img"
_GONE = ".gone-"
_UNFINISHED = ".unfinished-"
_TREE = "tree"
DONE = "work done"


class Disks:
    """Folders by their names below netd's own two, `data` and `cache`."""

    def __init__(self, bases: Mapping[str, Path], keeper: Keeper) -> None:
        self._bases = bases
        self._keeper = keeper
        self._numbers = 0
        self.tell: Callable[[Event], None] = lambda event: None
        self.watch: Callable[[int, Callable[[], object]], None] = lambda number, notice: None
        self.unwatch: Callable[[int], object] = lambda number: None

    def place(self, folder: str) -> Path:
        base, _, rest = folder.partition("/")
        if base not in self._bases or not rest:
            raise ValueError(f"The folder {folder} does not begin with data or cache.")
        return self._bases[base] / rest

    def make(self, folder: str) -> Path:
        """The folder of a machine, with what its first process needs to be there."""
        place = self.place(folder)
        for name in roots.FOLDERS:
            made = place / name
            made.mkdir(mode=0o755, parents=True, exist_ok=True)
            os.chown(made, owner(), owner())
        # The machine's root passes through it; what lies above lets nobody pass.
        place.chmod(0o711)
        return place

    def mount(self, folder: str, size: int) -> int | None:
        """A disk of that size, to be mounted; None where it is a folder of no size.

        What it once is, it stays: a disk that cannot be mounted is no empty folder.
        """
        place = self.place(folder)
        file = place / _IMAGE
        base, _, rest = folder.partition("/")
        if base != "data" or (place / roots.DISK / roots.UPPER).exists():
            return None
        try:
            return self._keeper.disk(f"{rest}/{_IMAGE}", size)
        except OSError:
            if file.exists():
                raise
            return None

    def programs(self) -> int | None:
        return self._keeper.programs()

    def open_console(self, folder: str) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(self.place(folder) / _CONSOLE, flags, 0o600)

    def has_booted(self, folder: str) -> bool:
        """Whether this machine ever has, whatever its disk was copied from."""
        return (self.place(folder) / _MARKER).exists()

    def mark_booted(self, folder: str) -> None:
        (self.place(folder) / _MARKER).touch(mode=0o600)

    def capture(self, folder: str, to: str, mount: int | None, after: Callable[[], object]) -> int:
        """The number of the work; `after` is called when it has ended.

        `mount` is the disk's where a machine has it mounted.
        """
        place, target = self.place(folder), self.place(to)
        if (target / _TREE).exists():
            raise FileExistsError(17, f"{to} exists.")
        disk = self._open(folder, place) if mount is None else os.dup(mount)
        try:
            return self._work(partial(_capture, disk, target), after)
        finally:
            os.close(disk)

    def _open(self, folder: str, place: Path) -> int:
        if (place / _IMAGE).exists():
            return self._keeper.disk(f"{folder.partition('/')[2]}/{_IMAGE}", 0)
        return os.open(place / roots.DISK, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def discard(self, folder: str) -> int:
        """Its name is free at once."""
        place = self.place(folder)
        gone = place.with_name(f"{_GONE}{secrets.token_hex(8)}")
        if not place.exists():
            return self._work(_nothing, _nothing)
        place.rename(gone)
        return self._work(partial(shutil.rmtree, gone), _nothing)

    def sweep(self, folder: str) -> None:
        """Take away what a netd that was killed had not finished taking away, or making."""
        place = self.place(folder)
        if not place.is_dir():
            return
        left = [each for kind in (_GONE, _UNFINISHED) for each in place.glob(f"{kind}*")]
        if left:
            self._work(partial(_remove, left), _nothing)

    def _work(self, task: Callable[[], object], after: Callable[[], object]) -> int:
        self._numbers += 1
        number = self._numbers
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(reading)
            _do(task, writing)
        os.close(writing)
        self.watch(reading, lambda: self._end(number, process, reading, after))
        return number

    def _end(self, number: int, process: int, reading: int, after: Callable[[], object]) -> None:
        self.unwatch(reading)
        with os.fdopen(reading, "rb") as said:
            fault = said.read().decode(errors="replace")
        _, status = os.waitpid(process, 0)
        after()
        if status and not fault:
            fault = "The process that did it was ended."
        self.tell(Event(DONE, command=number, reason=fault))


def _nothing() -> None:
    """Where there is nothing to do, or nothing more."""


def _remove(folders: list[Path]) -> None:
    for each in folders:
        shutil.rmtree(each)


def _do(task: Callable[[], object], writing: int) -> None:
    """Never returns; says why when it fails."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        task()
    except BaseException as error:  # noqa: BLE001 - whatever it was is told
        os.write(writing, f"{type(error).__name__}: {error}".encode()[:4000])
        os._exit(1)
    os._exit(0)


def _capture(disk: int, target: Path) -> None:
    """The host's programs, where they are shown in `usr`, are below what lies there."""
    unfinished = target.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")
    made = unfinished / _TREE
    made.mkdir(mode=0o755, parents=True)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    for name, to in ((roots.UPPER, made), (roots.UPPER_USR, made / "usr")):
        source = os.open(name, flags, dir_fd=disk)
        if name == roots.UPPER_USR:
            if not os.listdir(source):  # noqa: PTH208 - a folder that has no path
                continue
            to.mkdir(exist_ok=True)
        trees.copy(source, os.open(to, flags))
    os.sync()
    target.mkdir(mode=0o755, parents=True, exist_ok=True)
    made.rename(target / _TREE)
    unfinished.rmdir()

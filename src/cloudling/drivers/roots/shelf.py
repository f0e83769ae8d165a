"""Roots on the disk: a folder each, made under another name and renamed when whole."""

from __future__ import annotations

import ctypes
import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import msgspec

from cloudling.drivers.roots.trees import delete, size_of
from cloudling.kernel.machines import Root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LABEL = "root.json"
_TREE = "tree"
_MAKING = ".making-"
_LOCK = ".lock"
_libc = ctypes.CDLL(None, use_errno=True)


class Label(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `root.json` says: `lower` are the roots below, the nearest first.

    Where `host_usr` is true, the `usr` of these trees lies over the host's own. `is_hidden` marks
    what only other roots stand on.
    """

    title: str
    name: str = ""
    users: tuple[str, ...] = ()
    lower: tuple[str, ...] = ()
    host_usr: bool = False
    packages: tuple[str, ...] = ()
    python: str = ""
    made: str = ""
    size: int = 0
    source: str = ""
    is_hidden: bool = False


class Shelf:
    """A folder of roots."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Of those that do not say it: nothing in a root changes once it is one.
        self._sizes: dict[str, int] = {}

    def tree(self, name: str) -> Path:
        return self.folder / name / _TREE

    def find(self, name: str) -> Label | None:
        """None where no such root is whole."""
        if not name or "/" in name or name.startswith("."):
            return None
        try:
            said = (self.folder / name / _LABEL).read_bytes()
            label = msgspec.json.decode(said, type=Label)
        except (OSError, msgspec.DecodeError):
            return None
        # Those that machines captured do not repeat the name of their folder.
        return msgspec.structs.replace(label, name=name)

    def labels(self) -> list[Label]:
        if not self.folder.is_dir():
            return []
        found = (self.find(path.name) for path in sorted(self.folder.iterdir()))
        return [label for label in found if label is not None]

    def root(self, label: Label) -> Root:
        """As the port tells it: its size is that of all it stands on."""
        below = (self.find(name) for name in label.lower)
        own = label.size or self._sizes.get(label.name)
        if own is None:
            own = self._sizes[label.name] = size_of(self.tree(label.name))
        size = own + sum(each.size for each in below if each is not None)
        return Root(name=label.name, title=label.title, is_ready=True, size=size)

    @contextmanager
    def locked(self, tell: Callable[[str], None]) -> Iterator[None]:
        """Only one process at a time builds; what one that was killed has left goes."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                tell("waiting for another build")
                fcntl.flock(lock, fcntl.LOCK_EX)
            self._clear()
            yield

    @contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """A folder to fill, which is gone when that fails; `finish` makes it a root."""
        # What a killed builder's own children still write goes into a folder of theirs.
        folder = self.folder / f"{_MAKING}{os.getpid()}-{name}"
        (folder / _TREE).mkdir(mode=0o755, parents=True)
        try:
            yield folder
        finally:
            delete(folder)

    def finish(self, folder: Path, label: Label) -> None:
        label = msgspec.structs.replace(label, size=size_of(folder / _TREE))
        (folder / _LABEL).write_bytes(msgspec.json.format(msgspec.json.encode(label)))
        _flush(folder)
        target = self.folder / label.name
        delete(target)
        folder.rename(target)

    def remove(self, name: str) -> None:
        """Its label first: what has none is no root."""
        if self.find(name) is not None:
            self._sizes.pop(name, None)
            (self.folder / name / _LABEL).unlink(missing_ok=True)
            delete(self.folder / name)

    def clear_own(self) -> None:
        """What this process was making."""
        for path in self.folder.glob(f"{_MAKING}{os.getpid()}-*"):
            delete(path)

    def _clear(self) -> None:
        for path in self.folder.glob(f"{_MAKING}*"):
            with suppress(OSError):  # Someone still writes there: the next builder clears it.
                delete(path)


def tree_of(folder: Path) -> Path:
    return folder / _TREE


def _flush(folder: Path) -> None:
    """All on the disk, so that no root is half there after the machine lost its power."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _libc.syncfs(handle) < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"The root cannot be kept: {os.strerror(number)}.")
    finally:
        os.close(handle)

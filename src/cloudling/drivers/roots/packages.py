"""Debian packages, read without dpkg: an `ar` archive with a control and a data archive in it."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from cloudling.drivers.roots.archives import BadArchive, open_tar, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from typing_extensions import Buffer

    from cloudling.drivers.roots.trees import Tree

_MAGIC = b"!<arch>\n"
_HEAD = 60
_LARGEST_CONTROL = 64 * 1024**2
_READERS = {"control.tar": "--ctrl-tarfile", "data.tar": "--fsys-tarfile"}
_BY_TARFILE = {"xz": "xz", "gz": "gz", "bz2": "bz2", "": ""}


class Part(NamedTuple):
    """One member of the outer archive."""

    name: str
    start: int
    size: int


class Package:
    """One .deb file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parts = list(_parts(path))
        self.control = self._read_control()
        self.fields = _fields(self.control.get("control", b"").decode(errors="replace"))

    @property
    def name(self) -> str:
        return self._require("Package")

    @property
    def record(self) -> str:
        """The name of dpkg's records: with the architecture where several may be there."""
        if self.fields.get("Multi-Arch") == "same":
            return f"{self.name}:{self._require('Architecture')}"
        return self.name

    def stanza(self, tree: Tree) -> str:
        """What dpkg's list of packages says of it once it is in the tree."""
        head, _, rest = self.control["control"].decode().strip().partition("\n")
        return f"{head}\nStatus: install ok installed\n{rest}\n{self._conffiles(tree)}\n"

    def unpack(self, tree: Tree, is_wanted: Callable[[str], bool]) -> list[str]:
        with self._open("data.tar") as (source, compression):
            return unpack(source, tree, compression=compression, is_wanted=is_wanted)

    def _conffiles(self, tree: Tree) -> str:
        names = self.control.get("conffiles", b"").decode().split("\n")
        lines = [
            f" {name} {_digest(tree.place(name))}"
            for name in names
            if name.startswith("/") and tree.place(name).is_file()
        ]
        return "\n".join(["Conffiles:", *lines, ""]) if lines else ""

    def _require(self, field: str) -> str:
        if field not in self.fields:
            raise BadArchive(f"{self.path.name} does not say its {field}.")
        return self.fields[field]

    def _read_control(self) -> dict[str, bytes]:
        with self._open("control.tar") as (source, compression):
            try:
                with open_tar(source, compression) as archive:
                    return dict(_small_files(archive))
            except (tarfile.TarError, EOFError, ValueError) as fault:
                raise BadArchive(f"{self.path.name} is damaged: {fault}.") from fault

    @contextmanager
    def _open(self, stem: str) -> Iterator[tuple[BinaryIO, str]]:
        """A member's bytes, and the compression that tarfile is to undo."""
        part = self._find(stem)
        suffix = part.name.removeprefix(stem).removeprefix(".")
        if suffix not in _BY_TARFILE:
            with _piped(self.path, stem) as plain:
                yield plain, ""
            return
        with self.path.open("rb") as file:
            yield cast("BinaryIO", io.BufferedReader(_Section(file, part))), _BY_TARFILE[suffix]

    def _find(self, stem: str) -> Part:
        for part in self._parts:
            if part.name == stem or part.name.startswith(f"{stem}."):
                return part
        raise BadArchive(f"{self.path.name} has no {stem}.")


def _digest(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


class _Section(io.RawIOBase):
    """A part of a file, as a file."""

    def __init__(self, file: BinaryIO, part: Part) -> None:
        self._file = file
        self._left = part.size
        file.seek(part.start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        data = self._file.read(min(len(view), self._left))
        self._left -= len(data)
        view[: len(data)] = data
        return len(data)


@contextmanager
def _piped(path: Path, stem: str) -> Iterator[BinaryIO]:
    """Through dpkg's own reader, which stands beside apt: Ubuntu packs with zstandard."""
    program = shutil.which("dpkg-deb")
    if program is None:
        raise BadArchive(f"{path.name} is packed in a way that only dpkg-deb reads: install dpkg.")
    reader = subprocess.Popen(  # noqa: S603 - a program found on the user's own path
        [program, _READERS[stem], path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    plain = cast("BinaryIO", reader.stdout)
    try:
        yield plain
    finally:
        plain.close()
        reader.wait()


def _parts(path: Path) -> Iterator[Part]:
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise BadArchive(f"{path.name} is no package.")
        offset = len(_MAGIC)
        while offset < size:
            head = file.read(_HEAD)
            try:
                name, length = head[:16].decode("ascii"), int(head[48:58])
            except ValueError:
                raise BadArchive(f"{path.name} is damaged.") from None
            offset += _HEAD
            if len(head) < _HEAD or length < 0 or offset + length > size:
                raise BadArchive(f"{path.name} is cut short.")
            yield Part(name.strip().rstrip("/"), offset, length)
            offset += length + (length & 1)
            file.seek(offset)


def _small_files(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    left = _LARGEST_CONTROL
    for member in archive:
        left -= member.size
        if left < 0:
            raise ValueError("its control files are too large")
        content = archive.extractfile(member) if member.isreg() else None
        if content is not None:
            yield member.name.removeprefix("./"), content.read()


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and not line.startswith((" ", "\t")):
            fields[name] = value.strip()
    return fields

"""Source written for one operation, compiled once, and kept on disk as a code object.

Walking a model for every request is slow; writing straight code for one operation takes
milliseconds. So it is written at first use and loaded from the cache folder ever after. Marshalled
code is as powerful as a program: what is not certainly ours is not read.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import marshal
import os
import stat
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

SIGNATURE = b"cloudling code 1\n"
CHECK_SIZE = 16


class Module:
    """Source in the making: functions, each written once however often it is asked for."""

    def __init__(self) -> None:
        self._names: dict[Hashable, str] = {}
        self._parts: list[str] = []

    def function(self, key: Hashable, write: Callable[[str], list[str]]) -> str:
        """The name of the function for a key; shapes may be recursive, so the name comes first."""
        if key in self._names:
            return self._names[key]
        name = self._names[key] = f"f{len(self._names)}"
        self.add(write(name))
        return name

    def add(self, lines: list[str]) -> None:
        self._parts.append("\n".join(lines))

    def source(self) -> str:
        return "\n\n".join(self._parts) + "\n"


class Cache:
    """A folder of code objects. None as folder: nothing is kept.

    A folder or file that is not ours alone, or not readable, is ignored: code is then made anew.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._checked: Path | None = None

    def code(self, name: str, ingredients: tuple[str, ...], write: Callable[[], str]) -> CodeType:
        """The code of that name; `ingredients` are all that it depends on."""
        if not self._usable():
            return compile(write(), f"<generated {name}>", "exec")
        file = self._file(name, ingredients)
        code = _read(file)
        if code is None:
            code = compile(write(), f"<generated {name}>", "exec")
            _write(file, code)
        return code

    def _file(self, name: str, ingredients: tuple[str, ...]) -> Path:
        if self.folder is None:
            raise ValueError("This cache has no folder.")
        text = "\0".join((name, *ingredients, sys.version, importlib.util.MAGIC_NUMBER.hex()))
        return self.folder / hashlib.blake2b(text.encode(), digest_size=20).hexdigest()

    def _usable(self) -> bool:
        if self.folder is None:
            return False
        if self._checked != self.folder:
            try:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if not _is_ours(self.folder.lstat(), stat.S_ISDIR):
                    return False
            except OSError:
                return False
            self._checked = self.folder
        return True


def default_folder() -> Path:
    """Where code objects lie if no setting says otherwise (XDG)."""
    root = os.environ.get("XDG_CACHE_HOME", "")
    top = Path(root) if root.startswith("/") else Path.home() / ".cache"
    return top / "cloudling" / "codecs"


def run(code: CodeType, names: Mapping[str, Any]) -> dict[str, Any]:
    """The names that a generated module defines, besides those it is given."""
    namespace = dict(names)
    exec(code, namespace)  # noqa: S102 - our own generated source, or our own cache of it
    return namespace


@cache
def fingerprint(*files: str) -> str:
    """What the generators in these files are, so that a change of theirs makes new code."""
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()


def _is_ours(status: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return is_kind(status.st_mode) and status.st_uid == os.geteuid() and not others_write


def _read(file: Path) -> CodeType | None:
    try:
        number = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    with open(number, "rb") as stream:  # noqa: PTH123 - opened by number
        if not _is_ours(os.fstat(number), stat.S_ISREG):
            return None
        content = stream.read()
    packed = content[len(SIGNATURE) + CHECK_SIZE :]
    if content != _sealed(packed):
        return None
    code = marshal.loads(packed)  # noqa: S302 - ours alone could have written it
    return code if isinstance(code, CodeType) else None


def _write(file: Path, code: CodeType) -> None:
    """Others may write the same file at this moment: whole files only appear by renaming."""
    try:
        number, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
    except OSError:
        return
    try:
        with open(number, "wb") as stream:  # noqa: PTH123 - opened by number
            stream.write(_sealed(marshal.dumps(code)))
        Path(name).replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            Path(name).unlink()


def _sealed(packed: bytes) -> bytes:
    check = hashlib.blake2b(packed, digest_size=CHECK_SIZE).digest()
    return SIGNATURE + check + packed


shared = Cache(default_folder())

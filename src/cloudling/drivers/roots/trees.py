"""A machine's files as they lie on the host: names are followed inside the tree, owners shifted.

As root, user n of a machine is user 100000 + n of the host, so that nothing in the tree is the
host's root's. An ordinary user has one id to give: then all is that user's own.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

FIRST_ID = 100_000
IDS = 65_536
_MOST_LINKS = 40
_OWN_BITS = 0o1777


class BadTree(OSError):
    """A file cannot be put where its name says."""

    def __init__(self, words: str) -> None:
        super().__init__(22, words)


class Tree:
    """A folder that is `/` to a machine."""

    def __init__(self, folder: Path, shift: int | None = None) -> None:
        self.folder = folder
        self._shift = shift if shift is not None else (FIRST_ID if os.geteuid() == 0 else -1)
        self._known: dict[str, Path] = {"": folder}

    def place(self, name: str) -> Path:
        """Where that name lies, each link on the way to it followed as the machine would."""
        parts = _parts(name)
        if not parts:
            return self.folder
        return self._inside(parts[:-1]) / parts[-1]

    def follow(self, name: str) -> Path:
        """As `place`, and the last part followed too."""
        return self._inside(_parts(name))

    def has(self, name: str) -> bool:
        return os.path.lexists(self.place(name))

    def read(self, name: str) -> str:
        return self.follow(name).read_text(encoding="utf-8")

    def names(self, name: str) -> list[str]:
        """What lies in a folder; nothing where there is none."""
        folder = self.follow(name)
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def claim(self) -> None:
        """The folder itself is the machine's root's too."""
        self._own(self.folder, 0o755, 0, 0)

    def make(self, name: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> None:
        """A folder; a link to one that is there already stays."""
        path = self.place(name)
        if path.is_symlink() and self.follow(name).is_dir():
            return
        if not path.is_dir() or path.is_symlink():
            self._clear(path)
            path.mkdir()
        self._own(path, mode | 0o700, uid, gid)

    def write(
        self, name: str, content: str | bytes, mode: int = 0o644, uid: int = 0, gid: int = 0
    ) -> None:
        path = self.place(name)
        self._clear(path)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self._own(path, mode, uid, gid)

    def fill(self, name: str, source: BinaryIO, mode: int, uid: int, gid: int) -> Path:
        """A file with all that the source still holds."""
        path = self.place(name)
        self._clear(path)
        with path.open("xb") as target:
            shutil.copyfileobj(source, target, 1 << 18)
        self._own(path, mode, uid, gid)
        return path

    def symlink(self, name: str, target: str, uid: int = 0, gid: int = 0) -> None:
        path = self.place(name)
        self._clear(path)
        path.symlink_to(target)
        self._own(path, None, uid, gid)

    def hardlink(self, name: str, target: str) -> None:
        path, other = self.place(name), self.place(target)
        if not stat.S_ISREG(other.lstat().st_mode):
            raise BadTree(f"{name} is a second name of {target}, which is no file.")
        self._clear(path)
        path.hardlink_to(other)

    def grant(self, name: str, mode: int, gid: int = 0) -> None:
        """Other rights for a file or folder that is there; nothing where it is not."""
        path = self.place(name)
        if os.path.lexists(path) and not path.is_symlink():
            self._own(path, mode, 0, gid)

    def hide(self, name: str) -> None:
        """Let the file of that name in layers below be seen no more."""
        path = self.place(name)
        self._clear(path)
        os.mknod(path, stat.S_IFCHR, 0)

    def remove(self, name: str) -> None:
        self.place(name).unlink(missing_ok=True)

    def _own(self, path: Path, mode: int | None, uid: int, gid: int) -> None:
        if not (0 <= uid < IDS and 0 <= gid < IDS):
            raise BadTree(f"{path.name} belongs to user {uid}, whom no machine has.")
        if self._shift >= 0:
            os.chown(path, uid + self._shift, gid + self._shift, follow_symlinks=False)
        elif mode is not None:
            # A program that would be its owner's for all is no use there, and a danger here.
            mode &= _OWN_BITS
        if mode is not None:
            path.chmod(mode)

    def _clear(self, path: Path) -> None:
        if not path.parent.is_dir():
            self._make_parents(path.parent)
        try:
            path.unlink()
        except FileNotFoundError:
            pass
        except (IsADirectoryError, PermissionError):
            raise BadTree(f"{path.name} is a folder already.") from None

    def _make_parents(self, folder: Path) -> None:
        missing = [folder]
        while not missing[-1].parent.is_dir():
            missing.append(missing[-1].parent)
        for each in reversed(missing):
            each.mkdir()
            self._own(each, 0o755, 0, 0)

    def _inside(self, parts: list[str]) -> Path:
        name = "/".join(parts)
        found = self._known.get(name)
        if found is None:
            found = self._walk(parts)
            if found.is_dir() and not found.is_symlink():
                self._known[name] = found
        return found

    def _walk(self, parts: list[str]) -> Path:
        ahead, here, links = list(reversed(parts)), self.folder, 0
        while ahead:
            part = ahead.pop()
            if part == "..":
                here = here if here == self.folder else here.parent
                continue
            step = here / part
            if not step.is_symlink():
                here = step
                continue
            links += 1
            if links > _MOST_LINKS:
                raise BadTree(f"{'/'.join(parts)} leads round in circles.")
            target = step.readlink()
            if target.is_absolute():
                here = self.folder
            ahead += [each for each in reversed(target.parts) if each != "/"]
        return here


def _parts(name: str) -> list[str]:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise BadTree(f"{name} leads out of its folder.")
    return parts


def size_of(folder: Path) -> int:
    """The bytes of all files, those with several names counted once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for here, _, files in os.walk(folder):
        for name in files:
            found = os.lstat(os.path.join(here, name))  # noqa: PTH118 - ten thousands of files
            if found.st_nlink > 1:
                if (found.st_dev, found.st_ino) in seen:
                    continue
                seen.add((found.st_dev, found.st_ino))
            total += found.st_blocks * 512
    return total


def delete(folder: Path) -> None:
    """All of it, also where folders may not be written."""
    if not os.path.lexists(folder):
        return
    try:
        shutil.rmtree(folder)
    except PermissionError:
        folder.chmod(0o700)
        for here, names, _ in os.walk(folder):
            for name in names:
                path = Path(here, name)
                if not path.is_symlink():
                    path.chmod(0o700)
        shutil.rmtree(folder)

"""Tar archives put into a tree, with checks of our own: Python 3.11.2 has no filters for them."""

from __future__ import annotations

import os
import tarfile
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from cloudling.drivers.roots.trees import BadTree

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.drivers.roots.trees import Tree

_LARGEST = 8 * 1024**3


class BadArchive(OSError):
    """An archive that is damaged, or that wants what no package may."""

    def __init__(self, words: str) -> None:
        super().__init__(22, words)


def unpack(
    source: BinaryIO,
    tree: Tree,
    *,
    compression: str = "",
    is_wanted: Callable[[str], bool] = lambda name: True,
) -> list[str]:
    """Put all that is wanted into the tree; the names of all, as dpkg lists them."""
    names = []
    left = _LARGEST
    try:
        with open_tar(source, compression) as archive:
            for member in archive:
                name = _checked(member)
                names.append(f"/{name}" if name else "/.")
                left -= member.size
                if left < 0:
                    raise BadArchive(f"It holds more than {_LARGEST >> 30} GiB.")
                if name and is_wanted(name):
                    _put(archive, member, name, tree)
    except (tarfile.TarError, EOFError, ValueError, BadTree) as fault:
        raise BadArchive(str(fault)) from fault
    return names


def open_tar(source: BinaryIO, compression: str) -> tarfile.TarFile:
    """Read as a stream, so that nothing need lie on the disk twice."""
    mode: Any = f"r|{compression}"
    archive: tarfile.TarFile = tarfile.open(fileobj=source, mode=mode)  # noqa: SIM115 - the caller's
    return archive


def _checked(member: tarfile.TarInfo) -> str:
    """Its name, below the tree."""
    if member.name.startswith("/"):
        raise BadArchive(f"{member.name} has an absolute name.")
    parts = [part for part in member.name.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in member.name:
        raise BadArchive(f"{member.name} leads out of its folder.")
    if member.issym() and not member.linkname.startswith("/"):
        _require_inside(parts[:-1], member)
    if not (member.isdir() or member.isreg() or member.issym() or member.islnk()):
        raise BadArchive(f"{member.name} is a device.")
    return "/".join(parts)


def _require_inside(folder: list[str], member: tarfile.TarInfo) -> None:
    depth = len(folder)
    for part in member.linkname.split("/"):
        depth += {"": 0, ".": 0, "..": -1}.get(part, 1)
        if depth < 0:
            raise BadArchive(f"{member.name} is a link out of its folder.")


def _put(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, tree: Tree) -> None:
    mode = member.mode & 0o7777
    if member.isdir():
        tree.make(name, mode, member.uid, member.gid)
    elif member.issym():
        tree.symlink(name, member.linkname, member.uid, member.gid)
    elif member.islnk():
        tree.hardlink(name, member.linkname)
    else:
        content = archive.extractfile(member)
        if content is None:
            raise BadArchive(f"{member.name} has no content.")
        path = tree.fill(name, cast("BinaryIO", content), mode, member.uid, member.gid)
        # Python takes what it compiled for current by the time of the source.
        os.utime(path, (member.mtime, member.mtime))

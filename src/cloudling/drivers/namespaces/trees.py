"""Folders copied as they are: with owners, links, attributes, holes, and what an overlay hides.

A machine may change them meanwhile, and is not to be trusted: each folder is entered by its
descriptor and no link is followed.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 16 * 1024 * 1024
# What one overlay remembers of the folders below it means nothing to another.
_LEFT_OUT = ("user.overlay.origin", "user.overlay.impure", "user.overlay.nlink")
_NO_COPY = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}


def copy(source: int, target: int) -> None:
    """What lies in one folder into another one, which exists and is empty."""
    _Copy(target).fill(source, target)


class _Copy:
    """One copying; remembers files of several names."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._linked: dict[tuple[int, int], str] = {}

    def fill(self, source: int, target: int, path: str = ".") -> None:
        for name in os.listdir(source):
            # What is taken away meanwhile is not there any more.
            with suppress(FileNotFoundError):
                self._copy(name, source, target, f"{path}/{name}")
        _dress(os.fstat(source), source, target)

    def _copy(self, name: str, source: int, target: int, path: str) -> None:
        found = os.lstat(name, dir_fd=source)
        if stat.S_ISDIR(found.st_mode):
            self._copy_folder(name, source, target, path)
        elif found.st_nlink > 1 and (found.st_dev, found.st_ino) in self._linked:
            before = self._linked[found.st_dev, found.st_ino]
            os.link(before, name, src_dir_fd=self._top, dst_dir_fd=target, follow_symlinks=False)
        else:
            if found.st_nlink > 1:
                self._linked[found.st_dev, found.st_ino] = path
            _copy_leaf(name, source, target, found)

    def _copy_folder(self, name: str, source: int, target: int, path: str) -> None:
        within = os.open(name, _FOLDER, dir_fd=source)
        try:
            os.mkdir(name, 0o700, dir_fd=target)
            made = os.open(name, _FOLDER, dir_fd=target)
            try:
                self.fill(within, made, path)
            finally:
                os.close(made)
        finally:
            os.close(within)


def _copy_leaf(name: str, source: int, target: int, found: os.stat_result) -> None:
    mode = found.st_mode
    if stat.S_ISREG(mode):
        _copy_file(name, source, target)
        return
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
    elif stat.S_ISSOCK(mode):
        return
    else:
        # An overlay marks what it hides with a device of the number 0, which anybody may make.
        os.mknod(name, mode, found.st_rdev, dir_fd=target)
        os.chmod(name, stat.S_IMODE(mode), dir_fd=target)
    os.chown(name, found.st_uid, found.st_gid, dir_fd=target, follow_symlinks=False)
    times = (found.st_atime_ns, found.st_mtime_ns)
    os.utime(name, ns=times, dir_fd=target, follow_symlinks=False)


def _copy_file(name: str, source: int, target: int) -> None:
    reading = os.open(name, _FILE, dir_fd=source)
    try:
        found = os.fstat(reading)
        if not stat.S_ISREG(found.st_mode):
            return
        writing = os.open(name, _NEW, 0o600, dir_fd=target)
        try:
            copy_data(reading, writing, found.st_size)
            _dress(found, reading, writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def copy_data(reading: int, writing: int, size: int) -> None:
    """What is in a file, without its holes."""
    position = 0
    os.ftruncate(writing, size)
    while position < size:
        try:
            start = os.lseek(reading, position, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        position = os.lseek(reading, start, os.SEEK_HOLE)
        _copy_range(reading, writing, start, min(position, size))


def _copy_range(reading: int, writing: int, start: int, end: int) -> None:
    while start < end:
        count = min(end - start, _CHUNK)
        try:
            done = os.copy_file_range(reading, writing, count, start, start)
        except OSError as error:
            if error.errno not in _NO_COPY:
                raise
            done = os.pwrite(writing, os.pread(reading, count, start), start)
        if not done:
            # It has become shorter meanwhile.
            return
        start += done


def _dress(found: os.stat_result, source: int, target: int) -> None:
    """Owner, attributes, mode and times, in the order in which none undoes another."""
    os.fchown(target, found.st_uid, found.st_gid)
    os.fchmod(target, stat.S_IMODE(found.st_mode))
    for name in os.listxattr(source):
        if name not in _LEFT_OUT:
            os.setxattr(target, name, os.getxattr(source, name))
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))

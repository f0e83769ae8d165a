"""The data folder: who owns it, which format it has, and what lies where in it."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

from cloudling.store.errors import FolderNewer, FolderRefused, FolderTaken

FORMAT = 1


class DataFolder:
    """An open data folder; the lock is held until `close`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        _prepare(path)
        self._lock = _lock(path)
        try:
            _check_format(path)
        except BaseException:
            os.close(self._lock)
            raise

    @property
    def database(self) -> Path:
        return self.path / "records.sqlite"

    @property
    def blobs(self) -> Path:
        return self.path / "blobs"

    @property
    def master_key(self) -> Path:
        return self.path / "master.key"

    def close(self) -> None:
        os.close(self._lock)


def _prepare(path: Path) -> None:
    """Make the folder, or see that an existing one is ours or empty; nobody else may look in."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        ours = (path / "format").exists() or (path / "lock").exists()
        if not ours and any(path.iterdir()):
            raise FolderRefused(
                f"The folder {path} holds other files. "
                "Empty it, or start with --data and a folder of its own."
            )
        path.chmod(0o700)
    except OSError as error:
        raise FolderRefused(
            f"The data folder {path} cannot be used: {error.strerror}. "
            "Make it writable, or start with --data and another folder."
        ) from error


def _lock(path: Path) -> int:
    descriptor = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(descriptor, 32, 0)
        os.close(descriptor)
        raise FolderTaken(path, int(owner) if owner.strip().isdigit() else None) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
    return descriptor


def _check_format(path: Path) -> None:
    file = path / "format"
    try:
        found = int(file.read_bytes())
    except FileNotFoundError:
        write_whole(file, b"%d\n" % FORMAT)
        return
    except ValueError as error:
        raise FolderRefused(
            f"{file} is damaged. Restore it (it holds one number), or start with --data and "
            "another folder."
        ) from error
    if found > FORMAT:
        raise FolderNewer(path, found, FORMAT)


def write_whole(file: Path, data: bytes) -> None:
    """Write a small private file so that it is there wholly or not at all, also after a crash."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    Path(name).replace(file)
    sync_folder(file.parent)


def sync_folder(path: Path | str) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

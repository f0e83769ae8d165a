"""Writing a blob: small ones wait in memory for their commit, larger ones go to a file first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

import msgspec

from cloudling.store import cipher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.ciphers import CipherContext

    from cloudling.store.cipher import Vault

INLINE = 16 * 1024  # bytes up to which a blob lives in a table
BUFFER = 256 * 1024  # bytes enciphered and written at once; fits the processor's cache

Chunk = memoryview | bytes | bytearray


class BlobRef(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where bytes are; records hold it. Without a `key` the bytes are plain.

    It is the wrapped key of a file, the nonce of a small blob.
    """

    id: str
    size: int
    key: bytes = b""
    inline: bool = False

    @property
    def cipher(self) -> str:
        if not self.key:
            return "none"
        return "aes-256-gcm" if self.inline else "aes-256-ctr"


class SmallBlob(msgspec.Struct):
    """A blob that was at hand in one piece and lives in a table; `stored` is what goes there."""

    ref: BlobRef
    stored: bytes

    def finish(self) -> BlobRef:
        return self.ref

    def abort(self) -> None:
        """Nothing is held until it is kept."""


class Shelf(Protocol):
    """Where writers get their names and leave their files."""

    vault: Vault | None  # None leaves bytes plain

    def next_inline(self) -> str: ...

    def create(self) -> tuple[Path, int]: ...

    def written(self, path: Path) -> None: ...

    def give_up(self, path: Path) -> None: ...


class BlobWriter:
    """Takes a blob's bytes, from any one thread at a time; `write` and `finish` may block.

    What is not kept by `Blobs.keep` after `finish` should be given up by `abort`; a writer that is
    dropped gives up, too.
    """

    __slots__ = (
        "_buffer",
        "_file",
        "_filled",
        "_key",
        "_path",
        "_shelf",
        "_small",
        "_stream",
        "ref",
        "size",
        "stored",
    )

    def __init__(self, shelf: Shelf, size_hint: int | None) -> None:
        self._shelf = shelf
        self._small: list[bytes] | None = [] if size_hint is None or size_hint <= INLINE else None
        self._file = -1
        self._path: Path | None = None
        self._buffer: memoryview | None = None
        self._filled = 0
        self._key = b""
        self._stream: CipherContext | None = None
        self.size = 0
        self.ref: BlobRef | None = None
        self.stored = b""  # of a small blob: what goes into the table

    def write(self, chunk: Chunk) -> None:
        """Take the next bytes; they may be reused by the caller afterwards."""
        self.size += len(chunk)
        if self._small is not None:
            self._small.append(bytes(chunk))
            if self.size <= INLINE:
                return
            small, self._small = self._small, None
            for piece in small:
                self._append(memoryview(piece))
        else:
            self._append(memoryview(chunk))

    def finish(self) -> BlobRef:
        """All bytes were written: the file is whole; a small blob waits for `Blobs.keep`."""
        if self.ref is not None:
            return self.ref
        self.ref = self._finish_small(self._small) if self._small is not None else self._close()
        return self.ref

    def abort(self) -> None:
        """Give the bytes up; does nothing once they were kept."""
        self._small = None
        self.stored = b""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._path is not None:
            self._shelf.give_up(self._path)
            self._path = None

    def hand_over(self) -> Callable[[], None]:
        """The file is no longer the writer's to give up, unless what is returned is called."""
        path, self._path = self._path, None

        def take_back() -> None:
            self._path = path

        return take_back

    def __del__(self) -> None:
        self.abort()

    def _finish_small(self, pieces: list[bytes]) -> BlobRef:
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        name = self._shelf.next_inline()
        self._small = []
        if (vault := self._shelf.vault) is None:
            self.stored = data
            return BlobRef(name, self.size, inline=True)
        nonce, self.stored = vault.seal(data, name)
        return BlobRef(name, self.size, nonce, inline=True)

    def _close(self) -> BlobRef:
        if self._file < 0:
            self._create()
        self._flush()
        os.close(self._file)
        self._file = -1
        self._buffer = self._stream = None
        assert self._path is not None  # noqa: S101 - the file was created
        self._shelf.written(self._path)
        return BlobRef(self._path.name, self.size, self._key)

    def _create(self) -> None:
        self._path, self._file = self._shelf.create()
        if (vault := self._shelf.vault) is not None:
            key, self._key = vault.new_key(self._path.name)
            self._stream = cipher.stream(key)

    def _append(self, chunk: memoryview) -> None:
        if self._file < 0:
            self._create()
        if self._stream is None and self._filled == 0 and len(chunk) >= BUFFER:
            _write_all(self._file, chunk)
            return
        if self._buffer is None:
            self._buffer = memoryview(bytearray(BUFFER))
        while len(chunk):
            room = self._buffer[self._filled : self._filled + len(chunk)]
            piece = chunk[: len(room)]
            if self._stream is None:
                room[:] = piece
            else:
                self._stream.update_into(piece, room)
            self._filled += len(room)
            chunk = chunk[len(room) :]
            if self._filled == BUFFER:
                self._flush()

    def _flush(self) -> None:
        if self._buffer is not None and self._filled:
            _write_all(self._file, self._buffer[: self._filled])
            self._filled = 0


def _write_all(descriptor: int, data: memoryview) -> None:
    while len(data):
        data = data[os.write(descriptor, data) :]

"""Reading blobs: one, or several as if they were one, from any offset."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from cloudling.store import cipher
from cloudling.store.errors import BlobDamaged

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

Close = Callable[[], None]


class Reader(Protocol):
    """What every reader is: an outgoing body, as the gateway knows it."""

    length: int
    data: bytes | None

    def plain(self) -> tuple[int, int] | None: ...

    def read(self, size: int) -> bytes: ...

    def close(self) -> None: ...


class MemoryReader:
    """Bytes that are in memory."""

    __slots__ = ("_at", "data", "length")

    def __init__(self, data: bytes) -> None:
        self.data: bytes | None = data
        self.length = len(data)
        self._at = 0

    def plain(self) -> tuple[int, int] | None:
        return None

    def read(self, size: int) -> bytes:
        piece = (self.data or b"")[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def close(self) -> None:
        pass


class FileReader:
    """A stretch of a blob's file; the open file outlives its name."""

    __slots__ = ("_at", "_file", "_left", "_stream", "data", "length")

    def __init__(self, file: int, key: bytes, offset: int, length: int) -> None:
        self.data: bytes | None = None
        self.length = length
        self._file = file
        self._at = offset
        self._left = length
        self._stream: CipherContext | None = cipher.stream(key, offset) if key else None

    def plain(self) -> tuple[int, int] | None:
        """The open file and where to begin, when its bytes are plain."""
        return (self._file, self._at) if self._stream is None else None

    def read(self, size: int) -> bytes:
        """The next bytes, b"" at the end; blocks."""
        piece = os.pread(self._file, min(size, self._left), self._at) if self._left else b""
        if not piece:
            if self._left:
                raise BlobDamaged(f"A blob's file ends {self._left} bytes early.")
            return b""
        self._at += len(piece)
        self._left -= len(piece)
        return piece if self._stream is None else self._stream.update(piece)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __del__(self) -> None:
        self.close()


class JoinedReader:
    """Several readers, one after the other; each is opened when it is its turn."""

    __slots__ = ("_close", "_current", "_openers", "data", "length")

    def __init__(self, openers: Sequence[Callable[[], Reader]], length: int, close: Close) -> None:
        self.data: bytes | None = None
        self.length = length
        self._openers = list(reversed(openers))
        self._current: Reader | None = None
        self._close: Close | None = close

    def plain(self) -> tuple[int, int] | None:
        return None

    def read(self, size: int) -> bytes:
        """The next bytes, b"" at the end; blocks."""
        while True:
            if self._current is None:
                if not self._openers:
                    return b""
                self._current = self._openers.pop()()
            if piece := self._current.read(size):
                return piece
            self._current.close()
            self._current = None

    def close(self) -> None:
        if self._current is not None:
            self._current.close()
            self._current = None
        self._openers.clear()
        if self._close is not None:
            close, self._close = self._close, None
            close()

    def __del__(self) -> None:
        self.close()

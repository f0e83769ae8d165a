"""Bodies that are too large to hold: what comes in, and what goes out.

The gateway, the store and the services meet here without knowing each other. All sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Chunk = memoryview | bytes
Consume = Callable[[Chunk], None]


class Incoming(Protocol):
    """A request's body on its way in; read once, by one of the two ways.

    `length` is the size of the payload itself (`x-amz-decoded-content-length` for aws-chunked),
    None when unknown. Both ways raise `AwsError` when the payload is not what was signed, is cut
    off, or carries a wrong chunk signature; then nothing of it may be kept. `trailers` (lower-case
    names) is filled once the body has been read to its end.
    """

    length: int | None
    trailers: dict[str, str]

    async def read(self, limit: int) -> bytes:
        """The whole body; more than `limit` bytes raise `EntityTooLarge`. Does not suspend when
        all bytes are here already."""

    async def pump(self, consume: Consume) -> int:
        """Hand every chunk to `consume` in a worker thread, with back-pressure; the size."""


class Outgoing(Protocol):
    """An answer's body on its way out.

    `data` is the whole content when it is in memory. Otherwise `plain()` names an open file
    descriptor and offset to send from without copying, or None when the bytes must come through
    `read`, which blocks and is called in a worker thread; b"" is the end.
    """

    length: int
    data: bytes | None

    def plain(self) -> tuple[int, int] | None: ...

    def read(self, size: int) -> bytes: ...

    def close(self) -> None: ...


class Bytes:
    """Bytes in memory as a stream, both ways: for in-process callers and small answers."""

    def __init__(self, data: bytes) -> None:
        self.data: bytes | None = data
        self.length: int = len(data)
        self.trailers: dict[str, str] = {}
        self._left = memoryview(data)

    async def read(self, limit: int) -> bytes:
        return self.data or b""

    async def pump(self, consume: Consume) -> int:
        consume(self._left)
        return self.length

    def plain(self) -> tuple[int, int] | None:
        return None

    def close(self) -> None:
        self._left = memoryview(b"")

"""A request and an answer, as the HTTP server and what stands behind it exchange them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from cloudling.kernel.streams import Incoming, Outgoing


class Barrier(Protocol):
    """Something an answer must wait for: the commit of the turn it was made in."""

    def when_done(self, callback: Callable[[BaseException | None], None]) -> None:
        """Call back once, with the fault if the commit failed; at once if it is done already."""


class Request(msgspec.Struct, eq=False):
    """What one HTTP request's head says; the body comes through `body`.

    `path` and `query` are the raw, undecoded bytes of the target. `headers` has lower-case names
    and latin-1 text; repeated ones are joined by ",". `peer` is the client's address, `port` ours.
    """

    method: str
    path: bytes
    query: bytes
    headers: dict[str, str]
    body: Incoming
    peer: str = ""
    port: int = 0
    secure: bool = False
    received_at: float = 0.0


class Response(msgspec.Struct, eq=False):
    """What goes back. The server adds Date, Content-Length and Connection.

    `held_by`: the answer leaves when this is done; when it fails, what `failed` makes is sent.
    `on_sent` is called with the number of body bytes sent, after the last one left or the client
    went away. `close` ends the connection after the answer. `flow` is a body without known length:
    its pieces are sent as they come, until it ends or the client leaves; then it is closed.
    """

    status: int = 200
    headers: list[tuple[str, str]] = []
    body: bytes | Outgoing = b""
    held_by: Barrier | None = None
    failed: Callable[[], Response] | None = None
    on_sent: Callable[[int], None] | None = None
    close: bool = False
    flow: AsyncGenerator[bytes] | None = None


Handler = Callable[[Request], Coroutine[Any, Any, Response]]
